"""What is said of a missing person, and how it becomes an alert. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from casa.agencies.caller import Caller
from casa.alerts.composition import in_languages
from casa.alerts.content import HEADLINE_LIMIT, Content
from casa.alerts.message import Area, Info, Value
from casa.alerts.phrases import phrases

SEVERITY = {
    "missing_child": "Severe",
    "abducted_child": "Extreme",
    "missing_adult": "Moderate",
    "vulnerable_adult": "Severe",
    "suspected_trafficking": "Severe",
    "unidentified": "Minor",
}
CATEGORIES = tuple(SEVERITY)
SEXES = ("female", "male", "other")
LIFETIME = timedelta(days=2)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A person sought (PFIF names), and where the public is asked to look out."""

    category: str
    full_name: str
    area: tuple[Area, ...]
    status: str = "Actual"
    age: int | None = None
    sex: str | None = None
    last_seen: datetime | None = None
    last_known_location: str | None = None
    description: dict[str, str] = {}
    languages: tuple[str, ...] = ()
    severity: str | None = None
    expires: datetime | None = None
    contact: str | None = None


def compose(facts: Facts, caller: Caller, moment: datetime) -> Content:
    """What the facts say, in the languages asked for or else those of the places reached."""
    return in_languages(facts, lambda language, zone: _info(facts, caller, moment, language, zone))


def _info(facts: Facts, caller: Caller, moment: datetime, language: str, zone: ZoneInfo) -> Info:
    words = phrases("casa.missing_persons", language)
    category = words["category"][facts.category]
    pattern = words["headline"] if facts.age is None else words["headline_age"]
    headline = pattern.format(category=category, name=facts.full_name, age=facts.age)
    return Info(
        language=language,
        category=("Security", "Rescue"),
        event=category,
        response_type=("Monitor",),
        urgency="Immediate",
        severity=facts.severity or SEVERITY[facts.category],
        certainty="Observed",
        expires=facts.expires or moment + LIFETIME,
        sender_name=caller.name,
        headline=headline[:HEADLINE_LIMIT],
        description=" ".join(_sentences(facts, words, language, zone)) or None,
        instruction=words["instruction"],
        web=caller.web,
        contact=facts.contact or caller.contact,
        parameter=tuple(_parameters(facts)),
    )


def _parameters(facts: Facts) -> Iterator[Value]:
    """What the texts say once more for machines, under PFIF's names; nothing beyond the texts."""
    yield Value("category", facts.category)
    yield Value("full_name", facts.full_name)
    if facts.age is not None:
        yield Value("age", str(facts.age))
    if facts.sex is not None:
        yield Value("sex", facts.sex)
    if facts.last_seen and facts.last_known_location:
        yield Value("last_seen", facts.last_seen.isoformat())
        yield Value("last_known_location", facts.last_known_location)


def _sentences(facts: Facts, words: dict[str, Any], language: str, zone: ZoneInfo) -> list[str]:
    found = []
    if facts.sex in ("female", "male"):
        found.append(words["sex"][facts.sex] + ".")
    if facts.last_seen and facts.last_known_location:
        local = facts.last_seen.astimezone(zone)
        when = words["when"].format(date=f"{local:%d/%m/%Y}", time=f"{local:%H:%M}")
        found.append(words["last_seen"].format(when=when, where=facts.last_known_location))
    if text := facts.description.get(language):
        found.append(text)
    return found
