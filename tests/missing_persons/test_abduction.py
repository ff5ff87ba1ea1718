"""A child abduction alert: its checklist is enforced and kept, and nobody else's to read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies.permissions import Role
from casa.database import now
from casa.missing_persons.abduction import CRITERIA
from tests.conftest import approve, later
from tests.missing_persons.conftest import case_of, phone_photograph

SWORN = {"reasonable_belief": True, "risk_of_serious_harm": True}


def abduction_of(**changes: Any) -> dict[str, Any]:
    body = case_of(category="abducted_child", abduction=SWORN, **changes)
    return {name: value for name, value in body.items() if value is not None}


@pytest.mark.parametrize(
    ("change", "criterion", "pointer"),
    [
        ({"age": 18}, "under_18", "/age"),
        ({"age": None}, "under_18", "/age"),
        ({"age": None, "date_of_birth": "1999-01-01"}, "under_18", "/age"),
        ({"abduction": None}, "reasonable_belief", "/abduction/reasonable_belief"),
        ({"abduction": SWORN | {"reasonable_belief": False}}, "reasonable_belief",
         "/abduction/reasonable_belief"),
        ({"abduction": {"reasonable_belief": True}}, "risk_of_serious_harm",
         "/abduction/risk_of_serious_harm"),
        ({"sex": None}, "described", "/description"),
        ({"public": {"sex": False}}, "described", "/description"),
        ({"public": {"vehicle": False}, "sex": None, "vehicle": {"plate": "1"}}, "described",
         "/description"),
        ({"last_seen": None}, "recent", "/last_seen"),
        ({"last_seen": later(hours=-73)}, "recent", "/last_seen"),
    ],
)  # fmt: skip
def test_each_criterion_is_asked_for_by_its_name(
    client: FlaskClient, police: dict[str, str], change: dict[str, Any], criterion: str,
    pointer: str,
) -> None:  # fmt: skip
    body = abduction_of() | change
    body = {name: value for name, value in body.items() if value is not None}
    answer = client.post("/v1/missing-persons?publish=true", json=body, headers=police)
    assert answer.status_code == 422, answer.json
    faults = {error["pointer"]: error["detail"] for error in answer.json["errors"]}
    assert faults[pointer].startswith(f"criterion {criterion}: ")
    assert client.get("/v1/missing-persons", headers=police).json["records"] == []


def test_all_that_is_unmet_is_told_at_once(client: FlaskClient, police: dict[str, str]) -> None:
    bare = {"category": "abducted_child", "full_name": "A. Demo", "area": [{"places": ["JM-14"]}],
            "severity": "Minor"}  # fmt: skip
    answer = client.post("/v1/missing-persons", json=bare, headers=police)
    told = [error["detail"] for error in answer.json["errors"]]
    assert [one.split(":")[0] for one in told[:-1]] == [f"criterion {name}" for name in CRITERIA]
    assert answer.json["errors"][-1]["pointer"] == "/severity"


@pytest.mark.parametrize(
    "told", [{"vehicle": {"plate": "1234 AB"}}, {"suspect": {"description": {"en": "A man."}}}]
)
def test_the_suspect_or_the_vehicle_is_enough(
    client: FlaskClient, police: dict[str, str], told: dict[str, Any]
) -> None:
    body = abduction_of(sex=None, description=None, **told)
    answer = client.post("/v1/missing-persons", json=body, headers=police)
    assert answer.status_code == 201, answer.json


def test_the_fast_path(client: FlaskClient, officer: Any) -> None:
    """One approver, no photograph at first, which comes by an update of the same thread."""
    author, approver, auditor = (
        officer("police-jm", *roles).headers
        for roles in ((Role.AUTHOR,), (Role.APPROVER, Role.SAFEGUARDING), (Role.AUDITOR,))
    )
    body = abduction_of(vehicle={"make": "Toyota Probox", "colour": "white", "plate": "1234 AB"})
    opened = client.post("/v1/missing-persons?publish=true", json=body, headers=author)
    assert opened.status_code == 201, opened.json
    alert, path = opened.json["alert"], f"/v1/missing-persons/{opened.json['id']}"
    assert (alert["state"], alert["info"][0]["severity"]) == ("submitted", "Extreme")
    public = approve(client, f"/v1/alerts/{alert['identifier']}", approver, publish=True)
    assert public.json["state"] == "published", public.json
    assert "white, plate 1234 AB" in public.json["info"][0]["description"]
    added = client.post(
        f"{path}/photographs?public=true&publish=true",
        data=phone_photograph(), content_type="image/heic", headers=author,
    )  # fmt: skip
    update = added.json["alert"]
    assert (update["msg_type"], update["thread"]) == ("Update", alert["thread"])
    shown = approve(client, f"/v1/alerts/{update['identifier']}", approver, publish=True).json
    assert (shown["state"], len(shown["info"][0]["resource"])) == ("published", 3)

    # Which criteria were met, when, and who said so, stays; officers alone read it.
    kept = client.get(path, headers=approver).json["criteria"]
    assert kept["met"] == dict.fromkeys(CRITERIA, True)
    assert kept["by"].startswith("officer:")
    trail = [e for e in client.get("/v1/audit", headers=auditor).json["entries"]
             if e["action"] == "case.criteria"]  # fmt: skip
    assert [e["after"] for e in trail] == [kept["met"]]
    for address in ("/v1/missing-persons", f"/v1/alerts/{alert['identifier']}.xml", "/v1/alerts",
                    path, f"{path}.pfif", path.removeprefix("/v1")):  # fmt: skip
        read = client.get(address)
        assert read.status_code == 200, address
        assert not any(name in read.text for name in (*CRITERIA, 'abduction":', '"criteria"'))
    assert client.get(path, headers=officer("police-tt", Role.AUTHOR).headers).status_code == 404


def test_what_was_recent_when_it_was_declared_stays_so(
    client: FlaskClient, police: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = client.post(
        "/v1/missing-persons?publish=true", json=abduction_of(), headers=police
    ).json
    path = f"/v1/missing-persons/{opened['id']}?publish=true"
    for module in ("missing_persons.judging", "alerts.lifecycle", "alerts.record_routes",
                   "alerts.publication"):  # fmt: skip
        monkeypatch.setattr(f"casa.{module}.now", lambda: now() + timedelta(days=5))
    wider = client.patch(path, json={"area": [{"places": ["JM"]}]}, headers=police)
    assert wider.status_code == 200, wider.json
    # Declared anew it is too late for it.
    assert client.patch(path, json={"category": "missing_child"}, headers=police).status_code == 200
    again = client.patch(path, json={"category": "abducted_child"}, headers=police)
    assert again.json["errors"][0]["detail"].startswith("criterion recent")


def test_a_case_becomes_an_abduction(
    client: FlaskClient, police: dict[str, str], published: dict[str, Any],
    add: Callable[..., Any],
) -> None:  # fmt: skip
    path = f"/v1/missing-persons/{published['id']}?publish=true"
    change = {"category": "abducted_child", "sex": None, "abduction": SWORN}
    refused = client.patch(path, json=change, headers=police)
    assert refused.json["errors"][0]["detail"].startswith("criterion described")
    assert client.get(path.split("?")[0], headers=police).json["criteria"] is None
    # A photograph says enough.
    assert add(published).status_code == 201
    changed = client.patch(path, json=change, headers=police)
    assert changed.status_code == 200, changed.json
    assert changed.json["alert"]["info"][0]["severity"] == "Extreme"
    assert changed.json["alert"]["msg_type"] == "Update"


def test_no_change_of_facts_is_a_way_around_safeguarding(client: FlaskClient, officer: Any) -> None:
    author = officer("police-jm", Role.AUTHOR).headers
    opened = client.post("/v1/missing-persons", json=case_of(), headers=author)
    path = f"/v1/missing-persons/{opened.json['id']}?publish=true"
    grown = {"category": "missing_adult", "age": None}
    for _ in range(2):
        changed = client.patch(path, json=grown, headers=author)
        assert changed.json["alert"]["state"] == "submitted"
        assert changed.json["alert"]["safeguarding"] is True
