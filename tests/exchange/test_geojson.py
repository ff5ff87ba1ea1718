"""GeoJSON by RFC 7946: one Feature a message, the right way round, circles drawn and told."""

import json

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import shape

from casa.alerts.message import Circle, Value
from casa.exchange import geojson
from tests.exchange.messages import MESSAGES, RING, a_message, an_area, an_info

GEOD = pyproj.Geod(ellps="WGS84")


def covered(**changes):
    return geojson.feature(a_message(area=(an_area(**({"circle": ()} | changes)),)))["geometry"]


def test_a_polygon_stays_as_it_is():
    assert covered() == {"type": "Polygon", "coordinates": [[list(p) for p in RING]]}


def test_a_clockwise_ring_is_turned():
    assert covered(polygon=(RING[::-1],)) == covered()


def test_several_shapes_are_a_multipolygon():
    message = a_message(area=(an_area(), an_area(circle=())))
    geometry = geojson.feature(message)["geometry"]
    assert geometry["type"] == "MultiPolygon"
    assert len(geometry["coordinates"]) == 3


def test_an_area_of_codes_alone_has_no_geometry():
    feature = geojson.feature(a_message(area=(an_area(polygon=(), circle=()),)))
    assert feature["geometry"] is None
    (area,) = feature["properties"]["area"]
    assert list(area["geocode"]) == [{"name": "ISO 3166-2", "value": "JM-01"}]


@pytest.mark.parametrize("radius", [50.0, 4500.0, 300_000.0])
def test_a_circle_is_drawn_around_the_true_one(radius):
    geometry = covered(polygon=(), circle=(Circle(-76.79, 17.97, radius),))
    drawn = shape(geometry)
    assert drawn.is_valid
    assert drawn.exterior.is_ccw
    for bearing in range(0, 360, 7):
        x, y, _ = GEOD.fwd(-76.79, 17.97, bearing, radius * 0.998)
        assert drawn.contains(shapely.Point(x, y))
        x, y, _ = GEOD.fwd(-76.79, 17.97, bearing, radius * 1.02)
        assert not drawn.contains(shapely.Point(x, y))


def test_the_true_circle_is_told():
    (area,) = geojson.feature(a_message())["properties"]["area"]
    assert list(area["circle"]) == [{"longitude": -76.79, "latitude": 17.97, "radius": 4500.0}]
    assert "polygon" not in area


def test_a_circle_without_radius_is_still_seen():
    assert shape(covered(polygon=(), circle=(Circle(-76.79, 17.97, 0.0),))).area > 0


def test_the_properties_are_those_of_the_language_wanted():
    feature = geojson.feature(a_message(), ("nl", "fr-HT"))
    told = feature["properties"]
    assert feature["id"] == told["identifier"] == "9d1f6b9c-2"
    assert told["language"] == "fr"
    assert told["headline"] == "Crue soudaine à Kingston"
    assert told["languages"] == ["en-JM", "fr"]
    assert told["msg_type"] == "Update"
    assert told["sequence"] == 42
    assert told["sent"] == "2026-08-01T19:00:07Z"
    assert told["expires"] == "2026-08-02T01:00:07Z"
    assert told["area"][0]["ceiling"] == 304.8
    assert "info" not in told


def test_what_is_not_said_is_not_there():
    told = geojson.feature(a_message(sequence=None, info=(an_info(web=None, resource=()),)))
    assert {"sequence", "web", "resource"}.isdisjoint(told["properties"])


def test_a_collection_keeps_the_order():
    found = geojson.collection([a_message(identifier="b"), a_message(identifier="a")], ["fr"])
    assert found["type"] == "FeatureCollection"
    assert [one["id"] for one in found["features"]] == ["b", "a"]
    assert geojson.collection([]) == {"type": "FeatureCollection", "features": []}


def test_codes_may_stand_in_for_a_shape_among_others():
    message = a_message(
        area=(an_area(polygon=(), circle=(), geocode=(Value("x", "y"),)), an_area())
    )
    feature = geojson.feature(message)
    assert len(feature["properties"]["area"]) == 2
    assert len(feature["geometry"]["coordinates"]) == 2


@settings(max_examples=50, deadline=None)
@given(MESSAGES)
def test_any_message_is_json_with_rings_that_run_anticlockwise(message):
    found = json.loads(geojson.render(message, ("fr",)))
    assert found == json.loads(json.dumps(geojson.feature(message, ("fr",))))
    geometry = found["geometry"]
    polygons = {None: [], "Polygon": lambda: [geometry["coordinates"]]}.get(
        geometry and geometry["type"], lambda: geometry["coordinates"]
    )
    for (ring,) in polygons() if callable(polygons) else polygons:
        assert ring[0] == ring[-1]
        outline = shapely.LinearRing(ring)
        assert outline.is_ccw or not outline.is_simple or shapely.Polygon(ring).area == 0
