"""Missing persons: facts to texts in each language, and the record's life over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies.caller import Caller
from casa.alerts.areas import of_places
from casa.alerts.phrases import LANGUAGES
from casa.missing_persons.compose import compose
from casa.missing_persons.facts import CATEGORIES, LIFETIME, SEVERITY, Facts

NOW = datetime(2026, 8, 1, 18, 30, tzinfo=UTC)
POLICE = Caller(1, "police", "The Police", "police@demo.invalid", "119", None, ())
Bearer = Callable[[str], dict[str, str]]


def facts(**changes: Any) -> Facts:
    given = {"category": "missing_child", "full_name": "A. Demo", "area": of_places(["JM-14"])}
    return Facts(**(given | changes))


def case(**changes: Any) -> dict[str, Any]:
    return {
        "category": "missing_child",
        "full_name": "A. Demo",
        "age": 9,
        "sex": "female",
        "last_seen": (datetime.now(UTC) - timedelta(hours=2)).isoformat(),
        "last_known_location": "Spanish Town market",
        "description": {"en": "Wearing a blue school uniform."},
        "area": [{"places": ["JM-14"]}],
    } | changes


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_in_every_language(category: str) -> None:
    content = compose(facts(category=category, age=9, languages=LANGUAGES), POLICE, NOW)
    assert [info.language for info in content.info] == list(LANGUAGES)
    assert len({info.headline for info in content.info}) == len(LANGUAGES)
    for info in content.info:
        assert info.severity == SEVERITY[category]
        assert info.expires == NOW + LIFETIME
        assert "A. Demo" in info.headline
        assert info.contact == "119"


def test_the_moment_is_told_in_the_places_own_time() -> None:
    content = compose(
        facts(last_seen=NOW, last_known_location="the market", description={"en": "In blue."}),
        POLICE,
        NOW,
    )
    # Jamaica is five hours behind UTC all year.
    assert "13:30" in content.info[0].description
    assert "the market" in content.info[0].description
    assert content.info[0].description.endswith("In blue.")


def test_a_case_is_opened_changed_and_ended(client: FlaskClient, bearer: Bearer) -> None:
    police = bearer("police-jm")
    opened = client.post("/v1/missing-persons?publish=true", json=case(), headers=police)
    assert opened.status_code == 201, opened.json
    address = opened.headers["Location"]
    assert opened.json["alert"]["sequence"] == 1
    assert opened.json["kind"] == "missing_person"
    listed = client.get("/v1/alerts?kind=missing_person&place=JM-14").json["alerts"]
    assert listed[0]["info"][0]["headline"].startswith("Missing child")
    changed = client.patch(
        f"{address}?publish=true",
        json={"last_known_location": "Portmore", "description": None},
        headers=police,
    )
    assert changed.status_code == 200, changed.json
    assert changed.json["alert"]["msg_type"] == "Update"
    assert "description" not in changed.json["facts"]
    wordy = client.post(f"{address}/end", json={"reason": {"en": "Found."}}, headers=police)
    assert wordy.status_code == 422
    ended = client.post(f"{address}/end", json={"outcome": "found_safe"}, headers=police)
    assert ended.status_code == 200, ended.json
    assert ended.json["outcome"] == "found_safe"
    assert ended.json["alert"]["msg_type"] == "Cancel"
    assert client.post(f"{address}/end", json={}, headers=police).status_code == 409
    assert client.patch(address, json={"age": 10}, headers=police).status_code == 409
    assert client.get("/v1/alerts?active=true").json["alerts"] == []


def test_nobody_elses_case_is_seen(client: FlaskClient, bearer: Bearer) -> None:
    opened = client.post("/v1/missing-persons", json=case(), headers=bearer("police-jm"))
    address = opened.headers["Location"]
    assert client.get(address).status_code == 404
    assert client.get(address, headers=bearer("police-tt")).status_code == 404
    assert client.get("/v1/missing-persons", headers=bearer("police-tt")).json["records"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"category": "runaway"}, "/category"),
        ({"full_name": ""}, "/full_name"),
        ({"age": -1}, "/age"),
        ({"age": "nine"}, "/age"),
        ({"sex": "f"}, "/sex"),
        ({"last_seen": "2199-01-01T00:00:00Z"}, "/last_seen"),
        ({"last_seen": "2026-01-01T00:00:00"}, "/last_seen"),
        ({"description": {"xx": "?"}}, "/description/xx"),
        ({"area": [{"places": ["JM-99"]}]}, "/area/0/places/0"),
        ({"photo": "x"}, "/photo"),
    ],
)
def test_malformed_cases(
    client: FlaskClient, bearer: Bearer, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/missing-persons", json=case(**change), headers=bearer("police-jm"))
    assert answer.status_code == 422, answer.json
    pointers = [error["pointer"] for error in answer.json["errors"]]
    assert any(one.startswith(pointer) for one in pointers), answer.json


def test_the_mandate_holds(client: FlaskClient, bearer: Bearer) -> None:
    abroad = case(area=[{"places": ["TT"]}])
    answer = client.post("/v1/missing-persons", json=abroad, headers=bearer("police-jm"))
    assert answer.status_code == 403
    answer = client.post("/v1/missing-persons", json=case(), headers=bearer("odpem"))
    assert answer.status_code == 403
