"""What each place is to read of an advisory: its own facts, rounded as they are told. Pure.

Places that read the same are told together, by one message, so this decides how many there are: at
most one for each level and reading, and no more than there are threads and places that change.
Derived arrivals of a storm are told to the hour and derived winds in bands, so that the parishes of
an island mostly share one.

A fact is a place's own: of the outlooks that name it, else of those that name its state, and what
none of them tells is derived from the track or the epicentre (``derived``). No outlook is lent to
another place. Of a drawn zone what is expected is that of the places that it meets.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from casa.disasters import derived
from casa.disasters.advisory import Advisory, Outlook, encode
from casa.disasters.edits import edit_of
from casa.disasters.levels import Level, Levels
from casa.disasters.parts import is_zone
from casa.disasters.rounding import told_time
from casa.disasters.scales import shared
from casa.disasters.texts.facts import Storm
from casa.disasters.texts.telling import rounded
from casa.geography.places import gazetteer

STORM = "tropical_cyclone"
WAVE = "tsunami"
_WEAKEST_FIRST: tuple[Storm, ...] = (
    "tropical_depression",
    "tropical_storm",
    "hurricane",
    "major_hurricane",
)
# The unit in which each amount is rounded for all that is told of it.
_UNITS = {"wind_kmh": "kmh", "rain_mm": "mm", "surge_m": "metre"}
_BAND_KMH = 20.0
_HOUR = timedelta(hours=1)
_LONG_AGO = timedelta(hours=12)


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one place is told beside its level; units as in ``texts.Facts``.

    ``storm`` is the strength expected there, ``named`` the storm's own. ``arrival`` is ``earliest``
    where it can be no sooner, and over once it ``is_here``. ``clocks`` are the minutes from UTC in
    which its times are told, ``words`` a digest of an officer's own, ``scale`` the step of the
    state's own alert levels.
    """

    storm: Storm | None = None
    named: Storm | None = None
    arrival: datetime | None = None
    is_here: bool = False
    earliest: bool = False
    near: bool = False
    wind_kmh: float | None = None
    rain_mm: float | None = None
    surge_m: float | None = None
    magnitude: float | None = None
    rivers: tuple[str, ...] = ()
    shelters: tuple[str, ...] = ()
    next_update: datetime | None = None
    clocks: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    contact: str | None = None
    words: str | None = None
    scale: str | None = None

    @property
    def as_read(self) -> "Reading":
        """What a text says of it: of what is here, not when it came."""
        return msgspec.structs.replace(self, arrival=None) if self.is_here else self


@dataclass(frozen=True)
class Readings:
    """By the code of each part at a level that stands; and which members of it were derived."""

    by_part: Mapping[str, Reading] = field(default_factory=dict)
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Before = Mapping[str, Reading]
"""By part, what it was told last: a storm's strength is told on until there is another."""


def readings(hazard: str, advisory: Advisory, moment: datetime, before: Before) -> Readings:
    """What each part that is at a level that stands is to read at a moment."""
    levels = {code: level for code, level in advisory.by_part.items() if level.stands}
    places = _places_of(advisory, levels)
    given = {code: _given(advisory, met) for code, met in places.items()}
    added = _derived(hazard, advisory, moment, levels, given)
    own = _own_strength(advisory, moment) if hazard == STORM else None
    words = _words(advisory, levels)
    found = {
        code: _reading(advisory, moment, given[code] | added.get(code, {}), places[code])
        for code in levels
    }
    found = {
        code: msgspec.structs.replace(
            _strength(hazard, advisory, reading, own, before.get(code)),
            words=words.get(code),
            scale=_scale(hazard, levels[code], places[code]),
        )
        for code, reading in found.items()
    }
    return Readings(found, {code: tuple(sorted(facts)) for code, facts in added.items() if facts})


def strongest(storms: Iterable[Storm | None]) -> Storm | None:
    known = [one for one in storms if one is not None]
    return max(known, key=_WEAKEST_FIRST.index, default=None)


def _places_of(advisory: Advisory, codes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Of each place itself, of each zone the places that it meets."""
    shapes = {zone.code: zone.shape for zone in advisory.zones}
    return {
        code: tuple(place.code for place in gazetteer().meeting(shapes[code]))
        if is_zone(code)
        else (code,)
        for code in codes
    }


Facts = dict[str, Any]
"""Members of ``Reading`` by name, only those that are known."""


def _given(advisory: Advisory, places: Sequence[str]) -> Facts:
    """What outlooks tell of these places together."""
    return _worst(_of_place(advisory, place) for place in places)


def _of_place(advisory: Advisory, place: str) -> Facts:
    """By the outlooks that name the place, else by those that name its state."""
    state = place.split("-")[0]
    own = [one for one in advisory.outlook if place in one.places]
    wider = [one for one in advisory.outlook if state in one.places and one not in own]
    return _worst(map(_members, wider)) | _worst(map(_members, own))


def _members(outlook: Outlook) -> Facts:
    names = (name for name in Outlook.__struct_fields__ if name != "places")
    return {name: value for name in names if (value := getattr(outlook, name))}


def _worst(told: Iterable[Facts]) -> Facts:
    """Of each fact the worst, of times the first, of names all."""
    together: Facts = {}
    for facts in told:
        for name, value in facts.items():
            together[name] = _worse(name, together[name], value) if name in together else value
    return together


def _worse(name: str, one: Any, other: Any) -> Any:
    if name in ("rivers", "shelters"):
        return tuple(dict.fromkeys((*one, *other)))
    if name == "storm":
        return strongest((one, other))
    return min(one, other) if name == "arrival" else max(one, other)


def _derived(
    hazard: str,
    advisory: Advisory,
    moment: datetime,
    levels: Iterable[str],
    given: Mapping[str, Facts],
) -> dict[str, Facts]:
    """What outlooks leave open of each part and the track or the epicentre tells."""
    if advisory.epicentre is not None:
        find = partial(_of_wave, advisory)
    elif advisory.track is not None:
        find = partial(_of_storm, hazard, advisory.track, moment)
    else:
        return {}
    shapes = {code: _shape(advisory, code) for code in levels}
    return {
        code: {name: value for name, value in facts.items() if _is_open(name, given[code])}
        for code, facts in find(shapes, given).items()
    }


def _is_open(name: str, given: Facts) -> bool:
    # An arrival that somebody tells is no longer only the soonest that it can be.
    return name not in given and not (name == "earliest" and "arrival" in given)


def _shape(advisory: Advisory, code: str) -> Any:
    if is_zone(code):
        return next(zone.shape for zone in advisory.zones if zone.code == code)
    return gazetteer().place(code).reach


def _of_wave(
    advisory: Advisory, shapes: derived.Shapes, _: Mapping[str, Facts]
) -> dict[str, Facts]:
    source = advisory.epicentre
    if source is None:
        return {}
    travel = derived.waves(source.longitude, source.latitude, source.deepest_m, shapes)
    shared = {"magnitude": source.magnitude} if source.magnitude else {}
    return {
        code: shared
        | {"arrival": source.time + timedelta(seconds=seconds), "earliest": True}
        | ({"near": True} if timedelta(seconds=seconds) <= derived.NEAR else {})
        for code, seconds in travel.items()
    }


def _of_storm(
    hazard: str,
    track: Mapping[str, Any],
    moment: datetime,
    shapes: derived.Shapes,
    given: Mapping[str, Facts],
) -> dict[str, Facts]:
    """When it comes; of a storm also how strong it is there, unless an outlook tells otherwise."""
    found: dict[str, Facts] = {}
    for code, passage in derived.passages(encode(track), shapes).items():
        facts: Facts = {}
        if passage.arrival is not None:
            facts["arrival"] = _to_the_hour(passage.arrival, moment)
        if passage.wind_kt is not None and hazard == STORM:
            facts |= _wind(passage.wind_kt, given[code])
        found[code] = facts
    return found


def _to_the_hour(arrival: datetime, moment: datetime) -> datetime:
    """A forecast is no finer; but what is to come is not told as past."""
    hourly = told_time(arrival, arrival - 24 * _HOUR)
    return hourly if (hourly > moment) is (arrival > moment) else arrival


def _wind(wind_kt: float, given: Facts) -> Facts:
    """The strength and the wind there, as far as they agree with what an outlook tells."""
    if "wind_kmh" in given:
        return {}
    storm = derived.strength(wind_kt)
    if given.get("storm", storm) != storm:
        return {}
    return {"storm": storm, "wind_kmh": _band(wind_kt, storm)}


def _band(wind_kt: float, storm: Storm) -> float:
    """Rounded up to the end of its band, but not out of its strength."""
    kmh = wind_kt * derived.KMH_IN_A_KNOT
    up = _BAND_KMH * -(-kmh // _BAND_KMH)
    beyond = _WEAKEST_FIRST.index(storm) + 1
    if beyond < len(_WEAKEST_FIRST) and _strength_of(up) != storm:
        return 5.0 * (derived.weakest(_WEAKEST_FIRST[beyond]) * derived.KMH_IN_A_KNOT // 5.0)
    return up


def _strength_of(wind_kmh: float) -> Storm:
    return derived.strength(wind_kmh / derived.KMH_IN_A_KNOT)


def _own_strength(advisory: Advisory, moment: datetime) -> Storm | None:
    """The storm's own, by its track."""
    return derived.own_strength(encode(advisory.track), moment) if advisory.track else None


def _reading(advisory: Advisory, moment: datetime, facts: Facts, places: Sequence[str]) -> Reading:
    told = facts | {
        name: round(rounded(facts[name], unit), 1) for name, unit in _UNITS.items() if name in facts
    }
    if "magnitude" in told:
        told["magnitude"] = round(told["magnitude"], 1)
    told |= _when(told, moment)
    next_update = advisory.next_update and told_time(advisory.next_update, moment)
    times = [one for one in (told.get("arrival"), next_update) if one and one > moment]
    return Reading(
        **told,
        next_update=next_update,
        clocks=tuple(_clocks(times, places)),
        languages=advisory.languages,
        contact=advisory.contact,
    )


def _when(facts: Facts, moment: datetime) -> Facts:
    """The arrival as it is told, and whether it is over; nothing once it is long ago."""
    if "arrival" not in facts or moment - facts["arrival"] >= _LONG_AGO:
        return {"arrival": None}
    soonest = facts.get("earliest", False)
    told = told_time(facts["arrival"], moment, earliest=soonest)
    if soonest and told <= moment:
        # What cannot be here yet is not told as here because a quarter of an hour is coarse.
        told = facts["arrival"].replace(second=0, microsecond=0)
    return {"arrival": told, "is_here": facts["arrival"] <= moment or (soonest and told <= moment)}


def _clocks(times: Sequence[datetime], places: Sequence[str]) -> Iterator[int]:
    zones = {gazetteer().place(place).timezone for place in places}
    for time in times:
        offsets = (time.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones)
        yield from sorted({int(offset.total_seconds()) // 60 for offset in offsets})


def _strength(
    hazard: str,
    advisory: Advisory,
    reading: Reading,
    own: Storm | None,
    before: Reading | None,
) -> Reading:
    """How strong a storm is there, and what it is called; as told before, where nobody says."""
    if hazard != STORM:
        return reading
    storm, last = reading.storm, before or Reading()
    if storm is None and reading.wind_kmh is not None:
        storm = _strength_of(reading.wind_kmh)
    if storm is None and last.storm is not None:
        storm = last.storm if own is None else _weaker(last.storm, own)
    named = own or (strongest(one.storm for one in advisory.outlook) if storm else None)
    return msgspec.structs.replace(reading, storm=storm, named=named or last.named)


def _weaker(one: Storm, other: Storm) -> Storm:
    return min(one, other, key=_WEAKEST_FIRST.index)


def _scale(hazard: str, level: Level, places: Sequence[str]) -> str | None:
    """The step of the alert levels that the states of these places share, with its scale."""
    step = shared((gazetteer().place(place).state for place in places), hazard, level.value)
    return f"{step.scale}/{step.code}" if step else None


def _words(advisory: Advisory, levels: Levels) -> dict[str, str]:
    """By part, a digest of the officer's own words that are told there."""
    found = {}
    for code, level in levels.items():
        words = own_words(advisory, level, code)
        if words is not None:
            found[code] = words
    return found


def own_words(advisory: Advisory, level: Level, code: str) -> str | None:
    languages = sorted({edit.language for edit in advisory.edits if edit.level is level})
    edits = [edit_of(advisory, (level, (code,)), language) for language in languages]
    told = [msgspec.structs.replace(edit, places=()) for edit in edits if edit is not None]
    return hashlib.sha256(encode(told)).hexdigest()[:16] if told else None
