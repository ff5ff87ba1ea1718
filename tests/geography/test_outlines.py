"""Outlines leave nobody out and are fit for CAP."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.geography.places import gazetteer
from casa.geography.shapes import outline


def check(geometry, limit):
    rings = outline(geometry, limit)
    assert sum(map(len, rings)) <= limit
    parts = [shapely.Polygon(ring) for ring in rings]
    for ring, part in zip(rings, parts, strict=True):
        assert ring[0] == ring[-1]
        assert part.is_valid
        assert part.exterior.is_ccw
    whole = shapely.multipolygons(parts)
    assert whole.is_valid
    assert shapely.union_all(parts).buffer(1e-9).covers(geometry)
    return rings


@pytest.mark.parametrize("limit", [5, 20, 120, 1000])
@pytest.mark.parametrize("place", gazetteer().places(kind="state"), ids=lambda p: p.code)
def test_states(place, limit):
    check(place.territory, limit)
    check(place.reach, limit)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(5, 60), st.floats(0.001, 3))
def test_scattered_shapes(seed, limit, size):
    rng = np.random.default_rng(seed)
    parts = [
        shapely.Point(x, y).buffer(size * rng.uniform(0.05, 1))
        for x, y in rng.uniform(-3, 3, (6, 2))
    ]
    rings = shapely.difference(shapely.union_all(parts), parts[0].buffer(-size / 100))
    check(rings, limit)


def test_what_is_small_enough_comes_back_as_it_is():
    box = shapely.box(-77.1234567, 18, -76, 19)
    (ring,) = outline(box, 5)
    assert shapely.Polygon(ring).equals(box)


def test_holes_are_given_up():
    ringed = shapely.box(0, 0, 4, 4) - (shapely.box(1, 1, 3, 3) - shapely.box(1.5, 1.5, 2.5, 2.5))
    (ring,) = outline(ringed, 100)
    assert shapely.Polygon(ring).equals(shapely.box(0, 0, 4, 4))


def test_an_outline_stays_near():
    jamaica = gazetteer().place("JM").territory
    drawn = shapely.union_all([shapely.Polygon(ring) for ring in outline(jamaica, 120)])
    assert shapely.hausdorff_distance(drawn, jamaica) < 0.03
    assert drawn.area < 1.1 * jamaica.area


def test_what_cannot_be_outlined():
    with pytest.raises(ValueError, match="at least 5"):
        outline(shapely.box(0, 0, 1, 1), 4)
    with pytest.raises(ValueError, match="no polygon"):
        outline(shapely.Point(0, 0), 10)
