"""When winds of some strength first reach a place.

Sought every ten minutes, then by halving to the second. Winds that touch a place for less than
ten minutes may be missed; the wind field's edge passes over 3 to 8 km in that time.
"""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from casa.disasters.geodesy import Floats, inverse
from casa.disasters.storm.motion import Motion, moments
from casa.disasters.storm.shapes import fields
from casa.disasters.storm.track import Threshold, Track

_STEP = 600.0
_EXACT = 1.0

_Reached = Callable[[Floats], npt.NDArray[np.bool_]]


def arrival(
    track: Track, threshold: Threshold, longitude: float, latitude: float
) -> datetime | None:
    """The first moment at which winds of a strength reach a position; None if they never do.

    The track's first point that tells of such winds is the earliest that this can be.
    """
    motion = Motion(track)

    def reached(seconds: Floats) -> npt.NDArray[np.bool_]:
        far, azimuth = inverse(*motion.centres(seconds), longitude, latitude)
        quarter = (azimuth // 90).astype(int) % 4
        radius = np.take_along_axis(motion.radii(threshold, seconds), quarter[:, None], 1)[:, 0]
        found: npt.NDArray[np.bool_] = (radius > 0) & (far <= radius)
        return found

    return _first(motion, threshold, reached)


def onset(track: Track, threshold: Threshold, geometry: BaseGeometry) -> datetime | None:
    """The first moment at which winds of a strength reach any of a shape; None if they never do.

    The shape is in WGS 84 longitudes from -180 to 180 and latitudes.

    Raises:
        ValueError: the winds come too near to a pole.
    """
    motion = Motion(track)
    turns = np.unique(np.round(motion.centres(motion.times)[0] / 360))
    around = range(int(turns.min()) - 1, int(turns.max()) + 2)
    # A storm's longitudes may run on beyond 180 degrees: so must the shape's.
    shapes = [translate(geometry, 360 * turn) for turn in around]
    shapely.prepare(shapes)

    def reached(seconds: Floats) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(seconds), bool)
        radii = motion.radii(threshold, seconds)
        some = np.flatnonzero(radii.max(axis=1) > 0)
        if len(some):
            x, y = motion.centres(seconds[some])
            drawn = np.array(fields(x, y, radii[some]))
            found[some] = np.any([shapely.intersects(one, drawn) for one in shapes], axis=0)
        return found

    return _first(motion, threshold, reached)


def _first(motion: Motion, threshold: Threshold, reached: _Reached) -> datetime | None:
    span = motion.span(threshold)
    if span is None:
        return None
    seconds = moments(*span, motion.times, _STEP)
    hits = np.flatnonzero(reached(seconds))
    if not len(hits):
        return None
    after = float(seconds[hits[0]])
    before = float(seconds[max(hits[0] - 1, 0)])
    while after - before > _EXACT:
        middle = (before + after) / 2
        if reached(np.array([middle]))[0]:
            after = middle
        else:
            before = middle
    return motion.moment(after)
