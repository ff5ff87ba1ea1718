"""From "publish" to the first phone and to the last of half a million, through the whole service.

    python benchmarks/reach.py [--devices 500000] [--elsewhere 500000] [--database URL]

A web process and a worker run as in life, beside nginx in the place of FCM, which notes the moment
of each message. Seconds from the moment before the alert is posted, with the quota off and with
one of 10,000 messages a second. The bound is what the quota allows: devices / 10,000.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import requests
from push import PROJECT, Keys, nginx, nginx_keys, register, wire

from casa import schema
from casa.agencies import keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.database import Database
from tests.system.processes import Process, Service

QUOTAS = {"no quota": 10**9, "10,000 a second": 600_000}
# nginx writes its log when it has this much or after a second; the moments in it are exact.
_BUFFER = "buffer=64k flush=1s"


def key_of(database: Database) -> str:
    plan = next(one for one in DEMONSTRATION if one.code == "cdema")
    with database.writing() as session:
        return keys.issue(session, plan.create(session), "benchmark")


def moments(log: Path, count: int, seconds: float) -> list[float]:
    """The moments of the first ``count`` messages, in order."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if log.read_bytes().count(b"\n") >= count:
            return sorted(map(float, log.read_text().split()))[:count]
        time.sleep(0.5)
    sys.exit(f"not all of {count} messages arrived")


def reach(url: str, folder: Path, stored: str, key: str, quota: int, devices: int) -> list[float]:
    """Seconds from publishing to each message."""
    settings = {
        "CASA_DATABASE_URL": stored,
        "CASA_FIREBASE_CREDENTIALS": str(folder / "account.json"),
        "CASA_FCM_URL": url,
        "CASA_FCM_CA": str(folder / "ca.pem"),
        "CASA_PUSH_PER_MINUTE": str(quota),
        "CASA_LOG_LEVEL": "ERROR",
    }
    log = folder / "moments.log"
    before = log.read_bytes().count(b"\n")
    web, worker = Service(settings, "serve"), Process(settings, "worker")
    try:
        time.sleep(3)
        start = time.time()
        answer = requests.post(
            f"{web.url}/v1/alerts?publish=true",
            json=wire(),
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        answer.raise_for_status()
        # The worker fetches its access token from nginx too: that is no message.
        count = before + devices + 1
        return [one - start for one in moments(log, count, 300) if one > start]
    finally:
        worker.stop()
        web.process.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=500_000)
    parser.add_argument("--elsewhere", type=int, default=500_000)
    parser.add_argument("--port", type=int, default=18444)
    parser.add_argument("--database", help="an empty database; by default an SQLite file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, nginx_keys(Path(name)) as folder:
        log = folder / "moments.log"
        with nginx(folder, given.port, f"{log} moment {_BUFFER}") as server:
            Keys(folder, 3600).write_account(PROJECT, server.url)
            stored = given.database or f"sqlite:///{folder / 'reach.db'}"
            database = Database(stored)
            schema.upgrade(database)
            register(database, given.devices, "BB")
            register(database, given.elsewhere, "TT", given.devices)
            key = key_of(database)
            print(f"{given.devices:,} of {given.devices + given.elsewhere:,} devices; seconds")
            print(f"{'':20}{'first':>10}{'half':>10}{'last':>10}")
            for text, quota in QUOTAS.items():
                found = reach(server.url, folder, stored, key, quota, given.devices)
                half = found[len(found) // 2]
                print(f"{text:20}{found[0]:>10.2f}{half:>10.2f}{found[-1]:>10.2f}", flush=True)
            database.dispose()


if __name__ == "__main__":
    main()
