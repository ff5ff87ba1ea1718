"""A POST that is sent again is not done again, however it came to be sent again."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from casa import idempotency
from casa.alerts.models import PublishedMessage
from casa.audience.models import Device
from casa.database import Database, now

DEVICE = {"platform": "android", "push": {"provider": "none"}, "languages": ["en"]}


def published(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(PublishedMessage)) or 0


@pytest.fixture
def headers(bearer: Any) -> dict[str, str]:
    return {**bearer("police-jm"), "Idempotency-Key": "one"}


def post(client: FlaskClient, body: Any, headers: dict[str, str]) -> Any:
    return client.post("/v1/accidents?publish=true", json=body, headers=headers)


def test_the_same_answer_and_one_alert(
    client: FlaskClient, database: Database, headers: Any, road_accident: Any
) -> None:
    first, second = (post(client, road_accident, headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert published(database) == 1
    assert post(client, road_accident, {**headers, "Idempotency-Key": "two"}).status_code == 201
    assert published(database) == 2


def test_another_request_under_the_same_key_is_refused(
    client: FlaskClient, database: Database, headers: Any, road_accident: Any
) -> None:
    post(client, road_accident, headers)
    other = {**road_accident, "location": "elsewhere"}
    assert post(client, other, headers).json["type"] == "urn:casa:problem:key-reused"
    assert published(database) == 1


def test_keys_of_others_do_not_meet(
    client: FlaskClient, database: Database, headers: Any, bearer: Any, warning: Any
) -> None:
    for agency in ("odpem", "cdema"):
        body = {**warning, "area": [{"places": ["JM"]}]}
        given = {**bearer(agency), "Idempotency-Key": "one"}
        answer = client.post("/v1/alerts?publish=true", json=body, headers=given)
        assert answer.status_code == 201
    assert published(database) == 2


def test_what_failed_may_be_sent_again(
    client: FlaskClient, database: Database, headers: Any, road_accident: Any
) -> None:
    path = f"/v1/alerts/{uuid.uuid4()}/publish"
    assert client.post(path, headers=headers).status_code == 404
    assert client.post(path, headers=headers).status_code == 404
    wrong = {**road_accident, "type": "no such type"}
    assert post(client, wrong, headers).status_code == 422
    assert post(client, road_accident, headers).status_code == 201


def test_many_at_once_are_done_once(
    app: Flask, database: Database, headers: Any, road_accident: Any
) -> None:
    barrier = threading.Barrier(6)
    statuses: list[int] = []

    def send() -> None:
        with app.test_client() as client:
            barrier.wait()
            statuses.append(post(client, road_accident, headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert published(database) == 1


def test_a_death_between_the_change_and_the_answer(
    client: FlaskClient, database: Database, headers: Any, road_accident: Any
) -> None:
    """The change is known to have been made, though its answer is lost; it is not made again."""
    post(client, road_accident, headers)
    with database.writing() as session:
        session.execute(update(idempotency.Request).values(state="changed", answer=None))
    again = post(client, road_accident, headers)
    assert (again.status_code, again.json["type"]) == (409, "urn:casa:problem:answer-lost")
    assert published(database) == 1


def test_the_mark_is_made_with_the_change(
    app: Flask, database: Database, headers: Any, road_accident: Any, monkeypatch: Any
) -> None:
    """The service dies after the commit and before the answer is kept."""

    def die(response: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(app.after_request_funcs, None, [die])
    with app.test_client() as client, pytest.raises(KeyboardInterrupt):
        post(client, road_accident, headers)
    assert published(database) == 1
    with database.reading() as session:
        assert session.scalars(select(idempotency.Request.state)).all() == ["changed"]


def test_a_death_before_the_change(
    client: FlaskClient, database: Database, headers: Any, road_accident: Any
) -> None:
    post(client, road_accident, headers)
    with database.writing() as session:
        session.execute(update(idempotency.Request).values(state="begun", answer=None))
    soon = post(client, road_accident, headers)
    assert (soon.status_code, soon.headers["Retry-After"]) == (409, "1")
    with database.writing() as session:
        long_ago = now() - timedelta(minutes=3)
        session.execute(update(idempotency.Request).values(begun=long_ago))
    assert post(client, road_accident, headers).status_code == 201


def test_a_secret_in_an_answer_is_kept_sealed(client: FlaskClient, database: Database) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, second = (client.post("/v1/devices", json=DEVICE, headers=headers) for _ in range(2))
    assert first.json == second.json
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 1
        kept = session.scalars(select(idempotency.Request)).one()
        assert first.json["secret"].encode() not in (kept.answer or b"")


@pytest.mark.parametrize("key", ["1", "x" * 300])
def test_a_key_that_could_be_guessed_or_is_too_long(client: FlaskClient, key: str) -> None:
    answer = client.post("/v1/devices", json=DEVICE, headers={"Idempotency-Key": key})
    assert answer.status_code == 400


def test_they_are_forgotten_after_a_day(
    client: FlaskClient, database: Database, headers: Any, road_accident: Any
) -> None:
    post(client, road_accident, headers)
    for moment, left in ((now(), 1), (now() + timedelta(days=1), 0)):
        with database.writing() as session:
            idempotency.sweep(session, moment)
            count = session.scalar(select(func.count()).select_from(idempotency.Request))
            assert count == left
