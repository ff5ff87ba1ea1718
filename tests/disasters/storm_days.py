"""A made-up storm in 24 advisories, written as forecast/advisories, and what is true at each place.

Shares no code with ``casa.disasters``: the text is written here and the facts of each place follow
from the storm's own numbers by plain spherical geometry. The storm begins as a depression, grows to
a major hurricane over five states on three clocks, weakens and is absorbed.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

EVERY = timedelta(hours=3)
ADVISORIES = 24
NAME, IDENTIFIER = "IMANI", "AL992026"
STATES = {
    "BB": (13.17, -59.55, "BARBADOS", "America/Barbados"),
    "LC": (13.90, -60.97, "ST. LUCIA", "America/St_Lucia"),
    "JM": (18.11, -77.30, "JAMAICA", "America/Jamaica"),
    "KY": (19.30, -81.25, "CAYMAN ISLANDS", "America/Cayman"),
    "BZ": (17.25, -88.50, "BELIZE", "America/Belize"),
}
"""Latitude and longitude, what NHC calls it, and its clock: UTC-4, UTC-5 and UTC-6."""

# Hours from the first advisory, latitude, longitude, knots, radius of gales in nautical miles.
_PATH = (
    (0, 11.6, -55.0, 30, 0),
    (9, 12.6, -58.2, 40, 40),
    (18, 13.6, -61.4, 55, 60),
    (33, 16.0, -69.5, 85, 90),
    (45, 17.6, -76.6, 115, 120),
    (54, 18.6, -81.0, 120, 120),
    (66, 17.9, -87.2, 75, 90),
    (69, 17.9, -88.6, 40, 50),
)
_LEADS = (0, 9, 21, 33, 45, 57)  # hours from an advisory to its forecasts
_NAUTICAL = 3440.065


@dataclass(frozen=True)
class Fact:
    """What is true at a place by an advisory: its level, the storm's strength, when gales come."""

    level: str
    strength: str
    wind_kmh: float | None
    arrival: datetime | None


def at(hours: float) -> tuple[float, float, float, float]:
    """Where the storm is, its wind and its gales' radius so long after the first advisory."""
    for one, other in pairwise(_PATH):
        if one[0] <= hours <= other[0]:
            part = (hours - one[0]) / (other[0] - one[0])
            y, x, wind, radius = (
                a + part * (b - a) for a, b in zip(one[1:], other[1:], strict=True)
            )
            return round(y, 1), round(x, 1), 5 * round(wind / 5), 5 * round(radius / 5)
    raise ValueError(f"the storm is over at {hours}")


def strength(wind: float) -> str:
    if wind < 34:
        return "TROPICAL DEPRESSION"
    return "TROPICAL STORM" if wind < 64 else "HURRICANE"


def miles(y: float, x: float, place: str) -> float:
    """Nautical miles between a position and the middle of a state, on a sphere."""
    there_y, there_x = STATES[place][:2]
    a, b, turn = math.radians(y), math.radians(there_y), math.radians(there_x - x)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return _NAUTICAL * math.acos(min(1.0, cosine))


def nearest(place: str) -> float:
    """The hour at which the storm passes nearest to a state."""
    return min(
        (hours / 2 for hours in range(2 * _PATH[-1][0] + 1)),
        key=lambda one: miles(*at(one)[:2], place),
    )


def leads(number: int) -> Iterator[float]:
    """The hours, from the first advisory, of an advisory's position and forecasts."""
    start = number * EVERY / timedelta(hours=1)
    return (start + lead for lead in _LEADS if start + lead <= _PATH[-1][0])


def facts(number: int, begin: datetime) -> dict[str, Fact]:
    """What is true by the advisory of that number, from 0: by state, those at a level alone."""
    hours = number * EVERY / timedelta(hours=1)
    found = {}
    for place in STATES:
        passes = nearest(place)
        wind = at(passes)[2]
        level = "none"
        if passes - 36 <= hours <= passes + 6 and number < ADVISORIES - 1:
            level = "warning" if hours >= passes - 24 else "watch"
        if level != "none":
            come = next(
                one / 4
                for one in range(4 * _PATH[-1][0])
                if miles(*at(one / 4)[:2], place) <= at(one / 4)[3] or one / 4 >= passes
            )
            found[place] = Fact(level, strength(wind), wind * 1.852, begin + timedelta(hours=come))
    return found


def text(number: int, begin: datetime) -> str:
    """The forecast/advisory of that number, from 0, as the centre would write it."""
    issued = begin + number * EVERY
    hours = number * EVERY / timedelta(hours=1)
    y, x, wind, radius = at(hours)
    lines = [
        f"{strength(wind)} {NAME} FORECAST/ADVISORY NUMBER {number + 1:3}",
        f"NWS NATIONAL HURRICANE CENTER MIAMI FL       {IDENTIFIER}",
        f"{issued:%H%M UTC %a %b %d %Y}".upper(),
        "",
        *_listed(facts(number, begin)),
        f"{strength(wind)} CENTER LOCATED NEAR {_place(y, x)} AT {issued:%d/%H%MZ}",
        f"MAX SUSTAINED WINDS {wind:3.0f} KT WITH GUSTS TO {wind + 20:3.0f} KT.",
        *_radii(wind, radius, "......."),
        "",
    ]
    for one in list(leads(number))[1:]:
        y, x, wind, radius = at(one)
        valid = begin + timedelta(hours=one)
        lines += [
            f"FORECAST VALID {valid:%d/%H%MZ} {_place(y, x)}",
            f"MAX WIND {wind:3.0f} KT...GUSTS {wind + 20:3.0f} KT.",
            *_radii(wind, radius, "..."),
            "",
        ]
    over = begin + timedelta(hours=_PATH[-1][0] + 12)
    if hours + 57 > _PATH[-1][0]:
        lines += [f"OUTLOOK VALID {over:%d/%H%MZ}...ABSORBED BY A FRONT", ""]
    return "\n".join([*lines, f"NEXT ADVISORY AT {issued + EVERY:%d/%H%MZ}", "", "$$", ""])


def _place(y: float, x: float) -> str:
    return f"{abs(y):.1f}N {abs(x):5.1f}W"


def _radii(wind: float, radius: float, dots: str) -> Iterator[str]:
    for kt, share in ((64, 0.25), (50, 0.5), (34, 1.0)):
        if wind >= kt:
            far = f"{max(round(radius * share), 5):3}"
            yield f"{kt} KT{dots}{far}NE {far}SE {far}SW {far}NW."


def _listed(known: dict[str, Fact]) -> Iterator[str]:
    yield "SUMMARY OF WATCHES AND WARNINGS IN EFFECT..."
    yield ""
    for level in ("warning", "watch"):
        for kind in ("HURRICANE", "TROPICAL STORM"):
            places = [
                place for place, one in known.items()
                if one.level == level and (one.strength == "HURRICANE") is (kind == "HURRICANE")
            ]  # fmt: skip
            if places:
                yield f"A {kind} {level.upper()} IS IN EFFECT FOR..."
                yield from (f"* {STATES[place][2]}" for place in places)
                yield ""


BEGIN = datetime(2026, 9, 8, 3, tzinfo=UTC)
"""An advisory's hour, at which the storm begins."""


class Clock(datetime):
    """The service's clock while a storm is played: it stands where it was put."""

    at = BEGIN

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return cls.at


def outlook(known: dict[str, Fact]) -> list[dict[str, Any]]:
    """What an officer gives for each place at a level."""
    return [
        {
            "places": [place],
            "storm": one.strength.lower().replace(" ", "_"),
            "wind_kmh": one.wind_kmh,
            "arrival": one.arrival.isoformat() if one.arrival else None,
        }
        for place, one in known.items()
    ]


@dataclass(frozen=True)
class Told:
    """What is in force for a place: an alert, and its texts by language."""

    alert: dict[str, Any]
    texts: dict[str, dict[str, str]]

    @property
    def level(self) -> str:
        parameters = self.alert["info"][0]["parameter"]
        return str(next(one["value"] for one in parameters if one["name"] == "casa:level"))


def play(client: Any, office: dict[str, str]) -> Iterator[tuple[int, dict[str, Fact], Any]]:
    """Publishes the storm, advisory by advisory: each number, what is true, and what was proposed.

    The levels are those that the text itself proposes, with all clear for what they lift.
    """
    body = {"hazard": "tropical_cyclone", "name": "Imani", "identifiers": [IDENTIFIER]}
    event = client.post("/v1/hazard-events", json=body, headers=office).headers["Location"]
    for number in range(ADVISORIES):
        Clock.at = BEGIN + number * EVERY + timedelta(minutes=5)
        known, tcm = facts(number, BEGIN), text(number, BEGIN)
        proposed = client.post(f"{event}/proposal", json={"tcm": tcm}, headers=office).json
        levels = proposed["levels"] | dict.fromkeys(proposed["lifted"], "all_clear")
        advisory = {"levels": levels, "outlook": outlook(known), "tcm": tcm}
        answer = client.post(f"{event}/advisories?publish=true", json=advisory, headers=office)
        assert answer.status_code == 201, answer.json
        yield number, known, proposed


def in_force(client: Any, place: str) -> list[Told]:
    """What stands for whoever lives in a place, without what is only all clear."""
    alerts = client.get(f"/v1/alerts?active=true&place={place}").json["alerts"]
    told = [Told(one, _texts(client, one["identifier"])) for one in alerts]
    return [one for one in told if one.level != "all_clear"]


def _texts(client: Any, identifier: str) -> dict[str, dict[str, str]]:
    texts = client.get(f"/v1/alerts/{identifier}/texts").json["texts"]
    return {one["language"]: one for one in texts}
