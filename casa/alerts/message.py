"""The published message: CAP 1.2's structure as plain, frozen values.

Field names and meanings are those of OASIS CAP 1.2, section 3.2. Positions are (longitude,
latitude) in WGS 84 degrees, distances in metres, times aware UTC. CAP repeats the area in each
``info``; here it stands once, as the area of an alert is the same in every language.
"""

from datetime import datetime

import msgspec

Position = tuple[float, float]


class Value(msgspec.Struct, frozen=True):
    """A CAP name and value pair: ``parameter``, ``event_code`` and ``geocode``."""

    name: str
    value: str


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A supplementary file. ``size`` in bytes; ``digest`` is SHA-1 in hex, as CAP asks."""

    resource_desc: str
    mime_type: str
    size: int | None = None
    uri: str | None = None
    digest: str | None = None


class Circle(msgspec.Struct, frozen=True):
    """A centre and a radius in metres."""

    longitude: float
    latitude: float
    radius: float


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Where: closed exterior rings, circles and geocodes; altitudes in metres above sea level."""

    area_desc: str
    polygon: tuple[tuple[Position, ...], ...] = ()
    circle: tuple[Circle, ...] = ()
    geocode: tuple[Value, ...] = ()
    altitude: float | None = None
    ceiling: float | None = None


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in one language (BCP 47 tag)."""

    language: str
    category: tuple[str, ...]
    event: str
    response_type: tuple[str, ...] = ()
    urgency: str
    severity: str
    certainty: str
    event_code: tuple[Value, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime
    sender_name: str | None = None
    headline: str
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameter: tuple[Value, ...] = ()
    resource: tuple[Resource, ...] = ()

    @property
    def thumbnail(self) -> str | None:
        """Where the smallest picture stands, for a notification on a weak network."""
        pictures = [one for one in self.resource if one.mime_type.startswith("image/") and one.uri]
        smallest = min(pictures, key=lambda one: one.size or 0, default=None)
        return smallest.uri if smallest else None


class Reference(msgspec.Struct, frozen=True):
    """An earlier message, as CAP names it: sender, identifier, sent."""

    sender: str
    identifier: str
    sent: datetime


class Untold(msgspec.Struct, frozen=True):
    """Codes of places whose followers another message tells, or has told, at that severity.

    ``zones`` are drawn areas of the same message, by the ``areas.ZONE_CODE`` that they carry.
    """

    places: tuple[str, ...]
    severity: str
    zones: tuple[str, ...] = ()


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """In one language: one short message of a telephone, and a script for 90 seconds of radio."""

    language: str
    sms: str
    radio: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable message of a thread.

    ``thread`` is the identifier of the thread's first message; ``sequence`` the gap-free public
    number, ``None`` while the message is a draft.

    ``untold`` are places, of this message or of an earlier one of the thread, whose followers are
    not to be notified of it: for them nothing has changed, or another message tells them. CAP has
    no word for it; it changes nothing of what the message says.

    ``spoken`` are texts for telephones and radios where the message was made with some. They are
    read by themselves and in no list, as they would double what phones load.
    """

    identifier: str
    thread: str
    kind: str
    sequence: int | None = None
    sender: str
    sent: datetime
    status: str
    msg_type: str
    scope: str = "Public"
    source: str | None = None
    note: str | None = None
    code: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    info: tuple[Info, ...]
    area: tuple[Area, ...]
    untold: tuple[Untold, ...] = ()
    spoken: tuple[Spoken, ...] = ()

    @property
    def severity(self) -> str:
        """Of every block, as they agree."""
        return self.info[0].severity

    def info_for(self, languages: tuple[str, ...] | list[str]) -> Info:
        """The block of the first language wanted that there is, else the first block."""
        for wanted in languages:
            primary = wanted.split("-")[0].lower()
            for info in self.info:
                if info.language.split("-")[0].lower() == primary:
                    return info
        return self.info[0]
