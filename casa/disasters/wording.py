"""What a message of a hazard event says, in each language: from a reading to content."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from casa.agencies.caller import Caller
from casa.alerts import areas
from casa.alerts.cancellation import ending
from casa.alerts.content import Content
from casa.alerts.message import Area, Info, Message, Spoken, Value
from casa.alerts.phrases import LANGUAGES, languages_for
from casa.disasters import hazards, texts
from casa.disasters.advisory import Advisory, Zone
from casa.disasters.edits import Group, edit_of, edited
from casa.disasters.event_codes import event_codes
from casa.disasters.facts import LEVELS
from casa.disasters.levels import Level, Places
from casa.disasters.parts import is_zone, named, zone_name
from casa.disasters.readings import Reading
from casa.disasters.scales import shared
from casa.geography.places import Place, gazetteer

# Advisories come every three to six hours; what none of them renews is out of date after a day.
LIFETIME = timedelta(hours=24)
_ALL_CLEAR = ("Past", "Observed")
LEVEL_PARAMETER = "casa:level"


class Event(Protocol):
    """What its messages must know of a hazard event."""

    @property
    def hazard(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def identifiers(self) -> Sequence[str]: ...
    @property
    def status(self) -> str: ...


def incidents(event: Event) -> tuple[str, ...]:
    """The words that tie all of an event's messages together (CAP: without spaces)."""
    name = "-".join((event.name or event.hazard).lower().translate(_NOT_IN_A_WORD).split())
    return tuple(dict.fromkeys((name, *event.identifiers)))


_NOT_IN_A_WORD = str.maketrans(",<&", "   ")


@dataclass(frozen=True)
class Statement:
    """What some parts are told together at a moment: a level that stands there, or an all-clear.

    ``ends`` is the level that an all-clear ends: it is as severe, so that it reaches whoever heard
    of that.
    """

    level: Level
    places: Places
    reading: Reading
    moment: datetime
    ends: Level | None = None

    @property
    def group(self) -> Group:
        return self.level, sorted(self.places)


def content(event: Event, advisory: Advisory, caller: Caller, statement: Statement) -> Content:
    """The content of the message that says it."""
    facts = facts_of(event, advisory, caller, statement)
    area = _areas(named(statement.places), {zone.code: _drawn(zone) for zone in advisory.zones})
    languages = languages_of(advisory, statement.reading, statement.places)
    said = {
        language: texts_of(event, advisory, facts, statement.group, language)
        for language in languages
    }
    return Content(
        status=event.status,
        incidents=incidents(event),
        area=area,
        info=tuple(
            _info(event, facts, caller, statement, text, language)
            for language, text in said.items()
        ),
        spoken=tuple(
            Spoken(language=language, sms=text.sms, radio=text.radio)
            for language, text in said.items()
        ),
    )


def languages_of(advisory: Advisory, reading: Reading, codes: Iterable[str]) -> Sequence[str]:
    """Those that an officer chose, else those of the places."""
    return reading.languages or languages_for(_places(advisory, codes))


def texts_of(
    event: Event, advisory: Advisory, facts: texts.Facts, group: Group, language: str
) -> texts.Texts:
    """What a group is told in a language: composed, or as an officer wrote it."""
    composed = texts.compose(event.hazard, group[0], facts, language)
    edit = edit_of(advisory, group, language)
    return edited(edit, composed, event.status) if edit else composed


def _drawn(zone: Zone) -> Area:
    return Area(
        area_desc=zone.name, polygon=zone.rings, geocode=(Value(areas.ZONE_CODE, zone.code),)
    )


def _areas(codes: Sequence[str], zones: Mapping[str, Area]) -> tuple[Area, ...]:
    """One for each place or zone."""
    places = areas.of_places(code for code in codes if not is_zone(code))
    return (*places, *(zones[code] for code in codes if is_zone(code)))


def lifted(message: Message, moment: datetime, places: Places) -> Content:
    """The end of a thread whose last places are at no level any more; zones as they were drawn."""
    text = ending(message, moment, {})
    told = Value(LEVEL_PARAMETER, Level.NONE)
    drawn = {code: areas.zones_of(message, (code,))[0] for code in places if is_zone(code)}
    return msgspec.structs.replace(
        text,
        area=_areas(named(places), drawn),
        info=tuple(msgspec.structs.replace(info, parameter=(told,)) for info in text.info),
    )


def level_of(message: Message) -> Level:
    """The level that a message of an event told."""
    return next(
        Level(one.value) for one in message.info[0].parameter if one.name == LEVEL_PARAMETER
    )


def facts_of(event: Event, advisory: Advisory, caller: Caller, statement: Statement) -> texts.Facts:
    """The facts that the texts for some parts at a level are made of."""
    codes, reading, stands = named(statement.places), statement.reading, statement.level.stands
    arrival = statement.moment if reading.is_here else reading.arrival
    states = tuple(dict.fromkeys(place.state for place in _places(advisory, codes)))
    return texts.Facts(
        places=tuple(map(_called, codes)),
        states=states,
        scale=shared(states, event.hazard, statement.level.value),
        event_name=_event_name(event, reading),
        storm=reading.storm,
        arrival=arrival if stands else None,
        earliest=reading.earliest,
        near=reading.near,
        now=statement.moment,
        next_update=reading.next_update if stands else None,
        wind_kmh=reading.wind_kmh,
        rain_mm=reading.rain_mm,
        surge_m=reading.surge_m,
        magnitude=reading.magnitude,
        rivers=tuple(map(texts.Named, reading.rivers)),
        shelters=tuple(map(texts.Named, reading.shelters)),
        agency=texts.Named(caller.name),
        contact=reading.contact or caller.contact,
        status=event.status,  # type: ignore[arg-type]
    )


def _places(advisory: Advisory, codes: Iterable[str]) -> list[Place]:
    """The places, and those that the zones meet."""
    wanted = set(codes)
    found = [gazetteer().place(code) for code in named(wanted) if not is_zone(code)]
    for zone in advisory.zones:
        if zone.code in wanted:
            found += gazetteer().meeting(zone.shape)
    return found


def _called(code: str) -> texts.Named:
    if is_zone(code):
        return texts.Named(zone_name(code))
    place = gazetteer().place(code)
    return texts.Named(place.name, place.names)


def _event_name(event: Event, reading: Reading) -> texts.Named | None:
    if not event.name:
        return None
    if reading.named is not None:
        return texts.storm_name(reading.named, event.name, LANGUAGES)
    return texts.Named(event.name)


def _info(
    event: Event,
    facts: texts.Facts,
    caller: Caller,
    statement: Statement,
    said: texts.Texts,
    language: str,
) -> Info:
    level, reading = statement.level, statement.reading
    urgency, severity, certainty = LEVELS[level if level.stands else statement.ends or Level.WATCH]
    hazard = hazards.hazard(event.hazard)
    if not level.stands:
        urgency, certainty = _ALL_CLEAR
    return Info(
        language=language,
        category=(hazard.category,),
        event=texts.event(event.hazard, level, facts.storm, language),
        response_type=hazard.responses(level),
        urgency=urgency,
        severity=severity,
        certainty=certainty,
        event_code=event_codes(event.hazard, level, facts.storm, event.status),
        # Of what is here each place has a beginning of its own.
        onset=None if reading.is_here else facts.arrival,
        expires=max(facts.arrival or statement.moment, statement.moment) + LIFETIME,
        sender_name=caller.name,
        headline=said.headline,
        description=said.description,
        instruction=said.instruction or None,
        web=caller.web,
        contact=facts.contact,
        parameter=(Value(LEVEL_PARAMETER, level), *(facts.scale.parameters if facts.scale else ())),
    )
