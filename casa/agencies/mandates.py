"""Mandates: what an agency may say, where and how gravely. Free of Flask and of SQL.

A mandate joins kinds × places × a greatest severity. An alert must lie inside what the mandates
that fit its kind and severity allow together; what sticks out is named.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from casa.geography.places import gazetteer
from casa.geography.shapes import CARIBBEAN

SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
STATUSES = ("Actual", "Exercise", "System", "Test")

# Square degrees, about 10,000 m²: reaches of neighbours overlap by rounding, and a drawn edge
# along a border shares it only so far. Less than this is no trespass.
SLIVER = 1e-6


def rank(severity: str) -> int:
    """0 (Unknown) to 4 (Extreme)."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True)
class Mandate:
    """One grant.

    ``open_sea`` adds, for regional bodies, what is no state's of CASA's within the region's box;
    ``beyond_region`` lifts the box too.
    """

    kinds: tuple[str, ...]
    places: tuple[str, ...]
    max_severity: str
    statuses: tuple[str, ...] = STATUSES
    open_sea: bool = False
    beyond_region: bool = False
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        started = self.valid_from is None or self.valid_from <= moment
        return started and (self.valid_to is None or moment < self.valid_to)


class OutsideMandate(Exception):
    """What sticks out, in words and as the codes of what may not be reached."""

    def __init__(self, detail: str, places: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.places = places


def check(
    mandates: Sequence[Mandate],
    *,
    kind: str,
    severity: str,
    status: str,
    codes: Iterable[str],
    shapes: Iterable[BaseGeometry],
    moment: datetime,
) -> None:
    """Refuse what the mandates do not allow.

    ``codes`` are the named places of the alert, ``shapes`` its drawn areas.

    Raises:
        OutsideMandate: with what sticks out.
    """
    fitting = fit(mandates, kind=kind, severity=severity, status=status, moment=moment)
    allowed = places_of(fitting)
    _check_places(allowed, tuple(codes))
    boxed = not any(mandate.beyond_region for mandate in fitting)
    open_sea = any(mandate.open_sea for mandate in fitting)
    for shape in shapes:
        if boxed:
            _check_region(shape)
        _check_shape(allowed, shape, open_sea)


def fit(
    mandates: Sequence[Mandate], *, kind: str, severity: str, status: str, moment: datetime
) -> tuple[Mandate, ...]:
    """The mandates that hold alerts of this kind, severity and status now.

    Raises:
        OutsideMandate: there is none.
    """
    valid = [m for m in mandates if m.holds(moment) and kind in m.kinds]
    if not valid:
        raise OutsideMandate(f"The agency's mandate holds no alerts of kind {kind}.")
    fitting = tuple(m for m in valid if rank(severity) <= rank(m.max_severity))
    if not fitting:
        greatest = max((m.max_severity for m in valid), key=rank)
        raise OutsideMandate(
            f"The agency's mandate for {kind} ends at severity {greatest}; this is {severity}."
        )
    fitting = tuple(m for m in fitting if status in m.statuses)
    if not fitting:
        raise OutsideMandate(f"The agency's mandate for {kind} holds no status {status}.")
    return fitting


def places_of(mandates: Iterable[Mandate]) -> tuple[str, ...]:
    """The codes of all places of these mandates, sorted."""
    return tuple(sorted({code for mandate in mandates for code in mandate.places}))


def _check_places(allowed: tuple[str, ...], codes: tuple[str, ...]) -> None:
    strangers = tuple(
        code
        for code in codes
        if code not in allowed and gazetteer().place(code).state not in allowed
    )
    if strangers:
        raise OutsideMandate(f"Outside the agency's mandate: {_names(strangers)}.", strangers)


def _check_region(shape: BaseGeometry) -> None:
    west, south, east, north = shape.bounds
    if west < CARIBBEAN.west or south < CARIBBEAN.south:
        corner = (west, south)
    elif east > CARIBBEAN.east or north > CARIBBEAN.north:
        corner = (east, north)
    else:
        return
    raise OutsideMandate(
        f"A shape reaches ({corner[0]:.3f}, {corner[1]:.3f}), outside the Caribbean region; "
        "coordinates are longitude first."
    )


def _check_shape(allowed: tuple[str, ...], shape: BaseGeometry, open_sea: bool) -> None:
    outside = shapely.difference(shape, reach(allowed))
    if outside.area <= SLIVER:
        return
    strangers = _places_reached(allowed, outside)
    if open_sea and not strangers:
        return
    share = 100 * outside.area / shape.area if shape.area else 100.0
    if strangers:
        where = f"it reaches {_names(strangers)}"
    else:
        west, south, east, north = outside.bounds
        where = (
            f"it reaches beyond the agency's places between longitudes {west:.3f} and {east:.3f}, "
            f"latitudes {south:.3f} and {north:.3f}"
        )
    raise OutsideMandate(
        f"{share:.1f}% of the shape lies outside the agency's mandate: {where}.", strangers
    )


def _places_reached(allowed: tuple[str, ...], outside: BaseGeometry) -> tuple[str, ...]:
    """The finest named places that ``outside`` reaches and that are not allowed."""
    reached = [
        place
        for place in gazetteer().meeting(outside)
        if place.kind != "waters"
        and not {place.code, place.state} & set(allowed)
        and shapely.intersection(outside, place.reach).area > SLIVER
    ]
    divided = {place.state for place in reached if place.kind == "subdivision"}
    return tuple(p.code for p in reached if p.kind == "subdivision" or p.code not in divided)


@lru_cache(maxsize=256)
def reach(codes: tuple[str, ...]) -> BaseGeometry:
    """What an agency with these places may reach, prepared."""
    found = gazetteer().reach_of(codes)
    shapely.prepare(found)
    return found


def _names(codes: Iterable[str]) -> str:
    return ", ".join(f"{gazetteer().place(code).name} ({code})" for code in codes)
