"""What a storm's track or a tsunami's epicentre means for each place. Pure.

Where no outlook tells it, what is to come to a place is derived, place by place, from what is known
of the hazard as a whole. An officer sees what was derived before it is published.

* A storm's *arrival* is when winds of tropical storm strength first reach the place: too late to
  prepare outdoors.
* Its *wind* there is the strongest on the way past: between the radii that the track tells, evenly
  on logarithmic scales; nearer to the centre than the innermost of them it rises with the square
  root of nearness (the modified Rankine vortex with its usual exponent), up to the track's own
  strongest wind, and not up to a strength that the track says is nowhere.
* A *wave* is at a place at the soonest as ``tsunami`` says; near is where it is in half an hour.

All places are looked at together, and each is kept for the next time that the same track is read:
an advisory is read, shown, approved and published.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from casa.disasters.geodesy import Floats, inverse
from casa.disasters.storm.motion import Motion, moments
from casa.disasters.storm.shapes import fields
from casa.disasters.storm.track import THRESHOLDS, Threshold, Track, from_mapping
from casa.disasters.texts.facts import Storm
from casa.disasters.tsunami import coast, soonest

NEAR = timedelta(minutes=30)
"""A wave that may be there so soon may come before any message."""

_ARRIVES: Threshold = 34
_EVERY = 600.0  # seconds between the moments at which an arrival is sought
_EXACT = 60.0
_HOURLY = 3600.0
_PLAIN = 0.02  # degrees: how finely a coast is followed to tell how far off a centre is
_STRENGTHS: tuple[tuple[float, Storm], ...] = (
    (96, "major_hurricane"),
    (64, "hurricane"),
    (34, "tropical_storm"),
)
KMH_IN_A_KNOT = 1.852

Indices = npt.NDArray[np.intp]
Shapes = Mapping[str, BaseGeometry]
"""By the codes of places and zones."""


class Passage(NamedTuple):
    """A storm at a place: when its winds come, and how strong they grow (knots); None if never."""

    arrival: datetime | None
    wind_kt: float | None


def strength(wind_kt: float) -> Storm:
    """What a storm of such a wind is called, in the Atlantic."""
    return next((one for least, one in _STRENGTHS if wind_kt >= least), "tropical_depression")


def weakest(storm: Storm) -> float:
    """The least wind, in knots, of what is so called."""
    return next((least for least, one in _STRENGTHS if one == storm), 0.0)


def passages(track: bytes, shapes: Shapes) -> dict[str, Passage]:
    """What a track, as encoded JSON, means for each shape."""
    return _storm(track).passages(shapes)


def own_strength(track: bytes, moment: datetime) -> Storm:
    """What the storm itself is called at a moment, or at the nearest that its track tells of."""
    return strength(_storm(track).wind_at(moment))


def waves(longitude: float, latitude: float, deepest_m: float, shapes: Shapes) -> dict[str, float]:
    """How many seconds after its beginning a wave can be at each shape at the soonest."""
    return {
        code: _travel(longitude, latitude, deepest_m, shape.wkb) for code, shape in shapes.items()
    }


@lru_cache(maxsize=16)
def _storm(track: bytes) -> "_Storm":
    return _Storm(from_mapping(msgspec.json.decode(track)))


@lru_cache(maxsize=2_048)
def _travel(longitude: float, latitude: float, deepest_m: float, shape: bytes) -> float:
    return soonest(longitude, latitude, deepest_m, *_coast(shape)).total_seconds()


@lru_cache(maxsize=512)
def _coast(shape: bytes) -> tuple[BaseGeometry, Floats]:
    where = shapely.from_wkb(shape)
    return where, coast(where)


class _Storm:
    """A track with what has been found of it so far."""

    def __init__(self, track: Track) -> None:
        self._motion = Motion(track)
        self._winds = np.array([point.wind_kt for point in track.points])
        self._known: dict[bytes, Passage] = {}

    def passages(self, shapes: Shapes) -> dict[str, Passage]:
        keys = {code: shape.wkb for code, shape in shapes.items()}
        new = {key: shapes[code] for code, key in keys.items() if key not in self._known}
        if new:
            self._known |= dict(zip(new, self._find(list(new.values())), strict=True))
        return {code: self._known[key] for code, key in keys.items()}

    def wind_at(self, moment: datetime) -> float:
        return float(self._strongest(np.array([self._motion.seconds(moment)]))[0])

    def _strongest(self, seconds: Floats) -> Floats:
        found: Floats = np.interp(seconds, self._motion.times, self._winds)
        return found

    def _find(self, shapes: list[BaseGeometry]) -> list[Passage]:
        near = [_on_this_side(shape, self._motion) for shape in shapes]
        arrivals = _onsets(self._motion, near)
        winds = self._winds_at(near)
        return [
            # What the winds touch has such winds, though its coast was followed less finely.
            Passage(None, None)
            if arrival is None
            else Passage(arrival, max(float(wind), float(_ARRIVES)))
            for arrival, wind in zip(arrivals, winds, strict=True)
        ]

    def _winds_at(self, shapes: list[BaseGeometry]) -> Floats:
        """The strongest wind that each shape has, knots; 0 where it is weaker than is told of."""
        span = self._motion.span(_ARRIVES)
        if span is None:
            return np.zeros(len(shapes))
        seconds = moments(*span, self._motion.times, _HOURLY)
        far, azimuth = _apart(*self._motion.centres(seconds), shapes)
        quarter = (azimuth // 90).astype(int) % 4
        known = {
            threshold: np.take_along_axis(_radii(self._motion, threshold, seconds), quarter, axis=1)
            for threshold in THRESHOLDS
        }
        strongest = self._strongest(seconds)[:, None]
        found: Floats = _profile(np.maximum(far, 1.0), known, strongest).max(axis=0)
        return found


def _on_this_side(shape: BaseGeometry, motion: Motion) -> BaseGeometry:
    """The shape at the longitudes of the track, which may run on beyond 180 degrees."""
    x, _ = motion.centres(motion.times)
    west, _, east, _ = shape.bounds
    turn = 360 * round((float(x.mean()) - (west + east) / 2) / 360)
    return translate(shape, turn) if turn else shape


def _onsets(motion: Motion, shapes: list[BaseGeometry]) -> list[datetime | None]:
    """When the winds first reach each shape: as ``storm.arrival.onset``, for all together."""
    span = motion.span(_ARRIVES)
    if span is None:
        return [None] * len(shapes)
    seconds = moments(*span, motion.times, _EVERY)
    first = _first_reached(motion, seconds, shapes)
    reached = np.flatnonzero(first < len(seconds))
    after = seconds[first[reached]]
    before = seconds[np.maximum(first[reached] - 1, 0)]
    after = _halved(motion, before, after, [shapes[index] for index in reached])
    found: list[datetime | None] = [None] * len(shapes)
    for index, one in zip(reached, after, strict=True):
        found[index] = motion.moment(float(one))
    return found


def _first_reached(motion: Motion, seconds: Floats, shapes: list[BaseGeometry]) -> Indices:
    """The index of the first moment at which each shape is reached; their number if it never is."""
    found = np.full(len(shapes), len(seconds))
    some = np.flatnonzero(motion.radii(_ARRIVES, seconds).max(axis=1) > 0)
    if not len(some):
        return found
    drawn = _fields(motion, seconds[some])
    at, which = shapely.STRtree(shapes).query(drawn, predicate="intersects")
    np.minimum.at(found, which, some[at])
    return found


def _halved(motion: Motion, before: Floats, after: Floats, shapes: list[BaseGeometry]) -> Floats:
    """The first moments, to the minute, between one that is too early and one that is not."""
    while len(shapes) and (after - before).max() > _EXACT:
        middle = (before + after) / 2
        reached = shapely.intersects(_fields(motion, middle), shapes)
        before, after = np.where(reached, before, middle), np.where(reached, middle, after)
    return after


def _fields(motion: Motion, seconds: Floats) -> list[BaseGeometry]:
    return fields(*motion.centres(seconds), motion.radii(_ARRIVES, seconds))


def _apart(x: Floats, y: Floats, shapes: list[BaseGeometry]) -> tuple[Floats, Floats]:
    """How far each shape is from each centre, and in which direction: a row for each centre."""
    plain = shapely.simplify(np.array(shapes, dtype=object), _PLAIN)
    lines = shapely.shortest_line(shapely.points(x, y)[:, None], plain[None, :])
    ends = shapely.get_coordinates(lines).reshape(len(x), len(shapes), 2, 2)
    to = ends[:, :, 1, :]
    return inverse(x[:, None], y[:, None], to[:, :, 0], to[:, :, 1])


def _radii(motion: Motion, threshold: Threshold, seconds: Floats) -> Floats:
    """Metres for each moment and quarter; not a number where the track does not tell."""
    span = motion.span(threshold)
    if span is None:
        return np.full((len(seconds), 4), np.nan)
    found = motion.radii(threshold, seconds)
    found[(seconds < span[0]) | (seconds > span[1])] = np.nan
    return found


def _profile(far: Floats, known: Mapping[Threshold, Floats], strongest: Floats) -> Floats:
    """Knots at so many metres from centres: by the radii there, and the storm's strongest wind."""
    wind = np.zeros_like(far)
    inner_radius, inner_wind = np.full_like(far, np.nan), np.full_like(far, np.nan)
    most = np.broadcast_to(strongest, far.shape).astype(float)
    for threshold in sorted(known, reverse=True):
        radius = known[threshold]
        # A strength that is told to be nowhere is not there.
        most = np.where(radius == 0, np.minimum(most, threshold - 1.0), most)
        inside = (radius > 0) & (far <= radius) & (wind == 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            rising = threshold * np.sqrt(radius / far)
            share = np.log(radius / far) / np.log(radius / inner_radius)
            between = threshold * (inner_wind / threshold) ** share
        told = np.isfinite(inner_radius) & (inner_radius < radius)
        wind = np.where(inside, np.where(told, between, np.minimum(rising, most)), wind)
        inner_radius = np.where(radius > 0, radius, inner_radius)
        inner_wind = np.where(radius > 0, float(threshold), inner_wind)
    return wind
