"""Passkeys over HTTP with a soft authenticator: added, used to sign in, and shown again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from casa.agencies.models import Challenge, OfficerSession
from casa.agencies.permissions import Role
from casa.database import Database, now
from casa.settings import Settings
from tests.agencies.authenticator import Authenticator


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, public_url="https://casa.example.org")


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator(origin="https://casa.example.org")


@pytest.fixture
def constable(officer: Any) -> Any:
    return officer("police-jm", Role.AUTHOR)


def add(client: FlaskClient, phone: Authenticator, headers: dict[str, str]) -> Any:
    options = client.post("/v1/passkeys/options", headers=headers)
    assert options.status_code == 200, options.json
    body = {"name": "phone", "answer": phone.create(options.json)}
    return client.post("/v1/passkeys", json=body, headers=headers)


def answer_of(client: FlaskClient, phone: Authenticator) -> dict[str, Any]:
    return phone.get(client.post("/v1/session/passkey/options").json)


def test_a_passkey_signs_in_and_is_shown_again(
    client: FlaskClient, phone: Authenticator, constable: Any, database: Database
) -> None:
    assert add(client, phone, constable.headers).status_code == 201
    signed = client.post("/v1/session/passkey", json={"answer": answer_of(client, phone)})
    assert signed.status_code == 201, signed.json
    headers = {"Authorization": f"Bearer {signed.json['session']}"}
    client.delete_cookie("casa-session")
    assert client.get("/v1/session", headers=headers).json["officer"] == f"officer:{constable.id}"
    with database.writing() as session:
        session.execute(update(OfficerSession).values(proved=now() - timedelta(minutes=6)))
    assert client.get("/v1/session", headers=headers).json["stepped_up"] is False
    body = {"answer": answer_of(client, phone)}
    fresh = client.post("/v1/session/step-up/passkey", json=body, headers=headers)
    assert fresh.status_code == 200, fresh.json
    client.delete_cookie("casa-session")
    headers = {"Authorization": f"Bearer {fresh.json['session']}"}
    assert client.get("/v1/session", headers=headers).json["stepped_up"] is True
    (kept,) = client.get("/v1/passkeys", headers=headers).json["passkeys"]
    assert client.delete(f"/v1/passkeys/{kept['id']}", headers=headers).status_code == 204
    again = client.post("/v1/session/passkey", json={"answer": answer_of(client, phone)})
    assert again.status_code == 401


def test_an_answer_is_good_once_and_not_for_long(
    client: FlaskClient, phone: Authenticator, constable: Any, database: Database
) -> None:
    add(client, phone, constable.headers)
    answer = answer_of(client, phone)
    assert client.post("/v1/session/passkey", json={"answer": answer}).status_code == 201
    assert client.post("/v1/session/passkey", json={"answer": answer}).status_code == 401
    late = answer_of(client, phone)
    with database.writing() as session:
        session.execute(update(Challenge).values(expires=now()))
    assert client.post("/v1/session/passkey", json={"answer": late}).status_code == 401


def test_an_answer_is_good_once_for_devices_that_do_not_count(
    client: FlaskClient, constable: Any
) -> None:
    """The sign count is no help against replay here: only the challenge is."""
    phone = Authenticator(origin="https://casa.example.org", step=0)
    add(client, phone, constable.headers)
    answer = answer_of(client, phone)
    assert client.post("/v1/session/passkey", json={"answer": answer}).status_code == 201
    assert client.post("/v1/session/passkey", json={"answer": answer}).status_code == 401


def test_another_officers_passkey_does_not_step_up(
    client: FlaskClient, phone: Authenticator, constable: Any, officer: Any
) -> None:
    add(client, phone, constable.headers)
    other = officer("police-jm", Role.APPROVER)
    body = {"answer": answer_of(client, phone)}
    refused = client.post("/v1/session/step-up/passkey", json=body, headers=other.headers)
    assert refused.status_code == 401


def test_a_challenge_to_add_is_for_its_officer_alone(
    client: FlaskClient, phone: Authenticator, constable: Any, officer: Any
) -> None:
    other = officer("police-jm", Role.AUTHOR)
    options = client.post("/v1/passkeys/options", headers=constable.headers).json
    body = {"name": "phone", "answer": phone.create(options)}
    assert client.post("/v1/passkeys", json=body, headers=other.headers).status_code == 401


@pytest.mark.parametrize("answer", [{}, {"response": 5}, {"id": "x", "response": {}}])
def test_nonsense_is_refused(client: FlaskClient, answer: dict[str, Any]) -> None:
    assert client.post("/v1/session/passkey", json={"answer": answer}).status_code == 401


def test_a_key_has_no_passkeys(client: FlaskClient, bearer: Any) -> None:
    refused = client.post("/v1/passkeys/options", headers=bearer("police-jm"))
    assert refused.status_code == 403
