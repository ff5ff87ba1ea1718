"""What a storm covers, as shapes in WGS 84 longitudes and latitudes.

Shapes are drawn around what they stand for: a round edge lies up to 0.03% of its radius outside,
and no edge is off by more than 500 m. Those that cross the antimeridian come in pieces that end
at 180 degrees (RFC 7946 section 3.1.9). Radii are those of advisories: the farthest that winds
reach anywhere in a quarter, so that a field is a quarter disc for each of the four.
"""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from casa.disasters.geodesy import (
    NAUTICAL_MILE,
    Floats,
    check_poles,
    direct,
    inverse,
    on_one_globe,
)
from casa.disasters.storm.motion import Motion, moments, radii_of
from casa.disasters.storm.track import Threshold, Track, TrackPoint

_STEP = 3600.0  # seconds: in an hour a storm hardly turns
_ARC = 36  # edges of a quarter disc's round side
_ROUND = 4 * _ARC
_OUTSIDE = 1 / np.cos(np.pi / _ROUND)
_SIDE = 10  # edges of a quarter disc's straight side, which bends on the map
_LONGEST_EDGE = 25_000.0  # metres: a straight edge bends by less than 100 m on the map up to 60°


def cone(track: Track) -> BaseGeometry:
    """Where the centre may pass: all circles of uncertainty along the track.

    Circles of each hour and the hulls between one and the next, which is all that a circle
    covers that moves and grows evenly. As NHC draws it, but that positions between its points lie
    on geodesics.

    Raises:
        ValueError: the track comes too near to a pole.
    """
    motion = Motion(track)
    seconds = moments(0, motion.times[-1], motion.times, _STEP)
    azimuth = np.linspace(0, 360, _ROUND, endpoint=False)
    far = motion.uncertainty(seconds)[:, None] * np.full_like(azimuth, _OUTSIDE)
    return on_one_globe(_swept(*motion.centres(seconds), azimuth, far))


def wind_swath(track: Track, threshold: Threshold) -> BaseGeometry:
    """All places that winds of a strength reach at some time of the track; empty if none.

    Ends with the last point that tells how far they reach.

    Raises:
        ValueError: the winds come too near to a pole.
    """
    motion = Motion(track)
    span = motion.span(threshold)
    if span is None:
        return shapely.Polygon()
    seconds = moments(*span, motion.times, _STEP)
    x, y = motion.centres(seconds)
    radii = motion.radii(threshold, seconds) * _OUTSIDE
    swept = []
    # A whole field is not convex, but a quarter disc is: its hulls cover no more than it does.
    for quarter in range(4):
        azimuth = np.linspace(90 * quarter, 90 * quarter + 90, _ARC + 1)
        far = np.repeat(radii[:, [quarter]], _ARC + 1, axis=1)
        azimuth, far = np.append(azimuth, 0.0), np.column_stack([far, np.zeros(len(far))])
        swept.append(_swept(x, y, azimuth, far))
    return on_one_globe(shapely.union_all(swept))


def wind_field(point: TrackPoint, threshold: Threshold) -> BaseGeometry:
    """Where winds of a strength blow at a point of the track; empty if nowhere, or not told.

    Raises:
        ValueError: the winds come too near to a pole.
    """
    radii = radii_of(point, threshold)
    if radii is None or not any(radii.clockwise):
        return shapely.Polygon()
    metres = np.array([radii.clockwise]) * NAUTICAL_MILE
    (found,) = fields(np.array([point.longitude]), np.array([point.latitude]), metres)
    return on_one_globe(found)


def fields(x: Floats, y: Floats, radii: Floats) -> list[BaseGeometry]:
    """Wind fields around centres, from rows of four radii in metres; not cut at 180 degrees."""
    check_poles(y, radii.max(axis=1))
    azimuth, shares = _outline()
    far = radii @ shares.T * _OUTSIDE
    rings = np.stack(direct(x[:, None], y[:, None], azimuth, far), axis=-1)
    drawn = shapely.polygons(shapely.linearrings(rings))
    # Quarters without winds pinch an outline at the centre.
    return [one if one.is_valid else _polygons(shapely.make_valid(one)) for one in drawn]


def _outline() -> tuple[Floats, Floats]:
    """Of a field's outline: each vertex's azimuth, and the shares of the four radii in its own.

    Round along a quarter, then straight from its radius to that of the next.
    """
    azimuths, shares = [], []
    own = np.eye(4)
    for quarter in range(4):
        start, after = 90.0 * quarter, own[(quarter + 1) % 4]
        azimuths += np.linspace(start, start + 90, _ARC + 1).tolist()
        shares += [own[quarter]] * (_ARC + 1)
        azimuths += [start + 90] * (_SIDE - 1)
        shares += [(1 - part) * own[quarter] + part * after for part in np.arange(1, _SIDE) / _SIDE]
    return np.array(azimuths), np.array(shares)


def _swept(x: Floats, y: Floats, azimuth: Floats, far: Floats) -> BaseGeometry:
    """All that a convex shape covers that moves from centre to centre and changes evenly.

    ``azimuth`` and ``far`` (a row for each centre) are its vertices as seen from the centre. The
    hull of two shapes is taken on a plane with true distances and directions from the first's
    centre: on the map geodesics bend, by a kilometre and more across a large storm.
    """
    check_poles(y, far.max(axis=1))
    if len(x) == 1:
        x, y, far = np.repeat(x, 2), np.repeat(y, 2), np.repeat(far, 2, axis=0)
    x, y, far = _only_where_there_is_some(x, y, far)
    if not len(x):
        return shapely.Polygon()
    here = _plane(azimuth, far[:, 0])
    there = direct(x[:, 1, None], y[:, 1, None], azimuth, far[:, 1])
    seen, turn = inverse(x[:, 0, None], y[:, 0, None], *there)
    hulls = shapely.convex_hull(
        shapely.multipoints(np.concatenate([here, _plane(turn, seen)], axis=1))
    )
    hulls = shapely.segmentize(hulls, _LONGEST_EDGE)
    vertices, owner = shapely.get_coordinates(hulls, return_index=True)
    back = np.degrees(np.arctan2(vertices[:, 0], vertices[:, 1]))
    placed = direct(x[owner, 0], y[owner, 0], back, np.hypot(vertices[:, 0], vertices[:, 1]))
    return shapely.union_all(
        shapely.make_valid(shapely.set_coordinates(hulls, np.stack(placed, 1)))
    )


def _only_where_there_is_some(x: Floats, y: Floats, far: Floats) -> tuple[Floats, Floats, Floats]:
    """Pairs of one centre and the next, without those around which there is nothing at either."""
    x, y, far = (np.stack([one[:-1], one[1:]], axis=1) for one in (x, y, far))
    some = far.max(axis=(1, 2)) > 0
    return x[some], y[some], far[some]


def _plane(azimuth: Floats, far: Floats) -> Floats:
    turn = np.radians(azimuth)
    return np.stack([far * np.sin(turn), far * np.cos(turn)], axis=-1)


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.union_all(
        [one for one in shapely.get_parts(geometry) if isinstance(one, shapely.Polygon)]
    )
