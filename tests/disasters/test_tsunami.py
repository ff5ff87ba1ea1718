"""Rings of a tsunami's reach, against an independent geodesic."""

import math

import numpy as np
import pyproj
import pytest
import shapely

from casa.disasters.tsunami import speed, tsunami_rings

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
