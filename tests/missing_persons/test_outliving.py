"""A case goes on when its last alert has run out: listed, searched, extended in the same thread."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies.permissions import Role
from casa.database import Database, now
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.exchange.pfif import read
from casa.geography.places import place_key
from tests.conftest import approve
from tests.missing_persons.conftest import NAME, case_of

CLOCKS = (
    "alerts.publication", "alerts.lifecycle", "alerts.record_routes", "alerts.records",
    "alerts.routes", "alerts.cancelling", "exchange.feed_routes", "missing_persons.judging",
    "missing_persons.listing",
    "missing_persons.public_routes", "missing_persons.photograph_routes", "delivery.following",
)  # fmt: skip


@pytest.fixture
def days_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let some days go by for all that asks what is in force."""

    def pass_(days: float) -> None:
        for module in CLOCKS:
            monkeypatch.setattr(f"casa.{module}.now", lambda: now() + timedelta(days=days))

    return pass_


def heard(database: Database, place: str, since: int) -> list[tuple[str, bool]]:
    """What a phone there is told that was away since then: message types, whether they concern."""
    follower = SequenceFollower(database, lambda *_: None, 1)
    missed = follower.follow("phone", Following(frozenset([place_key(place)])), since)["missed"]
    return [(one["msg_type"], one["concerns"]) for one in missed]


def test_a_case_whose_alert_ran_out_is_still_open(
    client: FlaskClient, published: dict[str, Any], days_pass: Callable[[float], None]
) -> None:
    days_pass(3)
    (listed,) = client.get("/v1/missing-persons").json["records"]
    assert (listed["id"], listed["alert"]["state"]) == (published["id"], "expired")
    (found,) = client.get("/v1/missing-persons/search?place=JM-14").json["records"]
    assert found["id"] == published["id"]
    assert client.get(f"/v1/missing-persons/{published['id']}/poster.pdf").status_code == 200
    assert client.get("/v1/alerts?active=true").json["alerts"] == []
    (person,) = read(client.get("/feeds/pfif.atom").data).persons
    assert (person.full_name, person.is_placeholder) == (NAME, False)
    assert person.expiry_date is not None
    assert person.expiry_date > now() + timedelta(days=50)
    single = client.get(f"/v1/missing-persons/{published['id']}.pfif")
    assert read(single.data).persons == (person,)


def test_it_is_extended_by_an_update_of_its_thread(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any,
    days_pass: Callable[[float], None],
) -> None:  # fmt: skip
    first = published["alert"]
    days_pass(3)
    path = f"/v1/missing-persons/{published['id']}?publish=true"
    # Nothing new is to be said, only that the search goes on.
    extended = client.patch(path, json={}, headers=police)
    assert extended.status_code == 200, extended.json
    update = extended.json["alert"]
    assert (update["msg_type"], update["state"]) == ("Update", "published")
    assert update["thread"] == first["thread"]
    assert [one["identifier"] for one in update["references"]] == [first["identifier"]]
    assert update["info"][0]["expires"] > first["info"][0]["expires"]
    (active,) = client.get("/v1/alerts?active=true").json["alerts"]
    assert active["identifier"] == update["identifier"]
    assert client.get(f"/v1/alerts/{first['identifier']}").json["state"] == "updated"
    assert NAME in client.get("/feeds/pfif.atom").text
    assert heard(database, "JM-14", first["sequence"]) == [("Update", True)]
    # Somewhere else: whom the first message reached hears that this one is no longer for them.
    moved = client.patch(path, json={"area": [{"places": ["JM-08"]}]}, headers=police).json["alert"]
    assert heard(database, "JM-08", update["sequence"]) == [("Update", True)]
    assert heard(database, "JM-14", update["sequence"]) == [("Update", False)]
    # Found: both hear of it.
    ended = client.post(f"/v1/missing-persons/{published['id']}/end", json={}, headers=police)
    assert ended.json["alert"]["msg_type"] == "Cancel"
    for place in ("JM-14", "JM-08"):
        assert heard(database, place, moved["sequence"]) == [("Cancel", True)]


def test_a_photograph_comes_after_the_alert_ran_out(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any], police: Any,
    days_pass: Callable[[float], None],
) -> None:  # fmt: skip
    days_pass(3)
    added = add(published)
    assert added.status_code == 201, added.json
    assert added.json["alert"]["msg_type"] == "Update"
    assert len(added.json["alert"]["info"][0]["resource"]) == 3
    days_pass(6)
    photograph = added.json["photographs"][0]["id"]
    path = f"/v1/missing-persons/{published['id']}/photographs/{photograph}?publish=true"
    withdrawn = client.delete(path, headers=police)
    assert withdrawn.json["alert"]["info"][0]["resource"] == []


def test_an_update_whose_predecessor_ran_out_while_it_waited(
    client: FlaskClient, officer: Any, published: dict[str, Any], days_pass: Callable[[float], None]
) -> None:
    author = officer("police-jm", Role.AUTHOR).headers
    approver = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers
    path = f"/v1/missing-persons/{published['id']}?publish=true"
    expires = (now() + timedelta(days=10)).isoformat()
    waits = client.patch(path, json={"expires": expires}, headers=author).json["alert"]
    assert waits["state"] == "submitted"
    days_pass(3)
    approved = approve(client, f"/v1/alerts/{waits['identifier']}", approver, publish=True)
    assert approved.json["state"] == "published", approved.json


def test_a_time_that_was_chosen_and_is_over_must_be_chosen_anew(
    client: FlaskClient, police: Any, days_pass: Callable[[float], None]
) -> None:
    body = case_of(expires=(now() + timedelta(hours=5)).isoformat())
    case = client.post("/v1/missing-persons?publish=true", json=body, headers=police).json
    days_pass(1)
    path = f"/v1/missing-persons/{case['id']}?publish=true"
    refused = client.patch(path, json={"height": 140}, headers=police)
    assert refused.json["errors"] == [
        {"pointer": "/expires", "detail": "is in the past; give a time to come"}
    ]
    assert client.patch(path, json={"expires": None}, headers=police).status_code == 200


def test_what_was_cancelled_is_not_updated_even_when_its_cancel_ran_out(
    client: FlaskClient, published: dict[str, Any], police: Any, days_pass: Callable[[float], None]
) -> None:
    cancel = f"/v1/alerts/{published['alert']['identifier']}/cancel"
    assert client.post(cancel, json={}, headers=police).status_code == 201
    for days in (0.0, 3.0):
        days_pass(days)
        path = f"/v1/missing-persons/{published['id']}?publish=true"
        answer = client.patch(path, json={}, headers=police)
        assert answer.status_code == 409
        assert "cancelled" in answer.json["detail"]


def test_what_ran_out_can_be_cancelled_once(
    client: FlaskClient, published: dict[str, Any], police: Any, days_pass: Callable[[float], None]
) -> None:
    days_pass(3)
    cancel = f"/v1/alerts/{published['alert']['identifier']}/cancel"
    answers = [client.post(cancel, json={}, headers=police) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]


def test_who_was_told_by_what_ran_out_is_told_of_the_end(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any,
    days_pass: Callable[[float], None],
) -> None:  # fmt: skip
    days_pass(3)
    path = f"/v1/missing-persons/{published['id']}/end"
    ended = client.post(path, json={"outcome": "found_safe"}, headers=police)
    assert ended.json["alert"]["msg_type"] == "Cancel"
    assert heard(database, "JM-14", published["alert"]["sequence"]) == [("Cancel", True)]


def test_a_part_abroad_that_ran_out_goes_on_and_ends_with_the_case(
    client: FlaskClient, published: dict[str, Any], police: Any, officer: Any,
    days_pass: Callable[[float], None],
) -> None:  # fmt: skip
    consenting = officer("police-tt", Role.APPROVER, Role.SAFEGUARDING).headers
    path = f"/v1/missing-persons/{published['id']}"

    def say(**changes: Any) -> dict[str, Any]:
        """Change the case, and have its part abroad consented to; the part."""
        asked = client.patch(f"{path}?publish=true{query}", json=changes, headers=police)
        assert asked.status_code == 200, asked.json
        (part,) = client.get("/v1/consents", headers=consenting).json["alerts"]
        consent = f"/v1/consents/{part['identifier']}/approve?digest={part['digest']}"
        answer = client.post(consent, headers=consenting)
        assert answer.status_code == 200, answer.json
        return dict(answer.json)

    areas = [{"places": ["JM-14"]}, {"places": ["TT"]}]
    refused = client.patch(f"{path}?publish=true", json={"area": areas}, headers=police)
    assert refused.status_code == 403
    query = "&cross_border=true"
    first = say(area=areas)
    days_pass(3)
    query = ""
    second = say()
    assert (second["msg_type"], second["thread"]) == ("Update", first["thread"])
    days_pass(6)
    assert client.post(f"{path}/end", json={}, headers=police).status_code == 200
    for part in (first, second):
        assert client.get(f"/v1/alerts/{part['identifier']}").status_code == 410
    everything = client.get("/v1/alerts?since=0").text
    assert NAME not in everything
    assert everything.count('"Cancel"') == 2
