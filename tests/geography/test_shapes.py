"""What shapes are accepted, how each fault is refused, and what circles promise."""

import json
import math

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.geography.shapes import (
    CARIBBEAN,
    MAX_SHAPES,
    MAX_VERTICES,
    WORLD,
    Circle,
    Polygon,
    ShapeErrors,
    parse_shapes,
)

GEOD = pyproj.Geod(ellps="WGS84")
SQUARE = [[-77, 18], [-76, 18], [-76, 19], [-77, 19], [-77, 18]]
HOLE = [[-76.8, 18.2], [-76.8, 18.8], [-76.2, 18.8], [-76.2, 18.2], [-76.8, 18.2]]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def point(*at, radius=5000):
    return {"type": "Point", "coordinates": list(at), "radius": radius}


def zigzag(count):
    """A valid ring of so many positions."""
    upper = [[-77 + at / (count - 4), 18.5 + 0.1 * (at % 2)] for at in range(count - 3)]
    return [[-77, 18], *upper, [-76, 18], [-77, 18]]


def test_polygon_with_a_hole():
    (shape,) = parse_shapes([polygon(SQUARE, HOLE)])
    assert isinstance(shape, Polygon)
    assert len(shape.rings) == 2
    assert shape.geometry.area == pytest.approx(1 - 0.36)


def test_multipolygon_gives_one_shape_for_each():
    east = [[x + 2, y] for x, y in SQUARE]
    shapes = parse_shapes([{"type": "MultiPolygon", "coordinates": [[SQUARE], [east]]}])
    assert [shape.geometry.bounds for shape in shapes] == [(-77, 18, -76, 19), (-75, 18, -74, 19)]


def test_circle():
    assert parse_shapes([point(-76.8, 18, radius=5000)]) == (Circle(-76.8, 18.0, 5000.0),)


def test_what_is_harmless_is_repaired():
    given_ = [[-77, 18], [-77, 19], [-77, 19], [-76, 19], [-76, 18], [-77, 18], [-77, 18]]
    (shape,) = parse_shapes([polygon(given_)])
    (ring,) = shape.rings
    assert len(ring) == 5
    assert shapely.LinearRing(ring).is_ccw
    assert shape.geometry.equals(shapely.box(-77, 18, -76, 19))


def test_altitudes_and_foreign_members_are_ignored():
    high = [[*at, 100] for at in SQUARE]
    (shape,) = parse_shapes([polygon(high) | {"bbox": [0, 0, 1, 1], "note": "x"}])
    assert shape == parse_shapes([polygon(SQUARE)])[0]


def test_the_most_that_is_accepted():
    assert len(parse_shapes([point(-76, 18)] * MAX_SHAPES)) == MAX_SHAPES
    (shape,) = parse_shapes([polygon(zigzag(MAX_VERTICES))])
    assert len(shape.rings[0]) == MAX_VERTICES


FAULTS = {
    "not a list": (polygon(SQUARE), "", "an object: give a list of shapes"),
    "none": ([], "", "has 0 shapes"),
    "too many": ([point(-76, 18)] * 21, "", "has 21 shapes"),
    "not an object": ([[-76, 18]], "/0", "not a GeoJSON geometry"),
    "no type": ([{"coordinates": [SQUARE]}], "/0/type", "is missing"),
    "feature": ([{"type": "Feature", "geometry": polygon(SQUARE)}], "/0/type", "'Feature'"),
    "line": ([{"type": "LineString", "coordinates": SQUARE}], "/0/type", "give a Polygon"),
    "type is a list": ([{"type": ["Point"], "coordinates": [1, 2]}], "/0/type", "a list"),
    "no coordinates": ([{"type": "Polygon"}], "/0/coordinates", "missing: give a list of rings"),
    "no rings": ([polygon()], "/0/coordinates", "is empty"),
    "no polygons": ([{"type": "MultiPolygon", "coordinates": []}], "/0/coordinates", "is empty"),
    "polygon with radius": ([polygon(SQUARE) | {"radius": 5}], "/0/radius", "belongs to a Point"),
    "ring is no list": ([polygon("abc")], "/0/coordinates/0", "'abc': give a list of positions"),
    "flat ring": ([polygon([1, 2, 3, 4])], "/0/coordinates/0/0", "give a position"),
    "three positions": (
        [polygon([SQUARE[0], SQUARE[1], SQUARE[0]])],
        "/0/coordinates/0",
        "has 3 positions",
    ),
    "not closed": ([polygon(SQUARE[:-1])], "/0/coordinates/0/3", "end with that"),
    "all one position": ([polygon([SQUARE[0]] * 5)], "/0/coordinates/0", "fewer than 3 different"),
    "one number": ([polygon([[-77], *SQUARE[1:]])], "/0/coordinates/0/0", "has 1 numbers"),
    "four numbers": ([point(-77, 18, 0, 0)], "/0/coordinates", "has 4 numbers"),
    "text": ([point("-77", 18)], "/0/coordinates/0", "is '-77', not a number"),
    "boolean": ([point(-77, True)], "/0/coordinates/1", "is true, not a number"),
    "null": ([point(-77, None)], "/0/coordinates/1", "is missing, not a number"),
    "nan": ([point(math.nan, 18)], "/0/coordinates/0", "not a finite number"),
    "infinite": ([point(-77, math.inf)], "/0/coordinates/1", "not a finite number"),
    "huge": ([point(-77, 10**400)], "/0/coordinates/1", "not a finite number"),
    "outside": ([point(-3.7, 40.4)], "/0/coordinates", "(-3.7, 40.4) lies outside the Caribbean"),
    "latitude first": ([point(18, -77)], "/0/coordinates", "inside with longitude first"),
    "no radius": (
        [{"type": "Point", "coordinates": [-77, 18]}],
        "/0/radius",
        "missing, not a number",
    ),
    "radius is true": ([point(-77, 18, radius=True)], "/0/radius", "true, not a number"),
    "radius is text": ([point(-77, 18, radius="5 km")], "/0/radius", "'5 km', not a number"),
    "radius nought": ([point(-77, 18, radius=0)], "/0/radius", "more than 0"),
    "radius below": ([point(-77, 18, radius=-1)], "/0/radius", "more than 0"),
    "radius nan": ([point(-77, 18, radius=math.nan)], "/0/radius", "not a finite number"),
    "radius too large": ([point(-77, 18, radius=2_000_001)], "/0/radius", "at most 2000000"),
    "circle leaves": ([point(-51, 18, radius=200_000)], "/0/radius", "makes the circle leave"),
    "crossing": (
        [polygon([[-77, 18], [-76, 19], [-76, 18], [-77, 19], [-77, 18]])],
        "/0/coordinates",
        "crosses or touches itself at (-76.5, 18.5)",
    ),
    "spike": (
        [polygon([[-77, 18], [-76, 18], [-75, 18], [-76, 18], [-77, 18]])],
        "/0/coordinates",
        "crosses or touches itself",
    ),
    "hole outside": (
        [polygon(SQUARE, [[x + 5, y] for x, y in HOLE])],
        "/0/coordinates",
        "has a hole at (-71.8, 18.2) that is not within",
    ),
    "hole across the edge": (
        [polygon(SQUARE, [[x + 0.5, y] for x, y in HOLE])],
        "/0/coordinates",
        "crosses or touches itself",
    ),
    "cut in two": (
        [polygon(SQUARE, [[-77, 18.5], [-76.5, 18.9], [-76, 18.5], [-76.5, 18.1], [-77, 18.5]])],
        "/0/coordinates",
        "is cut in two",
    ),
    "too many vertices": (
        [polygon(zigzag(MAX_VERTICES + 1))],
        "/0/coordinates",
        "has 2001 positions: simplify",
    ),
    "too many in all": ([polygon(zigzag(1500))] * 2, "", "has 3000 positions"),
    "too many polygons": (
        [{"type": "MultiPolygon", "coordinates": [[SQUARE]] * 21}],
        "",
        "has 21 polygons",
    ),
    "second of a multipolygon": (
        [{"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE[:-1]]]}],
        "/0/coordinates/1/0/3",
        "end with that",
    ),
}


@pytest.mark.parametrize(("value", "pointer", "detail"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_named(value, pointer, detail):
    with pytest.raises(ShapeErrors) as caught:
        parse_shapes(value, "/area/0/shapes")
    (found,) = caught.value.errors
    assert found[0] == f"/area/0/shapes{pointer}"
    assert detail in found[1]


def test_each_wrong_shape_is_named():
    with pytest.raises(ShapeErrors) as caught:
        parse_shapes([point(-77, 180), point(-77, 18), point(-77, 18, radius=0)])
    assert [pointer for pointer, _ in caught.value.errors] == ["/0/coordinates", "/2/radius"]


def test_the_world_for_whoever_may():
    paris = [point(2.35, 48.86)]
    assert parse_shapes(paris, bounds=WORLD)
    with pytest.raises(ShapeErrors, match="outside the Caribbean region"):
        parse_shapes(paris, bounds=CARIBBEAN)
    with pytest.raises(ShapeErrors, match="leave the world"):
        parse_shapes([point(179.99, 0)], bounds=WORLD)
    with pytest.raises(ShapeErrors, match="beyond latitude 85"):
        parse_shapes([point(0, 84.99)], bounds=WORLD)


def test_a_circle_of_radius_nought_is_a_position():
    geometry = Circle(-76.8, 18, 0).geometry
    assert geometry.is_valid
    assert geometry.contains(shapely.Point(-76.8, 18))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["type", "coordinates", "radius"]), inner)
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(["Point", "Polygon", "MultiPolygon"]),
                "coordinates": inner,
                "radius": inner,
            }
        )
    ),
    max_leaves=30,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(json_values, min_size=1, max_size=3))
def test_anything_is_parsed_or_refused(value):
    try:
        shapes, errors = parse_shapes(value), []
    except ShapeErrors as refused:
        shapes, errors = (), refused.errors
    assert bool(shapes) != bool(errors)
    assert all(shape.geometry.is_valid for shape in shapes)
    json.dumps(errors)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-90, -52),
    st.floats(-66, 66),
    st.floats(0, math.log10(2_000_000)).map(lambda power: 10**power),
    st.floats(-180, 180),
)
def test_a_circle_contains_the_true_circle_and_little_more(x, y, radius, bearing):
    geometry = Circle(x, y, radius).geometry
    for turn in range(0, 360, 20):
        east, north, _ = GEOD.fwd(x, y, bearing + turn, radius)
        assert geometry.contains(shapely.Point(east, north))
    for corner in geometry.exterior.coords:
        assert GEOD.inv(x, y, *corner)[2] < 1.012 * radius
