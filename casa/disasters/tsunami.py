"""How far a tsunami may have come by a time, and when it may be at a coast at the soonest.

A long wave travels at the square root of gravity times the depth of the water (Lamb,
Hydrodynamics, section 170). A ring takes one speed all the way, which over an ocean of uneven
depth is a first estimate only: with the deepest water on the way, nothing comes sooner. What is
told is that soonest moment, over a straight way on the ellipsoid. The wave may well come later: by
the same rule half as late again over water of 4,000 m, nearly twice as late over 2,500 m, and in
the lee of islands later still. Warning centres' own arrival times, made with bathymetry, are better
wherever there are any and go before these.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from casa.disasters.geodesy import Floats, check_poles, direct, inverse, on_one_globe

DEEPEST = 8_500.0
"""Metres: more than the deepest water of the region, some 8,400 m in the Puerto Rico Trench."""

_GRAVITY = 9.80665  # m/s²
_EDGES = 720
_STEP = 0.02  # degrees along a coast: no coast is farther than half of it from where it is measured
_HALF_A_STEP = 1_200.0  # metres


def speed(depth: float) -> float:
    """Metres per second over water of a depth in metres.

    Raises:
        ValueError: the depth is not more than 0.
    """
    if not 0 < depth < math.inf:
        raise ValueError("the depth must be more than 0 m")
    return math.sqrt(_GRAVITY * depth)


def tsunami_rings(
    longitude: float, latitude: float, metres_per_second: float, minutes: Sequence[float]
) -> tuple[BaseGeometry, ...]:
    """What a wave may have reached after each of so many minutes: the circles around an epicentre.

    On the ellipsoid, 0.001% of the radius outside at most; cut at 180 degrees where they cross it.

    Raises:
        ValueError: a time or the speed is not more than 0, or a circle comes too near to a pole.
    """
    if not (0 < metres_per_second < math.inf and all(0 < one < math.inf for one in minutes)):
        raise ValueError("the speed and the minutes must be more than 0")
    far = np.array(minutes, float)[:, None] * 60 * metres_per_second
    check_poles(latitude, far)
    azimuth = np.linspace(0, 360, _EDGES, endpoint=False)
    rings = np.stack(
        direct(longitude, latitude, azimuth, far / math.cos(math.pi / _EDGES)), axis=-1
    )
    return tuple(on_one_globe(one) for one in shapely.polygons(rings))


def travel_time(longitude: float, latitude: float, depth: float, where: BaseGeometry) -> timedelta:
    """The soonest that a wave can be at any of ``where``, over water at most ``depth`` metres deep.

    Too soon rather than too late: by up to six seconds for the steps in which a coast is measured,
    and by all that the water on the way is less deep.

    Raises:
        ValueError: the depth is not more than 0, or there is nowhere to come to.
    """
    if where.is_empty:
        raise ValueError("there is no place to come to")
    return soonest(longitude, latitude, depth, where, coast(where))


def coast(where: BaseGeometry) -> Floats:
    """Positions along a shape's edges, as near to one another as ``soonest`` asks for."""
    found: Floats = shapely.get_coordinates(shapely.segmentize(where, _STEP))
    return found


def soonest(
    longitude: float, latitude: float, depth: float, where: BaseGeometry, positions: Floats
) -> timedelta:
    """``travel_time`` to a shape whose ``coast`` is known.

    Raises:
        ValueError: the depth is not more than 0.
    """
    if shapely.intersects_xy(where, longitude, latitude):
        return timedelta()
    x, y = positions.T
    nearest = float(inverse(longitude, latitude, x, y)[0].min())
    return timedelta(seconds=int(max(nearest - _HALF_A_STEP, 0.0) / speed(depth)))
