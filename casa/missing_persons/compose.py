"""From the facts of a case to what the public is told of it, in each language. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from casa.agencies.caller import Caller
from casa.alerts import areas
from casa.alerts.composition import in_languages
from casa.alerts.content import HEADLINE_LIMIT, Content, InvalidContent, PlacedFault
from casa.alerts.message import Info, Value
from casa.alerts.phrases import phrases
from casa.missing_persons import betrayal
from casa.missing_persons.facts import (
    LIFETIME,
    Facts,
    Vehicle,
    free_texts,
    needs_safeguarding,
    private_facts,
    told,
)

_PACKAGE = "casa.missing_persons"
ENUMERATED = ("build", "complexion", "hair", "eyes")


def compose(facts: Facts, caller: Caller, moment: datetime) -> Content:
    """What the public facts say, in the languages asked for or else those of the places reached.

    Raises:
        InvalidContent: it would tell of a family member, an informant or a birthday.
    """
    public = told(facts, moment)
    if faults := _betrayed(facts, public):
        raise InvalidContent(faults)
    text = in_languages(
        public, lambda language, zone: _info(public, caller, moment, language, zone)
    )
    return msgspec.structs.replace(text, safeguarding=needs_safeguarding(facts, moment))


def _info(facts: Facts, caller: Caller, moment: datetime, language: str, zone: ZoneInfo) -> Info:
    words = phrases(_PACKAGE, language)
    return Info(
        language=language,
        category=("Security", "Rescue"),
        event=words["category"][facts.category],
        response_type=("Monitor",),
        urgency="Immediate",
        severity=facts.severity or "Unknown",
        certainty="Observed",
        expires=facts.expires or moment + LIFETIME,
        sender_name=caller.name,
        headline=_headline(facts, words)[:HEADLINE_LIMIT],
        description=" ".join(_sentences(facts, words, language, zone)) or None,
        instruction=words["instruction"],
        web=caller.web,
        contact=facts.contact or caller.contact,
        parameter=tuple(_parameters(facts, words, language)),
    )


def parameters_of(facts: Facts, moment: datetime) -> tuple[Value, ...]:
    """What the public would be told of these facts for machines, in English."""
    public = told(facts, moment)
    return tuple(_parameters(public, phrases(_PACKAGE, "en"), "en"))


def _headline(facts: Facts, words: dict[str, Any]) -> str:
    category = str(words["category"][facts.category])
    if facts.full_name is None:
        return category
    pattern: str = words["headline"] if facts.age is None else words["headline_age"]
    return pattern.format(category=category, name=facts.full_name, age=facts.age)


def _parameters(facts: Facts, words: dict[str, Any], language: str) -> Iterator[Value]:
    """What the texts say once more for machines, under PFIF's names; nothing beyond the texts.

    Codes are the same in every language, texts are the block's.
    """
    yield Value("category", facts.category)
    for name in ("full_name", "age", "sex", "height", *ENUMERATED, "case_number"):
        if (value := getattr(facts, name)) is not None:
            yield Value(name, str(value))
    for one in facts.known_as:
        yield Value("known_as", one)
    for code in facts.speaks:
        yield Value("speaks", code)
    for name, text in _texts(facts, words, language):
        yield Value(name, text[:1_000])
    if facts.last_seen and facts.last_known_location:
        yield Value("last_seen", facts.last_seen.isoformat())
        yield Value("last_known_location", facts.last_known_location)
    if point := facts.last_seen_point:
        # RFC 5870: latitude comes first, ``u`` is the uncertainty in metres.
        where = f"geo:{point.latitude:.5f},{point.longitude:.5f};u={point.metres}"
        yield Value("last_seen_point", where)


def _sentences(facts: Facts, words: dict[str, Any], language: str, zone: ZoneInfo) -> Iterator[str]:
    labels = phrases(_PACKAGE, f"poster.{language}")["facts"]
    if facts.sex in ("female", "male"):
        yield words["sex"][facts.sex] + "."
    if facts.known_as:
        yield f"{labels['known_as']}: {', '.join(facts.known_as)}."
    if facts.height is not None:
        yield f"{labels['height']}: {facts.height} cm."
    for name in ENUMERATED:
        if (code := getattr(facts, name)) is not None:
            yield f"{labels[name]}: {words[name][code]}."
    if facts.speaks:
        yield f"{labels['speaks']}: {spoken(facts.speaks, words)}."
    for name, text in _texts(facts, words, language):
        yield f"{labels[name]}: {text.rstrip('.')}."
    if facts.last_seen and facts.last_known_location:
        local = facts.last_seen.astimezone(zone)
        when = words["when"].format(date=f"{local:%d/%m/%Y}", time=f"{local:%H:%M}")
        yield words["last_seen"].format(when=when, where=facts.last_known_location)
    if free := facts.description.get(language):
        yield free


def _texts(facts: Facts, words: dict[str, Any], language: str) -> Iterator[tuple[str, str]]:
    """Facts that are told in words of their own."""
    for name in ("clothing", "marks", "medical_need"):
        if text := _in(getattr(facts, name), language):
            yield name, text
    if facts.suspect:
        described = (facts.suspect.name, _in(facts.suspect.description, language))
        yield "suspect", ", ".join(one for one in described if one)
    if facts.vehicle and (text := _vehicle(facts.vehicle, words, language)):
        yield "vehicle", text


def _vehicle(vehicle: Vehicle, words: dict[str, Any], language: str) -> str:
    said = (
        vehicle.make,
        vehicle.colour and words["colour"][vehicle.colour],
        vehicle.plate and words["plate"].format(plate=vehicle.plate),
        _in(vehicle.description, language),
    )
    return ", ".join(one for one in said if one)


def spoken(codes: tuple[str, ...], words: dict[str, Any]) -> str:
    return ", ".join(words["spoken"][code] for code in codes)


def _in(texts: Mapping[str, str], language: str) -> str:
    """The text in a language; a description in a foreign one is better than none."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _betrayed(facts: Facts, public: Facts) -> list[PlacedFault]:
    """Where a text for the public would tell of family, an informant or a birthday."""
    private = private_facts(facts)
    own = facts.full_name or ""
    regions = [place.state for place in areas.target(facts.area).places] if private else []
    faults: list[PlacedFault] = []
    for pointer, text in free_texts(public):
        for found in betrayal.betrayals(text, private, own=own, regions=dict.fromkeys(regions)):
            faults.append((pointer, _TOLD.format(found), found.start, found.end))
        faults += [(pointer, _BIRTHDAY, *span) for span in betrayal.birthdays(text)]
    return list(dict.fromkeys(faults))


_TOLD = (
    "must not tell the public what {0.pointer} holds, as characters {0.start} to {0.end} do: "
    "change that text"
)
_BIRTHDAY = (
    "must not tell the public when somebody was born: give date_of_birth, which tells an age"
)
