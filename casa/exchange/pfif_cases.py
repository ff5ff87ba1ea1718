"""Open cases and foreign records as PFIF 1.4: what is public, and nothing after the end."""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.alerts.models import WithdrawnThread
from casa.exchange.pfif_records import Note, Person, value_of
from casa.missing_persons import entries, foreign, public
from casa.missing_persons.addresses import base_url, page_url
from casa.missing_persons.models import FeedEntry, ForeignNote, ForeignPerson, MissingPerson
from casa.missing_persons.standing import Standing, standing_of

Records = tuple[list[Person], list[Note]]

_STATUS = {"unidentified": "information_sought"}
"""By a case's category; of everybody else the agency believes that they are missing."""


def domain() -> str:
    """What our records' identifiers begin with."""
    return urlsplit(base_url()).hostname or ""


def of_entry(session: Session, entry: FeedEntry, moment: datetime) -> Records:
    """A person that partners were told of, as it is now; a placeholder once it is not public."""
    record = session.get(MissingPerson, entry.record_id)
    row = None if record else session.get(ForeignPerson, entry.record_id)
    found = record or row
    if found is None or standing_of(session, found, moment) is not Standing.OPEN:
        name = row.person_record_id if row else _record_id(entry.record_id)
        return [_placeholder(name, _ended(session, found, entry, moment), entry.at)], []
    if isinstance(found, MissingPerson):
        return _of_case(session, found, entry, moment)
    return _of_foreign(session, found, entry.at)


def _ended(
    session: Session,
    found: MissingPerson | ForeignPerson | None,
    entry: FeedEntry,
    moment: datetime,
) -> datetime:
    if isinstance(found, MissingPerson):
        mark = session.get(WithdrawnThread, found.thread)
        marked = mark.at if mark else entry.at
        return min(entry.at, marked, found.ended or entry.at)
    expiry = found and not found.withdrawn and found.expiry_date
    return expiry if expiry and expiry <= moment else entry.at


def _of_case(
    session: Session, record: MissingPerson, entry: FeedEntry, moment: datetime
) -> Records:
    """An open case, with its agency's note on the person's status.

    It outlives its alert. Partners who hear no more of it are to drop it after a while, and who
    follow are told again before. PFIF has no word for an exercise: of one there is no entry.
    """
    case = public.of(session, record, moment)
    info = case.message.info[0]
    picture = public.picture(info)
    expiry = entry.at + entries.KEPT
    while expiry <= moment:
        expiry += entries.KEPT
    person = Person(
        person_record_id=_record_id(case.id),
        entry_date=entry.at,
        expiry_date=expiry,
        author_name=info.sender_name,
        source_name=info.sender_name,
        source_date=entry.at,
        source_url=page_url(case.id),
        full_name=case.full_name,
        alternate_names="\n".join(case.known_as) or None,
        description=info.description,
        sex=case.sex,
        age=None if case.age is None else str(case.age),
        photo_url=f"{base_url()}/media/{picture}" if picture else None,
    )
    return [person], [_status_of(case, entry.at)]


def _status_of(case: public.PublicCase, at: datetime) -> Note:
    """Section 4.2; what each message of the case says replaces what the one before said."""
    info = case.message.info[0]
    return Note(
        note_record_id=_record_id(entries.status_note(case.id)),
        person_record_id=_record_id(case.id),
        entry_date=at,
        author_name=info.sender_name or case.message.sender,
        source_date=at,
        author_made_contact=False,
        status=_STATUS.get(case.category, "believed_missing"),
        last_known_location=case.last_known_location,
        text=info.headline,
    )


def note_of_entry(session: Session, entry: FeedEntry, moment: datetime) -> Note:
    """A note that partners were told of, as it is now; an empty one once it is not public."""
    record = session.get(MissingPerson, entry.of) if entry.of else None
    if record is not None:
        if standing_of(session, record, moment) is Standing.OPEN:
            return _status_of(public.of(session, record, moment), entry.at)
        return _emptied(_record_id(entry.record_id), _record_id(record.id), entry.at)
    query = select(ForeignPerson).where(ForeignPerson.person_record_id == entry.of)
    person = session.scalars(query).first()
    if person is not None and standing_of(session, person, moment) is Standing.OPEN:
        for row in foreign.released_notes_of(session, person):
            if row.note_record_id == entry.record_id:
                return _foreign_note(row, entry.at)
    return _emptied(entry.record_id, entry.of or entry.record_id, entry.at)


def _emptied(note_record_id: str, person_record_id: str, at: datetime) -> Note:
    """PFIF has no placeholder for a note: one that says nothing stands for it."""
    return Note(
        note_record_id=note_record_id,
        person_record_id=person_record_id,
        entry_date=at,
        author_name=domain(),
        source_date=at,
    )


def _of_foreign(session: Session, row: ForeignPerson, at: datetime) -> Records:
    """What was released of a foreign record, and of its notes."""
    told = row.shown | {"person_record_id": row.person_record_id}
    told.setdefault("source_date", row.content["source_date"])
    values: dict[str, object] = {name: value_of(name, text) for name, text in told.items()}
    person = msgspec.convert(values | {"entry_date": at}, Person)
    return [person], [_foreign_note(one, at) for one in foreign.released_notes_of(session, row)]


def _foreign_note(row: ForeignNote, at: datetime) -> Note:
    """A released note; an author who is not named is called by the registry."""
    values: dict[str, object] = {name: value_of(name, text) for name, text in row.shown.items()}
    needed = {
        "note_record_id": row.note_record_id,
        "person_record_id": row.person_record_id,
        "author_name": row.note_record_id.partition("/")[0],
        "source_date": row.source_date,
        "entry_date": at,
    }
    return msgspec.convert(needed | values, Note)


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
