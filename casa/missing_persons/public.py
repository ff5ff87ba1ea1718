"""What the public knows of a case: its latest published message, and nothing of its record.

A record may hold what was changed and not yet published, so search, poster and feeds read what
was said in public, where it stands for machines under PFIF's names.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.alerts import reading
from casa.alerts.areas import target_of
from casa.alerts.exercise import prefix
from casa.alerts.message import Info, Message
from casa.alerts.phrases import phrases
from casa.geography.places import gazetteer
from casa.missing_persons import search_index
from casa.missing_persons.compose import ENUMERATED
from casa.missing_persons.models import MissingPerson
from casa.missing_persons.poster import PosterFacts
from casa.missing_persons.search_index import Entry


class PublicCase(msgspec.Struct, frozen=True, kw_only=True):
    """An open case as it was last published."""

    id: str
    message: Message
    category: str
    full_name: str
    age: int | None = None
    sex: str | None = None
    last_seen: datetime | None = None
    last_known_location: str | None = None
    known_as: tuple[str, ...] = ()
    case_number: str | None = None


def of(session: Session, record: MissingPerson, moment: datetime) -> PublicCase:
    """What everybody may know of an open case."""
    return case_of(record.id, reading.thread(session, record.thread, moment)[-1].message)


def latest_messages(session: Session, records: Sequence[MissingPerson]) -> dict[str, Message]:
    """The latest message of each of the cases, by thread."""
    latest = reading.latest(session, [record.thread for record in records if record.thread])
    return {message.thread: message for message in latest}


def case_of(identifier: str, message: Message) -> PublicCase:
    """A case as a message of it tells it."""
    told = {one.name: one.value for one in message.info[0].parameter}
    return PublicCase(
        id=identifier,
        message=message,
        category=told.get("category", "missing_adult"),
        full_name=told.get("full_name", message.info[0].headline),
        age=int(told["age"]) if "age" in told else None,
        sex=told.get("sex"),
        last_seen=datetime.fromisoformat(told["last_seen"]) if "last_seen" in told else None,
        last_known_location=told.get("last_known_location"),
        known_as=tuple(one.value for one in message.info[0].parameter if one.name == "known_as"),
        case_number=told.get("case_number"),
    )


def enter_case(session: Session, message: Message) -> None:
    """Let the case of a message that was just published be found; its Cancel ends that."""
    query = select(MissingPerson).where(MissingPerson.thread == message.thread)
    record = session.scalars(query).first()
    if record is None:
        return
    if message.msg_type == "Cancel":
        search_index.remove(session, [record.id])
    else:
        search_index.put(session, [entry(record, message)])


def enter_again(session: Session, record: MissingPerson) -> None:
    """Let an open case be found by what is left of its latest message, some of it being unsaid."""
    for message in latest_messages(session, [record]).values():
        enter_case(session, message)


def entry(record: MissingPerson, message: Message) -> Entry:
    """As what a case that ``message`` tells of may be found: never by name if it is guarded."""
    case = case_of(record.id, message)
    places = target_of(message).places
    return Entry(
        id=record.id,
        foreign=False,
        names=() if record.guarded else (case.full_name, *case.known_as),
        places=tuple(sorted({place.code for place in places})),
        ages=None if case.age is None else (case.age, case.age),
        day=(case.last_seen or message.sent).astimezone(_zone(message)).date(),
        created=record.created,
    )


def poster_facts(case: PublicCase, url: str, language: str) -> PosterFacts:
    """What a poster in ``language`` says of the case; ``url`` is where it is kept up to date."""
    info = case.message.info_for((language,))
    mark = prefix(case.message.status, language)
    return PosterFacts(
        category=case.category,
        full_name=f"{mark}: {case.full_name}" if mark else case.full_name,
        case_number=case.case_number or case.id[:8].upper(),
        agency=info.sender_name or case.message.sender,
        issued=case.message.sent.date(),
        url=url,
        contact=info.contact or info.sender_name or case.message.sender,
        age=case.age,
        sex=case.sex,
        last_seen=case.last_seen and case.last_seen.astimezone(_zone(case.message)),
        last_known_location=case.last_known_location,
        **_described(info, language),
    )


def _described(info: Info, language: str) -> dict[str, Any]:
    """The facts that a poster shows: codes as words of its language, texts as the alert's."""
    words = phrases("casa.missing_persons", language)
    told = {one.name: one.value for one in info.parameter}
    found: dict[str, Any] = {
        name: told[name]
        for name in ("clothing", "marks", "medical_need", "suspect", "vehicle")
        if name in told
    }
    found |= {name: words[name][told[name]] for name in ENUMERATED if name in told}
    for name, shown in (("known_as", str), ("speaks", words["spoken"].__getitem__)):
        if values := [shown(one.value) for one in info.parameter if one.name == name]:
            found[name] = ", ".join(values)
    if "height" in told:
        found["height"] = int(told["height"])
    return found


def picture(info: Info) -> str | None:
    """The name of the largest JPEG that the alert shows."""
    found = [one for one in info.resource if one.mime_type == "image/jpeg" and one.uri]
    largest = max(found, key=lambda one: one.size or 0, default=None)
    return str(largest.uri).rpartition("/")[2] if largest else None


def _zone(message: Message) -> ZoneInfo:
    places = target_of(message).places
    return ZoneInfo(gazetteer().place(places[0].state).timezone if places else "UTC")
