"""What an advisory says of a hazard event: levels by place, and what is expected where. Pure.

Read from the wire by ``event_schemas``; kept, and approved, as the JSON that ``encode`` makes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from casa.disasters.levels import Level
from casa.disasters.parts import finest
from casa.disasters.storm.arrival import onset
from casa.disasters.storm.track import Threshold, Track, from_mapping
from casa.disasters.texts.facts import Named, Storm
from casa.geography.places import gazetteer

# What decides a storm's arrival where nobody tells it: tropical storm winds, in knots, make it too
# late to prepare outdoors.
_ARRIVES: Threshold = 34
_STRONGEST_FIRST: tuple[Storm, ...] = ("hurricane", "tropical_storm", "tropical_depression")


class Outlook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is expected at some places; units as in ``texts.Facts``."""

    places: tuple[str, ...]
    storm: Storm | None = None
    arrival: datetime | None = None
    wind_kmh: float | None = None
    rain_mm: float | None = None
    surge_m: float | None = None
    magnitude: float | None = None
    shelters: tuple[str, ...] = ()


class Advisory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One advisory. ``levels`` are all there are: a place that is missing has none.

    ``track`` is a storm's, as ``storm.track.to_mapping`` gives it.
    """

    levels: dict[str, Level]
    outlook: tuple[Outlook, ...] = ()
    next_update: datetime | None = None
    languages: tuple[str, ...] = ()
    contact: str | None = None
    track: dict[str, Any] | None = None

    @property
    def by_part(self) -> dict[str, Level]:
        """The level of each part (``parts.finest``)."""
        return finest(self.levels)

    @property
    def storm_track(self) -> Track | None:
        return from_mapping(self.track) if self.track else None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What some places together are to expect: of each thing the worst, the first arrival."""

    storm: Storm | None = None
    arrival: datetime | None = None
    wind_kmh: float | None = None
    rain_mm: float | None = None
    surge_m: float | None = None
    magnitude: float | None = None
    shelters: tuple[Named, ...] = ()


encode = msgspec.json.Encoder(order="deterministic").encode
decode = msgspec.json.Decoder(Advisory).decode


def expected(advisory: Advisory, codes: Sequence[str]) -> Expected:
    """What the parts ``codes`` are to expect: by their outlooks; when, else by the track."""
    met = [one for one in advisory.outlook if _covers(one.places, codes)]
    storms = {one.storm for one in met}
    return Expected(
        storm=next((storm for storm in _STRONGEST_FIRST if storm in storms), None),
        arrival=min((one.arrival for one in met if one.arrival), default=None)
        or _arrival(advisory, codes),
        wind_kmh=_most(one.wind_kmh for one in met),
        rain_mm=_most(one.rain_mm for one in met),
        surge_m=_most(one.surge_m for one in met),
        magnitude=_most(one.magnitude for one in met),
        shelters=tuple(dict.fromkeys(Named(name) for one in met for name in one.shelters)),
    )


def _covers(places: Iterable[str], codes: Sequence[str]) -> bool:
    wanted = {*codes, *(code.split("-")[0] for code in codes)}
    return not wanted.isdisjoint(places)


def _arrival(advisory: Advisory, codes: Sequence[str]) -> datetime | None:
    return _onset(encode(advisory.track), tuple(codes)) if advisory.track else None


# A tenth of a second each, and asked for again when the advisory is read, approved and published.
@lru_cache(maxsize=256)
def _onset(track: bytes, codes: tuple[str, ...]) -> datetime | None:
    return onset(from_mapping(msgspec.json.decode(track)), _ARRIVES, gazetteer().reach_of(codes))


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
