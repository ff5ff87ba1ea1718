"""The machines' names of hazards: complete, and the same in JSON and in CAP XML."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.disasters import hazards
from casa.disasters.event_codes import OET, SAME, event_codes
from casa.disasters.levels import Level
from casa.exchange.cap import from_xml
from tests.conftest import later

# Written from the two lists by hand: of a warning, the OASIS term's number and the SAME letters.
WARNINGS = {
    "severe_weather": ("OET-194", "SVR"),
    "flash_flood": ("OET-081", "FFW"),
    "tropical_cyclone": ("OET-051", None),
    "flood": ("OET-081", "FLW"),
    "storm_surge": ("OET-189", "SSW"),
    "earthquake": ("OET-068", "EQW"),
    "tsunami": ("OET-203", "TSW"),
    "volcano": ("OET-208", "VOW"),
    "landslide": ("OET-119", None),
    "drought": ("OET-063", None),
    "wildfire": ("OET-217", "FRW"),
    "epidemic": ("OET-062", None),
    "hazardous_spill": ("OET-198", "HMW"),
}


# Neither list is known to have these.
WITHOUT = {
    "rough_seas", "dust_haze", "heat", "sargassum", "dam_failure", "water_outage", "power_outage",
    "civil_unrest", "curfew", "cyber_incident", "fraud",
}  # fmt: skip


def told(*arguments: Any, **more: Any) -> dict[str, str]:
    return {one.name: one.value for one in event_codes(*arguments, **more)}


def test_every_hazard_is_here() -> None:
    assert set(hazards.names()) == set(WARNINGS) | WITHOUT
    assert all(told(hazard, Level.WARNING) == {} for hazard in WITHOUT)


def test_nothing_lesser_than_a_watch_has_letters() -> None:
    assert told("flood", "advisory") == {OET: "OET-081"}


@pytest.mark.parametrize("hazard", WARNINGS)
def test_a_warning(hazard: str) -> None:
    term, same = WARNINGS[hazard]
    found = told(hazard, Level.WARNING)
    assert (found.pop(OET), found.pop(SAME, None)) == (term, same)
    assert not found
    # There is no letter for an emergency: it is at least a warning.
    assert told(hazard, Level.EMERGENCY) == told(hazard, Level.WARNING)
    assert told(hazard, Level.ALL_CLEAR) == {OET: term}


@pytest.mark.parametrize(
    ("storm", "level", "codes"),
    [
        ("hurricane", Level.WATCH, {OET: "OET-106", SAME: "HUA"}),
        ("hurricane", Level.WARNING, {OET: "OET-106", SAME: "HUW"}),
        ("tropical_storm", Level.WATCH, {OET: "OET-202", SAME: "TRA"}),
        ("tropical_storm", Level.EMERGENCY, {OET: "OET-202", SAME: "TRW"}),
        ("major_hurricane", Level.WARNING, {OET: "OET-106", SAME: "HUW"}),
        ("tropical_depression", Level.WARNING, {OET: "OET-201"}),
    ],
)
def test_a_cyclone_by_its_strength(storm: str, level: Level, codes: dict[str, str]) -> None:
    assert told("tropical_cyclone", level, storm) == codes
    assert told("flood", level, storm)[OET] == "OET-081"


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_no_receiver_sounds_its_alarm_for_an_exercise(status: str) -> None:
    assert told("tsunami", Level.WARNING, status=status) == {OET: "OET-203", SAME: "DMO"}
    assert told("drought", Level.WARNING, status=status) == {OET: "OET-063"}


def test_codes_go_out_and_come_back_in_xml(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]]
) -> None:
    office = bearer("cdema")
    body = {"hazard": "tropical_cyclone", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=office).headers["Location"]
    advisory = {
        "levels": {"BB": "warning"},
        "outlook": [{"places": ["BB"], "storm": "hurricane", "arrival": later(hours=9)}],
    }
    path = f"{event}/advisories?publish=true"
    made = client.post(path, json=advisory, headers=office).json["messages"][0]["identifier"]
    alert = client.get(f"/v1/alerts/{made}").json
    expected = [{"name": OET, "value": "OET-106"}, {"name": SAME, "value": "HUW"}]
    assert all(info["event_code"] == expected for info in alert["info"])
    xml = client.get(f"/v1/alerts/{made}.xml").data
    read = from_xml(xml)
    assert {(c.name, c.value) for info in read.info for c in info.event_code} == {
        (OET, "OET-106"), (SAME, "HUW")
    }  # fmt: skip


def test_a_single_warning_has_them_too(publish: Callable[..., Any]) -> None:
    body = {"hazard": "flood", "level": "watch", "area": [{"places": ["BB"]}]}
    found = publish(body, path="disasters")
    (alert,) = [one for one in [found.get("alert", found)] if "info" in one]
    assert alert["info"][0]["event_code"] == [
        {"name": OET, "value": "OET-081"}, {"name": SAME, "value": "FLA"}
    ]  # fmt: skip
