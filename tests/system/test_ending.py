"""Processes are asked to end at any moment, once or many times at once: they do, and lose nothing.

``CASA_STORMS`` is the number of storms for each way of running (by default a few).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from casa.commands import supervisor
from tests.doubles.fcm_process import FcmDouble
from tests.system.processes import ROOT, Service, free_port
from tests.system.servers import OwnRedis
from tests.system.test_service import pushed, register

STORMS = int(os.environ.get("CASA_STORMS", "3"))
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE = 100.0  # seconds; a page may be under way, and the machine be busy

pytestmark = pytest.mark.timeout(240 + 60 * STORMS)


class Started:
    """A command as the leader of a process group, and all processes that came of it."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.family: set[int] = set()
        self.log = folder / "log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def look(self) -> None:
        """Note who belongs to it now."""
        self.family |= descendants(self.process.pid)

    def storm(self, chance: random.Random, to_group: bool) -> None:
        """Several signals in quick succession."""
        send = os.killpg if to_group else os.kill
        for _ in range(chance.randint(2, 12)):
            self.look()
            with suppress(ProcessLookupError):
                send(self.process.pid, chance.choice(SIGNALS))
            time.sleep(chance.choice([0, 0, 0, 0.001, 0.05]))

    def end(self) -> int:
        """Wait until it has ended; its status."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            self.look()
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"it does not end: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self.process.returncode

    @property
    def left(self) -> set[int]:
        return {one for one in self.family if alive(one)}

    def kill(self) -> None:
        for one in (self.process.pid, *self.family):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.wait()


def descendants(parent: int) -> set[int]:
    found: set[int] = set()
    waiting = [parent]
    while waiting:
        one = waiting.pop()
        with suppress(OSError):
            text = Path(f"/proc/{one}/task/{one}/children").read_text()
            children = {int(word) for word in text.split()}
            waiting += children - found
            found |= children
    return found


def alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def notes_signals(process: int) -> bool:
    """Whether it heeds SIGTERM itself: before that the system ends it."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, except where a test asks for both."""
    return str(request.getfixturevalue(getattr(request, "param", "sqlite_url")))


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("CASA_STORM_SEED", time.time()))
    print(f"CASA_STORM_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def start(service_settings: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Started]]:
    made = []

    def start_(*arguments: str, **more: str) -> Started:
        command = [sys.executable, "-P", "-m", "casa", *arguments]
        made.append(Started(command, service_settings | more, tmp_path))
        return made[-1]

    yield start_
    for one in made:
        one.kill()


@pytest.mark.parametrize("command", ["run", "serve", "worker", "worker with a broker"])
def test_storms_of_signals_while_it_starts_and_waits(
    start: Callable[..., Started],
    command: str,
    chance: random.Random,
    tmp_path: Path,
) -> None:
    more = {"CASA_PORT": str(free_port())}
    own = None
    if "broker" in command:
        own = OwnRedis(tmp_path)
        more["CASA_BROKER_URL"] = own.url
    try:
        for number in range(STORMS):
            started = start(command.split()[0], **more)
            deadline = time.monotonic() + PATIENCE
            while not notes_signals(started.process.pid) and time.monotonic() < deadline:
                time.sleep(0.001)
            # From its first instruction on to well after it has begun.
            time.sleep(chance.uniform(0, 8) * number / STORMS)
            started.storm(chance, to_group=chance.random() < 0.5)
            assert started.end() == 0, started.log.read_text()[-2000:]
            assert started.left == set()
    finally:
        if own:
            own.stop()
    assert "Traceback" not in started.log.read_text()


def test_a_signal_before_anything_has_begun_ends_it_all_the_same(
    start: Callable[..., Started], chance: random.Random
) -> None:
    started = start("run")
    time.sleep(chance.uniform(0, 0.05))
    started.process.send_signal(signal.SIGTERM)
    assert started.end() in (0, -signal.SIGTERM)
    assert started.left == set()


def test_make_passes_on_what_the_terminal_sent_already(
    service_settings: dict[str, str], tmp_path: Path, chance: random.Random
) -> None:
    """``make run`` and a group's signal: the process is told at least twice, its children last."""
    port = free_port()
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t{sys.executable} -P -m casa run --port {port}\n")
    for number in range(max(STORMS // 3, 1)):
        started = Started(["make", "run"], service_settings, tmp_path)
        try:
            if number % 2 == 0:
                until(lambda: _answers(port))
            started.look()
            started.storm(chance, to_group=True)
            started.end()
            until(lambda: started.left == set())  # noqa: B023
            assert "Traceback" not in started.log.read_text()
        finally:
            started.kill()


@pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"], indirect=True)
def test_nothing_is_lost_when_it_ends_in_the_middle_of_work(
    start: Callable[..., Started],
    double: FcmDouble,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
    chance: random.Random,
) -> None:
    port = free_port()
    web = Service.__new__(Service)
    web.url = f"http://127.0.0.1:{port}"
    tokens = [f"token-storm-{number}" for number in range(30)]
    more = {"CASA_PAGE_SIZE": "5", "CASA_LEASE_SECONDS": "3", "CASA_PORT": str(port)}
    double.behave("token-storm", "slow", seconds=0.3)
    started = start("run", **more)
    until(lambda: _answers(port))
    for token in tokens:
        register(web, token, "BB")
    published = 0
    for turn in range(max(STORMS // 3, 1)):
        web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
        published += 1
        time.sleep(chance.uniform(0, 1.5))
        started.storm(chance, to_group=turn % 2 == 0)
        assert started.end() == 0, started.log.read_text()[-2000:]
        assert started.left == set()
        started = start("run", **more)
        until(lambda: _answers(port))
    for token in tokens:
        rows = pushed(double, token, published, seconds=PATIENCE)
        # Nothing was killed, so nobody is told twice either.
        assert [row["outcome"] for row in rows] == ["sent"] * published
    started.process.send_signal(signal.SIGTERM)
    assert started.end() == 0


def test_a_request_under_way_is_answered(
    start: Callable[..., Started], agency_keys: dict[str, str], warning: dict[str, Any]
) -> None:
    port = free_port()
    started = start("serve", CASA_PORT=str(port))
    until(lambda: _answers(port))
    asked = subprocess.Popen(
        [sys.executable, "-c", _ASK, f"http://127.0.0.1:{port}/v1/alerts?publish=true"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    headers = {"Authorization": f"Bearer {agency_keys['cdema']}"}
    assert asked.stdin is not None
    assert asked.stdout is not None
    asked.stdin.write(repr((warning, headers)) + "\n")
    asked.stdin.flush()
    assert asked.stdout.readline() == "half\n"
    started.process.send_signal(signal.SIGTERM)
    asked.stdin.write("rest\n")
    asked.stdin.flush()
    assert asked.stdout.readline() == "201\n"
    assert asked.wait(30) == 0
    assert started.end() == 0


# Sends half of a request, and the rest when it is told to.
_ASK = """
import ast, http.client, json, sys
from urllib.parse import urlsplit
address = urlsplit(sys.argv[1])
body, headers = ast.literal_eval(sys.stdin.readline())
data = json.dumps(body).encode()
connection = http.client.HTTPConnection(address.netloc, timeout=30)
connection.putrequest("POST", f"{address.path}?{address.query}")
for name, value in headers.items():
    connection.putheader(name, value)
connection.putheader("Content-Type", "application/json")
connection.putheader("Content-Length", str(len(data)))
connection.endheaders(data[:10])
import time; time.sleep(0.5)
print("half", flush=True)
sys.stdin.readline()
connection.send(data[10:])
print(connection.getresponse().status, flush=True)
"""


def test_children_end_when_their_parent_is_killed(start: Callable[..., Started]) -> None:
    port = free_port()
    started = start("run", CASA_PORT=str(port))
    until(lambda: _answers(port))
    started.look()
    assert len(started.family) >= 2
    started.process.kill()
    started.process.wait()
    until(lambda: started.left == set())


def test_a_folder_of_the_same_name_does_no_harm(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    folder = tmp_path / "casa"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (folder / name).write_text("raise SystemExit('the wrong casa')")
    port = free_port()
    started = start("run", CASA_PORT=str(port))
    until(lambda: _answers(port))
    started.process.send_signal(signal.SIGTERM)
    assert started.end() == 0
    assert "the wrong casa" not in started.log.read_text()


@pytest.mark.parametrize(
    ("code", "status", "times", "words"),
    [
        ("import sys; sys.exit(2)", 2, 1, ""),
        ("import sys; sys.exit(7)", 1, 5, "ended 5 times, at last with status 7"),
        ("import os; os.kill(os.getpid(), 9)", 1, 5, "at last with signal 9"),
    ],
)
def test_what_cannot_be_kept_running_is_given_up(
    tmp_path: Path, code: str, status: int, times: int, words: str
) -> None:
    notes = tmp_path / "notes"
    noting = f"open({str(notes)!r}, 'a').write('once ' + str(__import__('time').time()) + chr(10));"
    script = (
        "import sys; from casa.ending import Ending; from casa.commands.supervisor import "
        "Supervisor; sys.exit(Supervisor({'a part': [sys.executable, '-c', sys.argv[1]]}, "
        "Ending(), first_pause=0.1).run())"
    )
    command = [sys.executable, "-c", script, noting + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    moments = [float(line.split()[1]) for line in notes.read_text().splitlines()]
    assert len(moments) == times == (1 if status == 2 else supervisor._MOST_DEATHS)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert all(pause > 0.1 * 2**number for number, pause in enumerate(pauses)), pauses
    assert words in done.stderr


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("it did not come to pass")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    return False
