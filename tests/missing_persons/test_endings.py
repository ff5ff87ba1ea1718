"""However a case ends, the public learns that it has, and nothing else is left to be read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies.permissions import Role
from casa.alerts.phrases import LANGUAGES
from casa.database import Database, now
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.geography.places import place_key
from casa.missing_persons.closing import OUTCOMES
from tests.missing_persons.conftest import NAME, case_of

SECRETS = (NAME, "uniform", "Spanish Town market", "/media/")
FORMS = ("", ".json", ".xml", ".geojson", ".jws", "/thread")


def end(client: FlaskClient, case: dict[str, Any], headers: Any, **body: Any) -> Any:
    return client.post(f"/v1/missing-persons/{case['id']}/end", json=body, headers=headers)


def tells(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("outcome", [*OUTCOMES, None])
def test_the_cancel_says_only_that_it_is_over(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any], police: Any,
    outcome: str | None,
) -> None:  # fmt: skip
    assert add(published).status_code == 201
    closed = end(client, published, police, **({"outcome": outcome} if outcome else {}))
    assert closed.json["outcome"] == (outcome or "withdrawn")
    identifier = closed.json["alert"]["identifier"]
    cancel = client.get(f"/v1/alerts/{identifier}")
    assert cancel.json["msg_type"] == "Cancel"
    assert [info["language"] for info in cancel.json["info"]] == list(LANGUAGES)
    assert len({info["description"] for info in cancel.json["info"]}) == len(LANGUAGES)
    for info in cancel.json["info"]:
        assert info["headline"]
        assert not info["resource"]
        assert not any(word in str(info) for word in ("found", "deceased", "child"))
    for form in FORMS:
        got = client.get(f"/v1/alerts/{identifier}{form}")
        assert got.status_code == 200
        assert tells(got.text) == []


def test_an_outcome_is_one_of_four(
    client: FlaskClient, published: dict[str, Any], police: Any
) -> None:
    answer = end(client, published, police, outcome="eloped")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/outcome"


def test_everything_said_before_is_gone(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any], police: Any
) -> None:
    update = add(published).json["alert"]["identifier"]
    first = published["alert"]["identifier"]
    assert tells(client.get(f"/v1/alerts/{first}.xml").text)
    assert end(client, published, police, outcome="found_safe").status_code == 200
    for identifier in (first, update):
        for form in FORMS:
            got = client.get(f"/v1/alerts/{identifier}{form}")
            assert got.status_code == 410, form
            assert got.json["type"] == "urn:casa:problem:withdrawn"
            assert tells(got.text) == []
    everything = ("", "?since=0", "?kind=missing_person", "?place=JM-14", "?active=false",
                  "?bbox=-78,17,-76,19", "?limit=1", "?language=fr")  # fmt: skip
    for query in everything:
        got = client.get(f"/v1/alerts{query}")
        assert [one["msg_type"] for one in got.json["alerts"]] == ["Cancel"], query
        assert tells(got.text) == []


def test_who_was_away_hears_only_that_it_is_over(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any
) -> None:
    sent: list[dict[str, Any]] = []
    follower = SequenceFollower(database, lambda clients, one: sent.extend(one for _ in clients), 1)
    follower.position = 0
    jamaica = Following(frozenset([place_key("JM-14")]))
    follower.followers.put("awake", jamaica)
    assert end(client, published, police).status_code == 200
    follower.look()
    missed = follower.follow("away", jamaica, 0)["missed"]
    for heard in (sent, missed):
        assert [one["msg_type"] for one in heard] == ["Cancel"]
        assert tells(str(heard)) == []


def test_whom_an_earlier_message_reached_hears_of_the_end(
    client: FlaskClient, database: Database, published: dict[str, Any], police: Any
) -> None:
    path = f"/v1/missing-persons/{published['id']}?publish=true"
    moved = client.patch(path, json={"area": [{"places": ["JM-08"]}]}, headers=police)
    assert moved.status_code == 200, moved.json
    sent: list[str] = []
    follower = SequenceFollower(
        database, lambda listeners, _: sent.extend(one.client for one in listeners), 1
    )
    follower.followers.put("left behind", Following(frozenset([place_key("JM-14")])))
    assert end(client, published, police).status_code == 200
    follower.look()
    assert sent == ["left behind"]


def test_a_case_whose_alert_ran_out_is_private_as_well(
    client: FlaskClient, published: dict[str, Any], police: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = ("publication", "lifecycle", "cancelling", "records", "routes")
    for module in clocks:
        monkeypatch.setattr(f"casa.alerts.{module}.now", lambda: now() + timedelta(days=3))
    closed = end(client, published, police)
    assert closed.status_code == 200, closed.json
    assert closed.json["alert"]["msg_type"] == "Cancel"
    assert client.get(f"/v1/alerts/{published['alert']['identifier']}").status_code == 410
    (left,) = client.get("/v1/alerts").json["alerts"]
    assert left["msg_type"] == "Cancel"


def test_cancelling_the_alert_is_as_silent(
    client: FlaskClient, published: dict[str, Any], police: Any
) -> None:
    path = f"/v1/alerts/{published['alert']['identifier']}/cancel"
    wordy = client.post(path, json={"reason": {"en": f"{NAME} is home."}}, headers=police)
    assert wordy.status_code == 422
    assert wordy.json["errors"][0]["pointer"] == "/reason"
    cancelled = client.post(path, json={}, headers=police)
    assert cancelled.status_code == 201
    assert tells(client.get("/v1/alerts?since=0").text) == []
    assert end(client, published, police).status_code == 200


def test_who_may_end_a_case(
    client: FlaskClient, published: dict[str, Any], officer: Any, bearer: Any
) -> None:
    auditor = officer("police-jm", Role.AUDITOR).headers
    assert end(client, published, auditor).status_code == 403
    assert end(client, published, bearer("police-tt")).status_code == 404
    approver = officer("police-jm", Role.APPROVER).headers
    assert end(client, published, approver).status_code == 200


@pytest.mark.parametrize("public", [True, False])
def test_an_approver_ends_a_case_with_anothers_draft(
    client: FlaskClient, database: Database, police: Any, officer: Any, public: bool
) -> None:
    """Found is found: what a colleague was still writing goes with it."""
    query = "?publish=true" if public else ""
    case = client.post(f"/v1/missing-persons{query}", json=case_of(), headers=police).json
    author = officer("police-jm", Role.AUTHOR).headers
    path = f"/v1/missing-persons/{case['id']}"
    draft = client.patch(path, json={"height": 140}, headers=author).json["alert"]["identifier"]
    auditor = officer("police-jm", Role.AUDITOR).headers
    assert end(client, case, auditor).status_code == 403
    assert client.get(f"/v1/alerts/{draft}", headers=author).status_code == 200
    approver = officer("police-jm", Role.APPROVER).headers
    # To throw it away by itself remains an author's.
    assert client.delete(f"/v1/alerts/{draft}", headers=approver).status_code == 403
    closed = end(client, case, approver, outcome="found_safe")
    assert closed.status_code == 200, closed.json
    assert client.get(f"/v1/alerts/{draft}", headers=author).status_code == 404
    assert (closed.json["alert"] or {}).get("msg_type") == ("Cancel" if public else None)
    trail = client.get("/v1/audit", headers=auditor)
    discarded = [e for e in trail.json["entries"] if e["action"] == "alert.discard"]
    assert [e["subject"] for e in discarded] == [f"alert:{draft}"]


def test_the_audit_tells_that_and_how_but_not_who(
    client: FlaskClient, published: dict[str, Any], police: Any, officer: Any
) -> None:
    end(client, published, police, outcome="found_safe")
    auditor = officer("police-jm", Role.AUDITOR).headers
    trail = client.get("/v1/audit", headers=auditor)
    assert "case.end" in trail.text
    assert "found_safe" in trail.text
    assert tells(trail.text) == []
