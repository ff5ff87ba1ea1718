"""Push: messages per CPU-second of CASA's whole worker against firebase-admin's ``send_each``.

    python benchmarks/push.py [--rounds 5] [--messages 20000] [--database URL]

All send the same Android message to the same nginx on loopback, which answers every POST with a
fixed body over TLS: HTTP/2 for CASA, HTTP/1.1 for ``send_each`` (which speaks no other). nginx and
the sender have a core each. CPU time is the sender's; nginx's own while the worker sends is shown
to tell how busy it was. Rounds alternate; medians.

  worker      casa.delivery.worker: plans the audience, then for each page reads the recipients,
              encodes, sends, and saves cursor and counts
  transport   casa.delivery.push alone
  send_each   firebase-admin alone: it makes, sends and parses, and reads and saves nothing
  h2load      nghttp2's load generator in C, with the same body: the bound
"""

import argparse
import gc
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import firebase_admin
import msgspec
from firebase_admin import credentials, messaging
from sqlalchemy import func, insert, make_url, select

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "doubles")]

from fcm_keys import Keys  # noqa: E402
from match import device_row  # noqa: E402

from casa import create_app, schema  # noqa: E402
from casa.agencies import keys as agency_keys  # noqa: E402
from casa.agencies.demonstration import DEMONSTRATION  # noqa: E402
from casa.alerts.message import Area, Circle, Info, Message  # noqa: E402
from casa.audience.devices import today  # noqa: E402
from casa.audience.filters import Preferences, bits  # noqa: E402
from casa.audience.models import AudienceKey, Device  # noqa: E402
from casa.database import Database  # noqa: E402
from casa.delivery.credentials import AccessTokens  # noqa: E402
from casa.delivery.fcm import body  # noqa: E402
from casa.delivery.models import Shard  # noqa: E402
from casa.delivery.outcomes import Sent  # noqa: E402
from casa.delivery.providers import senders  # noqa: E402
from casa.delivery.push import Transport  # noqa: E402
from casa.delivery.quota import LocalQuota  # noqa: E402
from casa.delivery.worker import Worker  # noqa: E402
from casa.geography.places import place_key  # noqa: E402
from casa.settings import Settings  # noqa: E402

PROJECT = "casa-bench"
PAGE = 1_000
GOAL = 30
CONFIGURATION = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  log_format moment '$msec'; access_log {log};
  client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  keepalive_requests 100000000; http2_max_concurrent_streams 100; client_body_buffer_size 16k;
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=1024;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    default_type application/json;
    location = /token {{ return 200 '{{"access_token":"bench","expires_in":3600}}'; }}
    location / {{ return 200 '{{"name":"projects/bench/messages/0:1700000000000000"}}'; }}
  }}
}}
"""


def message() -> Message:
    moment = datetime.now(UTC)
    info = Info(
        language="en", category=("Met",), event="Flash flood", urgency="Immediate",
        severity="Extreme", certainty="Observed", expires=moment + timedelta(hours=6),
        headline="Flash flood in the lower town", description="The gully is over its banks. " * 10,
        instruction="Move to higher ground now. Do not drive through water.",
    )  # fmt: skip
    return Message(
        identifier="8a3c0f6e-0d6b-4f0e-9f43-3f9b2f1c7a11", kind="disaster", sequence=1,
        thread="8a3c0f6e-0d6b-4f0e-9f43-3f9b2f1c7a11", sender="met@example.org", sent=moment,
        status="Actual", msg_type="Alert", info=(info,),
        area=(Area(area_desc="Lower town", circle=(Circle(-76.8, 18.0, 5000.0),)),),
    )  # fmt: skip


class Nginx(NamedTuple):
    """A running nginx: its address and its process."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """What its worker process has used."""
        (child,) = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def nginx(folder: Path, port: int, log: str = "off") -> Iterator[Nginx]:
    """nginx with a fixed answer. ``log`` is nginx's ``access_log``."""
    configuration = CONFIGURATION.format(folder=folder, port=port, log=log)
    (folder / "nginx.conf").write_text(configuration)
    command = ["taskset", "-c", "0", "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        if process.poll() is not None:
            sys.exit("nginx did not start; see its error.log")
        yield Nginx(f"https://localhost:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(10)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(send: Callable[[int], None], messages: int) -> tuple[float, float]:
    """(messages per CPU-second, messages per second)."""
    cpu, clock = cpu_seconds(), time.perf_counter()
    send(messages)
    return messages / (cpu_seconds() - cpu), messages / (time.perf_counter() - clock)


def casa_sender(url: str, keys: Path) -> Callable[[int], None]:
    tokens = AccessTokens(keys / "account.json", keys / "ca.pem")
    transport = Transport(url, PROJECT, tokens, LocalQuota(10**9), ca=keys / "ca.pem")
    alert = message()

    def send(count: int) -> None:
        template = body(alert, languages=("en",), platform="android", moment=datetime.now(UTC))
        for start in range(0, count, PAGE):
            page = [template.for_token(device(n)) for n in range(start, start + PAGE)]
            assert transport.send_page(page) == [Sent()] * PAGE

    return send


def casa_worker(url: str, keys: Path, database_url: str, messages: int) -> Callable[[int], None]:
    """Everything that a worker does for an alert that concerns ``messages`` devices."""
    settings = Settings(
        database_url=database_url,
        firebase_credentials=keys / "account.json",
        fcm_url=url,
        fcm_ca=keys / "ca.pem",
        push_per_minute=10**9,
    )
    database = Database(database_url)
    schema.upgrade(database)
    register(database, messages)
    plan = next(one for one in DEMONSTRATION if one.code == "cdema")
    with database.writing() as session:
        key = agency_keys.issue(session, plan.create(session), "benchmark")
    publisher = create_app(settings).test_client()
    providers = ExitStack()
    worker = Worker(database, settings, providers.enter_context(senders(settings)))
    published = 0

    def publish() -> None:
        nonlocal published
        answer = publisher.post(
            "/v1/alerts?publish=true", json=wire(), headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 201, answer.json
        published += 1

    def send(count: int) -> None:
        assert count == messages
        while worker.plan() or worker.send():
            pass
        with database.reading() as session:
            assert session.scalar(select(func.sum(Shard.sent))) == published * messages

    send.prepare = publish  # type: ignore[attr-defined]
    send.providers = providers  # type: ignore[attr-defined]
    return send


def register(database: Database, count: int, code: str = "BB", after: int = 0) -> None:
    """Devices that follow a place, with tokens as long as FCM's, numbered from ``after`` on."""
    packed, day = bits(Preferences(), "fcm"), today()
    rows = [
        device_row(number, day) | {"token": device(number)}
        for number in range(after + 1, after + count + 1)
    ]
    keys = [{"key": place_key(code), "device": row["number"], "bits": packed} for row in rows]
    with database.writing() as session:
        session.execute(insert(Device), rows)
        session.execute(insert(AudienceKey), keys)


def wire() -> dict[str, object]:
    """The benchmark's message as an agency sends it."""
    info = {
        name: value
        for name, value in msgspec.to_builtins(message().info[0]).items()
        if value not in (None, [], ())
    }
    return {"kind": "disaster", "info": [info], "area": [{"places": ["BB"]}]}


def h2load(url: str, folder: Path, messages: int) -> tuple[float, float]:
    """(messages per CPU-second, messages per second) of nghttp2's load generator."""
    template = body(message(), languages=("en",), platform="android", moment=datetime.now(UTC))
    (folder / "body.json").write_bytes(template.for_token(device(1)))
    target = f"{url}/v1/projects/{PROJECT}/messages:send"
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        ["h2load", "-n", str(messages), "-c", "4", "-m", "100", "-d", folder / "body.json", target],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return messages / cpu, messages / wall


def firebase_sender(url: str, keys: Path) -> Callable[[int], None]:
    app = firebase_admin.initialize_app(credentials.Certificate(str(keys / "account.json")))
    service = messaging._get_messaging_service(app)
    service._fcm_url = f"{url}/v1/projects/{PROJECT}/messages:send"
    adapter = service._client.session.get_adapter("https://fcm.googleapis.com")
    service._client.session.mount(url, adapter)
    alert = message()
    info = alert.info[0]
    data = {"headline": info.headline, "description": info.description,
            "instruction": info.instruction, "identifier": alert.identifier}  # fmt: skip
    android = messaging.AndroidConfig(priority="high", collapse_key=alert.thread, ttl=21_600)

    def send(count: int) -> None:
        for start in range(0, count, 500):
            page = [
                messaging.Message(data=data, android=android, token=device(n))
                for n in range(start, start + 500)
            ]
            assert messaging.send_each(page).success_count == 500

    return send


def device(number: int) -> str:
    """A token as long as FCM's are."""
    return f"{number:022d}:APA91b" + "x" * 134


def main(rounds: int, messages: int, port: int, database_url: str | None) -> None:
    if shutil.which("nginx") is None:
        sys.exit("This benchmark needs nginx, as a server that is not the bottleneck.")
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory() as name, nginx_keys(Path(name)) as folder:
        os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "ca.pem")
        with nginx(folder, port) as server:
            url = server.url
            Keys(folder, 3600).write_account(PROJECT, url)
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
            stored = database_url or f"sqlite:///{folder / 'push.db'}"
            works: dict[str, Callable[[], tuple[float, float]]] = {}
            worker = casa_worker(url, folder, stored, messages)
            transport, firebase = casa_sender(url, folder), firebase_sender(url, folder)
            few = max(messages // 20 // 500, 1) * 500
            answered: list[float] = []
            works["worker"] = lambda: beside(server, answered, worker, messages)
            works["transport"] = lambda: measured(transport, messages)
            works["send_each"] = lambda: measured(firebase, few)
            if shutil.which("h2load"):
                works["h2load"] = lambda: h2load(url, folder, messages)
            worker.prepare()  # type: ignore[attr-defined]
            worker(messages)
            transport(PAGE)
            firebase(500)
            gc.freeze()  # as the worker's process does
            results: list[dict[str, tuple[float, float]]] = []
            for _ in range(rounds):
                worker.prepare()  # type: ignore[attr-defined]
                results.append({sort: work() for sort, work in works.items()})
    report(results, statistics.median(answered), make_url(stored).get_backend_name())


def beside(
    server: Nginx, answered: list[float], send: Callable[[int], None], messages: int
) -> tuple[float, float]:
    """``measured``, and what nginx answered in a CPU-second of its own meanwhile."""
    before = server.cpu_seconds()
    found = measured(send, messages)
    answered.append(messages / max(server.cpu_seconds() - before, 0.01))
    return found


def report(results: list[dict[str, tuple[float, float]]], answered: float, backend: str) -> None:
    found = {
        sort: [statistics.median(one[sort][n] for one in results) for n in (0, 1)]
        for sort in results[0]
    }
    print(f"{backend}; {'':12}messages per CPU-second   messages per second")
    for sort, (cpu, wall) in found.items():
        print(f"{sort:20}{cpu:>27,.0f}{wall:>22,.0f}")
    ratio = found["worker"][0] / found["send_each"][0]
    print(f"worker to send_each, per CPU-second: {ratio:.1f} times (goal: at least {GOAL})")
    if "h2load" in found:
        share = found["worker"][0] / found["h2load"][0]
        print(f"worker to h2load, per CPU-second: {share:.2f}")
    spare = answered / found["worker"][1]
    print(
        f"nginx answered {answered:,.0f} of the worker's messages in a CPU-second of its own: "
        f"{spare:.1f} times as fast as the worker asked"
    )


@contextmanager
def nginx_keys(folder: Path) -> Iterator[Path]:
    """``folder`` with certificates; workers of an nginx started by root must be able to enter."""
    folder.chmod(0o755)
    Keys(folder, 3600)
    yield folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--port", type=int, default=18443)
    parser.add_argument("--database", help="an empty database; by default an SQLite file")
    chosen = parser.parse_args()
    main(chosen.rounds, chosen.messages, chosen.port, chosen.database)
