"""How far from its forecast position a storm's centre may be, by how far ahead the forecast is.

The National Hurricane Center draws its cone from circles that hold two thirds of its own forecast
errors of five years: "Definition of the NHC Track Forecast Cone",
https://www.nhc.noaa.gov/aboutcone.shtml, renewed each year before the season.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np

Cone = Mapping[int, float]
"""Nautical miles by hours ahead."""

ATLANTIC: Mapping[int, Cone] = MappingProxyType(
    {
        # Errors of 2018 to 2022.
        2023: {12: 26, 24: 39, 36: 53, 48: 67, 60: 81, 72: 99, 96: 145, 120: 205},
        # Errors of 2019 to 2023.
        2024: {12: 26, 24: 41, 36: 55, 48: 70, 60: 88, 72: 102, 96: 151, 120: 220},
        # Errors of 2020 to 2024.
        2025: {12: 26, 24: 39, 36: 52, 48: 67, 60: 83, 72: 100, 96: 142, 120: 213},
        # Errors of 2021 to 2025.
        2026: {12: 25, 24: 39, 36: 49, 48: 62, 60: 77, 72: 95, 96: 134, 120: 200},
    }
)
"""The Center's circles for the Atlantic, by season."""

HOURS = (12, 24, 36, 48, 60, 72, 96, 120)
_FORECASTS_START = 6  # every so many hours from midnight UTC
_STEP = timedelta(hours=12)
_LATEST_ISSUE = timedelta(hours=9)  # the next advisory, of the next start, comes then
_MOST = 1000.0

_added: dict[int, Cone] = {}


def parsed(text: str) -> dict[int, Cone]:
    """Circles written as ``2027: 25 38 50 62 77 95 134 200``; more seasons after semicolons.

    Raises:
        ValueError: saying what was expected.
    """
    seasons: dict[int, Cone] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        season, _, circles = part.partition(":")
        written = circles.replace(",", " ").split()
        if not re.fullmatch(r"\d{4}", season.strip()) or len(written) != len(HOURS):
            raise ValueError(
                f"expected a season and {len(HOURS)} circles in nautical miles, as in "
                f"2027: 25 38 50 62 77 95 134 200, not {part!r}"
            )
        miles = [_miles(one) for one in written]
        if miles != sorted(miles):
            raise ValueError(f"expected circles that grow with the hours, not {circles.strip()}")
        seasons[int(season)] = dict(zip(HOURS, miles, strict=True))
    return seasons


def _miles(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0 < float(text) <= _MOST:
        raise ValueError(f"expected nautical miles up to {_MOST:g}, not {text!r}")
    return float(text)


def use(seasons: Mapping[int, Cone]) -> None:
    """Make these the process's circles of their seasons, beside or in place of the known ones."""
    _added.clear()
    _added.update(seasons)


def cone_of(season: int) -> Cone:
    """The circles of a season; of the last one before it that is known, or else of the first."""
    known = {**ATLANTIC, **_added}
    return known[max((year for year in known if year <= season), default=min(known))]


def starts(times: Sequence[datetime]) -> datetime:
    """From when a forecast counts its hours, by the times of its position and forecasts.

    An advisory of 21 UTC rests on the analysis of 18 UTC, and what it forecasts for 06 UTC is its
    12 hour forecast (NHC, "How To Read The Forecast/Advisory"). So does a special advisory, which
    comes at any hour until the next: of two synoptic hours it is its first forecast, twelve hours
    ahead, that tells the right one. Where forecasts are not twelve hours apart it is the synoptic
    hour before the first position.
    """
    first, *ahead = times
    even = len(ahead) > 0 and (len(ahead) == 1 or ahead[1] - ahead[0] == _STEP)
    if even:
        start = ahead[0] - _STEP
        if start == _synoptic(start) and timedelta() <= first - start <= _LATEST_ISSUE:
            return start
    return _synoptic(first)


def _synoptic(time: datetime) -> datetime:
    hour = time.hour - time.hour % _FORECASTS_START
    return time.replace(hour=hour, minute=0, second=0, microsecond=0)


def radius(ahead: timedelta, cone: Cone) -> float:
    """Nautical miles: none at the start, straight between the table's hours and on at its end."""
    hours = ahead / timedelta(hours=1)
    if hours <= 0:
        return 0.0
    table = sorted({0: 0.0, **cone}.items())
    if hours > table[-1][0] and len(table) > 1:
        (before, low), (last, high) = table[-2:]
        return high + (hours - last) * (high - low) / (last - before)
    return float(np.interp(hours, [hour for hour, _ in table], [far for _, far in table]))
