"""Whether what an advisory says can be true of its event, now. Pure.

What cannot is refused, with what it is, why and how to mend it. Where the officer knows better, the
advisory names the check and the reason (``advisory.Override``): it then passes, for that check
alone, and what was found stands beside the reason for whoever approves it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from casa.alerts.content import InvalidContent
from casa.disasters.advisory import Advisory, Outlook
from casa.disasters.geodesy import NAUTICAL_MILE, inverse
from casa.disasters.levels import Level
from casa.disasters.parts import finest, parts_of
from casa.disasters.storm.track import Fix, Track
from casa.geography.places import gazetteer

CYCLONE, TSUNAMI = "tropical_cyclone", "tsunami"

CHECKS = {
    "track_age": "the track begins more than 12 hours ago",
    "track_future": "the track begins more than an hour from now",
    "track_storm": "the track's name, basin, number or year is not the event's",
    "track_order": "the track's advisory number, or its time, is not after the last one's",
    "track_hazard": "there is a track though the event is no tropical cyclone",
    "track_jump": "the centre moves faster than any storm does, also from the last track on",
    "track_basin": "the centre is outside the basin that the storm's identifier names",
    "track_strength": "what the storm is called does not go with its wind",
    "outlook_place": "an outlook is for a place that has no level",
    "outlook_strength": "the strength expected at a place does not go with the wind there",
    "outlook_hazard": "a strength or a magnitude is given for a hazard that has none",
    "outlook_arrival": "an arrival is long past, or is not that of the tsunami",
    "amount": "an amount is greater than any that was ever measured",
    "epicentre_time": "the tsunami began in the future or more than 24 hours ago",
    "next_update": "the next update is in the past",
}
"""What can be overridden, and what each finds."""

OLDEST_TRACK = timedelta(hours=12)
_SOONEST_TRACK = timedelta(hours=1)  # advisories are out up to an hour before their time
_OLDEST_QUAKE = timedelta(hours=24)  # by then its waves have crossed every ocean
_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_SINCE_ARRIVAL = timedelta(days=3)
# The fastest on record moved at some 60 knots; a centre may also form anew somewhat aside.
_FASTEST_KT = 75.0
_ASIDE_NM = 60.0

# Least and most sustained wind over one minute, of what is called so; a knot for rounding.
_KNOTS = {
    "tropical_depression": (0.0, 34.0),
    "tropical_storm": (33.0, 64.0),
    "hurricane": (63.0, 300.0),
    "major_hurricane": (95.0, 300.0),
}
_KMH = {
    "tropical_depression": "under 63 km/h",
    "tropical_storm": "63 to 118 km/h",
    "hurricane": "119 km/h or more",
    "major_hurricane": "178 km/h or more",
}
_KMH_IN_A_KNOT = 1.852
_WEAKEST_FIRST = tuple(_KNOTS)

# Sustained wind: Patricia, 2015, 345 km/h. Rain of one event: Hyacinthe, 1980, 6.1 m in Réunion;
# in the Caribbean Jamaica, 1909, 3.4 m. Surge: Mahina, 1899, some 13 m. Earthquake: Valdivia, 1960.
_MOST = {"wind_kmh": 350.0, "rain_mm": 3_500.0, "surge_m": 13.0, "magnitude": 9.6}
_HIGHEST_WAVE = 40.0  # of a tsunami on a coast, metres
_MOST_KT = 190.0

# Longitudes and latitudes where storms of a basin are, from the west to the east.
_BASINS = {
    "AL": ((-110.0, 20.0), (0.0, 70.0)),
    "EP": ((-180.0, -75.0), (0.0, 70.0)),
    "CP": ((-180.0, -130.0), (0.0, 70.0)),
    "WP": ((95.0, 180.0), (0.0, 70.0)),
    "IO": ((30.0, 105.0), (0.0, 40.0)),
    "SH": ((-180.0, 180.0), (-70.0, 0.0)),
}
_ATCF = re.compile(r"[A-Z]{2}\d{6}")
_NUMBER = re.compile(
    r"ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE|TEN|ELEVEN|TWELVE|\w+TEEN|TWENTY|THIRTY|FORTY"
    r"|E|C|\w*\d\w*|INVEST|UNNAMED|GENESIS"
)


class Event(Protocol):
    """What must be known of a hazard event."""

    @property
    def hazard(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def identifiers(self) -> Sequence[str]: ...


class Finding(NamedTuple):
    """What a check found: where in the advisory, and what is wrong and how it is mended."""

    check: str
    pointer: str
    detail: str


class Implausible(InvalidContent):
    """What no override names; ``findings`` are in the order of the checks."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__([(one.pointer, one.detail) for one in findings])
        self.findings = tuple(findings)


def checked(event: Event, given: Advisory, last: Track | None, moment: datetime) -> Advisory:
    """The advisory, with what was found written to the overrides that let it pass.

    ``last`` is the track that the event published last.

    Raises:
        Implausible: something was found that no override names.
        InvalidContent: an override names what was not found.
    """
    found = list(findings(event, given, last, moment))
    named = {override.check for override in given.override}
    if left := [one for one in found if one.check not in named]:
        raise Implausible([one._replace(detail=one.detail + _how(one.check)) for one in left])
    by_check = {name: tuple(one.detail for one in found if one.check == name) for name in named}
    if idle := [
        (f"/override/{number}/check", "finds nothing here: leave the override out")
        for number, override in enumerate(given.override)
        if not by_check[override.check]
    ]:
        raise InvalidContent(idle)
    overrides = tuple(
        msgspec.structs.replace(one, findings=by_check[one.check]) for one in given.override
    )
    return msgspec.structs.replace(given, override=overrides)


def aged(given: Advisory, moment: datetime) -> list[Finding]:
    """What has become too old while the advisory waited, unless an override names it."""
    track = given.storm_track
    named = {override.check for override in given.override}
    return [one for one in _age(track, moment) if one.check not in named] if track else []


def findings(
    event: Event, given: Advisory, last: Track | None, moment: datetime
) -> Iterator[Finding]:
    """All that the checks find."""
    track = given.storm_track
    if track is not None:
        yield from _age(track, moment)
        yield from _of_another_storm(event, track, last)
        if last is not None:
            yield from _order(track, last)
        if event.hazard != CYCLONE:
            yield Finding(
                "track_hazard",
                "/track",
                f"is a storm's; the event is a {event.hazard}: leave it out",
            )
        yield from _positions(track, last)
        yield from _winds(track)
    yield from _outlook_places(given)
    yield from _outlook_strengths(given)
    for number, outlook in enumerate(given.outlook):
        yield from _amounts(event, outlook, f"/outlook/{number}")
        yield from _arrival(given, outlook, f"/outlook/{number}/arrival", moment)
    yield from _times(given, moment)


def _how(check: str) -> str:
    return f". If it is right all the same, override the check {check} and say why."


def _age(track: Track, moment: datetime) -> Iterator[Finding]:
    first = track.points[0].time
    if moment - first > OLDEST_TRACK:
        hours = int((moment - first) / timedelta(hours=1))
        detail = f"begins at {_at(first)}, {hours} hours ago; 12 are the most: send the newest"
        yield Finding("track_age", "/track", detail)
    if first - moment > _SOONEST_TRACK:
        detail = f"begins at {_at(first)}, which is not yet: send the one that is in force"
        yield Finding("track_future", "/track", detail)


def _of_another_storm(event: Event, track: Track, last: Track | None) -> Iterator[Finding]:
    own = [_plain(one) for one in event.identifiers]
    identifier = _plain(track.identifier)
    numbers = [one for one in own if _ATCF.fullmatch(one)]
    if last is not None and not numbers and _ATCF.fullmatch(_plain(last.identifier)):
        numbers = [_plain(last.identifier)]
    if numbers and _ATCF.fullmatch(identifier) and identifier not in numbers:
        detail = f"is of {track.identifier}; the event's storm is {', '.join(numbers)}"
        yield Finding("track_storm", "/track", f"{detail}: send that one's")
        return
    name = event.name or (last.name if last else None)
    if name and not _may_be_one(_words(track.name), _words(name)):
        detail = f"is of {track.name}; the event's storm is {name}: send that one's"
        yield Finding("track_storm", "/track", detail)


def _plain(identifier: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", identifier.upper())


def _words(name: str) -> frozenset[str]:
    """In plain capitals; none for what only numbers a storm that has no name yet."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    words = frozenset(re.findall(r"[A-Z0-9]+", plain))
    return frozenset() if all(map(_NUMBER.fullmatch, words)) else words


def _may_be_one(names: frozenset[str], others: frozenset[str]) -> bool:
    return names <= others or others <= names


def _order(track: Track, last: Track) -> Iterator[Finding]:
    if track.advisory is not None and last.advisory is not None:
        if track.advisory <= last.advisory:
            detail = f"is number {track.advisory}, not after {last.advisory}, which was published"
            yield Finding("track_order", "/track", f"{detail}: send the newest")
    elif track.points[0].time < last.points[0].time:
        detail = f"begins at {_at(track.points[0].time)}, before the one that was published"
        yield Finding("track_order", "/track", f"{detail}: send the newest")


def _positions(track: Track, last: Track | None) -> Iterator[Finding]:
    earlier = last.points[0] if last and last.points[0].time < track.points[0].time else None
    before: Fix | None = earlier
    for number, point in enumerate(track.points):
        if before is not None and (knots := _too_fast(before, point)):
            detail = (
                f"is {knots:.0f} knots from {_where(before)}, where it was before: {_where(point)} "
                f"cannot be; see E and W, N and S, and the digits"
            )
            yield Finding("track_jump", f"/track/points/{number}", detail)
            break
        before = point
    basin = _BASINS.get(_plain(track.identifier)[:2]) if _ATCF.match(track.identifier) else None
    for number, point in enumerate(track.points if basin else ()):
        if basin and not _inside(point, basin):
            detail = f"is at {_where(point)}, where {track.identifier[:2]} has no storms: "
            detail += "see E and W, N and S"
            yield Finding("track_basin", f"/track/points/{number}", detail)
            break


def _too_fast(before: Fix, point: Fix) -> float:
    """The knots from one to the other if no storm moves so; else 0."""
    metres, _ = inverse(before.longitude, before.latitude, point.longitude, point.latitude)
    miles = float(metres) / NAUTICAL_MILE
    hours = (point.time - before.time) / timedelta(hours=1)
    return miles / hours if miles > _FASTEST_KT * hours + _ASIDE_NM else 0.0


def _inside(point: Fix, basin: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    (west, east), (south, north) = basin
    return west <= point.longitude <= east and south <= point.latitude <= north


def _winds(track: Track) -> Iterator[Finding]:
    first = track.points[0]
    if track.strength and first.wind_kt is not None and not _goes(track.strength, first.wind_kt):
        detail = (
            f"calls a {_named(track.strength)} what has winds of {first.wind_kt:g} knots: it has "
            f"{_KMH[track.strength]}"
        )
        yield Finding("track_strength", "/track", detail)
    for number, point in enumerate(track.points):
        if (point.wind_kt or 0) > _MOST_KT:
            detail = f"is {point.wind_kt:g} knots; no storm ever had more than {_MOST_KT:g}"
            yield Finding("amount", f"/track/points/{number}/wind_kt", detail)


def _goes(strength: str, knots: float) -> bool:
    least, most = _KNOTS[strength]
    return least <= knots <= most


def _named(strength: str) -> str:
    return strength.replace("_", " ")


def _outlook_places(given: Advisory) -> Iterator[Finding]:
    levels = finest(given.levels)
    known = {code for code, level in levels.items() if level is not Level.NONE}
    for zone in given.zones:
        if zone.level is not Level.NONE and zone.rings:
            known.update(place.code for place in gazetteer().meeting(zone.shape))
    for number, outlook in enumerate(given.outlook):
        for at, code in enumerate(outlook.places):
            if known.isdisjoint((code, *parts_of(code))):
                detail = f"{code} has no level here: give it one, or leave its outlook out"
                yield Finding("outlook_place", f"/outlook/{number}/places/{at}", detail)


def _outlook_strengths(given: Advisory) -> Iterator[Finding]:
    """By what each place is told: of its own outlooks, else of those of its state."""
    seen = set()
    for code in dict.fromkeys(code for one in given.outlook for code in one.places):
        own = [(at, one) for at, one in enumerate(given.outlook) if code in one.places]
        state = gazetteer().place(code).state
        own = own or [(at, one) for at, one in enumerate(given.outlook) if state in one.places]
        storms = {one.storm for _, one in own if one.storm}
        winds = [(one.wind_kmh, at) for at, one in own if one.wind_kmh is not None]
        if not storms or not winds:
            continue
        storm, (wind, at) = max(storms, key=_WEAKEST_FIRST.index), max(winds)
        if _goes(storm, wind / _KMH_IN_A_KNOT) or at in seen:
            continue
        seen.add(at)
        detail = f"is {wind:g} km/h for a {_named(storm)}, which has {_KMH[storm]}: change one"
        yield Finding("outlook_strength", f"/outlook/{at}/wind_kmh", detail)


def _amounts(event: Event, outlook: Outlook, pointer: str) -> Iterator[Finding]:
    most = _MOST | ({"surge_m": _HIGHEST_WAVE} if event.hazard == TSUNAMI else {})
    for name, limit in most.items():
        amount = getattr(outlook, name)
        if amount is not None and amount > limit:
            detail = f"is {amount:g}; no more than {limit:g} was ever measured: see its unit"
            yield Finding("amount", f"{pointer}/{name}", detail)
    if outlook.storm and event.hazard != CYCLONE:
        detail = f"is a tropical cyclone's; the event is a {event.hazard}: leave it out"
        yield Finding("outlook_hazard", f"{pointer}/storm", detail)
    if outlook.magnitude and event.hazard not in ("earthquake", TSUNAMI):
        detail = f"is an earthquake's; the event is a {event.hazard}: leave it out"
        yield Finding("outlook_hazard", f"{pointer}/magnitude", detail)


def _arrival(
    given: Advisory, outlook: Outlook, pointer: str, moment: datetime
) -> Iterator[Finding]:
    arrival, source = outlook.arrival, given.epicentre
    if arrival is None:
        return
    if moment - arrival > _LONGEST_SINCE_ARRIVAL:
        detail = f"is {_at(arrival)}, more than three days ago: leave out what is over"
        yield Finding("outlook_arrival", pointer, detail)
    elif source and not source.time <= arrival <= source.time + _OLDEST_QUAKE:
        detail = f"is {_at(arrival)}; the tsunami began at {_at(source.time)}: see the day"
        yield Finding("outlook_arrival", pointer, detail)


def _times(given: Advisory, moment: datetime) -> Iterator[Finding]:
    source = given.epicentre
    if source and source.time - moment > _CLOCKS_DIFFER:
        detail = f"is {_at(source.time)}, which is not yet: see the day and the offset from UTC"
        yield Finding("epicentre_time", "/epicentre/time", detail)
    if source and moment - source.time > _OLDEST_QUAKE:
        detail = f"is {_at(source.time)}, more than 24 hours ago: its waves have passed"
        yield Finding("epicentre_time", "/epicentre/time", detail)
    if source and source.magnitude and source.magnitude > _MOST["magnitude"]:
        detail = f"is {source.magnitude:g}; no more than {_MOST['magnitude']:g} was ever measured"
        yield Finding("amount", "/epicentre/magnitude", detail)
    if given.next_update and given.next_update < moment:
        detail = f"is {_at(given.next_update)}, in the past: give the next one or leave it out"
        yield Finding("next_update", "/next_update", detail)


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _where(fix: Fix) -> str:
    y, x = fix.latitude, fix.longitude
    return f"{abs(y):.1f}{'S' if y < 0 else 'N'} {abs(x):.1f}{'W' if x < 0 else 'E'}"
