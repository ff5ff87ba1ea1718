"""The dispatch engine against both databases: who is told what, once, and after any crash.

The provider is played by a ``Sender`` in memory, as what is at stake here is the engine's own
bookkeeping; ``test_push.py`` and ``tests/system`` send over HTTP.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pyroaring import BitMap
from sqlalchemy import select, update

from casa.alerts.message import Message
from casa.alerts.models import Dispatch
from casa.audience.matching import Addresses
from casa.audience.models import Device
from casa.database import Database, now
from casa.delivery import dispatch, parking, planning, retention
from casa.delivery.models import DispatchAudience, Shard, ShardDevices
from casa.delivery.outcomes import Outcome, Refused, Retry, Sent, Unregistered
from casa.delivery.worker import Worker
from casa.settings import Settings

LEASE = timedelta(seconds=30)
PUSHED = select(Dispatch).where(Dispatch.channel == "push")
Publish = Callable[..., dict[str, Any]]
Bearer = Callable[[str], dict[str, str]]


class Crash(BaseException):
    """The worker dies in the middle of a page."""


@dataclass
class Memory:
    """A provider that remembers what it was given and answers as it is told to."""

    answer: Callable[[str], Outcome] = lambda token: Sent()
    got: list[tuple[int, str, bool]] = field(default_factory=list)
    crash_after: int | None = None

    def send(self, message: Message, page: Sequence[Addresses]) -> list[Outcome]:
        addressed = [(token, group.departed) for group in page for token in group.tokens]
        for number, (token, departed) in enumerate(addressed):
            if self.crash_after is not None and number >= self.crash_after:
                raise Crash
            self.got.append((message.sequence or 0, token, departed))
        return [self.answer(token) for token, _ in addressed]

    def told(self, sequence: int) -> list[str]:
        return sorted(token for got, token, left in self.got if got == sequence and not left)

    def left(self, sequence: int) -> list[str]:
        return sorted(token for got, token, left in self.got if got == sequence and left)


@pytest.fixture
def register(client: FlaskClient) -> Callable[..., dict[str, str]]:
    """Register a device that follows places; its bearer header."""

    def register_(token: str, *places: Any, **preferences: Any) -> dict[str, str]:
        body = {
            "platform": "android",
            "push": {"provider": "fcm", "token": token},
            "languages": ["en"],
        }
        made = client.post("/v1/devices", json=body)
        assert made.status_code == 201, made.json
        headers = {"Authorization": f"Bearer {made.json['secret']}"}
        if preferences:
            answer = client.patch(
                "/v1/devices/me", json={"preferences": preferences}, headers=headers
            )
            assert answer.status_code == 200, answer.json
        answer = client.put("/v1/devices/me/places", json={"places": places}, headers=headers)
        assert answer.status_code in (200, 204), answer.json
        return headers

    return register_


def at(code: str) -> dict[str, str]:
    return {"code": code}


def drain(database: Database, sender: Memory, size: int = 100, shard_size: int = 1_000) -> None:
    """Plan and send until nothing is due."""
    while planning.plan_next(database, "worker", LEASE, shard_size):
        pass
    while dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, size):
        pass


def update_to(client: FlaskClient, bearer: Bearer, old: str, body: dict[str, Any]) -> str:
    content = {name: value for name, value in body.items() if name != "kind"}
    answer = client.post(
        f"/v1/alerts/{old}/update?publish=true", json=content, headers=bearer("cdema")
    )
    assert answer.status_code == 201, answer.json
    return str(answer.json["identifier"])


def due_now(database: Database) -> None:
    """Let the time pass that shards are to wait."""
    with database.writing() as session:
        session.execute(update(Shard).values(not_before=None, lease_until=None))
        session.execute(update(Dispatch).values(lease_until=None))


def test_the_right_devices_and_no_others(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    register("barbados", at("BB"))
    register("parish", at("BB-01"))
    register("position", {"longitude": -61.2, "latitude": 13.25})
    register("twice", at("BB"), at("VC"), {"longitude": -59.6, "latitude": 13.1})
    register("jamaica", at("JM"))
    register("nowhere")
    register("accidents", at("BB"), kinds=["accident"])
    register("extreme", at("BB"), min_severity="Extreme")
    register("severe", at("BB"), min_severity="Severe")
    publish(warning)
    sender = Memory()
    drain(database, sender)
    assert sender.told(1) == ["barbados", "parish", "position", "severe", "twice"]
    with database.reading() as session:
        row = session.scalars(PUSHED).one()
        assert (row.state, row.matched) == ("done", 5)
        assert row.finished is not None


def test_exercises_reach_only_who_asked_for_them(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    register("asked", at("BB"), exercises=True)
    register("not", at("BB"))
    publish(warning | {"status": "Exercise"})
    publish(warning)
    sender = Memory()
    drain(database, sender)
    assert sender.told(1) == ["asked"]
    assert sender.told(2) == ["asked", "not"]


def test_updates_and_cancels_reach_the_thread(
    client: FlaskClient,
    bearer: Bearer,
    database: Database,
    register: Any,
    publish: Publish,
    warning: dict[str, Any],
) -> None:
    register("stays", at("BB"))
    register("leaves", at("VC"))
    register("comes", at("GD"))
    moved = register("moves", at("BB"))
    sender = Memory()
    first = publish(warning)["identifier"]
    drain(database, sender)
    assert sender.told(1) == ["leaves", "moves", "stays"]

    second = update_to(client, bearer, first, warning | {"area": [{"places": ["BB", "GD"]}]})
    drain(database, sender)
    assert sender.told(2) == ["comes", "moves", "stays"]
    assert sender.left(2) == ["leaves"]

    client.put("/v1/devices/me/places", json={"places": [at("JM")]}, headers=moved)
    third = update_to(client, bearer, second, warning | {"area": [{"places": ["BB", "GD"]}]})
    drain(database, sender)
    assert sender.told(3) == ["comes", "stays"]
    assert sender.left(3) == ["moves"]  # and "leaves" is not told again

    client.post(f"/v1/alerts/{third}/cancel", json={}, headers=bearer("cdema"))
    drain(database, sender)
    assert sender.told(4) == ["comes", "leaves", "moves", "stays"]
    assert sender.left(4) == []


def test_a_crash_repeats_at_most_one_page(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    for number in range(10):
        register(f"device-{number}", at("BB"))
    publish(warning)
    sender = Memory()
    planning.plan_next(database, "first", LEASE, 1_000)
    dispatch.work_once(database, {"fcm": sender}, "first", LEASE, 4)
    sender.crash_after = 2
    with pytest.raises(Crash):
        dispatch.work_once(database, {"fcm": sender}, "first", LEASE, 4)
    sender.crash_after = None
    # While the lease runs nobody else takes the shard.
    assert not dispatch.work_once(database, {"fcm": sender}, "second", LEASE, 4)
    due_now(database)
    while dispatch.work_once(database, {"fcm": sender}, "second", LEASE, 4):
        pass
    told = [token for _, token, _ in sender.got]
    assert len(set(told)) == 10
    assert len(told) == 12
    with database.reading() as session:
        shard = session.scalars(select(Shard)).one()
        assert (shard.state, shard.sent) == ("done", 10)


def test_a_crash_while_planning_leaves_it_to_the_next(
    database: Database,
    register: Any,
    publish: Publish,
    warning: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register("device", at("BB"))
    publish(warning)

    def crash(*_: Any) -> Any:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(planning, "matched_by", crash)
        with pytest.raises(Crash):
            planning.plan_next(database, "first", LEASE, 1_000)
    assert not planning.plan_next(database, "second", LEASE, 1_000)
    due_now(database)
    sender = Memory()
    drain(database, sender)
    assert sender.told(1) == ["device"]


def test_who_lost_the_lease_saves_nothing(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    for number in range(3):
        register(f"device-{number}", at("BB"))
    publish(warning)
    planning.plan_next(database, "slow", LEASE, 1_000)

    class Stolen(Memory):
        def send(self, *arguments: Any) -> list[Outcome]:
            due_now(database)
            quick = Memory()
            while dispatch.work_once(database, {"fcm": quick}, "quick", LEASE, 10):
                pass
            return super().send(*arguments)

    dispatch.work_once(database, {"fcm": Stolen()}, "slow", LEASE, 10)
    with database.reading() as session:
        shard = session.scalars(select(Shard)).one()
        assert (shard.sent, shard.state) == (3, "done")


def test_the_graver_alert_overtakes_between_pages(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    for number in range(6):
        register(f"device-{number}", at("BB"))
    for info in warning["info"]:
        info["severity"] = "Minor"
    publish(warning)
    sender = Memory()
    planning.plan_next(database, "worker", LEASE, 1_000)
    dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 2)
    for info in warning["info"]:
        info["severity"] = "Extreme"
    publish(warning)
    drain(database, sender, size=2)
    assert [sequence for sequence, _, _ in sender.got] == [1] * 2 + [2] * 6 + [1] * 4


def test_a_newer_message_stops_the_older_one(
    client: FlaskClient,
    bearer: Bearer,
    database: Database,
    register: Any,
    publish: Publish,
    warning: dict[str, Any],
) -> None:
    for number in range(6):
        register(f"device-{number}", at("BB"))
    first = publish(warning)["identifier"]
    sender = Memory()
    planning.plan_next(database, "worker", LEASE, 1_000)
    dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 2)
    update_to(client, bearer, first, warning)
    drain(database, sender)
    assert len(sender.told(1)) == 2
    assert len(sender.told(2)) == 6
    with database.reading() as session:
        old = session.scalars(select(Shard).order_by(Shard.sequence)).first()
        assert old is not None
        assert (old.state, old.sent, old.dropped, old.reason) == ("done", 2, 4, "superseded")


def test_shards_are_worked_by_several_workers(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    for number in range(9):
        register(f"device-{number}", at("BB"))
    publish(warning)
    planning.plan_next(database, "planner", LEASE, 4)
    with database.reading() as session:
        assert [shard.size for shard in session.scalars(select(Shard).order_by(Shard.id))] == [
            4,
            4,
            1,
        ]
    sender = Memory()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda owner: _work(database, sender, owner), ["a", "b", "c"]))
    assert len(sender.told(1)) == 9


def _work(database: Database, sender: Memory, owner: str) -> None:
    while dispatch.work_once(database, {"fcm": sender}, owner, LEASE, 2):
        pass


def test_dead_tokens_are_forgotten(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    register("dead", at("BB"))
    register("alive", at("BB"))
    sender = Memory(lambda token: Unregistered() if token == "dead" else Sent())
    publish(warning)
    publish(warning)
    drain(database, sender)
    assert sender.told(1) == ["alive", "dead"]
    with database.reading() as session:
        tokens = set(session.scalars(select(Device.token)))
        assert tokens == {"alive", None}
        first, second = session.scalars(select(Shard).order_by(Shard.sequence))
        assert (first.sent, first.forgotten) == (1, 1)
        assert (second.sent, second.forgotten) == (1, 1)
    publish(warning)
    drain(database, sender)
    assert sender.told(3) == ["alive"]


def test_retries_back_off_honour_retry_after_and_park(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    register("busy", at("BB"))
    register("fine", at("BB"))
    register("refused", at("BB"))
    answers: dict[str, Outcome] = {"busy": Retry("503", 120.0), "refused": Refused("bad")}
    sender = Memory(lambda token: answers.get(token, Sent()))
    publish(warning)
    drain(database, sender)
    with database.reading() as session:
        shard = session.scalars(select(Shard)).one()
        assert (shard.state, shard.sent, shard.failed) == ("waiting", 1, 1)
        assert shard.not_before is not None
        assert shard.not_before >= now() + timedelta(seconds=110)
        assert list(BitMap.deserialize(shard.retry or b"")) != []
    for _ in range(parking.MOST_ATTEMPTS):
        due_now(database)
        drain(database, sender)
    assert sender.told(1).count("fine") == 1
    assert sender.told(1).count("busy") == parking.MOST_ATTEMPTS + 1
    with database.reading() as session:
        row = session.scalars(PUSHED).one()
        assert (row.state, row.reason) == ("parked", "503")
    answers.clear()
    with database.writing() as session:
        assert dispatch.resume(session, row.id) == 1
        assert dispatch.resume(session, row.id) == 0
    drain(database, sender)
    with database.reading() as session:
        assert session.scalars(PUSHED).one().state == "done"
        assert session.scalars(select(Shard)).one().sent == 2


def test_backoff_grows_and_is_bounded() -> None:
    for attempt in range(1, 100):
        pause = parking.backoff(attempt)
        assert timedelta(seconds=1) <= pause <= parking.LONGEST_RETRY
    assert parking.backoff(3) >= timedelta(seconds=4)


def test_what_has_expired_is_dropped_and_counted(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any], monkeypatch: Any
) -> None:
    for number in range(5):
        register(f"device-{number}", at("BB"))
    publish(warning)
    sender = Memory()
    planning.plan_next(database, "worker", LEASE, 1_000)
    dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 2)
    monkeypatch.setattr(dispatch, "now", lambda: now() + timedelta(days=1))
    drain(database, sender)
    assert len(sender.told(1)) == 2
    with database.reading() as session:
        shard = session.scalars(select(Shard)).one()
        assert (shard.state, shard.sent, shard.dropped, shard.reason) == ("done", 2, 3, "expired")
        assert session.scalars(PUSHED).one().state == "done"


def test_without_credentials_push_is_off_and_says_so(
    database: Database, settings: Settings, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    register("device", at("BB"))
    publish(warning)
    worker = Worker(database, settings, {})
    assert not worker.plan()
    assert not worker.send()
    with database.reading() as session:
        row = session.scalars(PUSHED).one()
        assert row.state == "off"
        assert "CASA_FIREBASE_CREDENTIALS" in (row.reason or "")
    with database.writing() as session:
        assert dispatch.resume(session, row.id) == 1
    sender = Memory()
    worker = Worker(database, settings, {"fcm": sender})
    while worker.plan() or worker.send():
        pass
    assert sender.told(1) == ["device"]


def test_audiences_are_deleted_after_the_thread(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    register("device", at("BB"))
    publish(warning)
    drain(database, Memory())
    with database.writing() as session:
        retention.sweep(session, now())
        assert session.scalars(select(DispatchAudience)).all()
        retention.sweep(session, now() + timedelta(days=2))
    with database.reading() as session:
        assert session.scalars(select(DispatchAudience)).all() == []
        assert session.scalars(select(ShardDevices)).all() == []
        assert session.scalars(select(Shard)).one().sent == 1


def test_the_report_and_the_preview(
    client: FlaskClient,
    bearer: Bearer,
    database: Database,
    register: Any,
    publish: Publish,
    warning: dict[str, Any],
) -> None:
    for number in range(3):
        register(f"device-{number}", at("BB"))
    register("jamaica", at("JM"))
    preview = client.post("/v1/alerts/preview", json=warning, headers=bearer("cdema"))
    assert preview.status_code == 200, preview.json
    assert preview.json["audience"] == 3
    assert preview.json["severity"] == "Severe"
    assert {"BB", "VC", "BB-01"} <= set(preview.json["reaches"])
    assert client.get("/v1/alerts").json["sequence"] == 0
    outside = client.post("/v1/alerts/preview", json=warning, headers=bearer("odpem"))
    assert outside.status_code == 403
    identifier = publish(warning)["identifier"]
    drain(database, Memory())
    address = f"/v1/alerts/{identifier}/delivery"
    report, _ = client.get(address, headers=bearer("cdema")).json["dispatches"]
    assert (report["state"], report["matched"], report["sent"]) == ("done", 3, 3)
    assert report["first"] <= report["last"] <= report["finished"]
    assert client.get(address, headers=bearer("odpem")).status_code == 403
    assert client.get(address).status_code == 401
