"""A fact that was told of a person and is to be told no longer: what is left of earlier messages.

Texts are made of facts, so what is left is made anew of those that stay. Hiding or removing a fact
takes it out of all earlier messages at once, as withdrawing a photograph does: that the person is
no longer told so waits for nobody. A value that was merely wrong is taken out when an officer says
so (``unsay``).
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts import areas, redaction
from casa.alerts.content import HEADLINE_LIMIT, InvalidContent
from casa.alerts.exercise import marked
from casa.alerts.message import Info, Message, Value
from casa.alerts.phrases import LANGUAGES, phrases
from casa.database import now
from casa.missing_persons import public
from casa.missing_persons.compose import ENUMERATED, parameters_of
from casa.missing_persons.facts import (
    ADULT,
    CHOOSABLE,
    SEVERITY,
    Facts,
    Suspect,
    plain_category,
)
from casa.missing_persons.models import MissingPerson

MARK = "redacted"
"""The parameter that names, in every form of a message, what was taken back of it; a category is
not named, as that there was another than is read would tell what it was."""
FACTS = ("full_name", *CHOOSABLE, "last_seen_point", "contact", "area")
_TOGETHER = {
    "last_known_location": {"last_known_location", "last_seen"},
    "last_seen": {"last_known_location", "last_seen"},
    "suspect_name": {"suspect"},
}
_IN_HEADLINES = {"full_name", "age", "category"}


def unsay(session: Session, caller: Caller, record: MissingPerson, facts: Iterable[str]) -> None:
    """Take facts out of all that was published of a case, whatever its next message says.

    As ending does, it asks for nobody's approval.

    Raises:
        Forbidden
        InvalidContent: a name is of no fact.
    """
    require(caller, Verb.CANCEL)
    named = list(facts)
    if faults := [
        (f"/facts/{at}", f"is none of {', '.join(FACTS)}")
        for at, name in enumerate(named)
        if name not in FACTS
    ]:
        raise InvalidContent(faults)
    _redact(session, caller, record, named)


def unsay_hidden(session: Session, caller: Caller, record: MissingPerson, facts: Facts) -> None:
    """Take out of earlier messages what these facts of the case tell no longer."""
    earlier = [one.info[0].parameter for one in redaction.told_in(session, record.thread)]
    if not earlier:
        return
    told = _values(parameters_of(facts, now()))
    hidden = {
        name
        for parameters in earlier
        for name, values in _values(parameters).items()
        if _is_hidden(name, values, told.get(name, set()))
    }
    if _tells(record.facts, "description") and not (
        facts.description and facts.public.get("description", True)
    ):
        hidden.add("description")
    if _names_suspect(record.facts) and not _is_suspect_named(facts):
        hidden.add("suspect_name")
    if hidden := hidden & set(FACTS):
        _redact(session, caller, record, hidden)


def _tells(wire: dict[str, Any], name: str) -> bool:
    return bool(wire.get(name)) and wire.get("public", {}).get(name, True)


def _names_suspect(wire: dict[str, Any]) -> bool:
    return bool(wire.get("suspect", {}).get("name")) and wire.get("public", {}).get(
        "suspect_name", False
    )


def _is_suspect_named(facts: Facts) -> bool:
    return bool((facts.suspect or Suspect()).name) and facts.public.get("suspect_name", False)


def _values(parameters: Iterable[Value]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in parameters:
        found.setdefault(one.name, set()).add(one.value)
    return found


def _is_hidden(name: str, before: set[str], told: set[str]) -> bool:
    """Whether a fact is told no longer: all of it, one of several, or as finely."""
    if name in ("known_as", "speaks"):
        return bool(before - told)
    if name == "last_seen_point" and told:
        return max(map(_metres, told)) > min(map(_metres, before))
    if name == "category":
        return bool(before - told - {plain_category(None), plain_category(0)})
    return not told


def _metres(point: str) -> int:
    return int(point.rpartition("u=")[2])


def _redact(session: Session, caller: Caller, record: MissingPerson, facts: Iterable[str]) -> None:
    named = {one for name in facts for one in _TOGETHER.get(name, {name})}
    count = redaction.redact(session, record.thread, named, without, now())
    public.enter_again(session, record)
    after = {"facts": sorted(named), "messages": count}
    audit.note(session, caller, "case.redact", f"missing_person:{record.id}", after=after)


def without(message: Message, facts: frozenset[str]) -> Message:
    """The message without what it told of these facts, which it says; itself if it told none."""
    if not any(_told(info, facts) for info in message.info) and "area" not in facts:
        return message
    return msgspec.structs.replace(
        message,
        info=tuple(marked(_without(info, facts), message.status) for info in message.info),
        area=areas.named(message.area) if "area" in facts else areas.without_words(message.area),
        note=None,
        spoken=(),
    )


def _told(info: Info, facts: frozenset[str]) -> bool:
    named = {one.name for one in info.parameter}
    loose = {"description": info.description, "contact": info.contact}
    return bool(named & facts) or any(loose.get(name) for name in facts)


def _without(info: Info, facts: frozenset[str]) -> Info:
    primary = info.language.split("-")[0].lower()
    language = primary if primary in LANGUAGES else "en"
    words = phrases("casa.missing_persons", language)
    kept = [one for one in info.parameter if one.name not in facts]
    told = {one.name: one.value for one in kept}
    category = told.get("category") or _plain(info)
    if "category" in facts:
        kept.insert(0, Value("category", category))
    changed: dict[str, Any] = {}
    if facts & _IN_HEADLINES:
        changed["event"] = words["category"][category]
        changed["headline"] = _headline(category, told, words)
    if "category" in facts:
        changed["severity"] = SEVERITY[category]
    if "contact" in facts:
        changed["contact"] = None
    sentences = [words["redacted"], *_sentences(kept, language, words)]
    return msgspec.structs.replace(
        info,
        description=" ".join(sentences),
        parameter=(*kept, Value(MARK, " ".join(sorted(facts - {"category"}) or ["description"]))),
        **changed,
    )


def _plain(info: Info) -> str:
    age = next((int(one.value) for one in info.parameter if one.name == "age"), ADULT)
    return plain_category(age)


def _headline(category: str, told: dict[str, str], words: dict[str, Any]) -> str:
    shown = str(words["category"][category])
    if "full_name" not in told:
        return shown
    pattern: str = words["headline_age"] if "age" in told else words["headline"]
    filled = pattern.format(category=shown, name=told["full_name"], age=told.get("age"))
    return filled[:HEADLINE_LIMIT]


def _sentences(kept: list[Value], language: str, words: dict[str, Any]) -> list[str]:
    """What stays, once more in words: what machines are told is what texts were made of."""
    labels = phrases("casa.missing_persons", f"poster.{language}")["facts"]
    coded = {name: words[name] for name in ENUMERATED} | {
        "sex": words["sex"], "speaks": words["spoken"],
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for one in kept:
        if one.name in labels and one.name != "last_seen":
            text = coded.get(one.name, {}).get(one.value, one.value)
            found.setdefault(one.name, []).append(f"{text} cm" if one.name == "height" else text)
    return [f"{labels[name]}: {', '.join(texts).rstrip('.')}." for name, texts in found.items()]
