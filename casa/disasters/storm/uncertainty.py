"""How far from its forecast position a storm's centre may be, by how far ahead the forecast is.

The National Hurricane Center draws its cone from circles that hold two thirds of its own forecast
errors of five years: "Definition of the NHC Track Forecast Cone",
https://www.nhc.noaa.gov/aboutcone.shtml, renewed each year before the season.
"""

from collections.abc import Mapping
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
        # Errors of 2021 to 2025.
        2026: {12: 25, 24: 39, 36: 49, 48: 62, 60: 77, 72: 95, 96: 134, 120: 200},
    }
)
"""The Center's circles for the Atlantic, by season."""

_FORECASTS_START = 6  # every so many hours from midnight UTC


def cone_of(season: int) -> Cone:
    """The circles of a season; of the last one before it that is known, or else of the first."""
    known = [year for year in ATLANTIC if year <= season]
    return ATLANTIC[max(known, default=min(ATLANTIC))]


def starts(first: datetime) -> datetime:
    """From when a forecast counts its hours: the synoptic hour before its first position.

    An advisory of 21 UTC rests on the analysis of 18 UTC, and what it forecasts for 06 UTC is its
    12 hour forecast (NHC, "How To Read The Forecast/Advisory").
    """
    hour = first.hour - first.hour % _FORECASTS_START
    return first.replace(hour=hour, minute=0, second=0, microsecond=0)


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
