"""Alerts that cross a border: home at once, the rest by consent, and nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.agencies import mandates
from casa.agencies.mandates import Mandate, OutsideMandate
from casa.agencies.models import Agency, MandateRow
from casa.agencies.permissions import Role
from casa.alerts import areas
from casa.alerts.crossing import divide
from casa.alerts.schemas import ContentSchema, content_of
from casa.database import Database, now
from tests.conftest import SignedIn, approve, later

JAMAICA = Mandate(("disaster",), ("JM",), "Extreme")
LUCIA = Mandate(("disaster",), ("LC",), "Extreme")


def body_of(area: list[dict[str, Any]], severity: str = "Moderate") -> dict[str, Any]:
    info = {
        "language": "en", "category": ["Met"], "event": "Flood", "urgency": "Immediate",
        "severity": severity, "certainty": "Observed", "headline": "Flood",
        "expires": later(hours=2),
    }  # fmt: skip
    return {"info": [info], "area": area}


def circle(longitude: float, latitude: float, radius: float) -> list[dict[str, Any]]:
    return [{"shapes": [{"type": "Point", "coordinates": [longitude, latitude], "radius": radius}]}]


def test_named_places_go_to_their_states() -> None:
    text = content_of(ContentSchema().load(body_of([{"places": ["JM-01", "HT-OU", "HT-ND"]}])))
    found = divide([JAMAICA], "disaster", text, now())
    assert areas.target(found.home.area).codes == ("JM-01",)
    assert {state: areas.target(one.area).codes for state, one in found.parts.items()} == {
        "HT": ("HT-OU", "HT-ND")
    }


def test_nothing_at_home_is_refused_and_so_is_another_kind() -> None:
    text = content_of(ContentSchema().load(body_of([{"places": ["HT"]}])))
    with pytest.raises(OutsideMandate, match="Nothing"):
        divide([JAMAICA], "disaster", text, now())
    with pytest.raises(OutsideMandate, match="kind accident"):
        divide([JAMAICA], "accident", text, now())


@settings(max_examples=40, deadline=None)
@given(st.floats(-61.4, -60.6), st.floats(13.0, 14.8), st.integers(5_000, 120_000))
def test_the_parts_are_the_whole_but_for_the_open_sea(
    longitude: float, latitude: float, radius: int
) -> None:
    """Between Saint Lucia, Saint Vincent, Barbados and Martinique."""
    text = content_of(ContentSchema().load(body_of(circle(longitude, latitude, radius))))
    try:
        found = divide([LUCIA], "disaster", text, now())
    except OutsideMandate:
        return
    whole = areas.target(text.area).geometry
    home = areas.target(found.home.area).geometry
    mandates.check(
        [LUCIA], kind="disaster", severity="Moderate", status="Actual",
        codes=(), shapes=areas.target(found.home.area).shapes, moment=now(),
    )  # fmt: skip
    assert "LC" not in found.parts
    pieces = [home]
    for state, one in found.parts.items():
        held = Mandate(("disaster",), (state,), "Extreme")
        shapes = areas.target(one.area).shapes
        mandates.check(
            [held], kind="disaster", severity="Moderate", status="Actual",
            codes=(), shapes=shapes, moment=now(),
        )  # fmt: skip
        pieces.append(areas.target(one.area).geometry)
    left = shapely.difference(whole, shapely.union_all(pieces))
    reached = areas.target(text.area).places
    for place in reached:
        if place.kind == "state":
            assert shapely.intersection(left, place.reach).area < 1e-4


@pytest.fixture
def haiti(database: Database, agency_keys: dict[str, str]) -> None:
    """The demonstration police of Haiti may warn of disasters there, up to Severe."""
    with database.writing() as session:
        agency = session.query(Agency).filter_by(code="police-ht").one()
        agency.mandates.append(MandateRow(kinds=["disaster"], places=["HT"], max_severity="Severe"))


BOTH = [{"places": ["JM-03", "HT-GA"]}]


def ask(client: FlaskClient, author: SignedIn, body: dict[str, Any]) -> Any:
    made = client.post(
        "/v1/alerts?publish=true&cross_border=true",
        json={"kind": "disaster", **body},
        headers=author.headers,
    )
    assert made.status_code == 201, made.json
    return made.json


def waiting(client: FlaskClient, one: SignedIn) -> list[Any]:
    return client.get("/v1/consents", headers=one.headers).json["alerts"]


def consent(client: FlaskClient, part: Any, one: SignedIn) -> Any:
    """Consent to just what was read."""
    path = f"/v1/consents/{part['identifier']}/approve"
    return client.post(path, query_string={"digest": part["digest"]}, headers=one.headers)


def public(client: FlaskClient) -> list[tuple[str, str, list[str]]]:
    """What the public sees, oldest first: type, state, codes."""
    alerts = client.get("/v1/alerts?since=0").json["alerts"]
    return [
        (one["msg_type"], one["state"], [a["geocode"][0]["value"] for a in one["area"]])
        for one in sorted(alerts, key=lambda one: one["sequence"])
    ]


@pytest.fixture
def author(officer: Callable[..., SignedIn]) -> SignedIn:
    return officer("odpem", Role.AUTHOR)


@pytest.fixture
def approver(officer: Callable[..., SignedIn], haiti: None) -> SignedIn:
    return officer("police-ht", Role.APPROVER)


def test_home_goes_out_at_once_and_the_part_by_consent(
    client: FlaskClient, author: SignedIn, approver: SignedIn, officer: Any
) -> None:
    made = ask(client, author, body_of(BOTH))
    assert made["state"] == "published"
    assert public(client) == [("Alert", "published", ["JM-03"])]
    (part,) = waiting(client, approver)
    assert (part["border"], part["home"], part["state"]) == ("HT", made["thread"], "submitted")
    stranger = officer("police-tt", Role.APPROVER)
    assert waiting(client, stranger) == []
    path = f"/v1/consents/{part['identifier']}/approve"
    assert consent(client, part, stranger).status_code == 404
    assert consent(client, part, author).status_code == 404
    unread = client.post(path, headers=approver.headers)
    assert (unread.status_code, unread.json["errors"][0]["pointer"]) == (422, "/digest")
    stale = client.post(f"{path}?digest={'0' * 64}", headers=approver.headers)
    assert stale.status_code == 409
    done = client.post(f"{path}?digest={part['digest']}", headers=approver.headers)
    assert done.status_code == 200, done.json
    assert done.json["sender"] == "odpem@demo.invalid"
    assert done.json["incidents"] == [made["thread"]]
    assert public(client)[1:] == [("Alert", "published", ["HT-GA"])]
    assert consent(client, part, approver).status_code == 409


def test_without_asking_nothing_crosses(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    body = {"kind": "disaster", **body_of(BOTH)}
    answer = client.post("/v1/alerts?publish=true", json=body, headers=author.headers)
    assert (answer.status_code, answer.json["places"]) == (403, ["HT-GA"])
    assert waiting(client, approver) == []


def test_home_cannot_publish_the_part_by_itself(
    client: FlaskClient, officer: Any, approver: SignedIn
) -> None:
    both = officer("odpem", Role.AUTHOR, Role.APPROVER)
    ask(client, both, body_of(BOTH))
    (part,) = waiting(client, approver)
    path = f"/v1/alerts/{part['identifier']}"
    other = officer("odpem", Role.APPROVER)
    assert client.post(f"{path}/publish", headers=both.headers).status_code == 403
    approved = approve(client, path, other.headers, publish=True)
    assert approved.status_code == 403
    assert public(client) == [("Alert", "published", ["JM-03"])]


def test_a_part_graver_than_the_consenting_mandate_is_refused(
    client: FlaskClient, author: SignedIn, approver: SignedIn, officer: Any
) -> None:
    made = ask(client, author, body_of(BOTH, "Extreme"))
    second = officer("odpem", Role.APPROVER)
    path = f"/v1/alerts/{made['identifier']}"
    assert approve(client, path, second.headers, publish=True).status_code == 200
    (part,) = waiting(client, approver)
    refused = consent(client, part, approver)
    assert refused.json["type"] == "urn:casa:problem:outside-mandate"
    reason = {"reason": "We do not expect it here."}
    path = f"/v1/consents/{part['identifier']}/reject"
    assert client.post(path, json=reason, headers=approver.headers).status_code == 200
    shown = client.get(f"/v1/alerts/{part['identifier']}", headers=author.headers).json
    assert (shown["state"], shown["rejection"]) == ("draft", reason["reason"])


def test_the_end_at_home_ends_it_everywhere(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    made = ask(client, author, body_of(BOTH))
    (part,) = waiting(client, approver)
    consent(client, part, approver)
    cancel = client.post(f"/v1/alerts/{made['identifier']}/cancel", json={}, headers=author.headers)
    assert cancel.status_code == 201, cancel.json
    assert [one for one in public(client) if one[1] == "published" and one[0] != "Cancel"] == []
    assert sorted(codes for kind, _, codes in public(client) if kind == "Cancel") == [
        ["HT-GA"], ["JM-03"],
    ]  # fmt: skip


def test_no_other_words_than_ready_ones_end_it_in_another_state(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    words = {"reason": {"en": "Come to the harbour."}}
    made = ask(client, author, body_of(BOTH))
    (part,) = waiting(client, approver)
    consent(client, part, approver)
    path = f"/v1/alerts/{part['identifier']}/cancel"
    refused = client.post(path, json=words, headers=author.headers)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/reason")
    path = f"/v1/alerts/{made['identifier']}/cancel"
    assert client.post(path, json=words, headers=author.headers).json["state"] == "published"
    said = {
        one["area"][0]["geocode"][0]["value"]: one["info"][0]["description"]
        for one in client.get("/v1/alerts?since=0").json["alerts"]
        if one["msg_type"] == "Cancel"
    }
    assert said == {"JM-03": "Come to the harbour.", "HT-GA": "This alert is cancelled."}


def test_what_still_waits_when_home_ends_is_withdrawn(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    made = ask(client, author, body_of(BOTH))
    client.post(f"/v1/alerts/{made['identifier']}/cancel", json={}, headers=author.headers)
    assert waiting(client, approver) == []


def test_an_update_asks_again_and_ends_what_it_no_longer_reaches(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    made = ask(client, author, body_of(BOTH))
    (part,) = waiting(client, approver)
    consent(client, part, approver)
    path = f"/v1/alerts/{made['identifier']}/update?publish=true"
    update = client.post(path, json=body_of(BOTH), headers=author.headers)
    assert update.status_code == 201, update.json
    (again,) = waiting(client, approver)
    assert (again["msg_type"], again["thread"]) == ("Update", part["thread"])
    answer = consent(client, again, approver)
    assert answer.status_code == 200, answer.json
    path = f"/v1/alerts/{update.json['identifier']}/update?publish=true"
    last = client.post(path, json=body_of([{"places": ["JM-03"]}]), headers=author.headers)
    assert last.status_code == 201, last.json
    assert public(client)[-1] == ("Cancel", "published", ["HT-GA"])
    assert waiting(client, approver) == []
