"""How far a tsunami may have come by a time: rings around the epicentre.

A long wave travels at the square root of gravity times the depth of the water (Lamb,
Hydrodynamics, section 170). A ring takes one speed all the way, which over an ocean of uneven
depth is a first estimate only: with the deepest water on the way, nothing comes sooner.
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from casa.disasters.geodesy import check_poles, direct, on_one_globe

_GRAVITY = 9.80665  # m/s²
_EDGES = 720


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
