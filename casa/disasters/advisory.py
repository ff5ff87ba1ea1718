"""What an advisory says of a hazard event: levels by place, and what is expected where. Pure.

Read from the wire by ``event_schemas``; kept, and approved, as the JSON that ``encode`` makes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from casa.disasters.levels import Level
from casa.disasters.parts import finest, is_zone, zone_code
from casa.disasters.storm.arrival import onset
from casa.disasters.storm.track import Threshold, Track, from_mapping
from casa.disasters.texts.facts import Named, Storm
from casa.disasters.tsunami import DEEPEST, travel_time
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
    rivers: tuple[str, ...] = ()
    shelters: tuple[str, ...] = ()


Ring = tuple[tuple[float, float], ...]


class Zone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A drawn area with a name and a level of its own: closed rings without holes, degrees.

    ``map`` is the code of the zone map that the rings were taken from when it was written.
    """

    name: str
    level: Level
    map: str | None = None
    rings: tuple[Ring, ...] = ()

    @property
    def code(self) -> str:
        return zone_code(self.name)

    @property
    def shape(self) -> BaseGeometry:
        return shapely.union_all([shapely.Polygon(ring) for ring in self.rings])


class Epicentre(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where (degrees) and when a tsunami began, and the deepest water on its way, metres."""

    longitude: float
    latitude: float
    time: datetime
    magnitude: float | None = None
    deepest_m: float = DEEPEST


class Edit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An officer's words at one level in one language: of all places there, or of ``places``.

    What is ``None`` stays as it was composed (``edits``).
    """

    level: Level
    language: str
    places: tuple[str, ...] = ()
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    sms: str | None = None
    radio: str | None = None


class Override(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An officer's word that a check (``plausibility.CHECKS``) is wrong this time, and why.

    ``findings`` are what the check found when it was written.
    """

    check: str
    reason: str
    findings: tuple[str, ...] = ()


class Advisory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One advisory. ``levels`` are all there are: a place that is missing has none.

    ``track`` is a storm's, as ``storm.track.to_mapping`` gives it; ``zones`` are drawn areas that
    have a level beside those of places.
    """

    levels: dict[str, Level]
    zones: tuple[Zone, ...] = ()
    epicentre: Epicentre | None = None
    outlook: tuple[Outlook, ...] = ()
    next_update: datetime | None = None
    languages: tuple[str, ...] = ()
    contact: str | None = None
    track: dict[str, Any] | None = None
    edits: tuple[Edit, ...] = ()
    override: tuple[Override, ...] = ()

    @property
    def by_part(self) -> dict[str, Level]:
        """The level of each part (``parts.finest``) and of each zone."""
        return finest(self.levels) | {zone.code: zone.level for zone in self.zones}

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
    rivers: tuple[Named, ...] = ()
    shelters: tuple[Named, ...] = ()


encode = msgspec.json.Encoder(order="deterministic").encode
decode = msgspec.json.Decoder(Advisory).decode


def expected(advisory: Advisory, codes: Sequence[str]) -> Expected:
    """What the parts ``codes`` are to expect: by their outlooks; when, else by track or epicentre.

    Of a zone what is expected is that of the places that it meets.
    """
    places = places_of(advisory, codes)
    met = [one for one in advisory.outlook if _covers(one.places, places)]
    source = advisory.epicentre
    storms = {one.storm for one in met}
    return Expected(
        storm=next((storm for storm in _STRONGEST_FIRST if storm in storms), None),
        arrival=min((one.arrival for one in met if one.arrival), default=None)
        or _arrival(advisory, codes),
        wind_kmh=_most(one.wind_kmh for one in met),
        rain_mm=_most(one.rain_mm for one in met),
        surge_m=_most(one.surge_m for one in met),
        magnitude=_most(one.magnitude for one in met) or (source.magnitude if source else None),
        rivers=_named(name for one in met for name in one.rivers),
        shelters=_named(name for one in met for name in one.shelters),
    )


def _named(names: Iterable[str]) -> tuple[Named, ...]:
    return tuple(Named(name) for name in dict.fromkeys(names))


def places_of(advisory: Advisory, codes: Iterable[str]) -> tuple[str, ...]:
    """The codes with each zone's in place of the zone: those of the places that it meets."""
    found = dict.fromkeys(code for code in codes if not is_zone(code))
    for zone in _zones(advisory, codes):
        found |= dict.fromkeys(place.code for place in gazetteer().meeting(zone.shape))
    return tuple(found)


def _zones(advisory: Advisory, codes: Iterable[str]) -> tuple[Zone, ...]:
    wanted = set(codes)
    return tuple(zone for zone in advisory.zones if zone.code in wanted)


def _covers(places: Iterable[str], codes: Sequence[str]) -> bool:
    wanted = {*codes, *(code.split("-")[0] for code in codes)}
    return not wanted.isdisjoint(places)


def _arrival(advisory: Advisory, codes: Sequence[str]) -> datetime | None:
    where = tuple(code for code in codes if not is_zone(code)), _zones(advisory, codes)
    if advisory.epicentre:
        return _first_wave(advisory.epicentre, *where)
    return _onset(encode(advisory.track), *where) if advisory.track else None


def _reach(codes: tuple[str, ...], zones: tuple[Zone, ...]) -> BaseGeometry:
    """Of places alone it is the gazetteer's own, which it keeps."""
    named = gazetteer().reach_of(codes)
    return shapely.union_all([named, *(zone.shape for zone in zones)]) if zones else named


# A tenth of a second each, and asked for again when the advisory is read, approved and published.
@lru_cache(maxsize=256)
def _onset(track: bytes, codes: tuple[str, ...], zones: tuple[Zone, ...]) -> datetime | None:
    return onset(from_mapping(msgspec.json.decode(track)), _ARRIVES, _reach(codes, zones))


@lru_cache(maxsize=512)
def _first_wave(source: Epicentre, codes: tuple[str, ...], zones: tuple[Zone, ...]) -> datetime:
    soonest = travel_time(source.longitude, source.latitude, source.deepest_m, _reach(codes, zones))
    return source.time + soonest


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
