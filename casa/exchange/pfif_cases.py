"""Open cases and foreign records as PFIF 1.4: what is public, and nothing after the end."""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.alerts.models import WithdrawnThread
from casa.exchange.pfif_records import Note, Person, value_of
from casa.missing_persons import foreign, public
from casa.missing_persons.addresses import base_url, page_url
from casa.missing_persons.models import ForeignNote, ForeignPerson, MissingPerson
from casa.missing_persons.standing import open_cases

Records = tuple[list[Person], list[Note]]

_STATUS = {"unidentified": "information_sought"}
"""By a case's category; of everybody else the agency believes that they are missing."""


def domain() -> str:
    """What our records' identifiers begin with."""
    return urlsplit(base_url()).hostname or ""


def collected(session: Session, moment: datetime, most: int) -> Records:
    """At most so many each of open cases, closed ones, foreign records and expired ones."""
    expired = select(ForeignPerson).where(
        ForeignPerson.withdrawn.is_(None), ForeignPerson.expiry_date <= moment
    )
    closed = (
        select(MissingPerson.id, WithdrawnThread.at)
        .join(WithdrawnThread, WithdrawnThread.thread == MissingPerson.thread)
        .order_by(WithdrawnThread.at.desc())
    )
    found = [
        *(of_case(session, record, moment) for record in open_cases(session, None, most)),
        *(of_foreign(session, row, moment) for row in foreign.page(session, moment, None, most)),
        *(
            ([of_closed(identifier, ended)], [])
            for identifier, ended in session.execute(closed.limit(most))
        ),
        *(
            of_foreign(session, row, moment)
            for row in session.scalars(expired.order_by(ForeignPerson.due.desc()).limit(most))
        ),
    ]
    persons = [one for persons, _ in found for one in persons]
    return persons, [one for _, notes in found for one in notes]


def of_case(session: Session, record: MissingPerson, moment: datetime) -> Records:
    """An open case, with its agency's note on the person's status.

    The record expires with its message, as nothing may be told after that. PFIF has no word for an
    exercise, so of one nothing leaves.
    """
    case = public.of(session, record, moment)
    if case.message.status != "Actual":
        return [], []
    info = case.message.info[0]
    if info.expires <= moment:
        return [of_closed(case.id, info.expires)], []
    picture = public.picture(info)
    person = Person(
        person_record_id=_record_id(case.id),
        entry_date=case.message.sent,
        expiry_date=info.expires,
        author_name=info.sender_name,
        source_name=info.sender_name,
        source_date=case.message.sent,
        source_url=page_url(case.id),
        full_name=case.full_name,
        alternate_names="\n".join(case.known_as) or None,
        description=info.description,
        sex=case.sex,
        age=None if case.age is None else str(case.age),
        photo_url=f"{base_url()}/media/{picture}" if picture else None,
    )
    return [person], [_status_of(case)]


def _status_of(case: public.PublicCase) -> Note:
    """Section 4.2; each message of the case is a note of its own."""
    info = case.message.info[0]
    return Note(
        note_record_id=_record_id(case.message.identifier),
        person_record_id=_record_id(case.id),
        entry_date=case.message.sent,
        author_name=info.sender_name or case.message.sender,
        source_date=case.message.sent,
        author_made_contact=False,
        status=_STATUS.get(case.category, "believed_missing"),
        last_known_location=case.last_known_location,
        text=info.headline,
    )


def of_closed(identifier: str, ended: datetime) -> Person:
    """The placeholder that stands for a case that has ended (section 3.3)."""
    return _placeholder(_record_id(identifier), ended, ended)


def of_foreign(session: Session, row: ForeignPerson, moment: datetime) -> Records:
    """A foreign record as it came, but for ``entry_date``; a placeholder once it has expired."""
    if row.expiry_date is not None and row.expiry_date <= moment:
        return [_placeholder(row.person_record_id, row.expiry_date, row.gone or row.due)], []
    values: dict[str, object] = {name: value_of(name, text) for name, text in row.content.items()}
    person = msgspec.convert(values | {"entry_date": row.entry_date}, Person)
    return [person], [_foreign_note(note) for note in foreign.notes_of(session, row)]


def _foreign_note(row: ForeignNote) -> Note:
    values: dict[str, object] = {name: value_of(name, text) for name, text in row.content.items()}
    return msgspec.convert(values | {"entry_date": row.entry_date}, Note)


def _placeholder(person_record_id: str, expiry: datetime, made: datetime) -> Person:
    return Person(
        person_record_id=person_record_id,
        entry_date=made,
        expiry_date=expiry,
        source_date=made,
        full_name="",
    )


def _record_id(identifier: str) -> str:
    return f"{domain()}/{identifier}"
