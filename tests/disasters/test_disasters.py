"""Hazards: facts to texts in each language, and the record's life over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree

from casa.agencies.caller import Caller
from casa.alerts.areas import of_places
from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards
from casa.disasters.facts import LEVELS, LIFETIME, Facts, compose
from casa.exchange.cap import from_xml
from casa.exchange.cap_rules import CAP

NOW = datetime(2026, 8, 1, 18, 30, tzinfo=UTC)
OFFICE = Caller(1, "office", "The Office", "office@demo.invalid", None, None, ())
Bearer = Callable[[str], dict[str, str]]


def event(**changes: Any) -> dict[str, Any]:
    return {
        "hazard": "tropical_cyclone",
        "level": "watch",
        "name": "Demo",
        "area": [{"places": ["BB", "VC"]}],
        "incidents": ["al012026"],
    } | changes


@pytest.mark.parametrize("hazard", hazards.names())
@pytest.mark.parametrize("level", LEVELS)
def test_every_hazard_and_level_in_every_language(hazard: str, level: str) -> None:
    given = Facts(hazard=hazard, level=level, area=of_places(["HT"]), languages=LANGUAGES)
    content = compose(given, OFFICE, NOW)
    assert len({info.headline for info in content.info}) == len(LANGUAGES)
    for info in content.info:
        assert (info.urgency, info.severity, info.certainty) == LEVELS[level]
        assert info.category == (hazards.hazard(hazard).category,)
        assert info.expires == NOW + LIFETIME
        assert info.instruction


def test_it_lasts_from_its_onset() -> None:
    onset = NOW + timedelta(hours=30)
    given = Facts(hazard="flood", level="watch", area=of_places(["GY"]), onset=onset)
    assert compose(given, OFFICE, NOW).info[0].expires == onset + LIFETIME


def test_a_watch_becomes_a_warning_and_ends(client: FlaskClient, bearer: Bearer) -> None:
    office = bearer("cdema")
    opened = client.post("/v1/disasters?publish=true", json=event(), headers=office)
    assert opened.status_code == 201, opened.json
    address = opened.headers["Location"]
    raised = client.patch(
        f"{address}?publish=true",
        json={"level": "warning", "area": [{"places": ["BB"]}]},
        headers=office,
    )
    assert raised.status_code == 200, raised.json
    assert raised.json["alert"]["msg_type"] == "Update"
    shown = client.get(f"/v1/alerts/{raised.json['alert']['identifier']}").json
    assert shown["info"][0]["severity"] == "Severe"
    assert shown["incidents"] == ["al012026"]
    ended = client.post(f"{address}/end", json={}, headers=office).json
    assert ended["alert"]["msg_type"] == "Cancel"
    thread = client.get(f"/v1/alerts/{raised.json['alert']['identifier']}/thread").json["alerts"]
    assert [one["msg_type"] for one in thread] == ["Alert", "Update", "Cancel"]


def test_a_draft_that_ends_was_never_public(client: FlaskClient, bearer: Bearer) -> None:
    opened = client.post("/v1/disasters", json=event(), headers=bearer("cdema"))
    address = opened.headers["Location"]
    ended = client.post(f"{address}/end", json={}, headers=bearer("cdema"))
    assert (ended.status_code, ended.json["alert"]) == (200, None)
    assert client.get("/v1/alerts").json == {"alerts": [], "sequence": 0, "next": None}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"hazard": "wind"}, "/hazard"),
        ({"level": "red"}, "/level"),
        ({"name": "x" * 61}, "/name"),
        ({"onset": "tomorrow"}, "/onset"),
        ({"incidents": ["two words"]}, "/incidents/0"),
        ({"languages": ["de"]}, "/languages/0"),
        ({"web": "ftp://demo.invalid"}, "/web"),
        ({"category": 5}, "/category"),
    ],
)
def test_malformed_events(
    client: FlaskClient, bearer: Bearer, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/disasters", json=event(**change), headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json


def test_expires_before_onset_is_refused(client: FlaskClient, bearer: Bearer) -> None:
    onset = datetime.now(UTC) + timedelta(hours=5)
    given = event(onset=onset.isoformat(), expires=(onset - timedelta(hours=1)).isoformat())
    answer = client.post("/v1/disasters?publish=true", json=given, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert [error["pointer"] for error in answer.json["errors"]] == ["/onset"]
    assert client.get("/v1/disasters", headers=bearer("cdema")).json["records"] == []


def published(client: FlaskClient, bearer: Bearer, **changes: Any) -> Any:
    opened = client.post(
        "/v1/disasters?publish=true", json=event(**changes), headers=bearer("cdema")
    )
    assert opened.status_code == 201, opened.json
    return client.get(f"/v1/alerts/{opened.json['alert']['identifier']}").json


def test_a_single_warning_says_what_an_event_would(client: FlaskClient, bearer: Bearer) -> None:
    alert = published(
        client, bearer, level="warning", storm="tropical_storm", area=[{"places": ["SR", "HT"]}],
        languages=["en", "nl", "fr"],
    )  # fmt: skip
    english, dutch, french = alert["info"]
    assert english["headline"] == (
        "Tropical Storm Demo - Tropical storm warning: Suriname and Haiti"
    )
    assert dutch["event"] == "Waarschuwing tropische storm"
    assert french["event"] == "Alerte tempête tropicale"
    assert {"name": "SAME", "value": "TRW"} in english["event_code"]
    assert english["description"].startswith("Dangerous wind, rain and waves are expected.")
    assert "Message from " in english["description"]
    texts = client.get(f"/v1/alerts/{alert['identifier']}/texts").json["texts"]
    assert texts[0]["radio"].startswith("This is a message from ")


def test_an_advisory_is_minor(client: FlaskClient, bearer: Bearer) -> None:
    alert = published(client, bearer, level="advisory", hazard="rough_seas")
    shown = alert["info"][0]
    assert (shown["urgency"], shown["severity"], shown["certainty"]) == (
        "Future", "Minor", "Possible"
    )  # fmt: skip
    assert shown["event"] == "Rough seas advisory"


def test_an_agencys_own_words_go_before_and_are_followed(
    client: FlaskClient, bearer: Bearer
) -> None:
    alert = published(
        client, bearer, hazard="flood", level="watch", area=[{"places": ["BB"]}],
        description={"en": "The Constitution River may rise tonight."},
    )  # fmt: skip
    assert alert["info"][0]["description"] == "The Constitution River may rise tonight."
    (said,) = client.get(f"/v1/alerts/{alert['identifier']}/texts").json["texts"]
    assert "The Constitution River may rise tonight." in said["radio"]


def test_a_storm_has_a_strength_and_nothing_else_has(client: FlaskClient, bearer: Bearer) -> None:
    body = event(hazard="flood", storm="hurricane")
    answer = client.post("/v1/disasters", json=body, headers=bearer("cdema"))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == ["/storm"]


def test_cap_describes_places_in_the_language_of_each_block(
    client: FlaskClient, bearer: Bearer
) -> None:
    circle = {"type": "Point", "coordinates": [-64.76, 32.31], "radius": 5000}
    alert = published(
        client, bearer, hazard="flood", level="watch", languages=["fr", "nl", "en"],
        area=[{"places": ["HT", "VC"]}, {"shapes": [circle]},
              {"shapes": [circle], "area_desc": "Around the old port"}],
    )  # fmt: skip
    document = client.get(f"/v1/alerts/{alert['identifier']}.xml").data
    told = {
        info.findtext(f"{CAP}language"): [one.text for one in info.iter(f"{CAP}areaDesc")]
        for info in etree.fromstring(document).iter(f"{CAP}info")
    }
    assert told["en"][:2] == ["Haiti", "Saint Vincent and the Grenadines"]
    assert told["fr"][:2] == ["Haïti", "Saint-Vincent-et-les-Grenadines"]
    assert told["nl"][:2] == ["Haïti", "Saint Vincent en de Grenadines"]
    assert {desc[3] for desc in told.values()} == {"Around the old port"}
    assert (told["en"][2], told["fr"][2], told["nl"][2]) == ("Bermuda", "Bermudes", "Bermuda")
    read = from_xml(document)
    assert [area.area_desc for area in read.area] == [area["area_desc"] for area in alert["area"]]
