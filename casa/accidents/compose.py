"""From an accident's facts to what is said of it, in each language. Pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from casa.accidents.facts import CASUALTIES, DEFAULTS, Facts, Involved, Range, Road, severity
from casa.agencies.caller import Caller
from casa.alerts.composition import in_languages
from casa.alerts.content import HEADLINE_LIMIT, Content
from casa.alerts.message import Info, Value
from casa.alerts.phrases import phrases


def compose(facts: Facts, caller: Caller, moment: datetime) -> Content:
    """What the facts say, in the languages asked for or else those of the places reached."""
    return in_languages(facts, lambda language, zone: _info(facts, caller, moment, language, zone))


def _info(facts: Facts, caller: Caller, moment: datetime, language: str, zone: ZoneInfo) -> Info:
    words = phrases("casa.accidents", language)
    usual = DEFAULTS[facts.type]
    event = words["event"][facts.type]
    headline = words["headline"].format(event=event, location=facts.location)
    return Info(
        language=language,
        category=usual.category,
        event=event,
        response_type=usual.response_type,
        urgency=facts.urgency or "Immediate",
        severity=severity(facts),
        certainty=facts.certainty or "Observed",
        onset=facts.occurred,
        expires=facts.expires or moment + usual.lifetime,
        sender_name=caller.name,
        headline=headline[:HEADLINE_LIMIT],
        description=" ".join(_sentences(facts, words, language, zone)) or None,
        instruction=facts.advice.get(language) or words["advice"][facts.type],
        web=facts.web or caller.web,
        contact=facts.contact or caller.contact,
        parameter=tuple(_parameters(facts)),
    )


def _sentences(facts: Facts, words: dict[str, Any], language: str, zone: ZoneInfo) -> list[str]:
    found = []
    if text := facts.description.get(language):
        found.append(text)
    if facts.occurred:
        local = facts.occurred.astimezone(zone)
        found.append(words["occurred"].format(time=f"{local:%H:%M}"))
    if facts.involved:
        named = ", ".join(f"{one.count} {_vehicle(words, one)}" for one in facts.involved)
        found.append(words["involved"].format(list=named))
    if counted := [
        _casualties(words, name, facts.casualties[name])
        for name in CASUALTIES
        if name in facts.casualties
    ]:
        found.append(words["casualties"].format(list=", ".join(counted)))
    if facts.substance:
        known = facts.substance
        pattern = words["substance_un"] if known.un_number else words["substance"]
        found.append(pattern.format(name=known.name, un_number=known.un_number))
        if known.isolate:
            found.append(words["isolate"].format(metres=known.isolate))
    if facts.roads_closed:
        roads = ", ".join(_road(words, road) for road in facts.roads_closed)
        found.append(words["closed"].format(roads=roads))
    if text := facts.diversion.get(language):
        found.append(words["diversion"].format(text=text))
    return found


def _vehicle(words: dict[str, Any], one: Involved) -> str:
    singular, plural = words["vehicle"][one.vehicle]
    return str(singular if one.count == 1 else plural)


def _casualties(words: dict[str, Any], name: str, number: Range) -> str:
    singular, plural = words["casualty"][name]
    pattern = singular if number == Range(1, 1) else plural
    return str(pattern.format(number=_range(words, number)))


def _range(words: dict[str, Any], number: Range) -> str:
    if number.most is None:
        return str(words["at_least"].format(least=number.least))
    if number.most == number.least:
        return str(number.least)
    return str(words["range"].format(least=number.least, most=number.most))


def _road(words: dict[str, Any], road: Road) -> str:
    if road.start and road.end:
        return str(words["between"].format(name=road.name, start=road.start, end=road.end))
    return road.name


def _parameters(facts: Facts) -> list[Value]:
    """The facts again for machines, as CAP parameters."""
    found = [Value("accident:type", facts.type)]
    for name, number in facts.casualties.items():
        most = "" if number.most is None else number.most
        found.append(Value(f"accident:{name}", f"{number.least}..{most}"))
    found += [Value("accident:road_closed", road.name) for road in facts.roads_closed]
    if facts.substance and facts.substance.un_number:
        found.append(Value("accident:un_number", facts.substance.un_number))
    return found
