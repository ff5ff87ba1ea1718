"""Distances and directions against an independent solution, and shapes across 180 degrees."""

import numpy as np
import pyproj
import pytest
import shapely

from casa.disasters.geodesy import check_poles, direct, inverse, on_one_globe

GEOD = pyproj.Geod(ellps="WGS84")
RANDOM = np.random.default_rng(20240630)
COUNT = 5000
X = RANDOM.uniform(-180, 180, (2, COUNT))
Y = RANDOM.uniform(-89, 89, (2, COUNT))


def test_inverse_agrees_with_karney():
    azimuth, _, far = GEOD.inv(X[0], Y[0], X[1], Y[1])
    found, turn = inverse(X[0], Y[0], X[1], Y[1])
    near = far < 19_500_000
    assert np.abs(found - far)[near].max() < 0.01
    assert np.abs((turn - azimuth + 180) % 360 - 180)[near].max() < 1e-6
    assert np.all(found[~near] > 19_400_000)


def test_direct_agrees_with_karney():
    azimuth, far = RANDOM.uniform(0, 360, COUNT), RANDOM.uniform(0, 15_000_000, COUNT)
    x, y, _ = GEOD.fwd(X[0], Y[0], azimuth, far)
    found_x, found_y = direct(X[0], Y[0], azimuth, far)
    assert GEOD.inv(x, y, (found_x + 180) % 360 - 180, found_y)[2] == pytest.approx(0, abs=0.01)


def test_no_way_at_all():
    assert [float(one) for one in direct(-60, 15, 77, 0)] == [-60, 15]
    assert float(inverse(-60, 15, -60, 15)[0]) == 0


def test_along_the_equator_and_to_the_opposite():
    assert float(inverse(0, 0, 1, 0)[0]) == pytest.approx(GEOD.inv(0, 0, 1, 0)[2], abs=0.01)
    assert float(inverse(0, 0, 180, 0)[0]) > 19_900_000


@pytest.mark.parametrize("turn", [-360, 0, 360])
def test_a_shape_across_180_degrees_comes_in_pieces(turn):
    found = on_one_globe(shapely.box(178 + turn, -5, 183 + turn, 5))
    assert found.geom_type == "MultiPolygon"
    assert found.area == pytest.approx(50)
    assert found.equals(
        shapely.union_all([shapely.box(178, -5, 180, 5), shapely.box(-180, -5, -177, 5)])
    )


def test_a_shape_that_ends_at_180_degrees_stays_whole():
    assert on_one_globe(shapely.box(178, -5, 180, 5)).geom_type == "Polygon"
    assert on_one_globe(shapely.box(180, -5, 183, 5)).bounds == (-180, -5, -177, 5)
    assert on_one_globe(shapely.Polygon()).is_empty


def test_poles_are_refused():
    check_poles([60, -60], 1_000_000)
    with pytest.raises(ValueError, match="beyond latitude 85"):
        check_poles([0, -80], 1_000_000)
