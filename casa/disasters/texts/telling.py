"""Names, moments and amounts as people of a language say them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from casa.disasters.texts.catalogue import Catalogue, Clock, Lists, Units, zone_names
from casa.geography.places import gazetteer

Manner = Literal["written", "spoken"]
Style = Literal["full", "short"]

_A_WEEK = timedelta(days=7)

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
    instant: datetime,
    codes: Sequence[str],
    words: Catalogue,
    style: Style,
    now: datetime | None = None,
) -> str:
    """An aware time in the local time of the states, said once for each differing clock.

    States with one clock are told "local time"; of several clocks each is told with the names of
    all states that keep it. A short time has no zone where there is one clock. The year is told
    where it is not that of ``now``. Nothing is rounded here. Raises UnknownPlace.
    """
    clocks: dict[datetime, list[str]] = {}
    for code in codes:
        clocks.setdefault(_local(instant, code), []).append(code)
    today = _local(now, codes[0]) if now else None
    alone = len(clocks) == 1
    tell = _short if style == "short" else _full
    said = [
        tell(local, today, _zones(members, words, alone=alone, style=style), words.clock)
        for local, members in clocks.items()
    ]
    return words.clock.between.join(said)


def _local(instant: datetime, code: str) -> datetime:
    return instant.astimezone(ZoneInfo(gazetteer().place(code).timezone)).replace(tzinfo=None)


def _zones(codes: Sequence[str], words: Catalogue, *, alone: bool, style: Style) -> str:
    """Whose time it is. A short message with one clock has no room for that."""
    if alone and style == "short":
        return ""
    if alone and len(codes) > 1:
        return words.clock.local
    return join([_zone(code, words.language) for code in codes], words.lists, len(codes))


def _zone(code: str, language: str) -> str:
    """What the state's time is called; the state's own name where that is not known."""
    state = gazetteer().place(code)
    named = zone_names().get(code, {})
    return named.get(language) or state.names.get(language, state.name)


def _full(local: datetime, today: datetime | None, zone: str, clock: Clock) -> str:
    return clock.moment.format(zone=zone, **_parts(local, today, clock))


def _short(local: datetime, today: datetime | None, zone: str, clock: Clock) -> str:
    """A weekday and its day name a day of the next six; another needs its month."""
    near = today is None or abs(local.date() - today.date()) < _A_WEEK
    pattern = clock.short_moment if near else clock.short_far
    said = pattern.format(**_parts(local, today, clock))
    return clock.short_zone.format(moment=said, zone=zone) if zone else said


def _parts(local: datetime, today: datetime | None, clock: Clock) -> dict[str, object]:
    this_year = today is None or local.year == today.year
    return {
        "clock": _hour(local, clock),
        "weekday": clock.weekdays[local.weekday()],
        "day": clock.first_day if local.day == 1 else local.day,
        "month": clock.months[local.month - 1],
        "year": "" if this_year else clock.year.format(year=local.year),
    }


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
