"""The track of a tropical cyclone: where its centre is or will be, and how far its winds reach.

One typed value, whatever it is read from. Times are aware and in UTC, positions in degrees
(WGS 84), winds in knots over one minute, radii in nautical miles, as in the advisories.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal

import msgspec

from casa.disasters.storm.uncertainty import Cone, cone_of, radius, starts

Strength = Literal["tropical_depression", "tropical_storm", "hurricane"]

Threshold = Literal[34, 50, 64]
THRESHOLDS: tuple[Threshold, ...] = (34, 50, 64)
"""Knots: gale or tropical storm, storm, and hurricane force."""

MOST_WIND = 250.0
MOST_RADIUS = 1000.0
"""Nautical miles; the widest gales on record reached some 600."""


class TrackError(ValueError):
    """What cannot be read as a track: ``where`` it stands, and what was expected there."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.where = where
        self.detail = detail


class Quadrants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The farthest that winds of a strength reach in each quarter, nautical miles; 0 if nowhere."""

    ne: float
    se: float
    sw: float
    nw: float

    def __post_init__(self) -> None:
        if not all(0 <= one <= MOST_RADIUS for one in self.clockwise):
            raise ValueError(f"Expected radii of 0 to {MOST_RADIUS:g} nautical miles")

    @property
    def clockwise(self) -> tuple[float, float, float, float]:
        """From north on: the quarters whose azimuths start at 0, 90, 180 and 270 degrees."""
        return self.ne, self.se, self.sw, self.nw


class Fix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A storm at a moment; ``wind_kt`` is None where nobody knows it.

    Strengths whose winds reach nowhere are left out of ``radii``.
    """

    time: datetime
    longitude: float
    latitude: float
    wind_kt: float | None
    gust_kt: float | None = None
    radii: Mapping[Threshold, Quadrants] = {}

    def __post_init__(self) -> None:
        if self.time.utcoffset() is None:
            raise ValueError("Expected a time with its offset from UTC")
        if not (abs(self.latitude) <= 90 and abs(self.longitude) <= 360):
            raise ValueError("Expected degrees: a latitude of -90 to 90, a longitude up to 360")
        if not all(0 <= one <= MOST_WIND for one in (self.wind_kt or 0, self.gust_kt or 0)):
            raise ValueError(f"Expected winds of 0 to {MOST_WIND:g} knots")
        if not set(self.radii) <= set(THRESHOLDS):
            raise ValueError("Expected radii of winds of 34, 50 and 64 knots")
        change = msgspec.structs.force_setattr
        change(self, "time", self.time.astimezone(UTC))
        if abs(self.longitude) > 180:
            change(self, "longitude", self.longitude - math.copysign(360, self.longitude))
        change(self, "radii", {at: one for at, one in self.radii.items() if any(one.clockwise)})


class TrackPoint(Fix, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fix, and within how many nautical miles of it the centre is thought to be."""

    uncertainty_nm: float = 0.0

    def __post_init__(self) -> None:
        Fix.__post_init__(self)
        _check_uncertainty(self.uncertainty_nm)


class Track(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A storm's points in the order of time, as one advisory or a best track gives them.

    ``strength`` is what its source calls it at the first point. ``remarks`` are what whoever read
    it passed over or found strange, each with its line.
    """

    name: str
    identifier: str
    advisory: int | None = None
    strength: Strength | None = None
    points: tuple[TrackPoint, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_order(self.points)


class _Given(Fix, frozen=True, kw_only=True, forbid_unknown_fields=True):
    wind_kt: float
    uncertainty_nm: float | None = None

    def __post_init__(self) -> None:
        Fix.__post_init__(self)
        _check_uncertainty(self.uncertainty_nm or 0)


class _GivenTrack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    identifier: str
    advisory: int | None = None
    strength: Strength | None = None
    points: tuple[_Given, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_order(self.points)


def check_order(points: Sequence[Fix]) -> None:
    """Refuses a track without points, or with points that are not each later than the last.

    Raises:
        ValueError: saying which.
    """
    if not points:
        raise ValueError("Expected at least one point")
    for before, after in pairwise(points):
        if after.time <= before.time:
            raise ValueError(
                f"Expected a time after {before.time:%Y-%m-%dT%H:%MZ} in the next point"
            )


def forecast(
    name: str,
    identifier: str,
    advisory: int | None,
    fixes: Iterable[Fix],
    cone: Cone | None = None,
    *,
    strength: Strength | None = None,
    remarks: Iterable[str] = (),
) -> Track:
    """A track of forecast fixes, uncertain by how far ahead each is.

    ``cone`` overrides the circles of the season.
    """
    fixes = tuple(fixes)
    check_order(fixes)
    return Track(
        name=name,
        identifier=identifier,
        advisory=advisory,
        strength=strength,
        points=_uncertain(fixes, identifier, cone),
        remarks=tuple(remarks),
    )


def observed(
    name: str, identifier: str, fixes: Iterable[Fix], remarks: Iterable[str] = ()
) -> Track:
    """A track of what was: nothing about it is taken to be uncertain."""
    points = tuple(TrackPoint(**_fields(fix)) for fix in fixes)
    return Track(name=name, identifier=identifier, points=points, remarks=tuple(remarks))


def from_mapping(value: Mapping[str, Any], cone: Cone | None = None) -> Track:
    """A track of decoded JSON with this module's member names.

    Times are RFC 3339 text or aware datetimes. A point without ``uncertainty_nm`` is as uncertain
    as a forecast so far ahead is by ``cone``, or else by the circles of its season.

    Raises:
        TrackError: ``where`` is msgspec's path, as in ``$.points[2].time``.
    """
    try:
        given = msgspec.convert(value, _GivenTrack, str_keys=True)
    except msgspec.ValidationError as fault:
        detail, _, where = str(fault).rpartition(" - at ")
        raise TrackError(where.replace("`", "") if detail else "$", detail or str(fault)) from None
    return Track(
        name=given.name,
        identifier=given.identifier,
        advisory=given.advisory,
        strength=given.strength,
        points=_uncertain(given.points, given.identifier, cone),
        remarks=given.remarks,
    )


def to_mapping(track: Track) -> dict[str, Any]:
    """What ``from_mapping`` reads, of JSON's own types."""
    found: dict[str, Any] = msgspec.to_builtins(track, str_keys=True)
    return found


def _uncertain(fixes: Sequence[Fix], identifier: str, cone: Cone | None) -> tuple[TrackPoint, ...]:
    start = starts([fix.time for fix in fixes])
    cone = cone or cone_of(_season(identifier, fixes[0].time))
    return tuple(
        TrackPoint(**_fields(fix), uncertainty_nm=_given_or(fix, radius(fix.time - start, cone)))
        for fix in fixes
    )


def _given_or(fix: Fix, usual: float) -> float:
    given = fix.uncertainty_nm if isinstance(fix, _Given) else None
    return usual if given is None else given


def _season(identifier: str, first: datetime) -> int:
    """A storm that lives on into January is of the season that its identifier names."""
    named = re.fullmatch(r"[A-Z]{2}\d{2}(\d{4})", identifier)
    return int(named[1]) if named and int(named[1]) == first.year - 1 else first.year


def _check_uncertainty(given: float) -> None:
    if not 0 <= given <= MOST_RADIUS:
        raise ValueError(f"Expected an uncertainty of 0 to {MOST_RADIUS:g} nautical miles")


def _fields(fix: Fix) -> dict[str, Any]:
    return {name: getattr(fix, name) for name in Fix.__struct_fields__}
