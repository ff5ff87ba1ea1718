"""Accidents: facts to texts in each language, and the record's life over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.accidents.compose import compose
from casa.accidents.facts import DEFAULTS, TYPES, Facts, Involved, Range, Road, Substance, severity
from casa.agencies.caller import Caller
from casa.alerts.areas import of_places
from casa.alerts.phrases import LANGUAGES, phrases

NOW = datetime(2026, 8, 1, 18, 30, tzinfo=UTC)
POLICE = Caller(1, "police", "The Police", "police@demo.invalid", "119", None, ())


def facts(**changes: Any) -> Facts:
    given = {"type": "road", "location": "A1 at Old Harbour", "area": of_places(["JM-14"])}
    return Facts(**(given | changes))


def test_every_type_in_every_language() -> None:
    for kind in TYPES:
        content = compose(facts(type=kind, languages=LANGUAGES), POLICE, NOW)
        assert [info.language for info in content.info] == list(LANGUAGES)
        assert len({info.headline for info in content.info}) == len(LANGUAGES)
        assert len({info.instruction for info in content.info}) == len(LANGUAGES)
        for info in content.info:
            assert info.expires == NOW + DEFAULTS[kind].lifetime
            assert info.category == DEFAULTS[kind].category
            assert (info.urgency, info.certainty) == ("Immediate", "Observed")


def test_the_words_of_each_language_have_the_same_shape() -> None:
    def shape(words: Any) -> Any:
        if isinstance(words, dict):
            return {name: shape(inner) for name, inner in words.items()}
        if isinstance(words, list):
            return len(words)
        return sorted(part.split("}")[0] for part in words.split("{")[1:])

    english = shape(phrases("casa.accidents", "en"))
    for language in LANGUAGES:
        assert shape(phrases("casa.accidents", language)) == english, language


def test_everything_known_is_said() -> None:
    content = compose(
        facts(
            type="hazardous_material",
            occurred=NOW - timedelta(minutes=30),
            casualties={"dead": Range(1, 1), "injured": Range(2, 4), "missing": Range(3)},
            involved=(Involved("tanker"), Involved("car", 2)),
            roads_closed=(Road("A1", "Old Harbour", "Freetown"), Road("B12")),
            substance=Substance("Chlorine", "1017", 800),
            description={"en": "A tanker has overturned."},
            diversion={"en": "Use the toll road."},
            advice={"en": "Stay inside."},
        ),
        POLICE,
        NOW,
    )
    (english,) = content.info
    assert english.headline == "Hazardous material accident: A1 at Old Harbour"
    assert english.description == (
        "A tanker has overturned. Reported at 13:00. Involved: 1 tanker, 2 cars. "
        "Casualties: 1 dead, 2 to 4 injured, at least 3 missing. "
        "Hazardous material: Chlorine (UN 1017). Keep at least 800 m away. "
        "Closed: A1 between Old Harbour and Freetown, B12. Diversion: Use the toll road."
    )
    assert english.instruction == "Stay inside."
    assert ("accident:injured", "2..4") in [(p.name, p.value) for p in english.parameter]


def test_languages_follow_the_place() -> None:
    languages = [
        [info.language for info in compose(facts(area=of_places([code])), POLICE, NOW).info]
        for code in ("HT-OU", "SR", "JM")
    ]
    assert languages[0][:2] == ["ht", "fr"]
    assert languages[1][0] == "nl"
    assert languages[2] == ["en"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Moderate"),
        ({"casualties": {"dead": Range(4, 6), "injured": Range(6, None)}}, "Severe"),
        ({"type": "sea", "casualties": {"missing": Range(12)}}, "Extreme"),
        ({"severity": "Minor", "casualties": {"dead": Range(50)}}, "Minor"),
    ],
)
def test_severity(changes: dict[str, Any], expected: str) -> None:
    assert severity(facts(**changes)) == expected


def test_a_record_and_its_thread(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]], road_accident: dict[str, Any]
) -> None:
    headers = bearer("police-jm")
    opened = client.post("/v1/accidents", json=road_accident, headers=headers)
    assert opened.status_code == 201, opened.json
    address = opened.headers["Location"]
    assert opened.json["alert"]["state"] == "draft"
    changed = client.patch(address, json={"casualties": {"dead": None}}, headers=headers)
    assert changed.json["facts"]["casualties"] == {"injured": {"least": 2, "most": 4}}
    assert changed.json["alert"]["identifier"] == opened.json["alert"]["identifier"]
    published = client.patch(address + "?publish=true", json={}, headers=headers).json
    assert published["alert"]["state"] == "published"
    updated = client.patch(
        address + "?publish=true", json={"location": "A1, Old Harbour roundabout"}, headers=headers
    ).json
    assert updated["alert"]["msg_type"] == "Update"
    assert updated["alert"]["thread"] == opened.json["alert"]["thread"]
    ended = client.post(
        address + "/end", json={"reason": {"en": "The road is open."}}, headers=headers
    )
    assert ended.json["alert"]["msg_type"] == "Cancel"
    assert ended.json["ended"]
    assert client.post(address + "/end", json={}, headers=headers).status_code == 409
    assert client.patch(address, json={}, headers=headers).status_code == 409
    assert client.get(address, headers=bearer("police-tt")).status_code == 404
    assert client.get(address).status_code == 401
    states = [a["msg_type"] for a in client.get("/v1/alerts?since=0").json["alerts"]]
    assert states == ["Alert", "Update", "Cancel"]


def test_ending_a_draft_publishes_nothing(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]], road_accident: dict[str, Any]
) -> None:
    headers = bearer("police-jm")
    address = client.post("/v1/accidents", json=road_accident, headers=headers).headers["Location"]
    ended = client.post(address + "/end", json={}, headers=headers).json
    assert ended["alert"] is None
    assert client.get("/v1/alerts").json["sequence"] == 0


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "rocket"}, "/type"),
        ({"location": ""}, "/location"),
        ({"occurred": "2199-01-01T00:00:00Z"}, "/occurred"),
        ({"casualties": {"dead": {"least": 5, "most": 2}}}, "/casualties/dead/most"),
        ({"casualties": {"hurt": {"least": 5}}}, "/casualties/hurt"),
        ({"casualties": {"dead": {"least": -1}}}, "/casualties/dead/least"),
        ({"involved": [{"vehicle": "sled"}]}, "/involved/0/vehicle"),
        ({"type": "hazardous_material"}, "/substance"),
        ({"substance": {"name": "x", "un_number": "12"}}, "/substance/un_number"),
        ({"advice": {"de": "Achtung"}}, "/advice/de"),
        ({"expires": "2001-01-01T00:00:00Z"}, "/expires"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_bad_accidents(
    client: FlaskClient,
    bearer: Callable[[str], dict[str, str]],
    road_accident: dict[str, Any],
    change: dict[str, Any],
    pointer: str,
) -> None:
    answer = client.post(
        "/v1/accidents?publish=true", json=road_accident | change, headers=bearer("police-jm")
    )
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert client.get("/v1/alerts").json["sequence"] == 0


def test_outside_the_mandate(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]], road_accident: dict[str, Any]
) -> None:
    answer = client.post("/v1/accidents", json=road_accident, headers=bearer("police-tt"))
    assert answer.status_code == 403
    assert "JM-14" in answer.json["places"]
    answer = client.post("/v1/accidents", json=road_accident, headers=bearer("cdema"))
    assert answer.status_code == 403
    assert "kind accident" in answer.json["detail"]
