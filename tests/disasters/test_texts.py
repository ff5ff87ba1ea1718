"""Texts composed from facts: what is said, what is left out, how long it may be."""

import re
from datetime import UTC, datetime
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.alerts.exercise import notice, prefix
from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards
from casa.disasters.texts import (
    LEVELS,
    Facts,
    Named,
    Texts,
    UnsupportedLanguage,
    compose,
    fits_one_message,
    storm_name,
)
from casa.disasters.texts.catalogue import catalogue
from casa.disasters.texts.facts import Storm
from casa.disasters.texts.gsm7 import is_gsm7, transliterate
from casa.disasters.texts.passage import label
from casa.disasters.texts.radio import seconds
from casa.geography.places import gazetteer

HAZARDS = hazards.names()
WARNINGS = list(product(HAZARDS, LEVELS))
FIVE_PM_IN_JAMAICA = datetime(2026, 7, 3, 22, 0, tzinfo=UTC)


def named(code: str) -> Named:
    place = gazetteer().place(code)
    return Named(place.name, place.names)


def full(**changes: Any) -> Facts:
    """Everything that can be known."""
    known = {
        "places": tuple(map(named, ("JM-03", "JM-04", "JM-01"))),
        "states": ("JM",),
        "event_name": storm_name("hurricane", "Beryl", LANGUAGES),
        "storm": "hurricane",
        "arrival": FIVE_PM_IN_JAMAICA,
        "next_update": datetime(2026, 7, 3, 17, 30, tzinfo=UTC),
        "wind_kmh": 185,
        "rain_mm": 250,
        "surge_m": 2.7,
        "magnitude": 7.1,
        "shelters": (Named("Morant Bay High School"), Named("Port Antonio Church Hall")),
        "agency": Named("ODPEM"),
        "contact": "116",
    }
    return Facts(**(known | changes))


def bare(**changes: Any) -> Facts:
    """Nothing but a place."""
    return Facts(**({"places": (named("JM-03"),)} | changes))


def fields(texts: Texts) -> dict[str, str]:
    return {name: getattr(texts, name) for name in texts.__struct_fields__}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("facts", [full(), bare()], ids=["full", "bare"])
def test_no_text_has_a_blank_or_a_gap(facts: Facts, language: str) -> None:
    for hazard, level in WARNINGS:
        for name, text in fields(compose(hazard, level, facts, language)).items():
            assert text.strip() == text, name
            assert text, name
            assert not re.search(r"[{}]|None|  |\(\)|\.\.|,\.|: ?\.| \.", text), text
            for line in text.splitlines():
                assert name == "headline" or line.endswith("."), line


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_names_hazard_level_and_place(language: str) -> None:
    for hazard, level in WARNINGS:
        texts = compose(hazard, level, bare(), language)
        named_so = label(hazard, level, None, language)
        assert texts.headline.startswith(named_so)
        assert texts.sms.startswith(transliterate(named_so))
        assert texts.radio.count(f"{named_so}. ") == 2
        action = hazards.hazard(hazard).words(language).at(level).action
        assert transliterate(action) in texts.sms
        assert action in texts.radio
        for text in (texts.headline, texts.sms, texts.description, texts.radio):
            assert "Saint Thomas" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", ["Exercise", "Test"])
@pytest.mark.parametrize("facts", [full, bare])
def test_no_exercise_can_be_taken_for_real(facts: Any, status: str, language: str) -> None:
    for hazard, level in WARNINGS:
        texts = compose(hazard, level, facts(status=status), language)
        mark = prefix(status, language)
        for name, text in fields(texts).items():
            assert text.startswith(transliterate(mark) if name == "sms" else mark), name
        assert notice(status, language) in texts.description
        assert notice(status, language) in texts.radio
        assert texts.radio.splitlines()[-2] == f"{mark}."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_real_warning_bears_no_mark(language: str) -> None:
    for hazard, level in WARNINGS:
        for text in fields(compose(hazard, level, full(), language)).values():
            for status in ("Exercise", "Test"):
                assert not re.search(rf"\b{prefix(status, language).split()[0]}\b", text)


names = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "S")), min_size=1, max_size=60
).filter(str.strip)
amounts = st.none() | st.floats(0.01, 2_000, allow_nan=False)
moments = st.none() | st.integers(1_767_225_600, 2_082_758_400).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
any_facts = st.builds(
    Facts,
    places=st.lists(st.builds(Named, names), min_size=1, max_size=30).map(tuple),
    states=st.lists(
        st.sampled_from(["JM", "BB", "HT", "BS", "BM", "SR"]), min_size=1, unique=True
    ).map(tuple),
    event_name=st.none() | st.builds(Named, names),
    storm=st.sampled_from([None, *get_args(Storm)]),
    arrival=moments,
    next_update=moments,
    wind_kmh=amounts,
    rain_mm=amounts,
    surge_m=amounts,
    magnitude=amounts,
    shelters=st.lists(st.builds(Named, names), max_size=8).map(tuple),
    agency=st.none() | st.builds(Named, names),
    contact=st.none() | names,
    status=st.sampled_from(["Actual", "Exercise", "Test"]),
)
warnings = st.tuples(st.sampled_from(HAZARDS), st.sampled_from(LEVELS), st.sampled_from(LANGUAGES))


@given(any_facts, warnings)
@settings(max_examples=100, deadline=None)
def test_a_short_message_is_one_whole_message(facts: Facts, warning: tuple[str, str, str]) -> None:
    hazard, level, language = warning
    words = catalogue(language)
    sms = compose(hazard, level, facts, language).sms
    assert fits_one_message(sms)
    assert transliterate(label(hazard, level, facts.storm, language)) in sms
    assert transliterate(hazards.hazard(hazard).words(language).at(level).action) in sms
    places = sms.split(": ", 2 if facts.status != "Actual" else 1)[-1]
    known = (transliterate(place.in_language(language)) for place in facts.places)
    assert any(places.startswith(name) for name in (*known, transliterate(words.lists.here)))


@given(any_facts, warnings)
@settings(max_examples=100, deadline=None)
def test_a_script_is_read_in_ninety_seconds(facts: Facts, warning: tuple[str, str, str]) -> None:
    hazard, level, language = warning
    script = compose(hazard, level, facts, language).radio
    words = catalogue(language)
    assert seconds(script, words.words_per_minute) <= 90
    cell = hazards.hazard(hazard).words(language).at(level)
    assert cell.description[0] in script
    assert cell.instruction[0] in script
    assert words.frame.radio_repeat in script
    assert script.count(label(hazard, level, facts.storm, language)) >= 2
    assert script.endswith(words.frame.radio_closing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_name_of_a_state_fits_even_in_an_exercise(language: str) -> None:
    for hazard, level in WARNINGS:
        state = named("VC")
        sms = compose(hazard, level, Facts(places=(state,), status="Exercise"), language).sms
        assert transliterate(state.in_language(language)) in sms
        assert is_gsm7(sms)


def test_a_place_in_another_script_is_sent_as_ucs2_when_that_fits() -> None:
    sms = compose("flood", "watch", Facts(places=(Named("水牛城"),)), "en").sms
    assert "水牛城" in sms
    assert len(sms) <= 70


def test_a_place_that_cannot_fit_gives_way_to_your_area() -> None:
    sms = compose("flood", "watch", Facts(places=(Named("x" * 150),)), "en").sms
    assert sms == "Flood watch: your area. Get ready to move to high ground."


def test_facts_are_told_in_the_units_of_the_language() -> None:
    english = compose("tropical_cyclone", "warning", full(), "en")
    assert "185 km/h (115 mph)" in english.description
    assert "250 mm (10 inches)" in english.description
    assert "2.7 m (9 feet)" in english.description
    assert "185 kilometres an hour or 115 miles an hour" in english.radio
    french = compose("tropical_cyclone", "warning", full(), "fr")
    assert "185 km/h" in french.description
    assert "2,7 m" in french.description
    assert "2,7 mètres" in french.radio
    assert "185 km/u" in compose("tropical_cyclone", "warning", full(), "nl").description
    assert "2.7 metros" in compose("tropical_cyclone", "warning", full(), "es").radio
    assert "2,7 mèt" in compose("tropical_cyclone", "warning", full(), "ht").radio


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "about 5 pm on Friday 3 July, Jamaica time."),
        ("fr", "vers 17 h le vendredi 3 juillet, heure de la Jamaïque."),
        ("ht", "vè 5è nan apremidi vandredi 3 jiyè, lè Jamayik."),
        ("nl", "rond 17.00 uur op vrijdag 3 juli, Jamaicaanse tijd."),
        ("es", "hacia las 5 de la tarde del viernes 3 de julio, hora de Jamaica."),
    ],
)
def test_arrival_is_told_in_local_time(language: str, said: str) -> None:
    assert said in compose("flood", "warning", full(), language).description


@pytest.mark.parametrize(
    ("language", "hour", "said"),
    [
        ("en", (5, 5), "12:05 am"),
        ("en", (17, 0), "12 noon"),
        ("fr", (13, 30), "8 h 30"),
        ("ht", (17, 15), "midi 15"),
        ("ht", (5, 0), "minwi"),
        ("ht", (0, 45), "7è 45 diswa"),
        ("nl", (13, 5), "8.05 uur"),
        ("es", (18, 0), "la 1 de la tarde"),
        ("es", (6, 10), "la 1:10 de la madrugada"),
        ("es", (17, 0), "las 12 del mediodía"),
        ("es", (1, 0), "las 8 de la noche"),
    ],
)
def test_hours_are_told_as_people_tell_them(
    language: str, hour: tuple[int, int], said: str
) -> None:
    arrival = datetime(2026, 7, 3, *hour, tzinfo=UTC)
    text = compose("flood", "warning", full(arrival=arrival), language).description
    assert f" {said} " in text


def test_the_first_of_a_month_is_told_as_it_is() -> None:
    first = full(arrival=datetime(2026, 7, 1, 15, 0, tzinfo=UTC))
    assert "mercredi 1er juillet" in compose("flood", "warning", first, "fr").description
    assert "mèkredi premye jiyè" in compose("flood", "warning", first, "ht").description


def test_daylight_saving_is_that_of_the_place_and_day() -> None:
    haiti = {"places": (named("HT"),), "states": ("HT",)}
    summer = Facts(arrival=datetime(2026, 7, 1, 12, 0, tzinfo=UTC), **haiti)
    winter = Facts(arrival=datetime(2026, 1, 7, 12, 0, tzinfo=UTC), **haiti)
    assert "8è dimaten" in compose("flood", "watch", summer, "ht").description
    assert "7è dimaten" in compose("flood", "watch", winter, "ht").description


def test_states_with_one_clock_share_local_time_and_others_are_told_apart() -> None:
    together = full(states=("BB", "GD"))
    assert "6 pm on Friday 3 July, local time." in (
        compose("flood", "warning", together, "en").description
    )
    apart = compose("flood", "warning", full(states=("BB", "GD", "JM")), "en")
    assert "6 pm on Friday 3 July, Barbados time and Grenada time; 5 pm" in apart.description
    assert "5 pm on Friday 3 July, Jamaica time." in apart.description


def test_names_are_said_in_the_language_and_long_lists_are_counted() -> None:
    states = Facts(places=tuple(map(named, ("BZ", "KY", "JM", "HT", "BB"))))
    assert compose("flood", "watch", states, "es").headline == (
        "Vigilancia de inundación: Belice, Islas Caimán, Jamaica y 2 lugares más"
    )
    two = Facts(places=tuple(map(named, ("BZ", "KY"))))
    assert compose("flood", "watch", two, "es").headline.endswith("Belice e Islas Caimán")
    assert compose("flood", "watch", two, "fr").headline.endswith("Belize et Îles Caïmans")
    four = Facts(places=tuple(map(named, ("BZ", "KY", "JM", "HT"))))
    assert compose("flood", "watch", four, "nl").headline.endswith("Jamaica en 1 andere plaats")


def test_a_storm_is_called_by_its_strength() -> None:
    assert compose("tropical_cyclone", "warning", full(), "ht").headline.startswith(
        "Siklòn Beryl - Alèt siklòn: "
    )
    weaker = full(storm="tropical_storm")
    assert compose("tropical_cyclone", "warning", weaker, "nl").headline.startswith(
        "Orkaan Beryl - Waarschuwing tropische storm: "
    )


def test_an_all_clear_forecasts_nothing() -> None:
    for language in LANGUAGES:
        texts = compose("tropical_cyclone", "all_clear", full(next_update=None), language)
        for text in (texts.description, texts.radio, texts.sms):
            assert "185" not in text
            assert "2.7" not in text.replace(",", ".")


def test_an_arrival_is_only_told_where_the_hazard_has_one() -> None:
    assert "Friday 3" not in compose("earthquake", "warning", full(), "en").sms
    assert "Friday 3" in compose("tsunami", "warning", full(), "en").sms


def test_a_language_is_read_by_its_first_subtag() -> None:
    assert compose("flood", "watch", bare(), "nl-SR") == compose("flood", "watch", bare(), "nl")
    with pytest.raises(UnsupportedLanguage):
        compose("flood", "watch", bare(), "pap")


@pytest.mark.parametrize(
    "wrong",
    [
        {"places": ()},
        {"arrival": datetime(2026, 7, 3, 22, 0), "states": ("JM",)},  # noqa: DTZ001
        {"arrival": FIVE_PM_IN_JAMAICA},
        {"wind_kmh": 0},
        {"surge_m": float("nan")},
        {"rain_mm": -1},
    ],
)
def test_facts_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        bare(**wrong)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(ValueError):
        Named(" ")
