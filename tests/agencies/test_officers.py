"""Officers' sign-in over HTTP: what must work, and each attack that a control is there for."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from casa.agencies import officers, second_factor
from casa.agencies.models import AuditEntry, Invitation, Officer, OfficerSession, SignInAttempts
from casa.agencies.permissions import Role
from casa.database import Database, now

PASSWORD = "breadfruit lanterns across Speightstown"


@pytest.fixture
def administrator(officer: Any) -> Any:
    return officer("police-jm", Role.AGENCY_ADMINISTRATOR)


@pytest.fixture
def invite(client: FlaskClient, administrator: Any, officer: Any) -> Callable[..., dict[str, Any]]:
    second = officer("police-jm", Role.AGENCY_ADMINISTRATOR)

    def invite_(email: str = "new@example.org", *roles: str) -> dict[str, Any]:
        body = {"email": email, "name": "New Officer", "roles": list(roles or ("author",))}
        answer = client.post("/v1/officers", json=body, headers=administrator.headers)
        assert answer.status_code == 201, answer.json
        confirm_all(client, second.headers)
        return answer.json

    return invite_


def confirm_all(client: FlaskClient, headers: dict[str, str]) -> None:
    """Confirm, as another administrator, whatever waits in the agency."""
    for grant in client.get("/v1/grants", headers=headers).json["grants"]:
        done = client.post(f"/v1/grants/{grant['id']}/confirm", headers=headers)
        assert done.status_code == 200, done.json


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(now().timestamp()) + 30 * steps)


def accept(client: FlaskClient, invitation: str, **more: str) -> Any:
    body = {"invitation": invitation, "password": PASSWORD, **more}
    return client.post("/v1/invitations/accept", json=body)


def enrolled(client: FlaskClient, invitation: str) -> tuple[str, list[str]]:
    """The TOTP secret and the recovery codes of who took up an invitation."""
    first = accept(client, invitation)
    assert first.status_code == 200, first.json
    secret = re.search(r"secret=([A-Z2-7]+)", first.json["uri"])[1]
    second = accept(client, invitation, code=code_of(secret, -1))
    assert second.status_code == 200, second.json
    return secret, second.json["recovery"]


def sign_in(client: FlaskClient, email: str, password: str, code: str, **more: Any) -> Any:
    body = {"email": email, "password": password, "code": code}
    return client.post("/v1/session", json=body, **more)


def test_from_the_invitation_to_the_first_alert(
    client: FlaskClient, invite: Any, road_accident: dict[str, Any]
) -> None:
    invited = invite("Author@Example.org")
    secret, recovery = enrolled(client, invited["invitation"])
    assert len(set(recovery)) == 10
    answer = sign_in(client, "author@example.org", PASSWORD, code_of(secret))
    assert answer.status_code == 201, answer.json
    headers = {"Authorization": f"Bearer {answer.json['session']}"}
    assert client.get("/v1/session", headers=headers).json["roles"] == ["author"]
    made = client.post("/v1/accidents?publish=true", json=road_accident, headers=headers)
    assert made.status_code == 201, made.json
    assert made.json["alert"]["state"] == "published"
    assert client.delete("/v1/session", headers=headers).status_code == 204
    assert client.get("/v1/session", headers=headers).status_code == 401


def test_an_invitation_is_good_once_and_not_for_ever(
    client: FlaskClient, invite: Any, database: Database
) -> None:
    used = invite("one@example.org")["invitation"]
    enrolled(client, used)
    assert accept(client, used).status_code == 410
    late = invite("two@example.org")["invitation"]
    with database.writing() as session:
        session.execute(update(Invitation).values(expires=now() - timedelta(seconds=1)))
    assert accept(client, late).status_code == 410
    assert accept(client, "casai_" + "0" * 40).status_code == 410


def test_a_new_invitation_ends_the_old_one_and_all_that_was(
    client: FlaskClient, invite: Any, administrator: Any
) -> None:
    invited = invite()
    secret, _ = enrolled(client, invited["invitation"])
    token = sign_in(client, "new@example.org", PASSWORD, code_of(secret)).json["session"]
    again = client.post(f"/v1/officers/{invited['id']}/invite", headers=administrator.headers)
    assert again.status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/session", headers=headers).status_code == 401
    assert sign_in(client, "new@example.org", PASSWORD, code_of(secret, 1)).status_code == 401


@pytest.mark.parametrize(
    "password",
    ["short", "password1234", "qwertyuiop123", "newofficer2026", "aaaaaaaaaaaaaaaaaaaa"],
)
def test_weak_passwords_are_refused_with_advice(
    client: FlaskClient, invite: Any, password: str
) -> None:
    answer = accept(client, invite()["invitation"], password=password)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/password"


def test_a_recovery_code_is_good_once(client: FlaskClient, invite: Any) -> None:
    _, recovery = enrolled(client, invite()["invitation"])
    spaced = f"{recovery[0][:6]}-{recovery[0][6:].lower()}"
    assert sign_in(client, "new@example.org", PASSWORD, spaced).status_code == 201
    assert sign_in(client, "new@example.org", PASSWORD, recovery[0]).status_code == 401
    assert sign_in(client, "new@example.org", PASSWORD, recovery[1]).status_code == 201


def test_a_code_is_not_good_twice(client: FlaskClient, officer: Any) -> None:
    one = officer("police-jm", Role.AUTHOR)
    code = code_of(one.secret)
    assert sign_in(client, one.email, one.password, code).status_code == 201
    assert sign_in(client, one.email, one.password, code).status_code == 401
    assert sign_in(client, one.email, one.password, code_of(one.secret, 1)).status_code == 201


def test_codes_of_another_time_are_not_good() -> None:
    secret, moment = second_factor.new_secret(), now()
    totp = pyotp.TOTP(secret)
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = totp.at(int(moment.timestamp()) + 30 * steps)
        assert (second_factor.prove(code, secret, 0, (), moment) is not None) == good


def test_guessing_is_stopped_and_tells_nothing(
    client: FlaskClient, officer: Any, database: Database
) -> None:
    """An officer's address and one that nobody has get the same answers, attempt by attempt."""
    one = officer("police-jm", Role.AUTHOR)
    answers = {}
    for email in (one.email, "nobody@example.org"):
        tries = [sign_in(client, email, f"guess {n}", "000000") for n in range(7)]
        answers[email] = [(a.status_code, a.json["type"], a.json["detail"]) for a in tries]
    assert answers[one.email] == answers["nobody@example.org"]
    statuses = [status for status, *_ in answers[one.email]]
    assert statuses == [401] * officers.FREE_ATTEMPTS + [429, 429]
    right = sign_in(client, one.email, one.password, code_of(one.secret))
    assert right.status_code == 429, "while it is locked not even the right password opens"
    assert 0 < int(right.headers["Retry-After"]) <= 31
    with database.writing() as session:
        past = now() - timedelta(seconds=1)
        session.execute(update(SignInAttempts).values(locked_until=past))
    assert sign_in(client, one.email, one.password, code_of(one.secret)).status_code == 201
    with database.reading() as session:
        refused = session.scalars(select(AuditEntry).where(AuditEntry.outcome == "refused")).all()
        assert {entry.subject for entry in refused} == {f"officer:{one.id}"}


def elsewhere(number: int) -> dict[str, Any]:
    return {"environ_overrides": {"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250}"}}


def test_a_stranger_who_knows_the_address_shuts_nobody_out(
    client: FlaskClient, officer: Any, database: Database
) -> None:
    """Neither who is signed in and steps up, nor who signs in from the usual desk."""
    one = officer("police-jm", Role.AUTHOR)
    before = sign_in(client, one.email, one.password, code_of(one.secret, -1))
    assert before.status_code == 201
    for number in range(7):
        guess = sign_in(client, one.email, f"guess {number}", "000000", **elsewhere(1))
    assert guess.status_code == 429
    headers = {"Authorization": f"Bearer {before.json['session']}"}
    body = {"code": code_of(one.secret)}
    assert client.post("/v1/session/step-up", json=body, headers=headers).status_code == 200
    assert sign_in(client, one.email, one.password, code_of(one.secret, 1)).status_code == 201


@pytest.mark.parametrize("known", [True, False])
def test_many_places_are_no_way_round_the_lock(
    client: FlaskClient, officer: Any, database: Database, monkeypatch: Any, known: bool
) -> None:
    """Not even with the right password; and nothing tells whether there is such an officer."""
    monkeypatch.setattr(officers, "STRANGERS_ATTEMPTS", 6)
    one = officer("police-jm", Role.AUTHOR)
    assert sign_in(client, one.email, one.password, code_of(one.secret, -1)).status_code == 201
    email = one.email if known else "nobody@example.org"
    statuses = [
        sign_in(client, email, "a guess", "000000", **elsewhere(number)).status_code
        for number in range(8)
    ]
    assert statuses == [401] * 6 + [429] * 2
    if known:
        right = sign_in(client, email, one.password, code_of(one.secret), **elsewhere(20))
        assert (right.status_code, int(right.headers["Retry-After"]) > 0) == (429, True)
        assert sign_in(client, email, one.password, code_of(one.secret)).status_code == 201


def test_guessing_in_a_stolen_session_is_stopped_in_that_session(
    client: FlaskClient, officer: Any
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    step_up = "/v1/session/step-up"
    tries = [client.post(step_up, json={"code": "000000"}, headers=one.headers) for _ in range(7)]
    assert [answer.status_code for answer in tries] == [401] * officers.FREE_ATTEMPTS + [429, 429]
    assert 0 < int(tries[-1].headers["Retry-After"]) <= 31
    right = client.post(step_up, json={"code": code_of(one.secret)}, headers=one.headers)
    assert right.status_code == 429, "while it is locked not even the right code opens"
    fresh = sign_in(client, one.email, one.password, code_of(one.secret))
    headers = {"Authorization": f"Bearer {fresh.json['session']}"}
    body = {"code": code_of(one.secret, 1)}
    assert client.post(step_up, json=body, headers=headers).status_code == 200


def test_locks_grow_and_have_an_end() -> None:
    locks = [officers.lock(n).total_seconds() for n in range(5, 40)]
    assert locks[:4] == [30, 60, 120, 240]
    assert locks[-1] == 3_600


def test_a_planted_session_is_worth_nothing_after_sign_in(
    client: FlaskClient, officer: Any
) -> None:
    """Session fixation: the browser comes with a session, and leaves with another."""
    one = officer("police-jm", Role.AUTHOR)
    planted = one.headers["Authorization"].removeprefix("Bearer ")
    client.set_cookie("casa-session", planted)
    signed = sign_in(client, one.email, one.password, code_of(one.secret))
    assert signed.status_code == 201
    assert signed.json["session"] != planted
    client.delete_cookie("casa-session")
    assert client.get("/v1/session", headers=one.headers).status_code == 401


def test_a_cookie_alone_changes_nothing(
    client: FlaskClient, officer: Any, road_accident: dict[str, Any]
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    signed = sign_in(client, one.email, one.password, code_of(one.secret))
    cookie = signed.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/v1/session").status_code == 200
    forged = client.post("/v1/accidents", json=road_accident)
    assert (forged.status_code, forged.json["type"]) == (403, "urn:casa:problem:csrf")
    wrong = client.post("/v1/accidents", json=road_accident, headers={"X-CSRF-Token": "0" * 64})
    assert wrong.status_code == 403
    headers = {"X-CSRF-Token": signed.json["csrf"]}
    assert client.post("/v1/accidents", json=road_accident, headers=headers).status_code == 201


def test_publishing_asks_for_the_second_factor_again(
    client: FlaskClient, officer: Any, database: Database, road_accident: dict[str, Any]
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    with database.writing() as session:
        past = now() - timedelta(minutes=6)
        session.execute(update(OfficerSession).values(proved=past))
    drafted = client.post("/v1/accidents", json=road_accident, headers=one.headers)
    address = f"/v1/alerts/{drafted.json['alert']['identifier']}/publish"
    refused = client.post(address, headers=one.headers)
    assert (refused.status_code, refused.json["type"]) == (403, "urn:casa:problem:step-up-needed")
    wrong = client.post("/v1/session/step-up", json={"code": "000000"}, headers=one.headers)
    assert wrong.status_code == 401
    body = {"code": code_of(one.secret)}
    fresh = client.post("/v1/session/step-up", json=body, headers=one.headers)
    assert fresh.status_code == 200, fresh.json
    headers = {"Authorization": f"Bearer {fresh.json['session']}"}
    assert client.get("/v1/session", headers=one.headers).status_code == 401, (
        "the old token is over"
    )
    assert client.post(address, headers=headers).status_code == 200
    cancel = f"/v1/alerts/{drafted.json['alert']['identifier']}/cancel"
    with database.writing() as session:
        session.execute(update(OfficerSession).values(proved=past))
    assert client.post(cancel, json={}, headers=headers).status_code == 201, "an end needs none"


def test_sessions_end_by_idleness_and_by_age(
    client: FlaskClient, officer: Any, database: Database
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    with database.writing() as session:
        session.execute(update(OfficerSession).values(seen=now() - timedelta(minutes=29)))
    assert client.get("/v1/session", headers=one.headers).status_code == 200
    with database.reading() as session:
        (kept,) = session.scalars(select(OfficerSession)).all()
        assert now() - kept.seen < timedelta(minutes=1)
    with database.writing() as session:
        session.execute(update(OfficerSession).values(seen=now() - timedelta(minutes=30)))
    assert client.get("/v1/session", headers=one.headers).status_code == 401
    two = officer("police-jm", Role.AUTHOR)
    with database.writing() as session:
        session.execute(update(OfficerSession).values(ends=now()))
    assert client.get("/v1/session", headers=two.headers).status_code == 401


def test_other_roles_end_the_sessions_of_who_had_others(
    client: FlaskClient, officer: Any, administrator: Any
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    path = f"/v1/officers/{one.id}"
    body = {"roles": ["author", "approver"]}
    assert client.patch(path, json=body, headers=administrator.headers).status_code == 200
    assert client.get("/v1/session", headers=one.headers).status_code == 401
    shut = client.patch(path, json={"disabled": True}, headers=administrator.headers)
    assert shut.json["disabled"] is True
    assert sign_in(client, one.email, one.password, code_of(one.secret)).status_code == 401


def test_an_administrator_stays_at_home_and_below_the_region(
    client: FlaskClient, officer: Any, administrator: Any
) -> None:
    stranger = officer("police-tt", Role.AUTHOR)
    path = f"/v1/officers/{stranger.id}"
    answer = client.patch(path, json={"disabled": True}, headers=administrator.headers)
    assert answer.status_code == 404, "another agency's officer is not told from none"
    body = {"email": "x@example.org", "name": "X", "roles": ["regional_administrator"]}
    answer = client.post("/v1/officers", json=body, headers=administrator.headers)
    assert answer.status_code == 403
    body["roles"] = ["author"]
    answer = client.post("/v1/officers?agency=cdema", json=body, headers=administrator.headers)
    assert answer.status_code == 404
    region = officer("cdema", Role.REGIONAL_ADMINISTRATOR)
    answer = client.post("/v1/officers?agency=police-tt", json=body, headers=region.headers)
    assert answer.status_code == 201


def test_secrets_are_nowhere_kept_in_the_clear(
    app: Flask, client: FlaskClient, invite: Any, database: Database
) -> None:
    invited = invite()
    secret, recovery = enrolled(client, invited["invitation"])
    token = sign_in(client, "new@example.org", PASSWORD, code_of(secret)).json["session"]
    with database.reading() as session:
        kept = [
            str({c.name: getattr(row, c.name) for c in row.__table__.columns})
            for model in (Officer, OfficerSession, Invitation, AuditEntry)
            for row in session.scalars(select(model))
        ]
    for text in (PASSWORD, secret, token, invited["invitation"], *recovery):
        assert not any(text in one for one in kept)


def test_keys_by_http_rotate_with_overlap_and_are_shown_once(
    client: FlaskClient, administrator: Any, road_accident: dict[str, Any]
) -> None:
    body = {"name": "dispatch room", "scopes": ["draft"], "networks": ["127.0.0.0/8"], "days": 30}
    made = client.post("/v1/keys", json=body, headers=administrator.headers)
    assert made.status_code == 201, made.json
    old = {"Authorization": f"Bearer {made.json['key']}"}
    published = client.post("/v1/accidents?publish=true", json=road_accident, headers=old)
    assert published.status_code == 403, "a key that may draft may not publish"
    path = f"/v1/keys/{made.json['id']}"
    fresh = client.post(f"{path}/rotate", json={"hours": 1}, headers=administrator.headers)
    new = {"Authorization": f"Bearer {fresh.json['key']}"}
    for headers in (old, new):
        assert client.post("/v1/accidents", json=road_accident, headers=headers).status_code == 201
    assert client.delete(path, headers=administrator.headers).status_code == 204
    assert client.post("/v1/accidents", json=road_accident, headers=old).status_code == 401
    listed = client.get("/v1/keys", headers=administrator.headers)
    assert made.json["key"] not in listed.text
    wrong = {**body, "networks": ["here"]}
    answer = client.post("/v1/keys", json=wrong, headers=administrator.headers)
    assert answer.json["errors"][0]["pointer"] == "/networks"


def test_a_stolen_key_from_another_network_is_refused_and_audited(
    client: FlaskClient, administrator: Any, database: Database
) -> None:
    body = {"name": "a", "scopes": ["read"], "networks": ["192.0.2.0/24"]}
    made = client.post("/v1/keys", json=body, headers=administrator.headers)
    headers = {"Authorization": f"Bearer {made.json['key']}"}
    assert client.get("/v1/agencies/me", headers=headers).status_code == 401
    allowed = {"REMOTE_ADDR": "192.0.2.7"}
    answer = client.get("/v1/agencies/me", headers=headers, environ_overrides=allowed)
    assert answer.status_code == 200
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "key.use")).one()
        assert (entry.outcome, entry.subject) == ("refused", f"key:{made.json['id']}")
        assert entry.address == "127.0.0.1"
