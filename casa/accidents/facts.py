"""What is known of an accident, as plain values, and the defaults that follow from it."""

from datetime import datetime, timedelta

import msgspec

from casa.alerts.message import Area

TYPES = ("road", "sea", "air", "rail", "fire", "hazardous_material")
VEHICLES = (
    "car", "minibus", "bus", "truck", "motorcycle", "bicycle", "pedestrian", "boat", "ferry",
    "ship", "aircraft", "helicopter", "train", "building", "tanker",
)  # fmt: skip
CASUALTIES = ("dead", "injured", "missing", "trapped")


class Range(msgspec.Struct, frozen=True):
    """From ``least`` to ``most`` people; ``most`` is ``None`` when only a least number is known."""

    least: int
    most: int | None = None


class Road(msgspec.Struct, frozen=True):
    """A closed road, whole or between two points."""

    name: str
    start: str | None = None
    end: str | None = None


class Substance(msgspec.Struct, frozen=True):
    """A hazardous material: its name, four-digit UN number, and radius to keep clear in metres."""

    name: str
    un_number: str | None = None
    isolate: int | None = None


class Involved(msgspec.Struct, frozen=True):
    vehicle: str
    count: int = 1


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """An accident. ``description``, ``advice`` and ``diversion`` are texts by language.

    What is ``None`` of urgency, severity, certainty and expiry takes the default of the type.
    """

    type: str
    location: str
    area: tuple[Area, ...]
    status: str = "Actual"
    occurred: datetime | None = None
    casualties: dict[str, Range] = {}
    involved: tuple[Involved, ...] = ()
    roads_closed: tuple[Road, ...] = ()
    diversion: dict[str, str] = {}
    substance: Substance | None = None
    description: dict[str, str] = {}
    advice: dict[str, str] = {}
    languages: tuple[str, ...] = ()
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None
    expires: datetime | None = None
    contact: str | None = None
    web: str | None = None


class Defaults(msgspec.Struct, frozen=True):
    """CAP values of a type of accident: categories, severity, response types, hours in force."""

    category: tuple[str, ...]
    severity: str
    response_type: tuple[str, ...]
    lifetime: timedelta


DEFAULTS = {
    "road": Defaults(("Transport", "Rescue"), "Moderate", ("Avoid",), timedelta(hours=4)),
    "sea": Defaults(("Transport", "Rescue"), "Severe", ("Monitor",), timedelta(hours=12)),
    "air": Defaults(("Transport", "Rescue"), "Severe", ("Avoid",), timedelta(hours=12)),
    "rail": Defaults(("Transport", "Rescue"), "Severe", ("Avoid",), timedelta(hours=8)),
    "fire": Defaults(("Fire",), "Severe", ("Avoid", "Prepare"), timedelta(hours=6)),
    "hazardous_material": Defaults(
        ("CBRNE", "Env"), "Severe", ("Shelter", "Avoid"), timedelta(hours=12)
    ),
}

# From here on an accident is a mass-casualty incident for the small services of the region.
_MANY = 10


def severity(facts: Facts) -> str:
    """The severity given, else the type's, one step graver where many people are hurt."""
    if facts.severity:
        return facts.severity
    usual = DEFAULTS[facts.type].severity
    hurt = sum(facts.casualties[name].least for name in CASUALTIES if name in facts.casualties)
    if hurt < _MANY:
        return usual
    return "Severe" if usual == "Moderate" else "Extreme"
