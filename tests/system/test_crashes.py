"""Processes are killed, Redis forgets, brokers and databases restart: no alert is lost.

In each run one message is poisoned: what is kept of it cannot be read. It is parked with its
reason, and takes nothing from the others.

``CASA_CRASHES`` is the number of fan-outs for each way of running (by default a few).
"""

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from casa import schema
from casa.agencies import keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.agencies.models import Agency
from casa.alerts import sequence
from casa.alerts.models import Alert, Dispatch, PublishedMessage
from casa.audience import devices
from casa.database import Database, now
from casa.geography.places import place_key
from tests.doubles.fcm_process import FcmDouble
from tests.system.history import History, Published, Pushed
from tests.system.phone import Phone
from tests.system.processes import Process, Service, environment
from tests.system.servers import OwnPostgres, OwnRabbit, OwnRedis

FAN_OUTS = int(os.environ.get("CASA_CRASHES", "10"))
PAGE = 50
FOLLOWED = ("BB", "BB-01", "VC", "JM", "JM-01", "TT")
DEVICES = 600

pytestmark = pytest.mark.timeout(120 + 30 * FAN_OUTS)


class Cluster:
    """A web process and two workers, six hundred devices and three phones on sockets."""

    def __init__(self, folder: Path, double: FcmDouble, database_url: str, **more: str) -> None:
        self.double = double
        double.forget()
        double.behave("", "slow", seconds=0.05)
        self.database = Database(database_url)
        schema.upgrade(self.database)
        self.key, self.followed = _populate(self.database)
        settings = environment(database_url, folder, double) | {
            "CASA_PAGE_SIZE": str(PAGE),
            "CASA_SHARD_SIZE": "200",
            "CASA_LEASE_SECONDS": "4",
            "CASA_SWEEP_SECONDS": "1",
            "CASA_LOG_LEVEL": "CRITICAL",
            "CASA_RETRY_SECONDS": "0.1",
            **more,
        }
        self.web = Service(settings, "serve")
        self.workers = [Process(settings, "worker") for _ in range(2)]
        self.phones = {f"phone-{code}": Phone(self.web.url, code) for code in ("BB", "JM-01", "TT")}
        self.kills = 0
        self.killed_while: dict[str, int] = {}
        self.poisoned = self._poison()

    def _poison(self) -> int:
        """The number of a message that no worker can read, beside the good ones."""
        identifier = str(uuid.uuid4())
        moment = now()
        with self.database.writing() as session:
            agency = session.scalars(select(Agency.id)).first()
            number = sequence.take(session)
            session.add(
                Alert(
                    identifier=identifier, thread=identifier, agency_id=agency, kind="disaster",
                    msg_type="Alert", state="published",
                )
            )  # fmt: skip
            session.flush()
            session.add(
                PublishedMessage(
                    sequence=number, identifier=identifier, thread=identifier, kind="disaster",
                    status="Actual", msg_type="Alert", severity=4, sent=moment,
                    expires=moment + timedelta(days=1), west=0, south=0, east=1, north=1,
                    content=b'{"poison": true}',
                )
            )  # fmt: skip
            session.flush()
            for channel in ("push", "webhook"):
                # More urgent than any other: it is always taken first.
                row = Dispatch(sequence=number, thread=identifier, channel=channel, priority=0)
                session.add(row)
        return number

    def parked(self) -> list[tuple[int, bool]]:
        """The numbers of the messages that are parked, and whether each has its reason."""
        with self.database.reading() as session:
            rows = session.scalars(select(Dispatch).where(Dispatch.state == "parked"))
            return sorted((row.sequence, "ValidationError" in (row.reason or "")) for row in rows)

    def stop(self) -> None:
        for phone in self.phones.values():
            phone.stop()
        for process in (*self.workers, self.web.process):
            if process.running:
                process.kill()
        self.database.dispose()

    def kill_one(self, chance: random.Random) -> None:
        victim = chance.choice([*self.workers, self.web.process])
        victim.kill()
        self.kills += victim is not self.web.process
        victim.start()

    def publish(self, codes: tuple[str, ...], warning: dict[str, Any]) -> str:
        """Publish until it is acknowledged; the identifier."""
        body = warning | {"area": [{"places": list(codes)}]}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                made = self.web.call("POST", "/v1/alerts?publish=true", self.key, body)
                return str(made["identifier"])
            except (requests.RequestException, RuntimeError):
                # Killed before it answered: whether it is published, the sequence tells.
                time.sleep(0.2)
        raise RuntimeError("nothing could be published for a minute")

    def wait_until_done(self, seconds: float = 90) -> None:
        """Until every dispatch has ended and every phone is following again."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with self.database.reading() as session:
                    open_ = session.scalar(
                        select(func.count()).where(Dispatch.state.in_(("waiting", "planned")))
                    )
            except Exception:  # the database is being restarted
                open_ = None
            if open_ == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("a dispatch did not end")

    def fan_out(
        self,
        chance: random.Random,
        warning: dict[str, Any],
        disturb: Callable[[], None],
        kills: int = 0,
    ) -> None:
        """Publish, disturb at a random moment, wait for the end."""
        codes = tuple(chance.sample(("BB", "VC", "JM-01", "JM", "TT"), chance.randint(1, 3)))
        before, self.kills = self.kills, self.kills + kills
        timer = threading.Timer(chance.uniform(0, 1.0), disturb)
        timer.start()
        identifier = self.publish(codes, warning)
        timer.join()
        self.wait_until_done()
        self.killed_while[identifier] = self.kills - before

    def history(self) -> History:
        self.web.wait()
        published = self._published()
        deadline = time.monotonic() + 30
        while True:
            found = History(
                page=PAGE,
                devices=self.followed,
                sockets={name: name.removeprefix("phone-") for name in self.phones},
                published=published,
                pushed=self._pushed(),
                heard={name: list(phone.heard) for name, phone in self.phones.items()},
            )
            # A phone that has just come back needs a moment to hear what it missed.
            if not found.faults() or time.monotonic() > deadline:
                return found
            time.sleep(0.5)

    def _published(self) -> list[Published]:
        # Nobody is to be sent or told the one that cannot be read.
        found = [Published(self.poisoned, "poisoned", ())]
        page = self.web.call("GET", "/v1/alerts?since=0&limit=100")
        while True:
            for alert in page["alerts"]:
                codes = [code["value"] for area in alert["area"] for code in area["geocode"]]
                one = Published(alert["sequence"], alert["identifier"], tuple(codes))
                # What was published without its acknowledgement has all kills to its account.
                kills = self.killed_while.get(one.identifier, self.kills)
                found.append(replace(one, kills=kills))
            if not page["next"]:
                return found
            page = self.web.call("GET", f"/v1/alerts?since=0&limit=100&cursor={page['next']}")

    def _pushed(self) -> list[Pushed]:
        return [
            Pushed(row["device"], row["message"]["data"]["identifier"], row["collapse_key"])
            for row in self.double.record()
            if row["outcome"] == "sent"
        ]


def assert_kept(running: Cluster) -> None:
    """Every promise to all others was kept, and the poisoned message is parked for each channel."""
    assert running.history().faults() == []
    assert running.parked() == [(running.poisoned, True)] * 2


def _populate(database: Database) -> tuple[str, dict[str, str]]:
    """An agency's key, and six hundred devices: the place that each token's device follows."""
    followed = {f"crash-{n:04d}": FOLLOWED[n % len(FOLLOWED)] for n in range(DEVICES)}
    plan = next(one for one in DEMONSTRATION if one.code == "cdema")
    with database.writing() as session:
        for token, code in followed.items():
            push = devices.Push("fcm", "token", token, token)
            device, _ = devices.register(session, "android", push, ["en"])
            devices.follow(session, device, [place_key(code)])
        return keys.issue(session, plan.create(session), "crashes"), followed


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("CASA_CRASH_SEED", time.time()))
    print(f"CASA_CRASH_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def cluster(double: FcmDouble, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    with ExitStack() as stack:

        def start(database_url: str, **more: str) -> Cluster:
            made = Cluster(tmp_path, double, database_url, **more)
            stack.callback(made.stop)
            return made

        yield start


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    running = OwnRedis(tmp_path)
    yield running
    running.stop()


def test_killed_on_sqlite(
    cluster: Callable[..., Cluster],
    sqlite_url: str,
    chance: random.Random,
    warning: dict[str, Any],
) -> None:
    running = cluster(sqlite_url)
    for _ in range(FAN_OUTS):
        running.fan_out(chance, warning, lambda: running.kill_one(chance))
    assert_kept(running)


def test_killed_on_postgresql_with_redis(
    cluster: Callable[..., Cluster],
    postgres_url: str,
    own_redis: OwnRedis,
    chance: random.Random,
    warning: dict[str, Any],
) -> None:
    running = cluster(postgres_url, CASA_BROKER_URL=own_redis.url)
    for _ in range(FAN_OUTS):
        running.fan_out(chance, warning, lambda: running.kill_one(chance))
    assert_kept(running)


@pytest.mark.parametrize("disturbance", ["flush", "restart"])
def test_redis_forgets_and_restarts(
    cluster: Callable[..., Cluster],
    postgres_url: str,
    own_redis: OwnRedis,
    chance: random.Random,
    warning: dict[str, Any],
    disturbance: str,
) -> None:
    running = cluster(postgres_url, CASA_BROKER_URL=own_redis.url)
    for _ in range(max(FAN_OUTS // 5, 1)):
        running.fan_out(chance, warning, getattr(own_redis, disturbance))
    assert_kept(running)


def test_rabbitmq_restarts(
    cluster: Callable[..., Cluster],
    postgres_url: str,
    chance: random.Random,
    warning: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    broker = OwnRabbit(tmp_path_factory.mktemp("rabbit"))
    try:
        running = cluster(postgres_url, CASA_BROKER_URL=broker.url)
        for _ in range(max(FAN_OUTS // 5, 1)):
            running.fan_out(chance, warning, broker.restart)
        assert_kept(running)
    finally:
        broker.stop()


def test_postgresql_restarts(
    cluster: Callable[..., Cluster],
    own_redis: OwnRedis,
    chance: random.Random,
    warning: dict[str, Any],
) -> None:
    database = OwnPostgres()
    try:
        running = cluster(database.url, CASA_BROKER_URL=own_redis.url)
        for _ in range(max(FAN_OUTS // 5, 1)):
            # As a kill of both workers: each may have a page under way that cannot be saved.
            running.fan_out(chance, warning, database.restart, kills=2)
        assert_kept(running)
    finally:
        database.remove()
