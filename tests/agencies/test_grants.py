"""Nobody gives rights of consequence alone, to others or to themselves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from casa.agencies.models import ApiKey, AuditEntry, Grant, Officer
from casa.agencies.permissions import Role
from casa.database import Database, now
from tests.agencies.test_officers import PASSWORD, code_of, enrolled, sign_in
from tests.conftest import SignedIn, later

EXTREME = {
    "kind": "disaster",
    "info": [{
        "language": "en", "category": ["Met"], "event": "Flood", "urgency": "Immediate",
        "severity": "Extreme", "certainty": "Observed", "headline": "Flood",
        "expires": later(hours=2),
    }],
    "area": [{"places": ["JM-01"]}],
}  # fmt: skip
SYSTEM = {"name": "system", "scopes": ["read", "draft", "publish", "unattended"]}


@pytest.fixture
def one(officer: Callable[..., SignedIn]) -> SignedIn:
    return officer("odpem", Role.AGENCY_ADMINISTRATOR)


@pytest.fixture
def two(officer: Callable[..., SignedIn]) -> SignedIn:
    return officer("odpem", Role.AGENCY_ADMINISTRATOR)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def waiting(client: FlaskClient, who: SignedIn, agency: str = "odpem") -> list[Any]:
    return list(client.get(f"/v1/grants?agency={agency}", headers=who.headers).json["grants"])


def settle(client: FlaskClient, who: SignedIn, how: str = "confirm", agency: str = "odpem") -> Any:
    """Confirm or cancel the only grant that waits."""
    region = who if how == "region" else None
    (grant,) = waiting(client, region or who, agency)
    return client.post(f"/v1/grants/{grant['id']}/{how}", headers=who.headers)


def publish(client: FlaskClient, key: str) -> int:
    return client.post("/v1/alerts?publish=true", json=EXTREME, headers=bearer(key)).status_code


def let_time_pass(database: Database) -> None:
    """Everything that waits has waited long enough."""
    past = now() - timedelta(seconds=1)
    with database.writing() as session:
        session.execute(update(Grant).values(effective=past))
        session.execute(update(ApiKey).where(ApiKey.starts.is_not(None)).values(starts=past))
        for officer in session.scalars(select(Officer)):
            officer.waiting = dict.fromkeys(officer.waiting, past.isoformat())


def test_a_key_that_publishes_waits_for_a_second_administrator(
    client: FlaskClient, one: SignedIn, two: SignedIn
) -> None:
    made = client.post("/v1/keys", json=SYSTEM, headers=one.headers)
    assert made.status_code == 201
    assert made.json["starts"] > now().isoformat()
    early = client.post("/v1/alerts", json=EXTREME, headers=bearer(made.json["key"]))
    assert (early.status_code, early.json["type"]) == (403, "urn:casa:problem:grant-waiting")
    assert settle(client, one).status_code == 403, "nobody confirms their own"
    assert publish(client, made.json["key"]) == 403
    done = settle(client, two)
    assert (done.status_code, done.json["state"]) == (200, "in effect"), done.json
    assert publish(client, made.json["key"]) == 201
    again = client.post(f"/v1/grants/{done.json['id']}/confirm", headers=two.headers)
    assert again.status_code == 409


def test_or_for_its_time(client: FlaskClient, database: Database, one: SignedIn) -> None:
    key = client.post("/v1/keys", json=SYSTEM, headers=one.headers).json["key"]
    assert publish(client, key) == 403
    let_time_pass(database)
    assert publish(client, key) == 201
    assert waiting(client, one) == []


def test_a_key_that_only_drafts_waits_for_nobody(client: FlaskClient, one: SignedIn) -> None:
    body = {"name": "desk", "scopes": ["read", "draft"]}
    key = client.post("/v1/keys", json=body, headers=one.headers).json["key"]
    assert client.post("/v1/alerts", json=EXTREME, headers=bearer(key)).status_code == 201


def test_a_stopped_key_never_publishes(
    client: FlaskClient, database: Database, one: SignedIn, officer: Callable[..., SignedIn]
) -> None:
    key = client.post("/v1/keys", json=SYSTEM, headers=one.headers).json["key"]
    assert settle(client, officer("odpem", Role.APPROVER), "cancel").json["state"] == "cancelled"
    let_time_pass(database)
    assert publish(client, key) == 401


def test_a_rotated_key_waits_and_the_old_one_goes_on(
    client: FlaskClient, database: Database, one: SignedIn, two: SignedIn
) -> None:
    made = client.post("/v1/keys", json=SYSTEM, headers=one.headers).json
    settle(client, two)
    rotated = client.post(
        f"/v1/keys/{made['id']}/rotate", json={"hours": 0}, headers=one.headers
    ).json
    assert publish(client, rotated["key"]) == 403
    assert publish(client, made["key"]) == 201
    settle(client, two, "cancel")
    assert publish(client, rotated["key"]) == 401
    with database.reading() as session:
        assert session.get_one(ApiKey, made["id"]).expires is None
    rotated = client.post(f"/v1/keys/{made['id']}/rotate", json={}, headers=one.headers).json
    settle(client, two)
    assert publish(client, rotated["key"]) == 201


@pytest.mark.parametrize("how", ["invite", "change", "let in", "reset"])
def test_roles_of_consequence_wait_however_they_are_given(
    client: FlaskClient, database: Database, one: SignedIn, two: SignedIn,
    officer: Callable[..., SignedIn], how: str,
) -> None:  # fmt: skip
    """An administrator alone makes no approver: not a new one, nor by taking over an old one."""
    roles = ["approver"]
    if how == "invite":
        body = {"email": "new@example.org", "name": "New", "roles": roles}
        made = client.post("/v1/officers", json=body, headers=one.headers)
        email, identity = "new@example.org", made.json["id"]
    else:
        known = officer("odpem", Role.SAFEGUARDING if how == "change" else Role.APPROVER)
        email, identity, path = known.email, known.id, f"/v1/officers/{known.id}"
        if how == "change":
            made = client.patch(path, json={"roles": roles}, headers=one.headers)
        elif how == "let in":
            client.patch(path, json={"disabled": True}, headers=one.headers)
            made = client.patch(path, json={"disabled": False}, headers=one.headers)
        else:
            made = client.post(f"{path}/invite", headers=one.headers)
    assert made.status_code in (200, 201), made.json
    assert list(made.json["waiting"]) == roles
    if "invitation" in made.json:
        secret, password = enrolled(client, made.json["invitation"])[0], PASSWORD
    else:
        secret, password = known.secret, known.password
    signed = sign_in(client, email, password, code_of(secret)).json
    headers = bearer(signed["session"])
    assert client.get("/v1/session", headers=headers).json["roles"] == []
    assert client.post(f"/v1/consents/{identity}/approve", headers=headers).status_code == 422
    (grant,) = waiting(client, two)
    assert (grant["subject"], grant["rights"]) == (f"officer:{identity}", roles)
    assert settle(client, one).status_code == 403
    assert settle(client, two).status_code == 200
    assert client.get("/v1/session", headers=headers).status_code == 401, "sign in anew"
    signed = sign_in(client, email, password, code_of(secret, 1)).json
    shown = client.get("/v1/session", headers=bearer(signed["session"])).json
    assert shown["roles"] == roles


def test_nobody_gives_themselves_a_role_or_confirms_their_own(
    client: FlaskClient, one: SignedIn, two: SignedIn, officer: Callable[..., SignedIn]
) -> None:
    roles = {"roles": ["agency_administrator", "author", "approver"]}
    own = client.patch(f"/v1/officers/{one.id}", json=roles, headers=one.headers)
    assert sorted(own.json["waiting"]) == ["approver", "author"]
    third = officer("odpem", Role.AGENCY_ADMINISTRATOR)
    (grant,) = waiting(client, third)
    client.post(f"/v1/grants/{grant['id']}/cancel", headers=third.headers)
    # Asked for by another: still not to be confirmed by who would have it.
    given = client.patch(f"/v1/officers/{third.id}", json=roles, headers=two.headers)
    assert given.status_code == 200
    (grant,) = waiting(client, two)
    again = SignedIn(third.id, third.email, third.password, third.secret, {})
    signed = sign_in(client, again.email, again.password, code_of(again.secret)).json
    again.headers = bearer(signed["session"])
    assert settle(client, again).status_code == 403
    assert settle(client, two).status_code == 403


def test_who_is_shut_out_has_asked_for_nothing(
    client: FlaskClient, database: Database, one: SignedIn, two: SignedIn
) -> None:
    key = client.post("/v1/keys", json=SYSTEM, headers=one.headers).json["key"]
    client.patch(f"/v1/officers/{one.id}", json={"disabled": True}, headers=two.headers)
    assert waiting(client, two) == []
    let_time_pass(database)
    assert publish(client, key) == 401


def test_a_regional_administrator_confirms_for_an_agency_with_one(
    client: FlaskClient, one: SignedIn, officer: Callable[..., SignedIn]
) -> None:
    key = client.post("/v1/keys", json=SYSTEM, headers=one.headers).json["key"]
    stranger = officer("police-jm", Role.AGENCY_ADMINISTRATOR)
    (grant,) = waiting(client, one)
    path = f"/v1/grants/{grant['id']}/confirm"
    assert client.post(path, headers=stranger.headers).status_code == 404
    region = officer("cdema", Role.REGIONAL_ADMINISTRATOR)
    assert settle(client, region).status_code == 200
    assert publish(client, key) == 201


def test_a_mandate_waits_for_another_of_the_region(
    client: FlaskClient, one: SignedIn, officer: Callable[..., SignedIn], bearer: Any
) -> None:
    region, other = (officer("cdema", Role.REGIONAL_ADMINISTRATOR) for _ in range(2))
    body = {"kinds": ["missing_person"], "places": ["JM"]}
    made = client.post("/v1/agencies/odpem/mandates", json=body, headers=region.headers)
    assert made.status_code == 201, made.json
    case = {"category": "missing_adult", "full_name": "A. Demo", "age": 40,
            "area": [{"places": ["JM-14"]}]}  # fmt: skip
    headers = bearer("odpem")
    assert client.post("/v1/missing-persons", json=case, headers=headers).status_code == 403
    assert settle(client, one).status_code == 403, "the agency that would have it"
    assert settle(client, region).status_code == 403
    assert settle(client, other).status_code == 200
    assert client.post("/v1/missing-persons", json=case, headers=headers).status_code == 201


def test_everybody_of_the_agency_is_told(
    client: FlaskClient, database: Database, one: SignedIn, officer: Callable[..., SignedIn],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    author, stranger = officer("odpem", Role.AUTHOR), officer("police-jm", Role.AUTHOR)
    client.post("/v1/keys", json=SYSTEM, headers=one.headers)
    (grant,) = waiting(client, author)
    assert (grant["action"], grant["asked_by"]) == ("key.issue", f"officer:{one.id}")
    shown = client.get("/v1/session", headers=author.headers).json["waiting_grants"]
    assert shown == [grant]
    signed = sign_in(client, author.email, author.password, code_of(author.secret)).json
    assert signed["waiting_grants"] == [grant]
    assert client.get("/v1/session", headers=stranger.headers).json["waiting_grants"] == []
    assert "key.issue" in caplog.text
    with database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert actions[:2] == ["key.issue", "grant.ask"]
