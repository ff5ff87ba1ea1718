"""Cones, fields, swaths and arrivals, against an independent geodesic (Karney's, by pyproj)."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.disasters.storm.arrival import arrival, onset
from casa.disasters.storm.shapes import cone, wind_field, wind_swath
from casa.disasters.storm.tcm import read
from casa.disasters.storm.track import Quadrants, Track, TrackPoint

GEOD = pyproj.Geod(ellps="WGS84")
START = datetime(2024, 7, 1, tzinfo=UTC)
MILE = 1852.0
UNEVEN = Quadrants(150, 90, 40, 110)


def point(hours, x, y, uncertainty=0.0, wind=100.0, **radii):
    return TrackPoint(
        time=START + timedelta(hours=hours),
        longitude=x,
        latitude=y,
        wind_kt=wind,
        radii={int(name.removeprefix("kt")): given for name, given in radii.items()},
        uncertainty_nm=uncertainty,
    )


def track(*points):
    return Track(name="BERYL", identifier="AL022024", points=points)


def edge(geometry):
    """Positions along all edges, each some kilometres from the next."""
    return shapely.get_coordinates(shapely.segmentize(geometry, 0.05)).T


def area(geometry):
    return sum(abs(GEOD.geometry_area_perimeter(one)[0]) for one in shapely.get_parts(geometry))


def centres(one, minutes=2):
    """Times, longitudes and latitudes between a track's points, by geodesics."""
    found = []
    for before, after in zip(one.points, one.points[1:], strict=False):
        azimuth, _, far = GEOD.inv(
            before.longitude, before.latitude, after.longitude, after.latitude
        )
        count = int((after.time - before.time) / timedelta(minutes=minutes))
        for part in np.arange(count + 1) / count:
            x, y, _ = GEOD.fwd(before.longitude, before.latitude, azimuth, part * far)
            found.append(((before.time + part * (after.time - before.time)).timestamp(), x, y))
    return np.array(found).T


def outside(one, x, y):
    """Metres from the nearest circle of uncertainty to positions; negative within."""
    times, cx, cy = centres(one)
    radii = np.interp(
        times,
        [at.time.timestamp() for at in one.points],
        [at.uncertainty_nm * MILE for at in one.points],
    )
    return np.array(
        [
            np.min(GEOD.inv(cx, cy, np.full_like(cx, a), np.full_like(cy, b))[2] - radii)
            for a, b in zip(x, y, strict=True)
        ]
    )


def beyond(one, quadrants, x, y):
    """Metres from the nearest of the swept quarter discs to positions; 0 within."""
    _, cx, cy = centres(one)
    least = np.full(len(x), np.inf)
    for at, (a, b) in enumerate(zip(x, y, strict=True)):
        azimuth, _, far = GEOD.inv(cx, cy, np.full_like(cx, a), np.full_like(cy, b))
        for quarter, radius in enumerate(quadrants.clockwise):
            turn = np.radians(azimuth - 90 * quarter)
            least[at] = min(least[at], *to_quarter(far * np.cos(turn), far * np.sin(turn), radius))
    return least


def to_quarter(u, v, miles):
    """Metres from points of a plane to a quarter disc between its two axes."""
    near_u, near_v = np.maximum(u, 0), np.maximum(v, 0)
    shrink = np.minimum(1, miles * MILE / np.maximum(np.hypot(near_u, near_v), 1))
    return np.hypot(u - near_u * shrink, v - near_v * shrink)


BEND = track(
    point(0, -59.6, 11.2, 6.5),
    point(9, -61.5, 11.9, 26),
    point(21, -65, 13, 41),
    point(93, -81.5, 18.8, 151),
    point(117, -86, 25, 220),
)
ACROSS = track(point(0, 176, -15, 10), point(24, -179, -18, 41), point(48, -173, -24, 70))


@pytest.mark.parametrize("one", [BEND, ACROSS])
def test_each_edge_of_the_cone_lies_where_the_circles_end(one):
    found = cone(one)
    assert found.is_valid
    assert np.abs(outside(one, *edge_of_the_earth(found))).max() < 500


def edge_of_the_earth(geometry):
    """The edge but for what lies along 180 degrees."""
    x, y = edge(geometry)
    kept = np.abs(x) < 180
    return x[kept], y[kept]


def test_the_cone_of_a_storm_that_stays_is_a_circle():
    one = track(point(0, -60, 15, 100), point(24, -60, 15, 100))
    x, y = GEOD.fwd(
        *np.repeat([[-60], [15]], 2000, 1), np.linspace(0, 360, 2000), [185200.0] * 2000
    )[:2]
    assert area(cone(one)) == pytest.approx(
        area(shapely.Polygon(np.column_stack([x, y]))), rel=0.01
    )
    assert area(cone(track(one.points[0]))) == pytest.approx(area(cone(one)), rel=1e-6)


def test_the_cone_has_the_area_of_a_union_of_dense_circles():
    one = track(point(0, -60, 15, 30), point(24, -66, 18, 60))
    turn = np.linspace(0, 360, 360, endpoint=False)
    circles = []
    for at, x, y in centres(one, 5).T:
        far = np.interp(at - START.timestamp(), [0, 86400], [30 * MILE, 60 * MILE])
        ring = GEOD.fwd([x] * 360, [y] * 360, turn, [far] * 360)[:2]
        circles.append(shapely.Polygon(np.column_stack(ring)))
    assert area(cone(one)) == pytest.approx(area(shapely.union_all(circles)), rel=0.01)


def test_a_cone_without_uncertainty_is_empty():
    assert cone(track(point(0, -60, 15), point(6, -61, 15))).is_empty


def test_shapes_across_180_degrees_come_in_pieces():
    one = track(point(0, 179.5, -15, 20, kt34=UNEVEN), point(6, -179.5, -15, 20, kt34=UNEVEN))
    for found in (cone(one), wind_swath(one, 34), wind_field(one.points[0], 34)):
        assert found.geom_type == "MultiPolygon"
        assert found.is_valid
        assert found.bounds[0] == -180
        assert found.bounds[2] == 180
    here = track(point(0, -60.5, -15, kt34=UNEVEN), point(6, -59.5, -15, kt34=UNEVEN))
    assert area(wind_swath(one, 34)) == pytest.approx(area(wind_swath(here, 34)), rel=1e-6)


@pytest.mark.parametrize("latitude", [-25, 0, 12, 40])
@pytest.mark.parametrize("given_", [UNEVEN, Quadrants(0, 60, 0, 90), Quadrants(200, 0, 0, 0)])
def test_a_field_is_four_quarter_discs(latitude, given_):
    found = wind_field(point(0, -60, latitude, kt34=given_), 34)
    assert found.is_valid
    discs = sum(np.pi / 4 * (radius * MILE) ** 2 for radius in given_.clockwise)
    assert area(found) == pytest.approx(discs, rel=0.01)
    for quarter, radius in enumerate(given_.clockwise):
        for azimuth in np.linspace(90 * quarter + 1, 90 * quarter + 89, 12):
            inner, outer = (
                shapely.Point(GEOD.fwd(-60, latitude, azimuth, max(far, 1))[:2])
                for far in (radius * MILE - 500, radius * MILE + 500)
            )
            assert found.covers(inner) == (radius > 0)
            assert not found.covers(outer)


def test_a_field_of_other_winds_or_none_is_empty():
    assert wind_field(point(0, -60, 15, kt34=UNEVEN), 64).is_empty
    assert wind_field(point(0, -60, 15, wind=20), 34).is_empty


def test_each_edge_of_the_swath_lies_where_a_quarter_disc_ends():
    one = track(
        *(point(h, x, y, kt34=UNEVEN) for h, x, y in [(0, -60, 22), (24, -68, 26), (48, -66, 33)])
    )
    found = wind_swath(one, 34)
    assert found.is_valid
    x, y = edge(found)
    assert beyond(one, UNEVEN, x, y).max() < 500
    # By at most 200 m, a place within a field is left out.
    dense = shapely.union_all(
        [wind_field(point(0, a, b, kt34=UNEVEN), 34) for _, a, b in centres(one, 30).T]
    )
    assert found.buffer(0.002).covers(dense)
    assert area(found) == pytest.approx(area(dense), rel=0.01)


def test_a_swath_ends_with_the_last_point_that_tells():
    known = (point(0, -60, 15, kt34=UNEVEN), point(12, -62, 15, kt34=UNEVEN))
    assert wind_swath(track(*known, point(36, -70, 15)), 34).equals(wind_swath(track(*known), 34))
    dies = wind_swath(track(*known, point(36, -70, 15, wind=25)), 34)
    assert dies.covers(wind_swath(track(*known), 34).buffer(-1e-6))
    assert dies.bounds[0] > -70.01
    assert wind_swath(track(point(0, -60, 15), point(12, -62, 15)), 34).is_empty


def test_shapes_do_not_reach_a_pole():
    with pytest.raises(ValueError, match="beyond latitude 85"):
        cone(track(point(0, 0, 80, 400)))
    with pytest.raises(ValueError, match="beyond latitude 85"):
        wind_field(point(0, 0, 84, kt34=UNEVEN), 34)


ROUND = Quadrants(100, 100, 100, 100)
WEST = track(point(0, -56, 13, kt34=ROUND), point(24, -64, 13, kt34=ROUND))


def test_arrival_where_the_edge_comes_at_the_storms_speed():
    speed = GEOD.inv(-56, 13, -64, 13)[2] / 86400
    expected = START + timedelta(seconds=(GEOD.inv(-56, 13, -60, 13)[2] - 100 * MILE) / speed)
    found = arrival(WEST, 34, -60, 13)
    assert abs(found - expected) < timedelta(minutes=2)
    assert abs(onset(WEST, 34, shapely.Point(-60, 13)) - found) < timedelta(minutes=2)


def test_arrival_is_the_first_moment_at_which_a_quarter_disc_holds_the_place():
    one = track(point(0, -59.6, 11.2, kt34=UNEVEN), point(9, -61.5, 11.9, kt34=UNEVEN))
    times, cx, cy = centres(one, 1)
    azimuth, _, far = GEOD.inv(cx, cy, np.full_like(cx, -61.75), np.full_like(cy, 12.05))
    inside = far <= np.array(UNEVEN.clockwise)[(azimuth % 360 // 90).astype(int)] * MILE
    found = arrival(one, 34, -61.75, 12.05).timestamp()
    assert times[inside][0] - 60 <= found <= times[inside][0]


def test_winds_that_blow_there_already_arrive_with_the_first_point():
    assert arrival(WEST, 34, -56, 13) == onset(WEST, 34, shapely.Point(-56, 13)) == START


def test_winds_that_never_come():
    assert arrival(WEST, 34, -60, 17) is None
    assert onset(WEST, 34, shapely.box(-61, 16, -60, 17)) is None
    assert arrival(WEST, 64, -60, 13) is None
    assert onset(track(point(0, -60, 13, wind=20)), 34, shapely.Point(-60, 13)) is None


def test_onset_is_when_the_nearest_part_is_reached():
    island = shapely.box(-61, 12.9, -60, 13.1)
    found = onset(WEST, 34, island)
    assert abs(found - arrival(WEST, 34, -60, 13)) < timedelta(minutes=3)
    assert onset(WEST, 34, shapely.MultiPolygon([shapely.box(-63, 12, -62, 13), island])) == found


@pytest.mark.parametrize("across", [(179.5, -176), (-179.5, 176)])
def test_arrivals_across_180_degrees(across):
    one = track(point(0, across[0], -15, kt34=ROUND), point(24, across[1], -15, kt34=ROUND))
    place = across[1], -15
    found = arrival(one, 34, *place)
    assert START < found < START + timedelta(hours=24)
    assert abs(onset(one, 34, shapely.Point(place)) - found) < timedelta(minutes=2)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-90, -50),
    st.floats(5, 30),
    st.floats(0, 360),
    st.tuples(*[st.sampled_from([0, 30, 90, 160])] * 4),
    # A place that stays just on the line between two quadrants lies in both, or in neither.
    st.floats(-3, 3).filter(lambda degrees: abs(degrees) > 0.01),
    st.floats(-3, 3).filter(lambda degrees: abs(degrees) > 0.01),
)
def test_places_reached_and_the_swath_agree(x, y, heading, radii, dx, dy):
    to_x, to_y, _ = GEOD.fwd(x, y, heading, 400_000)
    given_ = Quadrants(*radii)
    one = track(point(0, x, y, kt34=given_), point(24, to_x, to_y, kt34=given_))
    swath, place = wind_swath(one, 34), shapely.Point(x + dx, y + dy)
    # A place this near to the edge may be passed in less than ten minutes.
    if swath.is_empty or swath.boundary.distance(place) > 0.1:
        assert (arrival(one, 34, place.x, place.y) is not None) == swath.covers(place)
        assert (onset(one, 34, place) is not None) == swath.covers(place)


def test_from_an_advisory_to_an_arrival(advisory):
    beryl = read(advisory)
    assert cone(beryl).covers(shapely.Point(-61.75, 12.05))
    found = arrival(beryl, 34, -61.75, 12.05)
    assert datetime(2024, 6, 30, 21, tzinfo=UTC) < found < datetime(2024, 7, 1, 6, tzinfo=UTC)
