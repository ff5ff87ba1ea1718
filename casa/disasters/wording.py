"""What a message of a hazard event says, in each language: from levels and outlooks to content."""

from collections.abc import Mapping, Sequence
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
from casa.disasters.advisory import Advisory, Zone, expected, places_of
from casa.disasters.edits import edit_of, edited
from casa.disasters.event_codes import event_codes
from casa.disasters.facts import LEVELS
from casa.disasters.levels import Level, Places
from casa.disasters.parts import is_zone, named, zone_name
from casa.geography.places import gazetteer

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


def content(
    event: Event,
    advisory: Advisory,
    caller: Caller,
    moment: datetime,
    level: Level,
    places: Places,
    ends: Level | None = None,
) -> Content:
    """What parts hear of a level that now stands there, or of an all-clear.

    ``ends`` is the level that an all-clear ends: it is as severe, so that it reaches whoever heard
    of that.
    """
    codes = named(places)
    facts = facts_of(event, advisory, caller, level, sorted(places))
    drawn = {zone.code: _drawn(zone) for zone in advisory.zones}
    area = _areas(codes, drawn)
    languages = advisory.languages or languages_for(areas.target(area).places)
    said = {
        language: texts_of(event, advisory, facts, level, sorted(places), language)
        for language in languages
    }
    return Content(
        status=event.status,
        incidents=incidents(event),
        area=area,
        info=tuple(
            _info(event, facts, caller, moment, level, ends or Level.WATCH, text, language)
            for language, text in said.items()
        ),
        spoken=tuple(
            Spoken(language=language, sms=text.sms, radio=text.radio)
            for language, text in said.items()
        ),
    )


def texts_of(
    event: Event,
    advisory: Advisory,
    facts: texts.Facts,
    level: Level,
    codes: Sequence[str],
    language: str,
) -> texts.Texts:
    """What parts are told of a level in a language: composed, or as an officer wrote it."""
    composed = texts.compose(event.hazard, level, facts, language)
    edit = edit_of(advisory, (level, codes), language)
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


def facts_of(
    event: Event, advisory: Advisory, caller: Caller, level: Level, codes: Sequence[str]
) -> texts.Facts:
    """The facts that the texts for some parts at a level are made of."""
    met = [gazetteer().place(code) for code in places_of(advisory, named(codes))]
    outlook = expected(advisory, codes) if level.stands else expected(Advisory(levels={}), codes)
    return texts.Facts(
        places=tuple(map(_called, named(codes))),
        states=tuple(dict.fromkeys(place.state for place in met)),
        event_name=_event_name(event, advisory),
        storm=outlook.storm,
        arrival=outlook.arrival,
        next_update=advisory.next_update if level.stands else None,
        wind_kmh=outlook.wind_kmh,
        rain_mm=outlook.rain_mm,
        surge_m=outlook.surge_m,
        magnitude=outlook.magnitude,
        rivers=tuple(outlook.rivers),
        shelters=outlook.shelters,
        agency=texts.Named(caller.name),
        contact=advisory.contact or caller.contact,
        status=event.status,  # type: ignore[arg-type]
    )


def _called(code: str) -> texts.Named:
    if is_zone(code):
        return texts.Named(zone_name(code))
    place = gazetteer().place(code)
    return texts.Named(place.name, place.names)


def _event_name(event: Event, advisory: Advisory) -> texts.Named | None:
    if not event.name:
        return None
    strengths = {one.storm for one in advisory.outlook}
    for storm in ("hurricane", "tropical_storm", "tropical_depression"):
        if event.hazard == "tropical_cyclone" and storm in strengths:
            return texts.storm_name(storm, event.name, LANGUAGES)
    return texts.Named(event.name)


def _info(
    event: Event,
    facts: texts.Facts,
    caller: Caller,
    moment: datetime,
    level: Level,
    ends: Level,
    said: texts.Texts,
    language: str,
) -> Info:
    urgency, severity, certainty = LEVELS[level if level.stands else ends]
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
        onset=facts.arrival,
        expires=max(facts.arrival or moment, moment) + LIFETIME,
        sender_name=caller.name,
        headline=said.headline,
        description=said.description,
        instruction=said.instruction or None,
        web=caller.web,
        contact=facts.contact,
        parameter=(Value(LEVEL_PARAMETER, level),),
    )
