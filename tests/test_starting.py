"""What keeps a command from starting: one line that says what and how to mend it, and status 2."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from casa.cli import main
from casa.database import Database

Run = Callable[..., "Ended"]
PROCESSES = ("run", "serve", "worker")
GONE = "postgresql+psycopg://casa:hunter2@127.0.0.1:1/casa"
COMMANDS = [
    ("run",),
    ("serve",),
    ("worker",),
    ("settings",),
    ("agency", "list"),
    ("agency", "demonstrate"),
    ("audit", "verify"),
    ("audit", "head"),
    ("database", "upgrade"),
    ("database", "downgrade", "base", "--yes"),
    ("dispatch", "list"),
    ("dispatch", "resume", "1"),
    ("key", "issue", "nobody", "--name", "x"),
    ("officer", "invite", "nobody", "a@example.org", "--name", "x", "--role", "author"),
    ("signing", "keys"),
]
WITH_DATABASE = [one for one in COMMANDS if one[0] not in ("settings", "signing")]


@dataclass
class Ended:
    """How a command ended."""

    status: int
    stderr: str


@pytest.fixture
def environment(tmp_path: Path, sqlite_url: str) -> dict[str, str | None]:
    """The settings of a command: a migrated database and a folder of its own."""
    others = {name: None for name in os.environ if name.startswith("CASA_")}
    return others | {"CASA_DATABASE_URL": sqlite_url, "CASA_VAR_DIR": str(tmp_path / "var")}


@pytest.fixture
def casa(environment: dict[str, str | None], tmp_path: Path) -> Run:
    """Run a command: one that serves or works as a process, any other in this one."""

    def run(*arguments: str, **more: str) -> Ended:
        settings = environment | more
        if arguments[0] not in PROCESSES:
            result = CliRunner().invoke(main, arguments, env=settings)
            return Ended(result.exit_code, result.stderr)
        inherited = {name: text for name, text in os.environ.items() if name not in settings}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "casa", *arguments],
            cwd=tmp_path,
            env=inherited | {name: text for name, text in settings.items() if text is not None},
            capture_output=True,
            text=True,
            timeout=90,
        )
        lines = done.stderr.splitlines(keepends=True)
        return Ended(
            done.returncode, "".join(line for line in lines if not line.startswith("Push is off"))
        )

    return run


def assert_refused(ended: Ended, *words: str) -> None:
    """One line on standard error, which holds the words; nothing was said but that."""
    assert ended.status == 2, ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("Error: ")
    for word in words:
        assert word in ended.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_refuses_a_setting_that_is_not_there(
    casa: Run, command: tuple[str, ...]
) -> None:
    assert_refused(casa(*command, CASA_LOG_LEVLE="INFO"), "CASA_LOG_LEVLE", "CASA_LOG_LEVEL")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CASA_LOG_LEVEL", "LOUD", ["DEBUG"]),
        ("CASA_PORT", "eighty", ["number"]),
        ("CASA_PORT", "70000", ["65535"]),
        ("CASA_POLL_SECONDS", "nan", ["number"]),
        ("CASA_LEASE_SECONDS", "-1", ["number"]),
        ("CASA_CASE_DAYS", "1e9", ["36500"]),
        ("CASA_DATABASE_URL", "mysql://casa:hunter2@db/casa", ["mysql", "postgresql+psycopg"]),
        ("CASA_DATABASE_URL", "var/casa.db", ["sqlite:///"]),
        ("CASA_DATABASE_URL", "postgresql+psycopg://casa:hunter2@db:x/casa", ["postgresql"]),
        ("CASA_BROKER_URL", "redis://", ["CASA_BROKER_URL", "amqp:"]),
        ("CASA_BROKER_URL", "redis://here:port/", ["CASA_BROKER_URL"]),
        ("CASA_FCM_URL", "fcm.googleapis.com", ["https:"]),
        ("CASA_PUBLIC_URL", "alerts.example.org", ["https:"]),
        ("CASA_WEBPUSH_CONTACT", "mailto:", ["mailto:"]),
        ("CASA_MEDIA_URL", "ftp://store/x", ["s3"]),
        ("CASA_OIDC_ISSUER", "https://id.example.org", ["CASA_OIDC_CLIENT_ID"]),
        ("CASA_BOUNDARIES", "missing.geojson", ["missing.geojson"]),
        ("CASA_FIREBASE_CREDENTIALS", "missing.json", ["missing.json"]),
        ("CASA_OIDC_CLIENT_SECRET", "missing", ["missing"]),
        ("CASA_FCM_CA", "missing.pem", ["missing.pem"]),
    ],
)
def test_settings_that_cannot_be_used(casa: Run, name: str, value: str, words: list[str]) -> None:
    ended = casa("settings", **{name: value})
    assert_refused(ended, name, *words)
    assert "hunter2" not in ended.stderr


@pytest.mark.parametrize(
    ("command", "name", "content"),
    [
        ("worker", "CASA_FIREBASE_CREDENTIALS", "{}"),
        ("worker", "CASA_FIREBASE_CREDENTIALS", "<html>"),
        ("worker", "CASA_BOUNDARIES", "[]"),
        ("serve", "CASA_BOUNDARIES", "<html>"),
        ("run", "CASA_BOUNDARIES", '{"type": "FeatureCollection", "features": []}'),
        ("run", "CASA_FIREBASE_CREDENTIALS", "{}"),
        ("serve", "CASA_OIDC_CA", "no certificate"),
        ("worker", "CASA_WEBHOOK_CA", "no certificate"),
        ("serve", "CASA_SEALING_KEY", "[]"),
        ("worker", "CASA_WEBPUSH_KEY", "{"),
    ],
)
def test_files_that_do_not_hold_what_they_should(
    casa: Run, tmp_path: Path, command: str, name: str, content: str
) -> None:
    file = tmp_path / "file-of-the-test"
    file.write_text(content)
    ended = casa(command, **{name: str(file), "CASA_PORT": "0"})
    assert_refused(ended)
    assert str(file) in ended.stderr or name in ended.stderr


@pytest.mark.parametrize("command", WITH_DATABASE, ids=" ".join)
def test_a_database_that_cannot_be_used(
    casa: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "no-database"
    file.write_text("This is no SQLite file. " * 100)
    assert_refused(casa(*command, CASA_DATABASE_URL=f"sqlite:///{file}"), "CASA_DATABASE_URL")


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("run",), ("agency", "list")])
def test_a_database_that_is_away(casa: Run, command: tuple[str, ...]) -> None:
    ended = casa(*command, CASA_DATABASE_URL=GONE)
    assert_refused(ended, "127.0.0.1:1", "CASA_DATABASE_URL")
    assert "hunter2" not in ended.stderr


def test_a_folder_that_cannot_be_made(casa: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'casa.db'}"
    assert_refused(casa("agency", "list", CASA_DATABASE_URL=url), "CASA_DATABASE_URL")


@pytest.mark.parametrize("command", ["serve", "worker", "agency list", "dispatch list"])
def test_tables_that_are_not_there(casa: Run, tmp_path: Path, command: str) -> None:
    ended = casa(*command.split(), CASA_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")
    assert_refused(ended, "casa database upgrade")


@pytest.mark.parametrize("command", ["run", "database upgrade"])
def test_tables_of_a_newer_version(casa: Run, tmp_path: Path, command: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'casa.db'}")
    with database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.dispose()
    assert_refused(casa(*command.split()), "another version")


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_port_that_is_taken(casa: Run, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = casa(command, "--port", port)
    assert_refused(ended, port, "CASA_PORT")


def test_what_tests_are_told_is_no_setting(casa: Run) -> None:
    assert casa("settings", CASA_TEST_POSTGRES="x", CASA_CRASHES="1").status == 0
