"""Webhooks from the subscription to the receiver: who gets what, signed, again and no longer."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from casa.agencies.permissions import Role
from casa.alerts.models import Dispatch, PublishedMessage
from casa.database import Database, now
from casa.delivery import dispatch, planning
from casa.delivery.models import Shard, Webhook
from casa.delivery.posting import Poster
from casa.delivery.webhooks import WEBHOOKS
from casa.delivery.worker import Worker
from casa.disasters.texts import fits_one_message
from casa.sealing import Sealer
from casa.settings import Settings
from tests.conftest import SignedIn
from tests.doubles.webhook_receiver import Posted, Receiver

LEASE = timedelta(seconds=30)
HOST = "https://radio.push.example.org"
OTHER = "https://broken.push.example.org"
Bearer = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    found = Receiver(tmp_path_factory.mktemp("webhooks"))
    yield found
    found.stop()


@pytest.fixture
def receiver(running: Receiver) -> Receiver:
    running.posted.clear()
    running.answers.clear()
    return running


@pytest.fixture
def poster(receiver: Receiver, settings: Settings) -> Iterator[Poster]:
    made = Poster(
        Sealer(settings.sealing_key_file), "https://casa.example.org",
        ca=receiver.ca, proxy=receiver.proxy, timeout=2.0,
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def administrator(officer: Callable[..., SignedIn]) -> dict[str, str]:
    return officer("cdema", Role.AGENCY_ADMINISTRATOR).headers


@pytest.fixture
def subscribe(client: FlaskClient, administrator: dict[str, str]) -> Callable[..., Any]:
    """Add a webhook; the answer's body."""

    def subscribe_(path: str = "/ok/1", **facts: Any) -> Any:
        host = HOST if path.startswith("/ok") else OTHER
        body = {"name": "Radio", "url": host + path, **facts}
        made = client.post("/v1/webhooks", json=body, headers=administrator)
        assert made.status_code == 201, made.json
        return made.json

    return subscribe_


@pytest.fixture
def drain(database: Database, poster: Poster) -> Callable[[], None]:
    """Plan and post until nothing is due."""

    def drain_() -> None:
        while planning.plan_next(database, "worker", LEASE, 1_000, WEBHOOKS):
            pass
        while dispatch.work_once(database, {"webhook": poster}, "w", LEASE, 100, WEBHOOKS):
            pass

    return drain_


def due_now(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Shard).values(not_before=None))


def state_of(database: Database) -> tuple[str, str]:
    with database.reading() as session:
        query = select(Dispatch.state, Shard.state).join(Shard, Shard.dispatch_id == Dispatch.id)
        return session.execute(query.where(Dispatch.channel == "webhook")).one()


def paths(receiver: Receiver) -> list[str]:
    return sorted(one.url.removeprefix(HOST).removeprefix(OTHER) for one in receiver.posted)


def test_an_alert_is_posted_signed_with_texts_for_phones_and_radio(
    client: FlaskClient, bearer: Bearer, receiver: Receiver, subscribe: Any, drain: Any
) -> None:
    hook = subscribe()
    office = bearer("cdema")
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=office).headers["Location"]
    own = {"level": "warning", "language": "en", "sms": "Go uphill now."}
    advisory = {"levels": {"HT": "warning"}, "languages": ["en", "ht"], "edits": [own]}
    path = f"{event}/advisories?publish=true"
    made = client.post(path, json=advisory, headers=office).json["messages"][0]["identifier"]
    drain()
    (posted,) = receiver.posted
    assert posted.is_signed_by(hook["secret"])
    assert not posted.is_signed_by(subscribe("/ok/2")["secret"])
    assert posted.headers["webhook-id"] == made
    assert abs(int(posted.headers["webhook-timestamp"]) - time.time()) < 60
    content = posted.content
    alert = client.get(f"/v1/alerts/{made}").json
    assert content["alert"]["identifier"] == made
    assert [info["headline"] for info in content["alert"]["info"]] == [
        info["headline"] for info in alert["info"]
    ]
    assert "spoken" not in content["alert"]
    assert "spoken" not in alert
    assert content["url"] == f"https://casa.example.org/v1/alerts/{made}"
    assert (content["departed"], content["news"]) == (False, True)
    texts = {one["language"]: one for one in content["texts"]}
    assert texts["en"]["sms"] == "Go uphill now."
    assert fits_one_message(texts["ht"]["sms"])
    assert all(one["radio"] for one in texts.values())
    assert client.get(f"/v1/alerts/{made}/texts").json["texts"] == content["texts"]


def test_who_is_meant_and_nobody_else(
    publish: Any, warning: dict[str, Any], receiver: Receiver, subscribe: Any, drain: Any
) -> None:
    subscribe("/ok/all")
    subscribe("/ok/state", places=["BB"])
    subscribe("/ok/parish", places=["BB-04"])
    subscribe("/ok/elsewhere", places=["JM"])
    subscribe("/ok/graver", min_severity="Extreme")
    subscribe("/ok/accidents", kinds=["accident"])
    subscribe("/ok/exercises", exercises=True)
    publish(warning)
    drain()
    assert paths(receiver) == ["/ok/all", "/ok/exercises", "/ok/parish", "/ok/state"]
    receiver.posted.clear()
    publish(warning | {"status": "Exercise"})
    drain()
    assert paths(receiver) == ["/ok/exercises"]


def test_an_alert_of_any_kind_has_texts(
    client: FlaskClient, publish: Any, road_accident: dict[str, Any], receiver: Receiver,
    subscribe: Any, drain: Any,
) -> None:  # fmt: skip
    subscribe()
    publish(road_accident, agency="police-jm", path="accidents")
    drain()
    (posted,) = receiver.posted
    texts = posted.content["texts"]
    assert all(fits_one_message(one["sms"]) for one in texts)
    identifier = posted.content["alert"]["identifier"]
    assert client.get(f"/v1/alerts/{identifier}/texts").json["texts"] == texts
    missing = "00000000-0000-4000-8000-000000000000"
    assert client.get(f"/v1/alerts/{missing}/texts").status_code == 404


@pytest.mark.parametrize("answer", ["500", "404", "401", "429", "drop", "moved", "slow"])
def test_what_fails_is_tried_again_and_the_others_are_not(
    database: Database, publish: Any, warning: dict[str, Any], receiver: Receiver,
    subscribe: Any, drain: Any, client: FlaskClient, administrator: dict[str, str], answer: str,
) -> None:  # fmt: skip
    broken = subscribe(f"/{answer}/1")
    subscribe("/ok/1")
    publish(warning)
    drain()
    # The one that failed is tried again at once, and then at growing intervals; a try over a
    # connection that was cut may come to nothing.
    assert set(paths(receiver)) == {f"/{answer}/1", "/ok/1"}
    assert paths(receiver).count("/ok/1") == 1
    assert state_of(database) == ("planned", "waiting")
    path = f"/v1/webhooks/{broken['id']}"
    assert client.get(path, headers=administrator).json["last_fault"]
    receiver.posted.clear()
    receiver.answers[broken["url"]] = "ok"
    drain()
    assert receiver.posted == [], "not before its time"
    for _ in range(2):
        due_now(database)
        drain()
    assert paths(receiver) == [f"/{answer}/1"]
    assert state_of(database) == ("done", "done")
    shown = client.get(path, headers=administrator).json
    assert (shown["last_fault"], shown["last_sent"] is None) == (None, False)


def test_what_is_sent_again_has_the_same_id(
    database: Database, publish: Any, warning: dict[str, Any], receiver: Receiver,
    subscribe: Any, drain: Any,
) -> None:  # fmt: skip
    hook = subscribe("/500/1")
    publish(warning)
    drain()
    due_now(database)
    drain()
    assert len(receiver.posted) == 2
    assert len({one.headers["webhook-id"] for one in receiver.posted}) == 1
    assert all(one.is_signed_by(hook["secret"]) for one in receiver.posted)


def test_gone_is_switched_off_until_it_is_enabled(
    client: FlaskClient, publish: Any, warning: dict[str, Any], receiver: Receiver,
    subscribe: Any, drain: Any, administrator: dict[str, str],
) -> None:  # fmt: skip
    path = f"/v1/webhooks/{subscribe('/410/1')['id']}"
    publish(warning)
    drain()
    shown = client.get(path, headers=administrator).json
    assert (shown["enabled"], shown["last_fault"][:3]) == (False, "410")
    publish(warning)
    drain()
    assert len(receiver.posted) == 1
    client.patch(path, json={"enabled": True}, headers=administrator)
    publish(warning)
    drain()
    assert len(receiver.posted) == 2


def test_an_alert_that_has_run_out_is_not_posted(
    database: Database, publish: Any, warning: dict[str, Any], receiver: Receiver,
    subscribe: Any, drain: Any,
) -> None:  # fmt: skip
    subscribe("/500/1")
    publish(warning)
    drain()
    # The message itself never changes: time passes in another way.
    with database.writing() as session:
        row = session.scalars(select(PublishedMessage)).one()
        soon = (now() - timedelta(seconds=1)).isoformat().replace("+00:00", "Z").encode()
        content = planning.decode_message(row.content)
        old = {info.expires.isoformat().replace("+00:00", "Z").encode() for info in content.info}
        changed = row.content
        for one in old:
            changed = changed.replace(one, soon)
        table = PublishedMessage.__table__
        session.execute(update(table).values(content=changed, expires=now() - timedelta(seconds=1)))
    due_now(database)
    drain()
    assert len(receiver.posted) == 1
    assert state_of(database) == ("done", "done")


def test_an_address_in_our_own_network_is_never_asked(
    client: FlaskClient, database: Database, publish: Any, warning: dict[str, Any],
    receiver: Receiver, subscribe: Any, settings: Settings, administrator: dict[str, str],
) -> None:  # fmt: skip
    hook = subscribe()
    # A name that comes to mean this machine, after it was registered.
    with database.writing() as session:
        port = receiver._port
        session.execute(update(Webhook).values(url=f"https://localhost:{port}/ok/1"))
    publish(warning)
    straight = Poster(Sealer(settings.sealing_key_file), "https://x", ca=receiver.ca)
    planning.plan_next(database, "worker", LEASE, 1_000, WEBHOOKS)
    dispatch.work_once(database, {"webhook": straight}, "w", LEASE, 100, WEBHOOKS)
    straight.close()
    assert receiver.posted == []
    shown = client.get(f"/v1/webhooks/{hook['id']}", headers=administrator).json
    assert shown["last_fault"] == "the address is not on the public Internet"


def test_devices_and_webhooks_have_dispatches_of_their_own(
    client: FlaskClient, bearer: Bearer, database: Database, publish: Any,
    warning: dict[str, Any], receiver: Receiver, subscribe: Any, drain: Any,
) -> None:  # fmt: skip
    subscribe()
    made = publish(warning)
    drain()
    assert len(receiver.posted) == 1
    report = client.get(f"/v1/alerts/{made['identifier']}/delivery", headers=bearer("cdema"))
    states = {one["channel"]: one["state"] for one in report.json["dispatches"]}
    assert states == {"push": "waiting", "webhook": "done"}
    assert planning.plan_next(database, "worker", LEASE, 1_000)
    assert not dispatch.work_once(database, {}, "w", LEASE, 100)


def test_an_update_that_leaves_a_place_says_so_and_a_cancel_reaches_all(
    client: FlaskClient, bearer: Bearer, publish: Any, warning: dict[str, Any],
    receiver: Receiver, subscribe: Any, drain: Any,
) -> None:  # fmt: skip
    subscribe("/ok/bb", places=["BB"])
    subscribe("/ok/vc", places=["VC"])
    made = publish(warning)
    drain()
    body = {name: value for name, value in warning.items() if name != "kind"}
    body["area"] = [{"places": ["BB"]}]
    path = f"/v1/alerts/{made['identifier']}/update?publish=true"
    second = client.post(path, json=body, headers=bearer("cdema")).json
    drain()
    told = {one.url.removeprefix(HOST): one for one in receiver.posted[2:]}
    assert {path: one.content["departed"] for path, one in told.items()} == {
        "/ok/bb": False, "/ok/vc": True
    }  # fmt: skip
    assert told["/ok/vc"].headers["webhook-id"] == f"{second['identifier']}.departed"
    path = f"/v1/alerts/{second['identifier']}/cancel"
    client.post(path, json={}, headers=bearer("cdema"))
    drain()
    assert {one.content["alert"]["msg_type"] for one in receiver.posted[4:]} == {"Cancel"}
    assert len(receiver.posted) == 6


def test_the_worker_posts_what_is_published(
    database: Database, settings: Settings, publish: Any, warning: dict[str, Any],
    receiver: Receiver, subscribe: Any, poster: Poster,
) -> None:  # fmt: skip
    subscribe()
    stop = threading.Event()
    worker = Worker(database, settings, {"webhook": poster}, channel=WEBHOOKS)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        publish(warning)
        worker.ring()
        deadline = time.monotonic() + 10
        while not receiver.posted and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        stop.set()
        worker.ring()
        thread.join()
    assert len(receiver.posted) == 1
    with database.reading() as session:
        states = dict(session.execute(select(Dispatch.channel, Dispatch.state)).all())
    assert states["push"] == "waiting", "push is another worker's"


def test_administrators_keep_webhooks_and_see_the_secret_once(
    client: FlaskClient, officer: Callable[..., SignedIn], subscribe: Any, database: Database,
    administrator: dict[str, str],
) -> None:  # fmt: skip
    hook = subscribe()
    path = f"/v1/webhooks/{hook['id']}"
    assert "secret" not in client.get(path, headers=administrator).json
    with database.reading() as session:
        assert hook["secret"].encode() not in session.scalars(select(Webhook.secret)).one()
    body = {"name": "Radio", "url": f"{HOST}/ok"}
    for role in (Role.AUTHOR, Role.APPROVER, Role.AUDITOR):
        headers = officer("cdema", role).headers
        assert client.post("/v1/webhooks", json=body, headers=headers).status_code == 403, role
        assert client.patch(path, json={"enabled": False}, headers=headers).status_code == 403
        assert client.delete(path, headers=headers).status_code == 403
        assert client.get(path, headers=headers).status_code == 200
    stranger = officer("odpem", Role.AGENCY_ADMINISTRATOR).headers
    assert client.get(path, headers=stranger).status_code == 404
    assert client.delete(path, headers=stranger).status_code == 404
    assert client.get("/v1/webhooks", headers=stranger).json["webhooks"] == []
    assert client.get("/v1/webhooks").status_code == 401
    subscribe("/ok/2")
    page = client.get("/v1/webhooks?limit=1", headers=administrator).json
    rest = client.get(f"/v1/webhooks?cursor={page['next']}", headers=administrator).json
    assert [one["id"] for one in page["webhooks"]] == [hook["id"]]
    assert [one["url"] for one in rest["webhooks"]] == [f"{HOST}/ok/2"]
    assert client.delete(path, headers=administrator).status_code == 204
    assert client.get(path, headers=administrator).status_code == 404
    auditor = officer("cdema", Role.AUDITOR).headers
    entries = client.get("/v1/audit", headers=auditor).json["entries"]
    told = [one["action"] for one in entries if one["subject"] == f"webhook:{hook['id']}"]
    assert sorted(told) == ["webhook.add", "webhook.remove"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "http://radio.example.org"}, "/url"),
        ({"url": "https://localhost/x"}, "/url"),
        ({"url": "https://127.0.0.1/x"}, "/url"),
        ({"url": "https://radio.example.org:8443/x"}, "/url"),
        ({"url": "https://a:b@radio.example.org/x"}, "/url"),
        ({"url": 1}, "/url"),
        ({"name": ""}, "/name"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["x"]}, "/kinds/0"),
        ({"places": ["XX"]}, "/places/0"),
        ({"min_severity": "red"}, "/min_severity"),
        ({"exercises": "maybe"}, "/exercises"),
        ({"secret": "mine"}, "/secret"),
    ],
)
def test_malformed_webhooks(
    client: FlaskClient, administrator: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    body = {"name": "Radio", "url": f"{HOST}/ok"} | change
    answer = client.post("/v1/webhooks", json=body, headers=administrator)
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json


def test_a_secret_is_rotated_while_the_receiver_changes_over(
    client: FlaskClient,
    database: Database,
    administrator: dict[str, str],
    receiver: Receiver,
    subscribe: Any,
    publish: Any,
    warning: dict[str, Any],
    drain: Any,
) -> None:
    hook = subscribe()

    def rotate(**wanted: int) -> str:
        path = f"/v1/webhooks/{hook['id']}/secret"
        answer = client.post(path, json=wanted, headers=administrator)
        assert answer.status_code == 200, answer.json
        assert "no-store" in answer.headers["Cache-Control"]
        return str(answer.json["secret"])

    def posted() -> Posted:
        receiver.posted.clear()
        publish(warning)
        drain()
        (one,) = receiver.posted
        return one

    second = rotate()
    one = posted()
    assert one.is_signed_by(hook["secret"])
    assert one.is_signed_by(second)
    third = rotate(overlap_hours=0)
    one = posted()
    assert one.is_signed_by(third)
    assert not one.is_signed_by(second)
    assert len(one.headers["webhook-signature"].split()) == 1
    fourth = rotate(overlap_hours=1)
    with database.writing() as session:
        session.execute(update(Webhook).values(former_until=now() - timedelta(seconds=1)))
    one = posted()
    assert one.is_signed_by(fourth)
    assert not one.is_signed_by(third)
    with database.reading() as session:
        assert session.scalars(select(Webhook.former_secret)).one() is None


@pytest.mark.parametrize("wanted", [{"overlap_hours": -1}, {"overlap_hours": 169}, {"hours": 1}])
def test_how_long_two_secrets_may_sign(
    client: FlaskClient, administrator: dict[str, str], subscribe: Any, wanted: dict[str, int]
) -> None:
    path = f"/v1/webhooks/{subscribe()['id']}/secret"
    assert client.post(path, json=wanted, headers=administrator).status_code == 422


def test_whose_secret_may_be_rotated(
    client: FlaskClient, officer: Callable[..., SignedIn], bearer: Bearer, subscribe: Any
) -> None:
    path = f"/v1/webhooks/{subscribe()['id']}/secret"
    stranger = officer("police-jm", Role.AGENCY_ADMINISTRATOR).headers
    assert client.post(path, json={}, headers=stranger).status_code == 404
    author = officer("cdema", Role.AUTHOR).headers
    assert client.post(path, json={}, headers=author).status_code == 403
    assert client.post(path, json={}).status_code == 401
