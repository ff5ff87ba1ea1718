"""Names, moments and amounts as people of a language say them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from casa.disasters.texts.catalogue import Catalogue, Clock, Lists, Units, zone_names
from casa.geography.places import gazetteer

Manner = Literal["written", "spoken"]

# How far a figure is rounded: from this amount up, to this step. A forecast is no finer.
_STEPS: dict[str, tuple[tuple[float, float], ...]] = {
    "kmh": ((10, 5), (0, 1)),
    "mph": ((10, 5), (0, 1)),
    "mm": ((20, 5), (0, 1)),
    "inch": ((4, 1), (0, 0.5)),
    "metre": ((0, 0.1),),
    "foot": ((0, 1),),
}
_IN_ONE = {"kmh": 1.0, "mph": 1.609344, "mm": 1.0, "inch": 25.4, "metre": 1.0, "foot": 0.3048}


def join(names: Sequence[str], lists: Lists, most: int) -> str:
    """The first ``most`` names as one phrase, with the number of those left out, if any."""
    shown, left = names[:most], len(names) - most
    if left > 0:
        more = lists.more_one if left == 1 else lists.more_many.format(count=left)
        return lists.pair.format(lists.separator.join(shown), more)
    if len(shown) == 1:
        return shown[0]
    softened = lists.pair_before and re.match(lists.pair_before, shown[-1], re.IGNORECASE)
    pair = lists.pair_softened if softened and lists.pair_softened else lists.pair
    return pair.format(lists.separator.join(shown[:-1]), shown[-1])


def moment(
    instant: datetime, codes: Sequence[str], words: Catalogue, style: Literal["full", "short"]
) -> str:
    """An aware time in the local time of the states, said once for each differing clock.

    Several states with one clock are told "local time"; several clocks are told one by one, each
    by the name of the first state that keeps it. Raises UnknownPlace.
    """
    clocks: dict[datetime, list[str]] = {}
    for code in codes:
        local = instant.astimezone(ZoneInfo(gazetteer().place(code).timezone)).replace(tzinfo=None)
        clocks.setdefault(local, []).append(code)
    told = []
    for local, members in clocks.items():
        shared = len(clocks) == 1 and len(members) > 1
        zone = words.clock.local if shared else _zone(members[0], words.language)
        told.append(_moment(local, zone, words.clock, style))
    return "; ".join(told)


def _zone(code: str, language: str) -> str:
    """What the state's time is called; the state's own name where that is not known."""
    state = gazetteer().place(code)
    named = zone_names().get(code, {})
    return named.get(language) or state.names.get(language, state.name)


def _moment(local: datetime, zone: str, clock: Clock, style: Literal["full", "short"]) -> str:
    pattern = clock.moment if style == "full" else clock.short_moment
    return pattern.format(
        clock=_hour(local, clock),
        weekday=clock.weekdays[local.weekday()],
        day=clock.first_day if local.day == 1 else local.day,
        month=clock.months[local.month - 1],
        zone=zone,
    )


def _hour(local: datetime, clock: Clock) -> str:
    hour = clock.hours.get(str(local.hour), clock.usual)
    part = [words for first, words in clock.parts if first <= local.hour][-1]
    pattern = hour.past if local.minute else hour.whole
    return pattern.format(
        hour12=local.hour % 12 or 12, hour24=local.hour, minute=f"{local.minute:02}", part=part
    )


def amount(value: float, names: Sequence[str], units: Units, manner: Manner) -> str:
    """A value in the base unit (km/h, mm, m) said in each of the units named."""
    forms = units.written if manner == "written" else units.spoken
    said = []
    for name in names:
        figure = rounded(value / _IN_ONE[name], name)
        one, many = forms[name]
        said.append(f"{number(figure, units)} {one if figure < units.plural_from else many}")
    if len(said) == 1:
        return said[0]
    return (units.written_pair if manner == "written" else units.spoken_pair).format(*said)


def rounded(value: float, unit: str) -> float:
    """The value to the step of its unit, never down to nothing."""
    step = next(step for least, step in _STEPS[unit] if value >= least)
    return max(round(value / step) * step, step)


def number(value: float, units: Units) -> str:
    """At most one decimal, with the marks of the language."""
    whole, _, decimals = f"{value:,.1f}".partition(".")
    grouped = whole.replace(",", units.group)
    return grouped if decimals == "0" else f"{grouped}{units.decimal}{decimals}"
