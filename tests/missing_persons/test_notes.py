"""Notes between officers: for who investigates alone, sealed, never changed, erased in the end."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from casa.agencies.permissions import Role
from casa.database import Database, now
from casa.missing_persons.media import Media
from casa.missing_persons.retention import Retention
from casa.settings import Settings
from tests.missing_persons.conftest import case_of

SAID = "The uncle in Portmore was lying about Tuesday."


def write(client: FlaskClient, case: dict[str, Any], headers: Any, said: Any = SAID) -> Any:
    path = f"/v1/missing-persons/{case['id']}/notes"
    return client.post(path, json={"text": said}, headers=headers)


def listed(client: FlaskClient, case: dict[str, Any], headers: Any, query: str = "") -> Any:
    return client.get(f"/v1/missing-persons/{case['id']}/notes{query}", headers=headers)


def kept(database: Database, *tables: str) -> bytes:
    with database.engine.connect() as connection:
        return b"".join(
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            for table in tables
            for row in connection.execute(text(f"SELECT * FROM {table}"))
            for value in row
        )


def test_officers_read_each_other(
    client: FlaskClient, database: Database, published: dict[str, Any], officer: Any
) -> None:
    author, approver = (officer("police-jm", role) for role in (Role.AUTHOR, Role.APPROVER))
    made = write(client, published, author.headers)
    assert made.status_code == 201, made.json
    assert made.headers["Cache-Control"] == "no-store"
    write(client, published, approver.headers, "Then who drove?")
    found = listed(client, published, author.headers).json["notes"]
    assert [one["text"] for one in found] == ["Then who drove?", SAID]
    assert found[1] == made.json
    assert found[1]["author"] == {
        "actor": f"officer:{author.id}",
        "name": "An Officer",
        "agency": "Demonstration Police, Jamaica",
    }
    assert SAID.encode() not in kept(database, "case_note", "audit_entry", "missing_person")


def test_a_system_writes_too(client: FlaskClient, published: dict[str, Any], police: Any) -> None:
    made = write(client, published, police)
    assert made.json["author"]["name"] == "test"


def test_that_it_was_made_is_audited_and_not_what(
    client: FlaskClient, published: dict[str, Any], police: Any, officer: Any
) -> None:
    identity = write(client, published, police).json["id"]
    trail = client.get("/v1/audit", headers=officer("police-jm", Role.AUDITOR).headers).text
    assert "case.note" in trail
    assert identity in trail
    assert "uncle" not in trail


@pytest.mark.parametrize("said", ["", "  ", "x" * 4_001, None, 7, "\x07"])
def test_malformed_ones(
    client: FlaskClient, published: dict[str, Any], police: Any, said: Any
) -> None:
    answer = write(client, published, police, said)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/text"
    assert listed(client, published, police).json["notes"] == []


def test_who_reads_and_writes_them(
    client: FlaskClient, published: dict[str, Any], bearer: Any, officer: Any
) -> None:
    for call in (write, listed):
        assert call(client, published, {}).status_code == 401
        assert call(client, published, bearer("police-tt")).status_code == 404
        assert call(client, published, bearer("odpem")).status_code == 404
        for role in (Role.AUDITOR, Role.AGENCY_ADMINISTRATOR, Role.REGIONAL_ADMINISTRATOR):
            answer = call(client, published, officer("police-jm", role).headers)
            assert answer.status_code == 403
        for role in (Role.AUTHOR, Role.APPROVER):
            answer = call(client, published, officer("police-jm", role).headers)
            assert answer.status_code in (200, 201)


def test_a_note_sent_again_is_made_once(
    client: FlaskClient, published: dict[str, Any], police: Any
) -> None:
    headers = police | {"Idempotency-Key": "the-same"}
    first, again = (write(client, published, headers) for _ in range(2))
    assert first.json == again.json
    assert len(listed(client, published, police).json["notes"]) == 1


def test_they_never_change(client: FlaskClient, published: dict[str, Any], police: Any) -> None:
    identity = write(client, published, police).json["id"]
    path = f"/v1/missing-persons/{published['id']}/notes"
    for method in (client.put, client.patch, client.delete):
        assert method(path, json={"text": "x"}, headers=police).status_code == 405
        answer = method(f"{path}/{identity}", json={"text": "x"}, headers=police)
        assert answer.status_code == 404


def test_pages(client: FlaskClient, published: dict[str, Any], police: Any) -> None:
    for number in range(5):
        assert write(client, published, police, f"number {number}").status_code == 201
    seen, cursor = [], ""
    while cursor is not None:
        page = listed(client, published, police, f"?limit=2{cursor}").json
        seen += [one["text"] for one in page["notes"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert sorted(seen) == [f"number {number}" for number in range(5)]
    assert listed(client, published, police, "?cursor=x").status_code == 422


def test_a_state_that_consents_joins_until_the_case_ends(
    client: FlaskClient, published: dict[str, Any], police: Any, bearer: Any, officer: Any
) -> None:
    consenting = officer("police-tt", Role.APPROVER, Role.SAFEGUARDING).headers
    write(client, published, police)
    alert = published["alert"]
    wider = {
        "info": [{name: value for name, value in one.items() if value} for one in alert["info"]],
        "area": [{"places": ["JM-14", "TT"]}],
    }
    path = f"/v1/alerts/{alert['identifier']}/update?cross_border=true&publish=true"
    asked = client.post(path, json=wider, headers=police)
    assert asked.status_code == 201, asked.json
    assert listed(client, published, consenting).status_code == 404
    (part,) = client.get("/v1/consents", headers=consenting).json["alerts"]
    answer = client.post(
        f"/v1/consents/{part['identifier']}/approve?digest={part['digest']}", headers=consenting
    )
    assert answer.status_code == 200, answer.json
    assert listed(client, published, consenting).json["notes"][0]["text"] == SAID
    assert write(client, published, consenting, "Seen in Arima.").status_code == 201
    assert listed(client, published, police).json["notes"][0]["author"]["agency"].endswith("Tobago")
    assert listed(client, published, bearer("police-ht")).status_code == 404
    ended = client.post(f"/v1/missing-persons/{published['id']}/end", json={}, headers=police)
    assert ended.status_code == 200, ended.json
    assert listed(client, published, consenting).status_code == 404
    assert len(listed(client, published, police).json["notes"]) == 2


def test_the_end_closes_and_then_erases_them(
    client: FlaskClient, database: Database, settings: Settings, police: Any
) -> None:
    draft = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    assert write(client, draft, police).status_code == 201
    client.post(f"/v1/missing-persons/{draft['id']}/end", json={}, headers=police)
    assert write(client, draft, police).status_code == 409
    assert len(listed(client, draft, police).json["notes"]) == 1
    retention = Retention(Media(settings.media_store), timedelta(days=30))
    with database.writing() as session:
        retention.erase(session, now() + timedelta(days=31))
    assert listed(client, draft, police).json["notes"] == []
    assert kept(database, "case_note") == b""


def test_nothing_public_has_them(
    client: FlaskClient, published: dict[str, Any], police: Any
) -> None:
    write(client, published, police)
    for path in ("/v1/missing-persons", "/v1/alerts", "/feeds/pfif.atom", "/feeds/cap.atom"):
        assert "Portmore" not in client.get(path).text
