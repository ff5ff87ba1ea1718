"""What is known about a warning, as plain values; the texts say no more than this."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

HAZARDS = (
    "tropical_cyclone",
    "flood",
    "storm_surge",
    "earthquake",
    "tsunami",
    "volcano",
    "landslide",
    "drought",
    "wildfire",
    "epidemic",
    "hazardous_spill",
)
LEVELS = ("watch", "warning", "emergency", "all_clear")

Status = Literal["Actual", "Exercise", "System", "Test", "Draft"]
Storm = Literal["tropical_depression", "tropical_storm", "hurricane", "major_hurricane"]


class Named(msgspec.Struct, frozen=True):
    """A proper name and what it is called in other languages (keys are language subtags)."""

    name: str
    names: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if not all(text.strip() for text in (self.name, *self.names.values())):
            raise ValueError("a name is empty")

    def in_language(self, language: str) -> str:
        """The name in that language, else the name; white space is made single."""
        return " ".join(self.names.get(language, self.name).split())


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one warning. What is ``None`` or empty is unknown and goes unsaid.

    ``states`` are the ISO 3166-1 codes of the states of the ``places``: they decide whose local
    time is told. ``storm`` is the strength expected at these places, which may be less than the
    storm's own. Wind in km/h (sustained), rain in mm (whole event), surge in metres above the
    usual tide (for a tsunami: height of the waves). Times are aware. Raises ValueError.

    ``now`` is the moment at which it is said: what is not after it is not told as still to come.
    ``earliest``: ``arrival`` is the soonest that it can be. ``near``: the source of a tsunami is
    near.
    """

    places: tuple[Named, ...]
    states: tuple[str, ...] = ()
    event_name: Named | None = None
    storm: Storm | None = None
    arrival: datetime | None = None
    earliest: bool = False
    near: bool = False
    now: datetime | None = None
    next_update: datetime | None = None
    wind_kmh: float | None = None
    rain_mm: float | None = None
    surge_m: float | None = None
    magnitude: float | None = None
    rivers: tuple[Named, ...] = ()
    shelters: tuple[Named, ...] = ()
    agency: Named | None = None
    contact: str | None = None
    status: Status = "Actual"

    def __post_init__(self) -> None:
        if not self.places:
            raise ValueError("a warning names at least one place")
        for moment in (self.arrival, self.next_update):
            if moment is not None and (moment.tzinfo is None or not self.states):
                raise ValueError("a time is aware and told in the local time of its states")
        for amount in (self.wind_kmh, self.rain_mm, self.surge_m, self.magnitude):
            if amount is not None and not (math.isfinite(amount) and amount > 0):
                raise ValueError("an amount is finite and more than nothing")


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """A warning in one language. ``sms`` is one short message; ``radio`` at most 90 seconds.

    ``instruction`` has one sentence or two a line.
    """

    headline: str
    description: str
    instruction: str
    sms: str
    radio: str
