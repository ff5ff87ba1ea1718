"""Rings of a tsunami's reach, against an independent geodesic."""

import math
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely

from casa.disasters.tsunami import DEEPEST, speed, travel_time, tsunami_rings
from casa.geography.places import gazetteer
from tests.conftest import later

GEOD = pyproj.Geod(ellps="WGS84")


def test_speed_over_the_deep_sea():
    assert speed(4000) == pytest.approx(198.06, abs=0.01)


def test_each_edge_lies_where_the_wave_is():
    rings = tsunami_rings(-61.5, 16, 200, [15, 60, 360])
    for minutes, ring in zip([15, 60, 360], rings, strict=True):
        x, y = shapely.get_coordinates(ring.segmentize(0.1)).T
        far = GEOD.inv(np.full_like(x, -61.5), np.full_like(y, 16), x, y)[2]
        assert np.abs(far - minutes * 60 * 200).max() < 500


def test_rings_hold_one_another():
    small, large = tsunami_rings(-61.5, 16, 200, [15, 60])
    assert large.contains(small)


def test_a_ring_across_180_degrees():
    (ring,) = tsunami_rings(-175, -20, 200, [120])
    assert ring.geom_type == "MultiPolygon"
    assert ring.is_valid
    area = sum(abs(GEOD.geometry_area_perimeter(one)[0]) for one in ring.geoms)
    assert area == pytest.approx(math.pi * 1_440_000**2, rel=0.01)


@pytest.mark.parametrize(
    ("metres_per_second", "minutes"), [(0, 1), (200, 0), (math.nan, 1), (200, 700)]
)
def test_what_cannot_be_drawn(metres_per_second, minutes):
    with pytest.raises(ValueError, match=r"more than 0|beyond latitude"):
        tsunami_rings(-61.5, 16, metres_per_second, [minutes])


def test_water_has_a_depth():
    with pytest.raises(ValueError, match="more than 0"):
        speed(0)


# In the Puerto Rico Trench, some way from every coast.
WHERE = (-66.0, 19.6)


@pytest.mark.parametrize("code", ["BB", "JM", "VG", "BS"])
def test_nothing_comes_sooner_and_it_is_told_soon_enough(code):
    reach = gazetteer().reach_of((code,))
    x, y = shapely.get_coordinates(shapely.segmentize(reach, 0.005)).T
    far = GEOD.inv(np.full_like(x, WHERE[0]), np.full_like(y, WHERE[1]), x, y)[2].min()
    soonest = travel_time(*WHERE, DEEPEST, reach).total_seconds()
    assert soonest <= far / speed(DEEPEST) <= soonest + 8


def test_where_it_began_it_is_at_once():
    assert travel_time(-59.6, 13.1, DEEPEST, gazetteer().reach_of(("BB",))) == timedelta()
    with pytest.raises(ValueError, match="no place"):
        travel_time(-59.6, 13.1, DEEPEST, shapely.Polygon())


@pytest.fixture
def begin(client, bearer):
    def begin_(hazard="tsunami"):
        body = {"hazard": hazard, "name": "Demo"}
        return client.post("/v1/hazard-events", json=body, headers=bearer("cdema")).headers[
            "Location"
        ]

    return begin_


def test_each_place_hears_when_the_first_wave_may_come(client, bearer, begin):
    event, office, began = begin(), bearer("cdema"), later(minutes=-5)
    epicentre = {"longitude": WHERE[0], "latitude": WHERE[1], "time": began, "magnitude": 8.1}
    body = {
        "levels": {"VG": "emergency", "BB": "warning", "JM": "watch"},
        "epicentre": epicentre,
        "outlook": [{"places": ["JM"], "arrival": later(hours=3)}],
    }
    assert client.get(f"{event}/tsunami.geojson", headers=office).status_code == 404
    done = client.post(f"{event}/advisories?publish=true", json=body, headers=office)
    assert done.status_code == 201, done.json
    by_level = {one["level"]: one for one in done.json["messages"]}
    onsets = {
        level: one["onset"] and datetime.fromisoformat(one["onset"])
        for level, one in by_level.items()
    }
    start = datetime.fromisoformat(began)
    # It cannot be there yet: so it is told with its time, and as near.
    assert by_level["emergency"]["facts"]["near"]
    assert "is_here" not in by_level["emergency"]["facts"]
    assert start < onsets["emergency"] < start + timedelta(minutes=30)
    assert start < onsets["warning"] < start + timedelta(hours=1.5)
    # What the warning centre says goes before, to the quarter hour too.
    told = datetime.fromisoformat(body["outlook"][0]["arrival"])
    assert abs(onsets["watch"] - told) <= timedelta(minutes=7.5)
    alert = client.get(f"/v1/alerts/{done.json['messages'][0]['identifier']}").json
    assert "8.1" in alert["info"][0]["description"]
    assert "first wave" in alert["info"][0]["description"]
    shown = client.get(f"{event}/tsunami.geojson", headers=office)
    assert shown.content_type == "application/geo+json"
    by_role = {}
    for one in shown.json["features"]:
        by_role.setdefault(one["properties"]["role"], []).append(one)
    assert by_role["epicentre"][0]["geometry"]["coordinates"] == list(WHERE)
    rings = [shapely.geometry.shape(one["geometry"]) for one in by_role["ring"]]
    assert all(large.contains(small) for small, large in pairwise(rings))
    # A place is not told of a wave before the ring of that time is there.
    for one in by_role["arrival"]:
        if one["properties"]["place"].startswith("JM"):
            continue
        for ring in by_role["ring"]:
            reached = shapely.geometry.shape(ring["geometry"])
            where = gazetteer().place(one["properties"]["place"]).reach
            if one["properties"]["time"] > ring["properties"]["time"]:
                assert not reached.buffer(-0.05).intersects(where)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"longitude": 200}, "/epicentre/longitude"),
        ({"latitude": 60}, "/epicentre/latitude"),
        ({"time": "noon"}, "/epicentre/time"),
        ({"time": None}, "/epicentre/time"),
        ({"magnitude": 12}, "/epicentre/magnitude"),
        ({"deepest_m": 0}, "/epicentre/deepest_m"),
    ],
)
def test_malformed_epicentres(client, bearer, begin, change, pointer):
    epicentre = {"longitude": -66, "latitude": 19.6, "time": later()} | change
    body = {"levels": {"BB": "watch"}, "epicentre": epicentre}
    answer = client.post(f"{begin()}/advisories", json=body, headers=bearer("cdema"))
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_only_a_tsunami_has_an_epicentre(client, bearer, begin):
    epicentre = {"longitude": -66, "latitude": 19.6, "time": later()}
    body = {"levels": {"BB": "watch"}, "epicentre": epicentre}
    answer = client.post(f"{begin('flood')}/advisories", json=body, headers=bearer("cdema"))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == ["/epicentre"]
