"""What an advisory says of a hazard event: levels by place, and what is expected where. Pure.

Read from the wire by ``event_schemas``; kept, and approved, as the JSON that ``encode`` makes.
"""

from datetime import datetime
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from casa.disasters.levels import Level
from casa.disasters.parts import finest, zone_code
from casa.disasters.storm.track import Track, from_mapping
from casa.disasters.texts.facts import Storm
from casa.disasters.tsunami import DEEPEST


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


EVERYBODY = "all"
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
    have a level beside those of places. ``tell`` are places and zones to be told what they are to
    read even if nothing of it is news, or ``EVERYBODY``.
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
    tell: tuple[str, ...] = ()

    @property
    def by_part(self) -> dict[str, Level]:
        """The level of each part (``parts.finest``) and of each zone."""
        return finest(self.levels) | {zone.code: zone.level for zone in self.zones}

    @property
    def storm_track(self) -> Track | None:
        return from_mapping(self.track) if self.track else None


encode = msgspec.json.Encoder(order="deterministic").encode
decode = msgspec.json.Decoder(Advisory).decode
