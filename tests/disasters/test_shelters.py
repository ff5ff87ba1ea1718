"""Shelters: who may keep them, who finds them, how far they are, and what warnings link to."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pyproj
import pytest
from flask.testing import FlaskClient

from casa.agencies.permissions import Role
from casa.exchange.cap import from_xml
from casa.geography.cells import cell_at, cell_text, centre_of
from tests.conftest import SignedIn

Bearer = Callable[[str], dict[str, str]]
Officers = Callable[..., SignedIn]
GEOD = pyproj.Geod(ellps="WGS84")

BRIDGETOWN = {"name": "Bridgetown School", "longitude": -59.61, "latitude": 13.1}
HOLETOWN = {"name": "Holetown Hall", "longitude": -59.638, "latitude": 13.187}
KINGSTOWN = {"name": "Kingstown Church", "longitude": -61.22, "latitude": 13.16}


@pytest.fixture
def begin(client: FlaskClient, bearer: Bearer) -> Callable[..., str]:
    """An event with an advisory that is published; its id."""

    def begin_(levels: dict[str, str] | None = None, **changes: Any) -> str:
        body = {"hazard": "tropical_cyclone", "name": "Demo"} | changes
        office = bearer("cdema")
        event = client.post("/v1/hazard-events", json=body, headers=office)
        path = f"{event.headers['Location']}/advisories?publish=true"
        said = {"levels": {"BB": "warning"} if levels is None else levels}
        assert client.post(path, json=said, headers=office).status_code == 201
        return str(event.json["id"])

    return begin_


@pytest.fixture
def keep(client: FlaskClient, bearer: Bearer) -> Callable[..., Any]:
    """Keep a shelter; the answer's body."""

    def keep_(facts: dict[str, Any], **more: Any) -> Any:
        body = {"state": "open", **facts, **more}
        made = client.post("/v1/shelters", json=body, headers=bearer("cdema"))
        assert made.status_code == 201, made.json
        return made.json

    return keep_


def names(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(f"/v1/shelters{query}")
    assert answer.status_code == 200, answer.json
    return [one["name"] for one in answer.json["shelters"]]


def test_the_nearest_come_first_without_credentials(
    client: FlaskClient, begin: Any, keep: Any
) -> None:
    event = begin()
    for facts in (KINGSTOWN, HOLETOWN, BRIDGETOWN):
        keep(facts, event=event, capacity=200, facilities=["wheelchair"])
    longitude, latitude = -59.615, 13.098
    page = client.get(f"/v1/shelters?near={longitude},{latitude}&limit=2")
    assert page.headers["Cache-Control"] == "no-store"
    found = page.json["shelters"]
    assert [one["name"] for one in found] == ["Bridgetown School", "Holetown Hall"]
    middle = centre_of(cell_at(longitude, latitude))
    for one in found:
        far = GEOD.inv(*middle, one["longitude"], one["latitude"])[2]
        assert abs(one["distance_m"] - far) <= 51
    rest = client.get(f"/v1/shelters?near={longitude},{latitude}&cursor={page.json['next']}")
    assert [one["name"] for one in rest.json["shelters"]] == ["Kingstown Church"]
    assert rest.json["next"] is None
    first = found[0]
    assert (first["place"], first["capacity"], first["state"]) == ("BB-08", 200, "open")
    assert first["event"] == {
        "id": event, "hazard": "tropical_cyclone", "name": "Demo", "status": "Actual"
    }  # fmt: skip


def test_only_the_cell_of_a_position_counts(client: FlaskClient, begin: Any, keep: Any) -> None:
    keep(BRIDGETOWN, event=begin())
    cell = cell_at(-59.615, 13.098)
    x, y = centre_of(cell)
    answers = [
        client.get(f"/v1/shelters?{where}").json
        for where in ("near=-59.615,13.098", f"near={x},{y}", f"cell={cell_text(cell)}")
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_position_is_nowhere_kept_or_repeated(
    client: FlaskClient, begin: Any, keep: Any, caplog: pytest.LogCaptureFixture
) -> None:
    keep(BRIDGETOWN, event=begin())
    with caplog.at_level(logging.DEBUG):
        client.get("/v1/shelters?near=-59.61543,13.09876")
        refused = client.get("/v1/shelters?near=-59.61543,13.09876,1")
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/near"
    assert "61543" not in caplog.text + refused.text


def test_full_is_seen_at_once(client: FlaskClient, bearer: Bearer, begin: Any, keep: Any) -> None:
    made = keep(BRIDGETOWN, event=begin())
    path = f"/v1/shelters/{made['id']}"
    tag = client.get("/v1/shelters?place=BB").headers["ETag"]
    done = client.patch(path, json={"state": "full"}, headers=bearer("cdema"))
    assert (done.status_code, done.json["state"]) == (200, "full")
    again = client.get("/v1/shelters?place=BB", headers={"If-None-Match": tag})
    assert (again.status_code, again.json["shelters"][0]["state"]) == (200, "full")
    assert names(client, "?place=BB&state=open") == []
    assert names(client, "?place=BB-08") == ["Bridgetown School"]
    assert names(client, "?place=BB-01") == []


def test_public_while_the_event_is_in_force_and_no_longer(
    client: FlaskClient, bearer: Bearer, begin: Any, keep: Any
) -> None:
    office = bearer("cdema")
    spare = keep(BRIDGETOWN)
    assert names(client) == []
    event = begin({})
    client.patch(f"/v1/shelters/{spare['id']}", json={"event": event}, headers=office)
    # Nothing is at any level yet.
    assert names(client) == []
    path = f"/v1/hazard-events/{event}"
    advisory = {"levels": {"VC": "watch"}}
    client.post(f"{path}/advisories?publish=true", json=advisory, headers=office)
    # People flee to where no level stands.
    assert names(client) == ["Bridgetown School"]
    client.post(f"{path}/end", headers=office)
    assert names(client) == []
    late = client.patch(f"/v1/shelters/{spare['id']}", json={"event": event}, headers=office)
    assert (late.status_code, late.json["type"]) == (409, "urn:casa:problem:wrong-state")
    own = client.get("/v1/agencies/me/shelters", headers=office).json["shelters"]
    assert [one["name"] for one in own] == ["Bridgetown School"]


def test_those_of_an_exercise_only_for_who_asks(client: FlaskClient, begin: Any, keep: Any) -> None:
    keep(BRIDGETOWN, event=begin(status="Exercise"))
    assert names(client) == []
    shown = client.get("/v1/shelters?exercises=true").json["shelters"]
    assert [one["event"]["status"] for one in shown] == ["Exercise"]


def test_warnings_link_to_the_shelters_of_their_states(
    client: FlaskClient, bearer: Bearer, keep: Any
) -> None:
    office = bearer("cdema")
    body = {"hazard": "tropical_cyclone", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=office)
    keep(BRIDGETOWN, event=event.json["id"])
    levels = {"BB-04": "warning", "VC": "watch"}
    path = f"{event.headers['Location']}/advisories?publish=true"
    messages = client.post(path, json={"levels": levels}, headers=office).json["messages"]
    by_level = {one["level"]: one["identifier"] for one in messages}
    alert = client.get(f"/v1/alerts/{by_level['warning']}").json
    for info in alert["info"]:
        (link,) = info["resource"]
        assert (link["resource_desc"], link["mime_type"]) == ("Shelters", "application/json")
    address = urlsplit(link["uri"])
    assert names(client, f"?{address.query}") == ["Bridgetown School"]
    assert address.path == "/v1/shelters"
    xml = client.get(f"/v1/alerts/{by_level['warning']}.xml").data
    assert from_xml(xml).info[0].resource[0].uri == link["uri"]
    elsewhere = client.get(f"/v1/alerts/{by_level['watch']}").json
    ended = client.post(f"{event.headers['Location']}/end", headers=office).json
    ends = [one["identifier"] for one in ended["advisories"][-1]["messages"]]
    assert len(ends) == 2
    for alert in (elsewhere, *(client.get(f"/v1/alerts/{one}").json for one in ends)):
        assert alert["info"][0]["resource"] == []


def test_only_officers_who_may_and_within_the_mandate(
    client: FlaskClient, officer: Officers, begin: Any, keep: Any
) -> None:
    kept = keep(BRIDGETOWN, event=begin())
    path = f"/v1/shelters/{kept['id']}"
    may = {Role.AUTHOR: True, Role.APPROVER: True, Role.AGENCY_ADMINISTRATOR: False,
           Role.AUDITOR: False}  # fmt: skip
    for role, allowed in may.items():
        headers = officer("cdema", role).headers
        made = client.post("/v1/shelters", json=HOLETOWN, headers=headers)
        assert made.status_code == (201 if allowed else 403), role
        changed = client.patch(path, json={"state": "full"}, headers=headers)
        assert changed.status_code == (200 if allowed else 403), role
        assert client.get(path, headers=headers).status_code == 200
    abroad = officer("odpem", Role.AUTHOR).headers
    refused = client.post("/v1/shelters", json=BRIDGETOWN, headers=abroad)
    assert (refused.status_code, refused.json["places"]) == (403, ["BB-08"])
    for call in (client.get, client.delete):
        assert call(path, headers=abroad).status_code == 404
    assert client.patch(path, json={"state": "open"}, headers=abroad).status_code == 404
    assert client.post("/v1/shelters", json=BRIDGETOWN).status_code == 401
    keeper = officer("cdema", Role.AUTHOR).headers
    assert client.delete(path, headers=keeper).status_code == 204


def test_a_national_office_opens_shelters_for_a_regional_event(
    client: FlaskClient, bearer: Bearer, begin: Any
) -> None:
    kingston = {"name": "Arena", "longitude": -76.79, "latitude": 18.0, "state": "open"}
    event = begin({"JM": "warning"})
    body = kingston | {"event": event}
    assert client.post("/v1/shelters", json=body, headers=bearer("odpem")).status_code == 201
    assert names(client, "?place=JM") == ["Arena"]
    # One that nothing is published of is not told from none.
    quiet = {"hazard": "flood", "name": "Quiet"}
    hidden = client.post("/v1/hazard-events", json=quiet, headers=bearer("cdema")).json["id"]
    body = kingston | {"event": hidden}
    assert client.post("/v1/shelters", json=body, headers=bearer("odpem")).status_code == 404


def test_each_change_is_audited(
    client: FlaskClient, bearer: Bearer, officer: Officers, keep: Any
) -> None:
    made = keep(BRIDGETOWN)
    client.patch(f"/v1/shelters/{made['id']}", json={"state": "full"}, headers=bearer("cdema"))
    client.delete(f"/v1/shelters/{made['id']}", headers=bearer("cdema"))
    entries = client.get("/v1/audit", headers=officer("cdema", Role.AUDITOR).headers)
    told = [
        (one["action"], (one["before"] or {}).get("state"), (one["after"] or {}).get("state"))
        for one in entries.json["entries"]
        if one["subject"] == f"shelter:{made['id']}"
    ]
    assert sorted(told) == [
        ("shelter.add", None, "open"),
        ("shelter.change", "open", "full"),
        ("shelter.remove", "full", None),
    ]


def test_pages_without_a_position(client: FlaskClient, begin: Any, keep: Any) -> None:
    event = begin()
    kept = {keep(BRIDGETOWN, name=f"School {number}", event=event)["id"] for number in range(5)}
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/shelters?limit=2{cursor and f'&cursor={cursor}'}").json
        seen += [one["id"] for one in page["shelters"]]
        cursor = page["next"]
    assert (len(seen), set(seen)) == (5, kept)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"longitude": 200}, "/longitude"),
        ({"longitude": 13.1, "latitude": -59.6}, "/longitude"),
        ({"latitude": "north"}, "/latitude"),
        ({"capacity": 0}, "/capacity"),
        ({"capacity": 1.5}, "/capacity"),
        ({"state": "half"}, "/state"),
        ({"facilities": ["pool"]}, "/facilities/0"),
        ({"event": "x"}, "/event"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_malformed_shelters(
    client: FlaskClient, bearer: Bearer, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/shelters", json=BRIDGETOWN | change, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("near=1", "/near"),
        ("near=200,100", "/near"),
        ("near=nan,1", "/near"),
        ("cell=zz", "/cell"),
        ("near=-59.6,13.1&cell=876624b9bffffff", "/cell"),
        ("place=XX", "/place"),
        ("state=half", "/state"),
        ("cursor=x", "/cursor"),
        ("colour=red", "/colour"),
    ],
)
def test_malformed_questions(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/v1/shelters?{query}")
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
