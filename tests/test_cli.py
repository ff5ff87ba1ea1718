"""The ``casa`` command, as an operator types it."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from casa import create_app
from casa.settings import Settings

ROOT = Path(__file__).parent.parent
Casa = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def casa(tmp_path: Path) -> Casa:
    """Run a command on a database of its own."""
    settings = {"CASA_DATABASE_URL": f"sqlite:///{tmp_path / 'casa.db'}"}

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "casa", *arguments],
            cwd=ROOT,
            env=os.environ | settings | more,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_help_for_every_command(casa: Casa) -> None:
    shown = casa("--help").stdout
    for command in (
        "agency",
        "database",
        "dispatch",
        "key",
        "run",
        "serve",
        "settings",
        "worker",
        "signing",
        "verify",
    ):
        assert f"\n  {command} " in shown
        assert casa(command, "--help").returncode == 0


def test_from_nothing_to_a_key(casa: Casa) -> None:
    assert casa("database", "upgrade").returncode == 0
    added = casa("agency", "add", "fire-bb", "--name", "Fire Service", "--sender", "f@demo.invalid")
    assert added.returncode == 0, added.stderr
    twice = casa("agency", "add", "fire-bb", "--name", "Again", "--sender", "f@demo.invalid")
    assert twice.returncode == 1
    assert "already" in twice.stderr
    unknown = casa("agency", "mandate", "fire-bb", "--kind", "accident", "--place", "BB-1")
    assert "Did you mean BB-01?" in unknown.stderr
    kind = casa("agency", "mandate", "fire-bb", "--kind", "weather", "--place", "BB")
    assert kind.returncode == 2
    assert "accident" in kind.stderr
    granted = casa("agency", "mandate", "fire-bb", "--kind", "accident", "--place", "BB")
    assert granted.returncode == 0
    key = casa("key", "issue", "fire-bb", "--name", "control room").stdout.strip()
    assert key.startswith("casa_")
    listed = casa("agency", "list").stdout
    assert "accident in BB up to Extreme" in listed
    identifier = key.split("_")[1]
    assert f"key {identifier} (control room): valid, may read, draft, publish, never used" in listed
    assert key not in listed
    second = casa("key", "rotate", identifier, "--hours", "1").stdout.strip()
    assert f"read, draft, publish until {datetime.now(UTC):%Y}" in casa("agency", "list").stdout
    assert casa("key", "rotate", "0" * 12).returncode == 1
    narrow = casa("key", "issue", "fire-bb", "--name", "x", "--days", "9", "--network", "nowhere")
    assert narrow.returncode == 2
    assert casa("key", "revoke", second.split("_")[1]).stdout == "Revoked.\n"
    assert casa("key", "revoke", identifier).stdout == "Revoked.\n"
    assert casa("key", "revoke", identifier).returncode == 1
    trail = [json.loads(line) for line in casa("audit", "export").stdout.splitlines()]
    assert {entry["actor"] for entry in trail} == {"operator"}
    assert [entry["action"] for entry in trail] == [
        "agency.add", "mandate.grant", "key.issue", "key.rotate", "key.revoke", "key.revoke",
    ]  # fmt: skip
    assert casa("dispatch", "list").stdout == ""
    assert "no parked dispatch" in casa("dispatch", "resume", "7").stderr


def test_demonstration_keys_are_shown_once(casa: Casa) -> None:
    casa("database", "upgrade")
    assert casa("agency", "demonstrate").stdout.count("casa_") == 5
    assert casa("agency", "demonstrate").stdout == ""


def test_tables_that_are_not_there_are_named(casa: Casa) -> None:
    for command in ("serve", "worker"):
        ended = casa(command)
        assert ended.returncode == 2
        assert "casa database upgrade" in ended.stderr


def test_a_hazards_file_that_cannot_be_read_is_named(casa: Casa, tmp_path: Path) -> None:
    casa("database", "upgrade")
    (tmp_path / "hail.toml").write_text('category = "Met"\n', "utf-8")
    ended = casa("serve", "--port", "0", CASA_HAZARDS=str(tmp_path))
    assert ended.returncode == 2
    assert "hail.toml" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_settings_hide_passwords(casa: Casa) -> None:
    shown = casa("settings", CASA_DATABASE_URL="postgresql+psycopg://casa:hunter2@db/casa").stdout
    assert "hunter2" not in shown
    assert "CASA_PORT=8000\n    port to listen on" in shown
    wrong = casa("settings", CASA_PORT="eighty")
    assert wrong.returncode == 2
    assert "CASA_PORT must be a number" in wrong.stderr


def test_a_signed_alert_is_verified(casa: Casa, tmp_path: Path, warning: dict[str, object]) -> None:
    settings = {"CASA_SIGNING_KEYS": str(tmp_path / "signing")}
    casa("database", "upgrade")
    shown = casa("agency", "demonstrate").stdout
    key = next(word for line in shown.splitlines() if "cdema" in line for word in line.split()[-1:])
    service = Settings(
        database_url=f"sqlite:///{tmp_path / 'casa.db'}", signing_keys=tmp_path / "signing"
    )
    client = create_app(service).test_client()
    made = client.post(
        "/v1/alerts?publish=true", json=warning, headers={"Authorization": f"Bearer {key}"}
    ).json
    signed = tmp_path / "alert.jws"
    signed.write_text(client.get(f"/v1/alerts/{made['identifier']}.jws").text)
    good = casa("verify", str(signed), **settings)
    assert good.returncode == 0, good.stderr
    assert made["identifier"] in good.stdout
    keys = tmp_path / "keys.json"
    keys.write_text(casa("signing", "keys", **settings).stdout)
    assert casa("verify", str(signed), "--keys", str(keys)).returncode == 0
    casa("signing", "rotate", **settings)
    assert casa("verify", str(signed), **settings).returncode == 0
    signed.write_text(signed.read_text()[:-4] + "AAAA")
    bad = casa("verify", str(signed), **settings)
    assert bad.returncode == 1
    assert "the signature does not hold" in bad.stderr


def test_the_audit_trail_is_proved_and_its_first_bad_entry_named(
    casa: Casa, tmp_path: Path
) -> None:
    assert casa("database", "upgrade").returncode == 0
    casa("agency", "add", "fire-bb", "--name", "Fire Service", "--sender", "f@demo.invalid")
    for number in range(3):
        email = f"{number}@example.org"
        made = casa("officer", "invite", "fire-bb", email, "--name", "X", "--role", "author")
        assert made.stdout.startswith("casai_"), made.stderr
    head = casa("audit", "head").stdout.strip()
    assert casa("audit", "verify", "--head", head).stdout.startswith("4 entries, whole.")
    assert len(casa("audit", "export").stdout.splitlines()) == 4
    assert "is no head" in casa("audit", "verify", "--head", "x").stderr
    connection = sqlite3.connect(next(tmp_path.rglob("*.db")))
    connection.execute("DROP TRIGGER audit_entry_no_update")
    connection.execute("DROP TRIGGER audit_entry_no_delete")
    connection.execute("UPDATE audit_entry SET actor = 'nobody' WHERE number = 2")
    connection.commit()
    broken = casa("audit", "verify")
    assert (broken.returncode, broken.stderr) == (1, "Error: Entry 2: it was changed.\n")
    connection.execute("DELETE FROM audit_entry")
    connection.execute(f"UPDATE audit_head SET number = 0, hash = '{'0' * 64}'")
    connection.commit()
    connection.close()
    assert casa("audit", "verify").returncode == 0, "an empty trail is sound by itself"
    cut = casa("audit", "verify", "--head", head)
    assert "Entry 1: it is missing" in cut.stderr
