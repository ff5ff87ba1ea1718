"""What the public knows of a case: its latest published message, and nothing of its record.

A record may hold what was changed and not yet published, so search, poster and feeds read what
was said in public, where it stands for machines under PFIF's names.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from casa.alerts import reading
from casa.alerts.areas import target_of
from casa.alerts.exercise import prefix
from casa.alerts.message import Info, Message
from casa.alerts.phrases import phrases
from casa.geography.places import gazetteer
from casa.missing_persons import foreign
from casa.missing_persons.compose import ENUMERATED
from casa.missing_persons.models import ForeignPerson, MissingPerson
from casa.missing_persons.names import MATCH, score
from casa.missing_persons.poster import PosterFacts
from casa.missing_persons.standing import open_cases

MOST_SEARCHED = 5_000
_YEARS_OFF = 2


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
    message = reading.thread(session, record.thread, moment)[-1].message
    told = {one.name: one.value for one in message.info[0].parameter}
    return PublicCase(
        id=record.id,
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


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Whom somebody looks for; what is not given fits everybody.

    ``place`` is a code that the alert must reach, or where a foreign record's person is at home;
    ``age`` may be two years off; ``since`` and ``until`` are local days on which the person was
    last seen or, where that isn't told, the record was made.
    """

    name: str | None = None
    place: str | None = None
    age: int | None = None
    since: date | None = None
    until: date | None = None

    def fits_age(self, ages: tuple[int, int] | None) -> bool:
        if self.age is None or ages is None:
            return True
        return ages[0] - _YEARS_OFF <= self.age <= ages[1] + _YEARS_OFF

    def fits_day(self, day: date) -> bool:
        return (self.since or day) <= day <= (self.until or day)


def search(session: Session, moment: datetime, wanted: Wanted) -> list[PublicCase | ForeignPerson]:
    """Open cases and foreign records that fit, the likest name first, then the newest."""
    found: list[tuple[float, PublicCase | ForeignPerson]] = []
    for record in open_cases(session, None, MOST_SEARCHED):
        case = of(session, record, moment)
        likeness = _likeness(case, wanted.name) if wanted.name else 1.0
        if likeness >= MATCH and _fits(case, wanted):
            found.append((likeness, case))
    for person in foreign.page(session, moment, None, MOST_SEARCHED):
        likeness = foreign.likeness(person, wanted.name) if wanted.name else 1.0
        if likeness >= MATCH and _foreign_fits(person, wanted):
            found.append((likeness, person))
    return [one for _, one in sorted(found, key=lambda one: -one[0])]


def _likeness(case: PublicCase, name: str) -> float:
    return max(score(name, known) for known in (case.full_name, *case.known_as))


def _fits(case: PublicCase, wanted: Wanted) -> bool:
    places = {one.code for one in target_of(case.message).places} if wanted.place else {None}
    seen = (case.last_seen or case.message.sent).astimezone(_zone(case.message))
    ages = None if case.age is None else (case.age, case.age)
    return wanted.place in places and wanted.fits_age(ages) and wanted.fits_day(seen.date())


def _foreign_fits(person: ForeignPerson, wanted: Wanted) -> bool:
    here = wanted.place is None or foreign.is_at_home_in(person, wanted.place)
    ages, day = foreign.ages(person), foreign.day(person)
    return here and wanted.fits_age(ages) and wanted.fits_day(day)


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
