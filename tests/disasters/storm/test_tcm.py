"""Forecast/advisories: read as the same track as JSON, and refused by line."""

import json
from datetime import UTC, datetime

import pytest

from casa.disasters.storm.tcm import read
from casa.disasters.storm.track import Quadrants, TrackError, from_mapping


def test_text_and_json_are_one_track(advisory, as_json):
    assert read(advisory) == from_mapping(as_json) == from_mapping(json.loads(json.dumps(as_json)))


def test_days_run_on_into_the_next_month_and_year(advisory):
    later = advisory.replace("SUN JUN 30 2024", "TUE DEC 31 2024").replace(" 30/", " 31/")
    assert [point.time for point in read(later).points] == [
        datetime(2024, 12, 31, 21, tzinfo=UTC),
        datetime(2025, 1, 1, 6, tzinfo=UTC),
        datetime(2025, 1, 1, 18, tzinfo=UTC),
        datetime(2025, 1, 4, 18, tzinfo=UTC),
    ]


def test_an_advisory_just_after_midnight_tells_of_the_day_before(advisory):
    early = advisory.replace("2100 UTC SUN JUN 30", "0010 UTC MON JUL 1")
    assert read(early).points[0].time == datetime(2024, 6, 30, 21, tzinfo=UTC)


def test_circles_can_be_given(advisory):
    assert [point.uncertainty_nm for point in read(advisory, {24: 48}).points] == [6, 24, 48, 192]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("TROPICAL STORM BERYL FORECAST/ADVISORY NUMBER   3", "BERYL"),
        ("TROPICAL STORM BERYL SPECIAL FORECAST/ADVISORY NUMBER 3", "BERYL"),
        ("POTENTIAL TROPICAL CYCLONE TWENTY-FIVE\nFORECAST/ADVISORY NUMBER   3", "TWENTY-FIVE"),
        ("REMNANTS OF BERYL FORECAST/ADVISORY NUMBER 3...CORRECTED", "BERYL"),
        ("Post-Tropical Cyclone Beryl Forecast/Advisory Number 3", "BERYL"),
    ],
)
def test_titles(advisory, title, name):
    track = read(advisory.replace("HURRICANE BERYL FORECAST/ADVISORY NUMBER  12", title))
    assert (track.name, track.advisory) == (name, 3)


def test_what_nhc_gives_as_its_example():
    """From "How To Read The Forecast/Advisory": Lee's advisory 22, to its first forecast."""
    track = read(
        "HURRICANE LEE FORECAST/ADVISORY NUMBER 22\n"
        "NWS NATIONAL HURRICANE CENTER MIAMI FL AL132023\n"
        "2100 UTC SUN SEP 10 2023\n"
        "HURRICANE CENTER LOCATED NEAR 22.1N 61.7W AT 10/2100Z\n"
        "MAX SUSTAINED WINDS 105 KT WITH GUSTS TO 120 KT.\n"
        "64 KT....... 40NE 35SE 30SW 40NW.\n"
        "50 KT....... 90NE 70SE 50SW 80NW.\n"
        "34 KT.......150NE 140SE 100SW 140NW.\n"
        "4 M SEAS....300NE 180SE 240SW 300NW.\n"
        "FORECAST VALID 11/0600Z 22.7N 62.7W\n"
        "MAX WIND 115 KT...GUSTS 140 KT.\n"
    )
    first, second = track.points
    assert track.identifier == "AL132023"
    assert first.radii == {
        64: Quadrants(40, 35, 30, 40),
        50: Quadrants(90, 70, 50, 80),
        34: Quadrants(150, 140, 100, 140),
    }
    assert (second.wind_kt, second.gust_kt, second.radii) == (115, 140, {})


@pytest.mark.parametrize(
    ("line", "now", "number", "expected"),
    [
        ("FORECAST VALID 01/0600Z 11.9N  61.5W", "FORECAST VALID 01/0600Z", 25, "01/0600Z 11.9N"),
        ("FORECAST VALID 01/0600Z 11.9N", "FORECAST VALID 01/0600Z 11.9", 25, "01/0600Z 11.9N"),
        ("VALID 01/0600Z", "VALID 31/0660Z", 25, "a day and time near 30/2100Z, not 31/0660Z"),
        ("VALID 01/1800Z", "VALID 01/0600Z", 31, "later than the one before"),
        ("MAX WIND 120 KT...GUSTS 145 KT.", "MAX WIND MANY KT", 32, "MAX WIND 115 KT...GUSTS"),
        ("MAX WIND 120 KT...GUSTS 145 KT.", "", 31, "a line MAX WIND 115 KT"),
        ("MAX WIND 120 KT", "MAX WIND 920 KT", 31, "0 to 250 knots"),
        ("34 KT...110NE  90SE", "34 KT...110NE  90", 33, "64 KT... 30NE"),
        ("34 KT...110NE", "34 KT..9110NE", 33, "0 to 1000 nautical miles"),
        ("18.8N  81.5W", "98.8N  81.5W", 38, "a latitude of -90 to 90"),
        ("HURRICANE CENTER LOCATED NEAR", "HURRICANE CENTER SOMEWHERE", 4, "CENTER LOCATED NEAR"),
        ("SUN JUN 30 2024", "SUN JUX 30 2024", 6, "2100 UTC SUN JUN 30 2024"),
        ("2100 UTC SUN JUN 30 2024", "", 1, "the time of issue"),
        ("AL022024", "", 1, "identifier such as AL022024"),
        ("FORECAST/ADVISORY NUMBER", "DISCUSSION NUMBER", 1, "FORECAST/ADVISORY NUMBER"),
    ],
)
def test_a_malformed_line_is_named(advisory, line, now, number, expected):
    assert line in advisory
    with pytest.raises(TrackError) as caught:
        read(advisory.replace(line, now, 1))
    assert caught.value.where == f"line {number}"
    assert expected in caught.value.detail
