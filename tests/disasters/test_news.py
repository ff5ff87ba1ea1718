"""Which change of facts is told, which is only shown, and what the text of each place holds."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.agencies.caller import Caller
from casa.disasters import wording
from casa.disasters.advisory import Advisory, Outlook
from casa.disasters.levels import Alert, Level, Update, follow, last_heard, what_to_say
from casa.disasters.models import HazardEvent
from casa.disasters.news import STEPS, USUAL, is_news
from casa.disasters.readings import Reading, readings

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
OFFICE = Caller(1, "office", "The Office", "office@example.org", None, None, ())
STORM = HazardEvent(
    hazard="tropical_cyclone", name="Demo", identifiers=["AL992026"], status="Actual"
)
PLACES = ("BB-01", "BB-02", "GD-01", "JM-14", "JM-01", "KY", "HT-OU")
TOLD = Reading(storm="hurricane", wind_kmh=150, surge_m=2, rain_mm=100, arrival=NOON)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("hazard", "change", "news"),
    [
        ("tropical_cyclone", {"storm": "major_hurricane"}, True),
        ("tropical_cyclone", {"storm": "tropical_storm"}, True),
        ("tropical_cyclone", {"storm": None}, False),
        ("tropical_cyclone", {"named": "major_hurricane"}, False),
        ("tropical_cyclone", {"wind_kmh": 170}, False),
        ("tropical_cyclone", {"wind_kmh": 175}, True),
        ("tropical_cyclone", {"wind_kmh": 100}, False),
        ("tropical_cyclone", {"wind_kmh": None}, False),
        ("tropical_cyclone", {"surge_m": 2.4}, False),
        ("tropical_cyclone", {"surge_m": 2.5}, True),
        ("tropical_cyclone", {"rain_mm": 150}, True),
        ("tropical_cyclone", {"arrival": NOON - hours(2)}, False),
        ("tropical_cyclone", {"arrival": NOON - hours(3)}, True),
        ("tropical_cyclone", {"arrival": NOON + hours(9)}, False),
        ("tropical_cyclone", {"arrival": None}, False),
        ("tropical_cyclone", {"is_here": True}, False),
        ("tropical_cyclone", {"next_update": NOON, "contact": "112", "languages": ("en",)}, False),
        ("tropical_cyclone", {"shelters": ("School",)}, False),
        ("tropical_cyclone", {"rivers": ("Rio Cobre",)}, True),
        ("tropical_cyclone", {"words": "other"}, True),
        ("tsunami", {"arrival": NOON - hours(0.25)}, True),
        ("tsunami", {"near": True}, True),
        ("flood", {"rain_mm": 125}, True),
        ("flood", {"arrival": NOON - hours(1)}, True),
        ("dust_haze", {"wind_kmh": 175}, True),
    ],
)
def test_the_table(hazard, change, news):
    assert is_news(hazard, TOLD, msgspec.structs.replace(TOLD, **change)) is news


@pytest.mark.parametrize(
    "name", ["wind_kmh", "rain_mm", "surge_m", "magnitude", "arrival", "storm", "named"]
)
def test_what_nobody_told_before_is_news(name):
    now = Reading(
        wind_kmh=100, rain_mm=100, surge_m=1, magnitude=7, arrival=NOON, storm="hurricane",
        named="hurricane",
    )  # fmt: skip
    assert is_news("tropical_cyclone", Reading(), Reading(**{name: getattr(now, name)}))


def test_what_has_come_cannot_come_sooner():
    here = Reading(arrival=NOON, is_here=True)
    assert not is_news("tropical_cyclone", here, Reading(arrival=NOON - hours(9), is_here=True))


def test_the_documented_table_is_the_table():
    text = Path(__file__).parents[2].joinpath("docs/hazard-events.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (`\w+`|any other) \| (.+) \|$", text, re.MULTILINE))
    table = {f"`{name}`": one for name, one in STEPS.items()} | {"any other": USUAL}
    for hazard, steps in table.items():
        minutes = round(steps.sooner / timedelta(minutes=1))
        sooner = f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"
        assert rows[hazard].split(" | ") == [
            f"{steps.wind_kmh:g} km/h", f"{steps.rain_mm:g} mm", f"{steps.surge_m:g} m",
            f"{steps.magnitude:g}", sooner,
        ]  # fmt: skip


# Each place's figures are its own: a wind of 60 + 7 * its number and so on tells whose it is.
OF_PLACE = st.fixed_dictionaries(
    {"level": st.sampled_from([*Level])},
    optional={
        "storm": st.sampled_from(["tropical_storm", "hurricane"]),
        "wind": st.integers(0, 3),
        "surge": st.booleans(),
        "arrival": st.integers(-6, 40),
    },
)
ADVISORIES = st.lists(
    st.dictionaries(st.sampled_from(PLACES), OF_PLACE, max_size=len(PLACES)),
    min_size=1,
    max_size=5,
)


def wind_of(place, step):
    """In km/h, of four that no other place has; all are told as they are."""
    return 5.0 * (12 + PLACES.index(place) + len(PLACES) * step)


def surge_of(place):
    return (11 + PLACES.index(place)) / 10


def advisory_of(given_, moment):
    outlook = []
    for place, facts in given_.items():
        told = {"storm": facts.get("storm")}
        if "wind" in facts:
            told["wind_kmh"] = wind_of(place, facts["wind"])
        if facts.get("surge"):
            told["surge_m"] = surge_of(place)
        if "arrival" in facts:
            told["arrival"] = moment + hours(facts["arrival"])
        outlook.append(Outlook(places=(place,), **told))
    return Advisory(
        levels={place: facts["level"] for place, facts in given_.items()}, outlook=tuple(outlook)
    )


class Event:
    """An event carried from advisory to advisory as ``plans`` and ``speaking`` do."""

    def __init__(self):
        self.before, self.threads, self.told = {}, (), {}
        self.names = (f"t{number}" for number in count(1))

    def publish(self, given_, moment):
        advisory = advisory_of(given_, moment)
        now = readings(STORM.hazard, advisory, moment, self.told).by_part
        read = {place: one.as_read for place, one in now.items()}
        standing = {place for thread in self.threads for place in thread.places}
        tell = frozenset(
            place
            for place in standing & now.keys() & self.told.keys()
            if is_news(STORM.hazard, self.told[place], now[place])
        )
        after = advisory.by_part
        sayings = what_to_say(self.before, after, self.threads, read, tell)
        self.threads = follow(self.threads, sayings, self.names)
        self.before = after
        told = {place for saying in sayings for place in saying.told}
        last, self.told = self.told, {}
        for place in now:
            self.told[place] = now[place] if place in told else last.get(place, now[place])
        return advisory, now, sayings, last, told


@settings(deadline=None, max_examples=40)
@given(ADVISORIES)
def test_what_stands_is_the_newest_and_nobody_is_told_the_same_twice(advisories):
    event, moment, heard = Event(), NOON, {}
    for number, given_ in enumerate(advisories):
        moment += hours(3 * number)
        advisory, now, sayings, _, _ = event.publish(given_, moment)
        standing = {place: thread for thread in event.threads for place in thread.places}
        assert standing.keys() == now.keys()
        for place, thread in standing.items():
            assert (thread.level, thread.reading) == (advisory.by_part[place], now[place].as_read)
        for saying in sayings:
            for place in saying.told:
                news = saying.news, saying.reading if saying.news.stands else None
                assert heard.get(place) != news
                heard[place] = news
        # Where nothing is to be read anew nothing is said.
        assert what_to_say(event.before, event.before, event.threads, _read(now)) == ()
        assert last_heard(event.threads).keys() >= now.keys()


def _read(now):
    return {place: one.as_read for place, one in now.items()}


@settings(deadline=None, max_examples=40)
@given(ADVISORIES)
def test_whoever_is_only_shown_something_has_been_told_all_that_is_news(advisories):
    event, moment = Event(), NOON
    for number, given_ in enumerate(advisories):
        moment += hours(3 * number)
        _, now, _, _, _ = event.publish(given_, moment)
        for place, reading in now.items():
            assert not is_news(STORM.hazard, event.told[place], reading)


@settings(deadline=None, max_examples=40)
@given(ADVISORIES)
def test_messages_are_no_more_than_what_reads_differently(advisories):
    event, moment = Event(), NOON
    for number, given_ in enumerate(advisories):
        moment += hours(3 * number)
        threads = [thread for thread in event.threads if thread.places]
        advisory, now, sayings, _, _ = event.publish(given_, moment)
        different = {(advisory.by_part[place], one.as_read) for place, one in now.items()}
        alerts = [one for one in sayings if isinstance(one, Alert) and one.level.stands]
        # Told or shown: at most two for each.
        assert len(alerts) <= 2 * len(different)
        assert len({getattr(one, "thread", None) for one in sayings} - {None}) <= len(threads)


@settings(deadline=None, max_examples=40)
@given(ADVISORIES)
def test_the_text_for_a_place_holds_only_its_own_facts(advisories):
    event, moment = Event(), NOON
    for number, given_ in enumerate(advisories):
        moment += hours(3 * number)
        advisory, now, sayings, _, _ = event.publish(given_, moment)
        for saying in sayings:
            of_now = {advisory.by_part.get(place) for place in saying.places} == {saying.level}
            if isinstance(saying, Alert | Update) and of_now and saying.level.stands:
                read_by_its_places(advisory, given_, now, saying, moment)


def read_by_its_places(advisory, given_, now, saying, moment):
    reading = now[min(saying.places)].as_read
    statement = wording.Statement(saying.level, saying.places, reading, moment)
    content = wording.content(STORM, advisory, OFFICE, statement)
    for info in content.info:
        if info.language != "en":
            continue
        (spoken,) = [one for one in content.spoken if one.language == "en"]
        for place in saying.places:
            facts = given_[place]
            winds = {float(one) for one in re.findall(r"([\d]+) km/h", info.description)}
            assert winds == ({wind_of(place, facts["wind"])} if "wind" in facts else set())
            told = re.findall(r"([\d.]+) (?:m\b|metres)", info.description)
            surges = {float(one) for one in told}
            assert surges == ({surge_of(place)} if facts.get("surge") else set())
            if "arrival" not in facts or facts["arrival"] <= 0:
                assert info.onset is None
            else:
                assert abs(info.onset - moment - hours(facts["arrival"])) <= hours(0.5)
            assert spoken.sms
