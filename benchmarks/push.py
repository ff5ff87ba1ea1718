"""Push: messages per CPU-second of the sender, CASA's transport against firebase-admin's own.

Both send the same Android message to the same nginx on loopback, which answers every POST with a
fixed body over TLS: HTTP/2 for CASA, HTTP/1.1 for ``send_each`` (which speaks no other). nginx is
a process of its own, so that only the sender's CPU time is counted. Rounds alternate; medians.

    python benchmarks/push.py [--rounds 5] [--messages 20000]
"""

import argparse
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
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import firebase_admin
from firebase_admin import credentials, messaging

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "doubles")]

from fcm_keys import Keys  # noqa: E402

from casa.alerts.message import Area, Circle, Info, Message  # noqa: E402
from casa.delivery.credentials import AccessTokens  # noqa: E402
from casa.delivery.fcm import body  # noqa: E402
from casa.delivery.outcomes import Sent  # noqa: E402
from casa.delivery.push import Transport  # noqa: E402
from casa.delivery.quota import LocalQuota  # noqa: E402

PROJECT = "casa-bench"
PAGE = 1_000
GOAL = 30
CONFIGURATION = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
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


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[str]:
    """nginx with a fixed answer; its address."""
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port))
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        if process.poll() is not None:
            sys.exit("nginx did not start; see its error.log")
        yield f"https://localhost:{port}"
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


def main(rounds: int, messages: int, port: int) -> None:
    if shutil.which("nginx") is None:
        sys.exit("This benchmark needs nginx, as a server that is not the bottleneck.")
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory() as name, nginx_keys(Path(name)) as folder:
        os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "ca.pem")
        with nginx(folder, port) as url:
            Keys(folder, 3600).write_account(PROJECT, url)
            ours, theirs = casa_sender(url, folder), firebase_sender(url, folder)
            ours(PAGE)
            theirs(500)
            results = [
                (measured(ours, messages), measured(theirs, messages // 20 // 500 * 500))
                for _ in range(rounds)
            ]
    casa_cpu, casa_wall = (statistics.median(r[0][n] for r in results) for n in (0, 1))
    fire_cpu, fire_wall = (statistics.median(r[1][n] for r in results) for n in (0, 1))
    print(f"{'':28}messages per CPU-second   messages per second")
    print(f"{'casa.delivery.push':28}{casa_cpu:>23,.0f}{casa_wall:>22,.0f}")
    print(f"{'firebase-admin send_each':28}{fire_cpu:>23,.0f}{fire_wall:>22,.0f}")
    print(f"ratio per CPU-second: {casa_cpu / fire_cpu:.1f} (goal: at least {GOAL})")
    if casa_cpu < GOAL * fire_cpu:
        sys.exit(1)


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
    chosen = parser.parse_args()
    main(chosen.rounds, chosen.messages, chosen.port)
