"""What a forecast/advisory proposes to an officer: levels and outlooks by place. Pure.

Its own watches and warnings give each place the gravest level that is named for it; a state's
waters stand at the gravest of its parts. How strong the winds grow there and when they come follows
from the radii of the track: at least the strength of the innermost that touch the place. Nothing of
it is said to anybody before an officer sends it as an advisory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from casa.disasters.advisory import Outlook
from casa.disasters.levels import GRAVEST_FIRST, Level
from casa.disasters.parts import named, parts_of
from casa.disasters.storm.arrival import onset
from casa.disasters.storm.track import Threshold, Track
from casa.disasters.storm.watches import Notice
from casa.geography.places import gazetteer

MOST_OUTLOOKS = 50
_STORMS = ("tropical_storm", "hurricane")
# Of winds of 34, 50 and 64 knots: what they are called, and km/h to the next five.
_REACHED: tuple[tuple[Threshold, str, float], ...] = (
    (64, "hurricane", 120.0),
    (50, "tropical_storm", 95.0),
    (34, "tropical_storm", 65.0),
)
_COARSER = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=3), timedelta(hours=12))


class Proposal(NamedTuple):
    """``levels`` and ``outlook`` as an advisory has them; what could not be matched to a place.

    ``elsewhere`` are areas of no state here; ``lifted`` are parts that stand and are not listed.
    """

    levels: dict[str, Level]
    outlook: tuple[Outlook, ...]
    unmatched: tuple[Notice, ...]
    elsewhere: tuple[str, ...]
    lifted: tuple[str, ...]


def propose(track: Track, notices: Sequence[Notice], standing: Mapping[str, Level]) -> Proposal:
    """What an advisory's track and its watches and warnings propose; ``standing`` is by part."""
    by_part: dict[str, Level] = {}
    storms: dict[str, str] = {}
    before: dict[str, str] = {}
    # Warnings behind watches: what is expected goes before what is possible.
    for notice in sorted(notices, key=lambda one: one.level == "warning"):
        for part in _parts(notice.codes):
            by_part[part] = Level(notice.level)
            if notice.hazard in _STORMS:
                known = storms.get(part) if notice.level == before.get(part) else None
                storms[part] = max(known or _STORMS[0], notice.hazard, key=_STORMS.index)
                before[part] = notice.level
    _add_waters(by_part)
    levels = {code: level for level in GRAVEST_FIRST for code in named(_at(by_part, level))}
    return Proposal(
        levels=levels,
        outlook=tuple(_outlook(track, levels, storms)),
        unmatched=tuple(one for one in notices if not one.known),
        elsewhere=tuple(dict.fromkeys(one.area for one in notices if one.known and not one.codes)),
        lifted=named(code for code in standing if standing[code].stands and code not in by_part),
    )


def _parts(codes: Iterable[str]) -> list[str]:
    return [part for code in codes for part in parts_of(code)]


def _at(by_part: Mapping[str, Level], level: Level) -> list[str]:
    return [code for code, one in by_part.items() if one is level]


def _add_waters(by_part: dict[str, Level]) -> None:
    for state in {gazetteer().place(code).state for code in by_part}:
        own = [by_part[code] for code in parts_of(state) if code in by_part]
        gravest = next(level for level in GRAVEST_FIRST if level in own)
        for code in parts_of(state):
            if gazetteer().place(code).kind == "waters":
                by_part[code] = gravest


def _outlook(
    track: Track, levels: Mapping[str, Level], storms: Mapping[str, str]
) -> Iterator[Outlook]:
    """What each place is to expect; together where it is the same."""
    facts = {code: _expected(track, code, storms) for code in levels}
    for step in _COARSER:
        groups: dict[Any, list[str]] = {}
        for code, (storm, wind, arrival) in facts.items():
            groups.setdefault((storm, wind, _floored(arrival, step)), []).append(code)
        if len(groups) <= MOST_OUTLOOKS:
            break
    for (storm, wind, arrival), codes in groups.items():
        if storm or wind or arrival:
            yield Outlook(places=tuple(sorted(codes)), storm=storm, wind_kmh=wind, arrival=arrival)


def _floored(moment: datetime | None, step: timedelta) -> datetime | None:
    if moment is None:
        return None
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def _expected(
    track: Track, code: str, storms: Mapping[str, str]
) -> tuple[str | None, float | None, datetime | None]:
    """The strength, the least wind and the arrival of gales at a place, as far as known."""
    own = [storms[one] for one in parts_of(code) if one in storms]
    listed = max(own, key=_STORMS.index, default=None)
    reach = gazetteer().reach_of((code,))
    arrival = onset(track, 34, reach)
    if arrival is None:
        return listed, None, None
    storm, wind = next(
        (storm, wind)
        for threshold, storm, wind in _REACHED
        if threshold == 34 or onset(track, threshold, reach) is not None
    )
    if listed == "hurricane" and storm != listed:
        return listed, None, arrival  # its wind is not known: more than the radii tell
    return storm, wind, arrival
