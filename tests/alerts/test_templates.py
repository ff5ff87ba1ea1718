"""Prepared texts: kept only when they work, filled with checked values, ended as prepared."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies.permissions import Role
from tests.conftest import SignedIn

FLOOD: dict[str, Any] = {
    "name": "River in flood",
    "kind": "disaster",
    "lasts": 180,
    "info": [
        {
            "language": "en", "category": ["Met"], "event": "Flood", "urgency": "Immediate",
            "severity": "Moderate", "certainty": "Observed",
            "headline": "{river} in flood in {parish}",
            "instruction": "Stay {metres} metres away; look again at {hour}.",
        },
        {
            "language": "fr", "category": ["Met"], "event": "Crue", "urgency": "Immediate",
            "severity": "Moderate", "certainty": "Observed",
            "headline": "{river} en crue à {parish}",
            "instruction": "Restez à {metres} mètres ; revoyez à {hour}.",
        },
    ],
    "blanks": {
        "river": {"type": "text"},
        "parish": {"type": "place"},
        "metres": {"type": "number", "least": 10, "most": 1000},
        "hour": {"type": "time"},
    },
    "cancellation": {"en": "The river is back in its bed.", "fr": "La rivière est dans son lit."},
}  # fmt: skip
VALUES = {
    "river": "Rio Cobre", "parish": "JM-14", "metres": 200, "hour": "2026-08-01T14:30:00-05:00"
}  # fmt: skip
AREA = [{"places": ["JM-14"]}]


@pytest.fixture
def author(officer: Callable[..., SignedIn]) -> SignedIn:
    return officer("odpem", Role.AUTHOR)


def keep(client: FlaskClient, one: SignedIn, **changed: Any) -> Any:
    return client.post("/v1/templates", json=FLOOD | changed, headers=one.headers)


def test_a_warning_in_one_call_and_its_end_in_another(
    client: FlaskClient, author: SignedIn
) -> None:
    made = keep(client, author)
    assert made.status_code == 201, made.json
    path = f"/v1/templates/{made.json['id']}/fill?publish=true"
    body = {"blanks": VALUES, "area": AREA}
    alert = client.post(path, json=body, headers=author.headers)
    assert (alert.status_code, alert.json["state"]) == (201, "published"), alert.json
    english, french = alert.json["info"]
    assert english["headline"] == "Rio Cobre in flood in Saint Catherine"
    assert english["instruction"] == "Stay 200 metres away; look again at 14:30."
    assert french["headline"] == "Rio Cobre en crue à Saint Catherine"
    end = f"/v1/alerts/{alert.json['identifier']}/cancel"
    cancel = client.post(end, json={}, headers=author.headers)
    texts = [info["description"] for info in cancel.json["info"]]
    assert texts == list(FLOOD["cancellation"].values())


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"river": ""}, "/blanks/river"),
        ({"parish": "JM-99"}, "/blanks/parish"),
        ({"metres": "many"}, "/blanks/metres"),
        ({"metres": 5}, "/blanks/metres"),
        ({"hour": "soon"}, "/blanks/hour"),
        ({"hour": "2026-08-01T14:30:00"}, "/blanks/hour"),
        ({"extra": 1}, "/blanks/extra"),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    client: FlaskClient, author: SignedIn, changed: dict[str, Any], pointer: str
) -> None:
    identifier = keep(client, author).json["id"]
    body = {"blanks": VALUES | changed, "area": AREA}
    answer = client.post(f"/v1/templates/{identifier}/fill", json=body, headers=author.headers)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_a_template_that_would_not_work_is_not_kept(client: FlaskClient, author: SignedIn) -> None:
    untyped = keep(client, author, blanks={})
    assert "/info/0/headline" in [one["pointer"] for one in untyped.json["errors"]]
    unused = keep(client, author, blanks=FLOOD["blanks"] | {"spare": {"type": "text"}})
    assert unused.json["errors"][0]["pointer"] == "/blanks/spare"
    endless = keep(client, author, cancellation={"en": "Over."})
    assert endless.json["errors"][0]["detail"] == "needs a text in fr"
    wrong = [FLOOD["info"][0] | {"severity": "Bad"}, FLOOD["info"][1]]
    assert keep(client, author, info=wrong).json["errors"][0]["pointer"] == "/info/0/severity"
    unequal = [FLOOD["info"][0] | {"expires": "2026-01-01T00:00:00Z"}, FLOOD["info"][1]]
    assert keep(client, author, info=unequal).status_code == 422
    assert client.get("/v1/templates", headers=author.headers).json["templates"] == []


def test_nothing_real_comes_of_an_exercises_template(client: FlaskClient, author: SignedIn) -> None:
    identifier = keep(client, author, status="Exercise").json["id"]
    path = f"/v1/templates/{identifier}/fill?publish=true"
    body = {"blanks": VALUES, "area": AREA}
    forced = client.post(path, json=body | {"status": "Actual"}, headers=author.headers)
    assert forced.status_code == 422
    alert = client.post(path, json=body, headers=author.headers).json
    assert alert["status"] == "Exercise"
    assert alert["info"][0]["headline"].startswith("EXERCISE EXERCISE EXERCISE: ")
    assert alert["info"][1]["headline"].startswith("EXERCICE EXERCICE EXERCICE: ")


def test_they_are_the_agencys_own(
    client: FlaskClient, author: SignedIn, officer: Callable[..., SignedIn]
) -> None:
    identifier = keep(client, author).json["id"]
    path = f"/v1/templates/{identifier}"
    stranger, auditor = officer("cdema", Role.AUTHOR), officer("odpem", Role.AUDITOR)
    assert client.get(path, headers=stranger.headers).status_code == 404
    assert client.put(path, json=FLOOD, headers=stranger.headers).status_code == 404
    assert client.post(f"{path}/fill", json={}, headers=stranger.headers).status_code == 404
    assert client.get(path, headers=auditor.headers).status_code == 200
    assert client.put(path, json=FLOOD, headers=auditor.headers).status_code == 403
    renamed = client.put(path, json=FLOOD | {"name": "Rivers"}, headers=author.headers)
    assert renamed.json["name"] == "Rivers"
    assert client.delete(path, headers=author.headers).status_code == 204
    assert client.get(path, headers=author.headers).status_code == 404
