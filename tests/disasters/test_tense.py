"""When a thing is told to come, by whose clock, and how exactly."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards
from casa.disasters.scales import step
from casa.disasters.texts import LEVELS, Facts, Named, Texts, compose, fits_one_message, storm_name
from casa.disasters.texts.catalogue import catalogue
from casa.disasters.texts.facts import Storm
from casa.disasters.texts.radio import MOST_SECONDS, seconds
from casa.geography.places import gazetteer

NOW = datetime(2026, 7, 3, 12, 2, tzinfo=UTC)
ARRIVING = [code for code, one in hazards.hazards().items() if "arrival" in one.facts]
STANDING = [level for level in LEVELS if level != "all_clear"]


def facts(*states: str, **changes: Any) -> Facts:
    codes = states or ("JM",)
    places = tuple(Named(p.name, p.names) for p in map(gazetteer().place, codes))
    return Facts(**({"places": places, "states": codes, "now": NOW} | changes))


def texts(hazard: str, level: str, known: Facts, language: str = "en") -> Texts:
    return compose(hazard, level, known, language)


def whole(said: Texts) -> str:
    return "\n".join((said.headline, said.description, said.instruction, said.sms, said.radio))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hazard", ARRIVING)
def test_what_has_come_is_never_told_to_come(hazard: str, language: str) -> None:
    words = hazards.hazard(hazard).words(language)
    coming = words.facts["arrival"].split("{")[0].rstrip()
    for hours in (0, 1, 6, 11, 13, 48):
        for earliest in (False, True):
            known = facts(arrival=NOW - timedelta(hours=hours), earliest=earliest)
            for level in STANDING:
                said = whole(texts(hazard, level, known, language))
                assert coming not in said
                assert not re.search(r"\b(2|3) (July|juillet|jiyè|juli|de julio)", said), said
                assert (words.facts["arrived"] in said) is (hours < 12)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_the_message_and_the_script_tell_one_time(language: str) -> None:
    known = facts(arrival=NOW + timedelta(hours=9, minutes=40))
    said = texts("tropical_cyclone", "warning", known, language)
    exact = texts(
        "tropical_cyclone", "warning", facts(arrival=NOW.replace(hour=22, minute=0)), language
    )
    assert said == exact


def test_near_times_are_told_to_the_quarter_hour() -> None:
    known = facts(arrival=NOW + timedelta(hours=2, minutes=4))
    assert (
        "about 9 am on Friday 3 July, Jamaica time." in texts("flood", "warning", known).description
    )
    known = facts(arrival=NOW + timedelta(hours=2, minutes=24))
    said = texts("flood", "warning", known)
    assert "about 9:30 am on Friday 3 July" in said.description
    assert "Expected Friday 3, 9:30 am." in said.sms


@pytest.mark.parametrize(
    ("language", "text", "sms"),
    [
        ("en", "may arrive from 9:15 am on Friday 3 July, Jamaica time, at the earliest.",
         "At the earliest Friday 3, 9:15 am."),
        ("fr", "peut arriver au plus tôt à 9 h 15 le vendredi 3 juillet, heure de la Jamaïque.",
         "Au plus tot vendredi 3 à 9 h 15."),
        ("ht", "ka rive apati 9è 15 dimaten vandredi 3 jiyè, lè Jamayik.",
         "Pi bonè a: vandredi 3 a 9è 15 dimaten."),
        ("nl", "kan aankomen op zijn vroegst om 9.15 uur op vrijdag 3 juli, Jamaicaanse tijd.",
         "Op zijn vroegst vrijdag 3 om 9.15 uur."),
        ("es", "puede llegar a partir de las 9:15 de la mañana del viernes 3 de julio",
         "No antes del viernes 3 a las 9:15 de la mañana."),
    ],
)  # fmt: skip
def test_the_soonest_is_told_as_the_soonest(language: str, text: str, sms: str) -> None:
    known = facts(arrival=NOW + timedelta(hours=2, minutes=24), earliest=True)
    said = texts("tsunami", "warning", known, language)
    assert text in said.description
    assert sms in said.sms


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", STANDING)
def test_a_tsunami_tells_near_from_far(level: str, language: str) -> None:
    words = hazards.hazard("tsunami").words(language).facts
    arrival = NOW + timedelta(hours=2)
    near = texts("tsunami", level, facts(arrival=arrival, earliest=True, near=True), language)
    far = texts("tsunami", level, facts(arrival=arrival, earliest=True), language)
    unknown = texts("tsunami", level, facts(), language)
    for said, expected in ((near, {"near"}), (far, {"far"}), (unknown, set())):
        for name in ("near", "far"):
            assert (words[name] in said.description) is (name in expected)
    assert words["near"] in near.radio
    assert "far away" not in whole(near)


def test_a_wave_that_cannot_be_here_yet_is_not_told_as_here() -> None:
    known = facts("AG", arrival=NOW + timedelta(minutes=9), earliest=True, near=True)
    said = texts("tsunami", "warning", known)
    assert "may arrive from 8:11 am on Friday 3 July" in said.description
    assert "here" not in said.sms
    assert "may be here already" not in whole(said)


def test_another_year_and_a_day_far_off_are_told() -> None:
    far = facts(arrival=datetime(2027, 1, 4, 15, tzinfo=UTC))
    said = texts("drought", "watch", far)
    assert "2027" not in said.description  # a drought does not arrive
    said = texts("heat", "watch", far)
    assert "about 10 am on Monday 4 January 2027, Jamaica time." in said.description
    assert "Expected 4 January 2027, 10 am." in said.sms
    assert "2026" not in whole(texts("heat", "watch", facts(arrival=NOW + timedelta(hours=30))))


def test_a_next_update_that_is_over_is_not_promised() -> None:
    late = facts(next_update=NOW - timedelta(minutes=1))
    assert "tell you more" not in whole(texts("flood", "watch", late))
    soon = facts(next_update=NOW + timedelta(hours=3))
    assert "We will tell you more by 10:02 am" in texts("flood", "watch", soon).description


def test_several_clocks_are_all_named_also_in_a_short_message() -> None:
    known = facts("JM", "BB", "GD", arrival=NOW + timedelta(hours=9, minutes=58))
    said = texts("flood", "watch", known)
    for text in (said.description, said.radio):
        assert "5 pm on Friday 3 July, Jamaica time" in text
        assert "6 pm on Friday 3 July, Barbados time and Grenada time" in text
    two = facts("JM", "BB", arrival=NOW + timedelta(hours=9, minutes=58))
    short = texts("flood", "watch", two).sms
    assert "Expected Friday 3, 5 pm Jamaica time; Friday 3, 6 pm Barbados time." in short
    one = texts("flood", "watch", facts("JM", arrival=NOW + timedelta(hours=9, minutes=58))).sms
    assert "Expected Friday 3, 5 pm." in one


def test_what_is_decided_begins_at_its_very_time() -> None:
    known = facts(arrival=NOW + timedelta(hours=9, minutes=28))
    said = texts("curfew", "warning", known)
    assert "It begins at 4:30 pm on Friday 3 July, Jamaica time." in said.description
    assert said.sms.startswith(
        "Curfew: Jamaica. Stay at home during the curfew. From Friday 3, 4:30 pm."
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("storm", get_args(Storm))
def test_a_name_follows_the_strength(storm: Storm, language: str) -> None:
    words = hazards.hazard("tropical_cyclone").words(language)
    full = storm_name(storm, "Imani", LANGUAGES).in_language(language)
    said = texts("tropical_cyclone", "warning", facts(storm=storm), language)
    assert full.endswith(" Imani")
    assert words.strengths[storm].noun.split()[0].lower() in full.lower()
    assert words.strengths[storm].noun in said.headline.lower()


# Said of every storm or flood, and false of some: a watch may end without any, and sooner or later.
NOT_ALWAYS_TRUE = (
    "within two days", "deux jours", "de jou k ap", "binnen twee dagen", "próximos dos días",
    "storm has passed", "cyclone est passé", "Move tan an pase epi", "storm is voorbij",
    "ciclón ya pasó",
    "Broken wires", "is going down", "L'eau baisse", "ap desann epi alèt", "water zakt",
    "está bajando", "Something far away", "former au loin", "Ver weg is",
    "Stay there until", "Restez-y", "Rete la jisk", "Blijf daar totdat", "Quédese allí",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hazard", hazards.names())
def test_no_fixed_sentence_can_be_false(hazard: str, language: str) -> None:
    for level in LEVELS:
        cell = hazards.hazard(hazard).words(language).at(level)
        said = " ".join((*cell.description, *cell.instruction, cell.action))
        assert not [phrase for phrase in NOT_ALWAYS_TRUE if phrase in said]


@pytest.mark.parametrize("language", LANGUAGES)
def test_boats_are_not_told_to_stay_where_people_must(language: str) -> None:
    told = hazards.hazard("tsunami").words(language).warning.instruction
    boats = {"en": "Boats", "fr": "bateaux", "ht": "Bato", "nl": "Boten", "es": "barcos"}[language]
    assert boats in told[-1]


FULL = {
    "arrival": NOW + timedelta(hours=9),
    "next_update": NOW + timedelta(hours=3),
    "wind_kmh": 185.0,
    "rain_mm": 250.0,
    "surge_m": 2.7,
    "magnitude": 7.1,
    "rivers": (Named("Rio Cobre"), Named("Yallahs")),
    "shelters": (Named("Morant Bay High School"), Named("Port Antonio Church Hall")),
    "agency": Named("Office of Disaster Preparedness"),
    "contact": "116",
}
KNOWN = (("VC", FULL | {"near": True, "earliest": True}), ("TT", FULL), ("MS", {}))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hazard", hazards.names())
def test_all_that_can_be_said_fits_a_message_and_ninety_seconds(hazard: str, language: str) -> None:
    strengths = (None, *hazards.hazard(hazard).strengths)
    speed = catalogue(language).words_per_minute
    for level in LEVELS:
        for storm in strengths:
            for state, changes in (
                ("VC", FULL | {"near": True, "earliest": True}),
                ("TT", FULL),
                ("MS", {}),
            ):
                known = facts(state, storm=storm, scale=step(state, hazard, level), **changes)
                said = texts(hazard, level, known, language)
                assert fits_one_message(said.sms), said.sms
                assert seconds(said.radio, speed) <= MOST_SECONDS, said.radio
                assert len(said.headline) <= 160
                assert "{" not in whole(said)
