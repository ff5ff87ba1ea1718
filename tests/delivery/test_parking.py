"""What fails is counted, tried again, parked, and somebody called; the others go on."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from casa.alerts.message import Message
from casa.alerts.models import Dispatch, PublishedMessage
from casa.audience.matching import Addresses
from casa.database import Database, now
from casa.delivery import chores, dispatch, fcm, parking, planning
from casa.delivery.calling import Caller
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.delivery.models import Alarm, Shard, ShardDevices
from casa.delivery.outcomes import Failed, Outcome, Retry, Sent
from casa.delivery.parking import Patience
from casa.delivery.providers import FcmSender
from casa.delivery.worker import Worker
from casa.geography.places import place_key
from casa.settings import Settings
from tests.delivery.test_dispatch import PUSHED, Memory, at, register

__all__ = ["register"]

Publish = Callable[..., dict[str, Any]]
FEW = Patience(timedelta(), tries=6, faults=3)
LEASE = timedelta(seconds=30)


def work(database: Database, sender: Any, rounds: int = 40) -> None:
    """Plan and send for a while, whether or not anything comes of it."""
    for _ in range(rounds):
        planning.plan_next(database, "worker", LEASE, 1_000, patience=FEW)
        dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 100, patience=FEW)


def states(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        rows = session.scalars(PUSHED.order_by(Dispatch.sequence)).all()
        return [(row.state, row.reason) for row in rows]


def alarms(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Alarm.subject).where(Alarm.ended.is_(None))))


def poison(database: Database, sequence: int, **values: Any) -> None:
    with database.writing() as session:
        chosen = PublishedMessage.__table__.c.sequence == sequence
        session.execute(update(PublishedMessage.__table__).where(chosen).values(**values))


class Wicked(Memory):
    """Raises for one message, and for no other."""

    def send(self, message: Message, page: Sequence[Addresses]) -> list[Outcome]:
        if message.sequence == 1:
            raise KeyError("wicked")
        return super().send(message, page)


@pytest.fixture
def two(register: Any, publish: Publish, warning: dict[str, Any]) -> None:
    """A device, and two messages for it of the same urgency."""
    register("phone", at("BB"))
    publish(warning)
    publish(warning)


def test_a_sender_that_raises(database: Database, two: None) -> None:
    sender = Wicked()
    work(database, sender)
    assert sender.told(2) == ["phone"]
    assert states(database) == [("parked", "KeyError: 'wicked'"), ("done", None)]
    (subject,) = alarms(database)
    with database.writing() as session:
        identifier = session.scalars(PUSHED.where(Dispatch.state == "parked")).one().id
        assert subject == f"dispatch:{identifier}"
        assert dispatch.resume(session, identifier) == 1
    good = Memory()
    work(database, good)
    assert good.told(1) == ["phone"]
    assert alarms(database) == []
    assert states(database)[0][0] == "done"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b'{"info": 7}'])
def test_a_message_that_cannot_be_read_to_plan_it(
    database: Database, two: None, content: bytes
) -> None:
    poison(database, 1, content=content)
    sender = Memory()
    work(database, sender)
    assert sender.told(2) == ["phone"]
    (first, reason), (second, _) = states(database)
    assert (first, second) == ("parked", "done")
    assert reason
    assert len(alarms(database)) == 1


def test_a_message_that_cannot_be_read_to_send_it(database: Database, two: None) -> None:
    while planning.plan_next(database, "worker", LEASE, 1_000):
        pass
    poison(database, 1, content=b"[]")
    sender = Memory()
    work(database, sender)
    assert sender.told(2) == ["phone"]
    assert [state for state, _ in states(database)] == ["parked", "done"]


def test_a_shard_that_cannot_be_read(database: Database, two: None) -> None:
    while planning.plan_next(database, "worker", LEASE, 1_000):
        pass
    with database.writing() as session:
        first = session.scalars(select(Shard).where(Shard.sequence == 1)).one()
        session.get_one(ShardDevices, first.id).devices = b"\x00junk"
    sender = Memory()
    work(database, sender)
    assert sender.told(2) == ["phone"]
    assert [state for state, _ in states(database)] == ["parked", "done"]


def test_it_is_tried_again_after_growing_pauses(database: Database, two: None) -> None:
    patience = Patience(timedelta(seconds=100), tries=6, faults=3)
    planning.plan_next(database, "worker", LEASE, 1_000)
    sender = Wicked()
    dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 100, patience=patience)
    with database.writing() as session:
        shard = session.scalars(select(Shard)).one()
        assert (shard.state, shard.attempts) == ("waiting", 1)
        first = shard.not_before - now()
        assert timedelta(seconds=45) < first <= timedelta(seconds=100)
        shard.not_before = None
    dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 100, patience=patience)
    with database.reading() as session:
        shard = session.scalars(select(Shard)).one()
        assert shard.attempts == 2
        assert shard.not_before - now() > timedelta(seconds=95)


def test_what_ends_the_process_each_time_is_parked_too(database: Database, two: None) -> None:
    with database.writing() as session:
        session.execute(update(Dispatch).where(Dispatch.sequence == 1).values(attempts=99))
    sender = Memory()
    work(database, sender)
    assert states(database) == [("parked", "planning it ended the worker"), ("done", None)]
    assert sender.told(2) == ["phone"]


def test_a_page_that_ends_the_process_each_time_is_parked_too(
    database: Database, two: None
) -> None:
    while planning.plan_next(database, "worker", LEASE, 1_000):
        pass
    with database.writing() as session:
        session.execute(update(Shard).where(Shard.sequence == 1).values(attempts=99))
    sender = Memory()
    work(database, sender)
    assert states(database) == [("parked", "sending it ended the worker"), ("done", None)]


def test_a_kind_that_another_worker_may_know_waits_for_it(
    database: Database, two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(database, 1, kind="volcanic_ash")
    sender = Memory()
    work(database, sender)
    assert sender.told(2) == ["phone"]
    with database.writing() as session:
        planning.park_unknown(session, now())
    assert states(database)[0] == ("waiting", "no worker knows the kind 'volcanic_ash'")
    assert alarms(database) == []
    with database.writing() as session:
        planning.park_unknown(session, now() + planning.UNKNOWN_FOR + timedelta(minutes=1))
    assert states(database)[0] == ("parked", "no worker knows the kind 'volcanic_ash'")
    # A newer version is started, and the operator lets it go on.
    poison(database, 1, kind="disaster")
    with database.writing() as session:
        identifier = session.scalars(PUSHED.where(Dispatch.state == "parked")).one().id
        assert dispatch.resume(session, identifier) == 1
    work(database, sender)
    assert sender.told(1) == ["phone"]


def test_a_newer_message_of_the_thread_stops_what_is_parked(
    database: Database, client: FlaskClient, bearer: Any, register: Any, publish: Publish,
    warning: dict[str, Any],
) -> None:  # fmt: skip
    register("phone", at("BB"))
    old = publish(warning)["identifier"]
    sender = Wicked()
    work(database, sender)
    content = {name: value for name, value in warning.items() if name != "kind"}
    path = f"/v1/alerts/{old}/update?publish=true"
    assert client.post(path, json=content, headers=bearer("cdema")).status_code == 201
    work(database, sender)
    assert sender.told(2) == ["phone"]
    assert states(database) == [("done", "superseded"), ("done", None)]
    assert alarms(database) == []


def test_one_language_that_cannot_be_made_keeps_nothing_from_the_others(
    message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Recorder:
        def send_page(self, bodies: Sequence[bytes]) -> list[Outcome]:
            self.bodies = list(bodies)
            return [Sent()] * len(bodies)

    whole = fcm.body

    def body(message: Message, **arguments: Any) -> fcm.Template:
        if arguments["languages"] == ("ht",):
            raise KeyError("ht")
        if arguments["languages"] == ("nl",):
            raise fcm.TooLarge("nl")
        return whole(message, **arguments)

    monkeypatch.setattr(fcm, "body", body)
    page = [
        Addresses("android", "fcm", "token", (language,), False, [number], [f"token-{number}"])
        for number, language in enumerate(("en", "ht", "nl", "fr"))
    ]
    transport = Recorder()
    outcomes = FcmSender(transport).send(message, page)  # type: ignore[arg-type]
    assert [type(one).__name__ for one in outcomes] == ["Sent", "Failed", "Refused", "Sent"]
    tokens = [json.loads(body)["message"]["token"] for body in transport.bodies]
    assert tokens == ["token-0", "token-3"]
    assert outcomes[1] == Failed("KeyError: 'ht'")


def test_a_chore_that_fails_is_done_again_and_somebody_is_called(database: Database) -> None:
    done: list[str] = []
    wrong = True

    def good(_session: Any, _moment: Any) -> None:
        done.append("good")

    def bad(_session: Any, _moment: Any) -> None:
        if wrong:
            raise ValueError("no such folder")

    def half(_session: Any, _moment: Any) -> list[str]:
        return ["one of two cases"] if wrong else []

    kept = chores.Chores(database, [bad, half, good], FEW)
    moment = now()
    for _ in range(FEW.faults):
        kept.do(moment)
        moment += chores.EVERY
    assert done == ["good"] * FEW.faults
    assert sorted(alarms(database)) == ["chore:bad", "chore:half"]
    wrong = False
    kept.do(moment)
    assert alarms(database) == []


def test_a_worker_outlives_a_fault_of_its_own(
    database: Database, settings: Settings, two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a fault of our own")

    worker = Worker(database, settings, {"fcm": Memory()})
    with monkeypatch.context() as patched:
        patched.setattr("casa.delivery.worker.plan_next", broken)
        patched.setattr("casa.delivery.worker.work_once", broken)
        assert (worker.plan(), worker.send()) == (0, False)
    assert worker.plan() == 2
    assert worker.send()


def test_sockets_go_on_past_a_message_that_cannot_be_read(
    database: Database, publish: Publish, warning: dict[str, Any]
) -> None:
    heard: list[int] = []
    following = SequenceFollower(
        database, lambda _, content: heard.append(content["sequence"]), 0.1
    )
    barbados = Following(frozenset([place_key("BB")]))
    following.follow("client", barbados, None)
    publish(warning)
    publish(warning)
    poison(database, 1, content=b"{}")
    following.look()
    assert heard == [2]
    assert following.position == 2
    assert alarms(database) == ["socket:1"]
    answer = following.follow("late", barbados, 0)
    assert [one["sequence"] for one in answer["missed"]] == [2]


def test_sockets_go_on_past_a_message_that_cannot_be_framed(
    database: Database, publish: Publish, warning: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from casa.delivery import following as module

    heard: list[int] = []
    follower = SequenceFollower(database, lambda _, content: heard.append(content["sequence"]), 0.1)
    follower.follow("client", Following(frozenset([place_key("BB")])), None)
    whole = module.frame

    def frame(message: Message, *arguments: Any) -> dict[str, Any]:
        if message.sequence == 1:
            raise KeyError("a word that is not there")
        return whole(message, *arguments)

    monkeypatch.setattr(module, "frame", frame)
    publish(warning)
    publish(warning)
    follower.look()
    assert heard == [2]
    assert alarms(database) == ["socket:1"]


def test_an_alarm_is_posted_until_it_is_taken(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(database, settings)
    posted: list[dict[str, Any]] = []
    answers = [False, True]

    def post(body: bytes) -> bool:
        posted.append(json.loads(body))
        return answers.pop(0)

    monkeypatch.setattr(caller, "_post", post)
    with database.writing() as session:
        parking.call(session, "dispatch:7", "KeyError: 'ht'")
        parking.call(session, "dispatch:7", "again")
    assert caller.post_next()
    assert not caller.post_next(), "not at once again"
    with database.writing() as session:
        session.execute(update(Alarm).values(due=now()))
    assert caller.post_next()
    assert not caller.post_next()
    assert [one["subject"] for one in posted] == ["dispatch:7", "dispatch:7"]
    assert "KeyError" in posted[0]["text"]


def test_parked_things_are_figures(client: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        parking.call(session, "dispatch:7", "it kept failing")
    text = client.get("/metrics").text
    assert 'casa_parked{what="dispatch"} 1.0' in text
    assert 'casa_parked{what="chore"} 0.0' in text


def test_what_is_to_be_tried_again_never_is_at_once(
    database: Database, register: Any, publish: Publish, warning: dict[str, Any]
) -> None:
    for number in range(5):
        register(f"phone-{number}", at("BB"))
    publish(warning)
    sender = Memory(lambda token: Retry("429") if token == "phone-3" else Sent())
    planning.plan_next(database, "worker", LEASE, 1_000)
    while dispatch.work_once(database, {"fcm": sender}, "worker", LEASE, 100):
        pass
    assert sender.told(1).count("phone-3") == 1
