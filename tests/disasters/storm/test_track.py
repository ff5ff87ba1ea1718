"""Tracks of JSON: what they hold, how uncertain they are, and what is refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from casa.disasters.storm.track import (
    Quadrants,
    Track,
    TrackError,
    TrackPoint,
    from_mapping,
    to_mapping,
)
from casa.disasters.storm.uncertainty import ATLANTIC, cone_of, radius


def test_what_a_track_holds(as_json):
    track = from_mapping(as_json)
    first = track.points[0]
    assert (track.name, track.identifier, track.advisory) == ("BERYL", "AL022024", 12)
    assert first.time == datetime(2024, 6, 30, 21, tzinfo=UTC)
    assert (first.longitude, first.latitude, first.wind_kt, first.gust_kt) == (
        -59.6,
        11.2,
        115,
        140,
    )
    assert first.radii[64] == Quadrants(30, 20, 15, 30)
    assert track.points[1].time.tzinfo is UTC


def test_there_and_back(as_json):
    track = from_mapping(as_json)
    assert from_mapping(json.loads(json.dumps(to_mapping(track)))) == track


def test_uncertainty_counts_from_the_synoptic_hour_by_the_season(as_json):
    found = [point.uncertainty_nm for point in from_mapping(as_json).points]
    assert found == [26 * 3 / 12, 26, 41, 151]


def test_uncertainty_can_be_given_for_all_or_for_a_point(as_json):
    as_json["points"][1]["uncertainty_nm"] = 7
    found = [point.uncertainty_nm for point in from_mapping(as_json, {24: 48}).points]
    assert found == [6, 7, 48, 192]


def test_seasons():
    assert cone_of(1999) == ATLANTIC[2023]
    assert cone_of(2025) == ATLANTIC[2025]
    assert cone_of(2031) == ATLANTIC[2026]


@pytest.mark.parametrize(
    ("hours", "expected"), [(-3, 0), (0, 0), (6, 13), (12, 26), (84, 126.5), (120, 220), (144, 289)]
)
def test_radius_between_the_hours_of_the_table_and_beyond(hours, expected):
    assert radius(timedelta(hours=hours), ATLANTIC[2024]) == pytest.approx(expected)


def test_strengths_that_reach_nowhere_are_left_out():
    given = TrackPoint(
        time=datetime(2024, 7, 1, tzinfo=UTC),
        longitude=-60,
        latitude=12,
        wind_kt=30,
        radii={34: Quadrants(0, 0, 0, 0)},
    )
    assert given.radii == {}


def test_longitudes_beyond_180_degrees_are_turned():
    point = TrackPoint(
        time=datetime(2024, 7, 1, tzinfo=UTC), longitude=181.5, latitude=1, wind_kt=9
    )
    assert point.longitude == -178.5


@pytest.mark.parametrize(
    ("member", "value", "where", "detail"),
    [
        ("time", "noon", "$.points[0].time", "Invalid RFC3339"),
        ("time", "2024-06-30T21:00:00", "$.points[0]", "offset from UTC"),
        ("latitude", 91, "$.points[0]", "-90 to 90"),
        ("longitude", float("nan"), "$.points[0]", "longitude up to 360"),
        ("wind_kt", None, "$.points[0].wind_kt", "Expected `float`"),
        ("wind_kt", 300, "$.points[0]", "0 to 250 knots"),
        ("gust_kt", -1, "$.points[0]", "0 to 250 knots"),
        ("uncertainty_nm", -1, "$.points[0]", "0 to 1000 nautical miles"),
        ("radii", {"35": {}}, "key in $.points[0].radii", "35"),
        ("radii", {"34": {"ne": -1, "se": 0, "sw": 0, "nw": 0}}, "$.points[0].radii", "0 to 1000"),
        ("radii", {"34": {"ne": 1}}, "$.points[0].radii", "missing required field"),
        ("speed", 3, "$.points[0]", "unknown field"),
    ],
)
def test_what_is_refused(as_json, member, value, where, detail):
    as_json["points"][0][member] = value
    with pytest.raises(TrackError) as caught:
        from_mapping(as_json)
    assert caught.value.where.startswith(where)
    assert detail in caught.value.detail


def test_points_have_an_order(as_json):
    as_json["points"].reverse()
    with pytest.raises(TrackError, match="a time after 2024-07-04T18:00Z in the next point"):
        from_mapping(as_json)
    as_json["points"] = []
    with pytest.raises(TrackError, match="at least one point"):
        from_mapping(as_json)
    with pytest.raises(ValueError, match="at least one point"):
        Track(name="A", identifier="AL012024", points=())
