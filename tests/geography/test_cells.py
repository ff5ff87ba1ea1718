"""Covers against shapely and against H3's own way."""

import itertools

import h3
import h3.api.numpy_int as h3int
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.geography.cells import (
    InvalidCell,
    cell_at,
    cell_text,
    cover,
    cover_of_places,
    in_ranges,
    merge,
    parse_cell,
)
from casa.geography.places import gazetteer
from casa.geography.shapes import Circle

TOLERANCE = 1.5e-6  # degrees; covers promise 10 cm at the equator

longitudes = st.floats(-90, -52)
latitudes = st.floats(2, 32)
# From some metres to some hundred kilometres.
sizes = st.floats(-4.5, 0.3).map(lambda power: 10.0**power)
seeds = st.integers(0, 2**32 - 1)


def cells_in(ranges):
    """All cells of ranges, walked from the first of each with H3's own arithmetic."""
    found = []
    for first, last in ranges.tolist():
        assert first <= last
        for cell in (first, last):
            assert h3int.is_valid_cell(cell)
            assert h3int.get_resolution(cell) == 7
        found += _between(first, last)
    return found


def _between(first, last):
    cells, cell = [first], first
    while cell < last:
        cell = _next(cell)
        if h3int.is_valid_cell(cell):
            cells.append(cell)
    return cells


def _next(cell):
    """The next index whose seven digits are each at most 6."""
    shift = 3 * 8
    while (cell >> shift & 7) == 6:
        cell &= ~(7 << shift)
        shift += 3
    return cell + (1 << shift)


def outline_of(cell):
    return shapely.Polygon([(x, y) for y, x in h3int.cell_to_boundary(cell)])


def check(geometry, rng, inside=40):
    """The two promises of a cover, and the form of ranges."""
    ranges = cover(geometry)
    assert ranges.dtype == np.int64
    assert (ranges[1:, 0] > ranges[:-1, 1]).all()
    assert all(
        _next(last) != first for (_, last), (first, _) in itertools.pairwise(ranges.tolist())
    )
    places = positions(geometry, rng, inside)
    reached = [cell_at(x, y) for x, y in places.tolist()]
    assert in_ranges(ranges, reached).all()
    cells = cells_in(ranges)
    some = cells if len(cells) <= 300 else rng.choice(cells, 300).tolist()
    shapely.prepare(geometry)
    for cell in some:
        assert outline_of(cell).dwithin(geometry, TOLERANCE)
    return cells


def positions(geometry, rng, count):
    """Random positions inside, on the edge and on the vertices of a geometry."""
    vertices = shapely.get_coordinates(geometry)
    lines = geometry.boundary if geometry.geom_type.endswith("Polygon") else geometry
    found = [vertices[rng.integers(0, len(vertices), count)]]
    if lines.length:
        at = shapely.line_interpolate_point(
            shapely.get_parts(lines)[:, np.newaxis], rng.random(count), normalized=True
        )
        on_edge = shapely.get_coordinates(at)
        found.append(on_edge[shapely.dwithin(geometry, shapely.points(on_edge), 1e-12)][:count])
    if geometry.area:
        west, south, east, north = geometry.bounds
        anywhere = rng.uniform((west, south), (east, north), (20 * count, 2))
        found.append(anywhere[shapely.intersects_xy(geometry, *anywhere.T)][:count])
    return np.concatenate(found)


def star(x, y, size, rng, spikes=12):
    """A ring around a position, ragged but never crossing itself."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, spikes))
    radius = size * rng.uniform(0.15, 1, spikes)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def valid(geometry):
    return geometry if geometry.is_valid else shapely.make_valid(geometry)


@settings(max_examples=60, deadline=None)
@given(longitudes, latitudes, sizes, seeds)
def test_polygons(x, y, size, seed):
    rng = np.random.default_rng(seed)
    check(valid(shapely.Polygon(star(x, y, size, rng))), rng)


@settings(max_examples=40, deadline=None)
@given(longitudes, latitudes, sizes, seeds)
def test_polygons_with_holes(x, y, size, seed):
    rng = np.random.default_rng(seed)
    outer = shapely.Point(x, y).buffer(size)
    hole = shapely.Polygon(star(x, y, size * 0.8, rng))
    check(valid(shapely.difference(outer, valid(hole))), rng)


@settings(max_examples=40, deadline=None)
@given(longitudes, latitudes, sizes, seeds)
def test_multipolygons(x, y, size, seed):
    rng = np.random.default_rng(seed)
    parts = [
        valid(shapely.Polygon(star(x + dx, y + dy, size / 3, rng)))
        for dx, dy in rng.uniform(-2 * size, 2 * size, (4, 2))
    ]
    check(shapely.union_all(parts), rng)


@settings(max_examples=40, deadline=None)
@given(longitudes, latitudes, sizes, st.floats(0, np.pi), st.floats(1e-9, 1e-4), seeds)
def test_slivers(x, y, length, angle, width, seed):
    along = length * np.array([np.cos(angle), np.sin(angle)])
    across = width * np.array([-np.sin(angle), np.cos(angle)])
    corners = [along + across, across - along, -across - along, along - across]
    check(valid(shapely.Polygon(np.array([x, y]) + corners)), np.random.default_rng(seed))


@settings(max_examples=40, deadline=None)
@given(longitudes, latitudes, st.floats(0, 5.2).map(lambda power: 10**power), seeds)
def test_circles(x, y, radius, seed):
    check(Circle(x, y, radius).geometry, np.random.default_rng(seed))


@settings(max_examples=100, deadline=None)
@given(longitudes, latitudes)
def test_a_point_is_in_its_cell(x, y):
    assert cell_at(x, y) in cells_in(cover(shapely.Point(x, y)))


@settings(max_examples=50, deadline=None)
@given(longitudes, latitudes, st.integers(0, 5), st.floats(0, 1))
def test_points_on_the_edge_and_corner_of_a_cell(x, y, side, along):
    corners = h3int.cell_to_boundary(cell_at(x, y))
    (y1, x1), (y2, x2) = corners[side % len(corners)], corners[(side + 1) % len(corners)]
    for at in ((x1, y1), (x1 + along * (x2 - x1), y1 + along * (y2 - y1))):
        cells = check(shapely.Point(at), np.random.default_rng(0), 1)
        assert 1 <= len(cells) <= 3


@settings(max_examples=30, deadline=None)
@given(longitudes, latitudes, sizes, seeds)
def test_lines_and_collections(x, y, size, seed):
    rng = np.random.default_rng(seed)
    line = shapely.LineString(star(x, y, size, rng))
    check(line, rng)
    both = shapely.GeometryCollection([line, shapely.Point(x + 3 * size, y)])
    assert cells_in(cover(both)) == sorted(
        {*cells_in(cover(line)), *cells_in(cover(shapely.Point(x + 3 * size, y)))}
    )


@pytest.mark.parametrize("place", gazetteer().places(), ids=lambda place: place.code)
def test_every_place(place):
    rng = np.random.default_rng(7)
    geometry = place.reach
    ranges = cover_of_places([place.code])
    assert ranges is cover_of_places([place.code])
    assert in_ranges(ranges, [cell_at(*at) for at in positions(geometry, rng, 200)]).all()
    shapely.prepare(geometry)
    for first, last in ranges[rng.integers(0, len(ranges), 50)].tolist():
        for cell in (first, last):
            assert outline_of(cell).dwithin(geometry, TOLERANCE)


@pytest.mark.parametrize("code", ["JM", "BS", "HT-OU", "TT-WATERS"])
def test_the_same_cells_as_h3s_own_way(code):
    geometry = gazetteer().place(code).reach
    shape = h3int.geo_to_h3shape(geometry)
    wanted = set(h3int.h3shape_to_cells_experimental(shape, 7, contain="overlap").tolist())
    found = set(cells_in(cover(geometry)))
    assert wanted <= found
    for cell in found - wanted:  # within the tolerance only
        assert 0 < outline_of(cell).distance(geometry) < TOLERANCE


def test_nothing_covers_nothing():
    assert cover(shapely.Polygon()).shape == (0, 2)
    assert not in_ranges(cover(shapely.Polygon()), [cell_at(-76.8, 18)]).any()


@pytest.mark.parametrize(
    "box",
    [
        (179.2, -17.5, 180, -16.5),  # Fiji, up to the antimeridian
        (-180, -17.5, -179.2, -16.5),
        (20, 89.0, 40, 89.6),  # by the pole
        (-30, -80.4, -20, -80),
        (10.3, 58.4, 10.8, 58.9),  # around a pentagon
    ],
)
def test_beyond_the_region(box):
    geometry = shapely.box(*box)
    ranges = cover(geometry)
    rng = np.random.default_rng(3)
    places = rng.uniform(box[:2], box[2:], (2000, 2))
    assert in_ranges(ranges, [cell_at(x, y) for x, y in places.tolist()]).all()
    wide = shapely.union_all(
        [geometry.buffer(1.5), geometry.buffer(4) if box[1] > 80 else geometry]
    )
    for cell in ranges[:, 0].tolist():
        y, x = h3int.cell_to_latlng(cell)
        assert any(wide.intersects(shapely.Point(x + turn, y)) for turn in (-360, 0, 360))


def test_the_whole_world_is_every_cell():
    ranges = cover(shapely.box(-180, -90, 180, 90))
    pentagons = [int(cell) for cell in h3int.get_pentagons(7)]
    assert in_ranges(ranges, pentagons).all()
    rng = np.random.default_rng(4)
    places = rng.uniform((-180, -90), (180, 90), (1000, 2)).tolist()
    assert in_ranges(ranges, [cell_at(x, y) for x, y in places]).all()


def test_pentagons_have_their_descendants():
    pentagon = next(iter(h3int.get_pentagons(5)))
    y, x = h3int.cell_to_latlng(pentagon)
    ranges = cover(shapely.Point(x, y).buffer(0.3))
    assert in_ranges(ranges, h3int.cell_to_children(pentagon, 7)).all()


def test_merging():
    one = cover(Circle(-76.8, 18, 5000).geometry)
    other = cover(Circle(-76.75, 18, 5000).geometry)
    both = merge([one, other])
    assert cells_in(both) == sorted({*cells_in(one), *cells_in(other)})
    assert (merge([both, one]) == both).all()
    assert merge([]).shape == (0, 2)


def test_cells_as_text():
    cell = cell_at(-76.793, 17.971)
    assert cell > 0
    assert cell_text(cell) == h3.latlng_to_cell(17.971, -76.793, 7)
    assert parse_cell(cell_text(cell)) == cell
    assert parse_cell(cell_text(cell).upper()) == cell
    for child in h3.cell_to_children(cell_text(cell), 9):
        assert parse_cell(child) == cell


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kingston",
        "0",
        "-1",
        "ffffffffffffffff",
        "f" * 40,
        "876",
        h3.latlng_to_cell(18, -76, 6),  # coarser
        "1676c1c81bffffff",  # a directed edge's mode
        "8766c_1c81ffffff",
        " 876d2e49affffff",
        "0x876d2e49affffff",
        "876d2e49affffff\n",
    ],
)
def test_what_is_no_cell_is_refused(text):
    with pytest.raises(InvalidCell):
        parse_cell(text)


@pytest.mark.parametrize(("x", "y"), [(181, 0), (0, 91), (float("nan"), 0), (0, float("inf"))])
def test_what_is_no_position_has_no_cell(x, y):
    with pytest.raises(ValueError, match="not a longitude and a latitude"):
        cell_at(x, y)
