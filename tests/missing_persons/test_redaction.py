"""A fact that was published and is unsaid: gone from all that is read of earlier messages."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree

from casa.agencies.permissions import Role
from casa.alerts import redaction
from casa.database import Database, now
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.geography.places import place_key
from casa.missing_persons.media import Media
from casa.missing_persons.retention import Retention
from casa.settings import Settings
from tests.exchange import pfif_rules
from tests.missing_persons.conftest import NAME, case_of

PLACE = "Spanish Town market"
FORMS = ("", ".json", ".xml", ".geojson", ".jws", "/thread", "?language=fr")


def everything(client: FlaskClient, database: Database, case: dict[str, Any]) -> dict[str, str]:
    """All that the public reads, by address; the socket's catching up too."""
    alerts = [one["identifier"] for one in client.get("/v1/alerts?since=0").json["alerts"]]
    paths = ["/v1/alerts", "/v1/alerts?since=0", "/v1/alerts?active=false", "/feeds/cap.atom",
             "/feeds/alerts.geojson", "/feeds/pfif.atom", "/feeds/pfif-notes.atom",
             "/v1/missing-persons", "/v1/missing-persons/search?name=Ann",
             f"/missing-persons/{case['id']}", f"/v1/missing-persons/{case['id']}",
             f"/v1/missing-persons/{case['id']}.pfif"]  # fmt: skip
    paths += [f"/v1/alerts/{one}{form}" for one in alerts for form in FORMS]
    told = {path: read(client.get(path)) for path in paths}
    follower = SequenceFollower(database, lambda *_: None, 1)
    told["socket"] = str(follower.follow("away", Following(frozenset([place_key("JM-14")])), 0))
    return told


def read(answer: Any) -> str:
    assert answer.status_code == 200, answer.json
    if answer.content_type == "application/jose":
        payload = answer.text.split(".")[1]
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    return str(answer.text)


def tells(told: dict[str, str], secret: str) -> list[str]:
    return [path for path, text in told.items() if secret in text]


def hide(
    client: FlaskClient, case: dict[str, Any], headers: Any, query: str, **public: bool
) -> Any:
    path = f"/v1/missing-persons/{case['id']}{query}"
    answer = client.patch(path, json={"public": public}, headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


@pytest.mark.parametrize("query", ["?publish=true", ""], ids=["published", "still a draft"])
def test_hiding_the_place_hides_it_everywhere_at_once(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any, query: str
) -> None:
    before = everything(client, database, published)
    assert {"/feeds/pfif.atom", "socket", "/v1/alerts"} <= set(tells(before, PLACE))
    hide(client, published, police, query, last_known_location=False)
    after = everything(client, database, published)
    assert tells(after, PLACE) == []
    assert tells(after, NAME)
    first = client.get(f"/v1/alerts/{published['alert']['identifier']}").json
    for info in first["info"]:
        assert {"name": "redacted", "value": "last_known_location last_seen"} in info["parameter"]
    assert first["info"][0]["description"].startswith("Part of this message has been taken back.")
    assert first["info"][4]["description"].startswith("Se ha retirado una parte de este mensaje.")
    assert pfif_rules.faults(client.get("/feeds/pfif.atom").data) == []
    # Its agency reads what it said.
    own = client.get("/v1/agencies/me/alerts", headers=police).text
    assert PLACE in own


def test_what_stays_is_still_told(client: FlaskClient, police: dict[str, str]) -> None:
    known = {"height": 141, "hair": "black", "speaks": ["ht", "en"], "known_as": ["Zuzu"]}
    case = client.post(
        "/v1/missing-persons?publish=true", json=case_of(**known), headers=police
    ).json
    hide(client, case, police, "", last_known_location=False)
    told = client.get(f"/v1/alerts/{case['alert']['identifier']}").json["info"]
    for said in ("Female", "141 cm", "Hair: black", "Haitian Creole, English", "Zuzu"):
        assert said in told[0]["description"]
    assert "Cheveux : noirs" in told[1]["description"] or "noir" in told[1]["description"]
    assert told[0]["headline"] == f"Missing child: {NAME}, 9"


@pytest.mark.parametrize(
    ("fact", "value", "secret"),
    [
        ("age", None, ", 9"),
        ("hair", "dyed", "dyed"),
        ("known_as", ["Zuzu"], "Zuzu"),
        ("case_number", "CN4711", "CN4711"),
        ("clothing", {"en": "Mauve coat"}, "Mauve"),
        ("description", None, "uniform"),
    ],
)
def test_every_fact_can_be_unsaid(
    client: FlaskClient, database: Database, police: Any, fact: str, value: Any, secret: str
) -> None:
    body = case_of(**({fact: value} if value else {}))
    case = client.post("/v1/missing-persons?publish=true", json=body, headers=police).json
    assert tells(everything(client, database, case), secret)
    hide(client, case, police, "?publish=true", **{fact: False})
    assert tells(everything(client, database, case), secret) == []


def test_a_category_that_is_hidden_leaves_no_trace(
    client: FlaskClient, database: Database, police: Any
) -> None:
    body = case_of(category="suspected_trafficking", age=30, public={"category": True})
    case = client.post("/v1/missing-persons?publish=true", json=body, headers=police).json
    assert tells(everything(client, database, case), "rafficking")
    hide(client, case, police, "?publish=true", category=False)
    told = everything(client, database, case)
    assert tells(told, "rafficking") == []
    first = client.get("/v1/alerts").json["alerts"][-1]["info"][0]
    assert first["parameter"][-1] == {"name": "redacted", "value": "description"}
    assert tells(told, '"Severe"') == []
    assert client.get("/v1/alerts?min_severity=Severe").json["alerts"] == []


def test_what_was_merely_wrong_is_unsaid_by_name(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any, officer: Any
) -> None:
    path = f"/v1/missing-persons/{published['id']}"
    corrected = client.patch(
        f"{path}?publish=true", json={"full_name": "Bea Other"}, headers=police
    )
    assert corrected.status_code == 200, corrected.json
    assert tells(everything(client, database, published), NAME)
    auditor = officer("police-jm", Role.AUDITOR).headers
    body = {"facts": ["full_name", "description", "area"]}
    assert client.post(f"{path}/redactions", json=body, headers=auditor).status_code == 403
    assert client.post(f"{path}/redactions", json=body).status_code == 401
    author = officer("police-jm", Role.AUTHOR).headers
    assert client.post(f"{path}/redactions", json=body, headers=author).status_code == 200
    told = everything(client, database, published)
    assert tells(told, NAME) == []
    assert "circle" not in client.get(f"/v1/alerts/{published['alert']['identifier']}.xml").text
    again = client.patch(
        f"{path}?publish=true", json={"description": {"en": "Has a dog."}}, headers=police
    )
    assert again.status_code == 200, again.json
    assert tells(everything(client, database, published), "Bea Other")
    unknown = client.post(f"{path}/redactions", json={"facts": ["shoe"]}, headers=police)
    assert (unknown.status_code, unknown.json["errors"][0]["pointer"]) == (422, "/facts/0")
    trail = client.get("/v1/audit", headers=auditor).text
    assert "case.redact" in trail
    assert NAME not in trail


def test_a_part_abroad_is_redacted_before_anybody_there_consents(
    client: FlaskClient, published: dict[str, Any], police: Any, officer: Any
) -> None:
    path = f"/v1/missing-persons/{published['id']}?publish=true&cross_border=true"
    areas = [{"places": ["JM-14"]}, {"places": ["TT"]}]
    assert client.patch(path, json={"area": areas}, headers=police).status_code == 200
    consenting = officer("police-tt", Role.APPROVER, Role.SAFEGUARDING).headers
    (part,) = client.get("/v1/consents", headers=consenting).json["alerts"]
    consent = f"/v1/consents/{part['identifier']}/approve?digest={part['digest']}"
    assert client.post(consent, headers=consenting).status_code == 200
    public = f"/v1/alerts/{part['identifier']}"
    assert PLACE in client.get(public).text
    hide(client, published, police, "", last_known_location=False)
    assert PLACE not in client.get(public).text
    assert NAME in client.get(public).text


def test_phones_not_yet_reached_get_what_is_left(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any
) -> None:
    hide(client, published, police, "", last_known_location=False)
    with database.reading() as session:
        (message,) = redaction.told_in(session, published["alert"]["thread"])
    assert PLACE not in json.dumps(str(message))


def test_an_erased_thread_keeps_no_redacted_form(
    client: FlaskClient, database: Database, settings: Settings, published: dict[str, Any],
    police: Any,
) -> None:  # fmt: skip
    hide(client, published, police, "", last_known_location=False)
    client.post(f"/v1/missing-persons/{published['id']}/end", json={}, headers=police)
    with database.writing() as session:
        retention = Retention(Media(settings.media_store), timedelta(days=30))
        retention.erase(session, now() + timedelta(days=31))
    with database.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT content FROM redacted_message").all()
    assert kept == []


def test_the_xml_of_what_is_left_is_cap(
    client: FlaskClient, published: dict[str, Any], police: Any, add: Callable[..., Any]
) -> None:
    assert add(published).status_code == 201
    hide(client, published, police, "?publish=true", last_known_location=False, age=False)
    for one in client.get("/v1/alerts").json["alerts"]:
        root = etree.fromstring(client.get(f"/v1/alerts/{one['identifier']}.xml").data)
        assert root.tag.endswith("alert")
        assert ", 9" not in str(one)
