"""A POST that is sent again is not done again, however it came to be sent again."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from casa import idempotency
from casa.agencies import keys
from casa.agencies.permissions import Role
from casa.alerts.models import PublishedMessage
from casa.audience.models import Device
from casa.database import Database, now
from tests.conftest import PASSWORD, SignedIn, later

HOOK = {"name": "x", "url": "https://radio.example.org/casa"}
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


def test_a_secret_is_shown_once_and_not_kept(client: FlaskClient, database: Database) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, second = (client.post("/v1/devices", json=DEVICE, headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert (second.status_code, second.json["type"]) == (409, "urn:casa:problem:shown-once")
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 1
        kept = session.scalars(select(idempotency.Request)).one()
        assert (kept.state, kept.answer, kept.content) == ("shown", None, "")


def twice(client: FlaskClient, path: str, body: Any, headers: Any) -> Any:
    """Send the same under one key; the first answer must be good, the second is returned."""
    headers = {**headers, "Idempotency-Key": str(uuid.uuid4())}
    first = client.post(path, json=body, headers=headers)
    assert first.status_code < 300, first.json
    return first, client.post(path, json=body, headers=headers)


def test_no_secret_of_agencies_is_given_twice(
    client: FlaskClient, officer: Callable[..., SignedIn], published_case: str
) -> None:
    one = officer("police-jm", Role.AGENCY_ADMINISTRATOR, Role.AUTHOR, Role.APPROVER)
    made, again = {}, {}
    invitee = {"email": "new@example.org", "name": "New", "roles": ["auditor"]}
    region = officer("cdema", Role.REGIONAL_ADMINISTRATOR).headers
    seen = {"text": "Seen at the market.", "seen_at": later(minutes=-5)}
    for name, path, body, headers in (
        ("key", "/v1/keys", {"name": "x", "scopes": ["read"]}, one.headers),
        ("invitation", "/v1/officers?agency=police-jm", invitee, region),
        ("webhook", "/v1/webhooks", HOOK, one.headers),
        (
            "receipt",
            f"{published_case}/sightings",
            seen,
            {},
        ),
    ):
        made[name], again[name] = twice(client, path, body, headers)
    identifier, key = made["invitation"].json["id"], made["key"].json["id"]
    enrol = {"invitation": made["invitation"].json["invitation"], "password": PASSWORD}
    signed = {"email": one.email, "password": PASSWORD, "code": pyotp.TOTP(one.secret).now()}
    for name, path, body, headers in (
        ("enrolment", "/v1/invitations/accept", enrol, {}),
        ("reset", f"/v1/officers/{identifier}/invite", None, region),
        ("rotation", f"/v1/keys/{key}/rotate", {}, one.headers),
        ("sign-in", "/v1/session", signed, {}),
    ):
        made[name], again[name] = twice(client, path, body, headers)
    for name, answer in again.items():
        assert (answer.status_code, answer.json["type"]) == (
            409, "urn:casa:problem:shown-once",
        ), (name, answer.json)  # fmt: skip


@pytest.fixture
def published_case(client: FlaskClient, bearer: Any) -> str:
    case = {"category": "missing_adult", "full_name": "A. Demo", "age": 40,
            "area": [{"places": ["JM-14"]}]}  # fmt: skip
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=bearer("police-jm"))
    return str(made.headers["Location"])


@pytest.mark.parametrize("key", ["one", "e2f7a1b8-4c3d-4e5f-8a9b-0c1d2e3f4a5b"])
def test_a_revoked_key_and_an_ended_session_get_no_answer_of_old(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn],
    agency_keys: dict[str, str], road_accident: Any, key: str,
) -> None:  # fmt: skip
    one = officer("police-jm", Role.AUTHOR)
    by_key = {"Authorization": f"Bearer {agency_keys['police-jm']}"}
    for headers in (by_key, one.headers):
        first, again = (
            post(client, road_accident, {**headers, "Idempotency-Key": key}) for _ in range(2)
        )
        assert (first.status_code, again.json) == (201, first.json)
    with database.writing() as session:
        keys.revoke(session, agency_keys["police-jm"].split("_")[1])
    assert client.delete("/v1/session", headers=one.headers).status_code == 204
    for headers in (by_key, one.headers):
        late = post(client, road_accident, {**headers, "Idempotency-Key": key})
        assert late.status_code == 401, late.json
    assert published(database) == 2


def test_a_cookie_without_its_token_gets_no_answer_of_old(
    client: FlaskClient, officer: Callable[..., SignedIn], road_accident: Any
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    key = {"Idempotency-Key": "one"}
    assert post(client, road_accident, {**one.headers, **key}).status_code == 201
    client.set_cookie("casa-session", one.headers["Authorization"].removeprefix("Bearer "))
    assert post(client, road_accident, key).status_code == 403


def test_the_same_officer_in_another_session_is_the_same_caller(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn], road_accident: Any
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    first = post(client, road_accident, {**one.headers, "Idempotency-Key": "one"})
    body = {"code": pyotp.TOTP(one.secret).now()}
    fresh = client.post("/v1/session/step-up", json=body, headers=one.headers).json["session"]
    headers = {"Authorization": f"bearer  {fresh}", "Idempotency-Key": "one"}
    assert post(client, road_accident, headers).json == first.json
    assert published(database) == 1


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
