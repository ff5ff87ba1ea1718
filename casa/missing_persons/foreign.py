"""Records of other registries, for the public beside our own cases and marked as foreign.

They are copies: nobody here changes them, nothing of them is pushed. Of each is shown what an
officer released (``releasing.py``), until it expires where it comes from, and for ``LONGEST`` at
most. One that is tied to a case of ours goes when that case ends: another registry's page is not
to name here a child that was found.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from casa import paging
from casa.alerts.models import WithdrawnThread
from casa.missing_persons import search_index
from casa.missing_persons.models import ForeignNote, ForeignPerson, MissingPerson
from casa.missing_persons.search_index import Entry

LONGEST = timedelta(days=365)
"""After its last import, where its own registry lets it expire later or never."""

_LONGEST_CODE = 12
_AGE = re.compile(r"(\d+)(?:-(\d+))?")


def visible(moment: datetime) -> ColumnElement[bool]:
    """The condition that everybody may read a ``ForeignPerson``."""
    return (
        ForeignPerson.released.is_not(None)
        & ForeignPerson.withdrawn.is_(None)
        & ForeignPerson.gone.is_(None)
        & (ForeignPerson.due > moment)
        & ~exists().where(_names(ForeignPerson.person_record_id), _is_of_closed_case())
    )


def _names(person_record_id: Any) -> ColumnElement[bool]:
    return or_(
        ForeignNote.person_record_id == person_record_id,
        ForeignNote.linked_person_record_id == person_record_id,
    )


def _is_of_closed_case() -> ColumnElement[bool]:
    closed = or_(
        MissingPerson.ended.is_not(None),
        exists().where(WithdrawnThread.thread == MissingPerson.thread),
    )
    return (ForeignNote.record_id == MissingPerson.id) & closed


def is_visible(session: Session, person: ForeignPerson, moment: datetime) -> bool:
    query = select(ForeignPerson.id).where(ForeignPerson.id == person.id, visible(moment))
    return session.scalar(query) is not None


def page(
    session: Session, moment: datetime, after: paging.Row | None, limit: int
) -> list[ForeignPerson]:
    """At most ``limit`` that are visible, the newest here first."""
    query = select(ForeignPerson).where(visible(moment))
    query = paging.newest_first(query, ForeignPerson.created, ForeignPerson.id, after, limit)
    return list(session.scalars(query))


def notes_of(session: Session, person: ForeignPerson) -> list[ForeignNote]:
    """What was said of a person, the first first."""
    query = select(ForeignNote).where(ForeignNote.person_record_id == person.person_record_id)
    return list(session.scalars(query.order_by(ForeignNote.source_date, ForeignNote.id)))


def released_notes_of(session: Session, person: ForeignPerson) -> list[ForeignNote]:
    """The notes of which the public may read something."""
    return [note for note in notes_of(session, person) if note.shown]


def links_of(session: Session, person: ForeignPerson) -> list[str]:
    """Identifiers of records that a released note says to be of the same human being."""
    own = person.person_record_id
    query = select(ForeignNote).where(_names(own), ForeignNote.linked_person_record_id.is_not(None))
    told = [one for one in session.scalars(query) if "linked_person_record_id" in one.shown]
    pairs = ((one.person_record_id, str(one.linked_person_record_id)) for one in told)
    return sorted({one for pair in pairs for one in pair} - {own})


def tied_to(session: Session, record: MissingPerson) -> list[ForeignPerson]:
    """The records that notes tie to a case of ours, one after the other always the same."""
    told = said_of_case(session, record)
    names = {note.person_record_id for note in told} | {
        note.linked_person_record_id for note in told if note.linked_person_record_id
    }
    query = select(ForeignPerson).where(ForeignPerson.person_record_id.in_(names))
    return list(session.scalars(query.order_by(ForeignPerson.id)))


def said_of_case(session: Session, record: MissingPerson) -> list[ForeignNote]:
    """What other registries said of a case of ours, or tied to it, the first first."""
    query = select(ForeignNote).where(ForeignNote.record_id == record.id)
    return list(session.scalars(query.order_by(ForeignNote.source_date, ForeignNote.id)))


def names(person: ForeignPerson) -> list[str]:
    """All that the public knows the person to be called."""
    told = (person.shown.get("full_name", ""), person.shown.get("alternate_names", ""))
    return [line for text in told for line in text.splitlines() if line.strip()]


def enter(session: Session, persons: Sequence[ForeignPerson]) -> None:
    """Let records be found by what is released of them, and no others; they are flushed before."""
    search_index.remove(session, [person.id for person in persons])
    search_index.put(session, [_entry(person) for person in persons if person.released])


def _entry(person: ForeignPerson) -> Entry:
    return Entry(
        id=person.id,
        foreign=True,
        names=() if person.guarded else tuple(names(person)),
        places=home_codes(person),
        ages=ages(person),
        day=day(person),
        created=person.created,
    )


def ages(person: ForeignPerson) -> tuple[int, int] | None:
    """The least and greatest age that it tells, in years at its source date."""
    found = _AGE.fullmatch(person.shown.get("age", ""))
    return (int(found[1]), int(found[2] or found[1])) if found else None


def home_codes(person: ForeignPerson) -> tuple[str, ...]:
    """The state and the part of the person's home, which is all that PFIF tells of places."""
    country, part = (person.shown.get(f"home_{one}", "") for one in ("country", "state"))
    if not country:
        return ()
    whole = part if part.startswith(f"{country}-") else f"{country}-{part}"
    codes = (country, whole.upper()) if part else (country,)
    return tuple(code for code in dict.fromkeys(codes) if len(code) <= _LONGEST_CODE)


def day(person: ForeignPerson) -> date:
    return person.source_date.date()


def shown(person: ForeignPerson) -> dict[str, Any]:
    """A foreign record as everybody sees it, under PFIF's names."""
    return {
        "person_record_id": person.person_record_id,
        "registry": person.person_record_id.partition("/")[0],
        "entry_date": person.entry_date.isoformat(),
        **person.shown,
    }


def shown_note(note: ForeignNote) -> dict[str, Any]:
    """What is public of a note."""
    return {
        "note_record_id": note.note_record_id,
        "person_record_id": note.person_record_id,
        "source_date": note.source_date.isoformat(),
        **note.shown,
    }


def whole_note(note: ForeignNote) -> dict[str, Any]:
    """A note as officers read it, with who said it and whether its source may say so."""
    return {
        "note_record_id": note.note_record_id,
        "person_record_id": note.person_record_id,
        "linked_person_record_id": note.linked_person_record_id,
        **note.content,
        "entitled": note.entitled,
        "public": sorted(note.shown),
    }


def wipe(session: Session, person: ForeignPerson, moment: datetime) -> None:
    """Leave nothing of a record but its identifier and times, and nothing of its notes."""
    person.content, person.shown = {}, {}
    person.gone = person.gone or moment
    search_index.remove(session, [person.id])
    own = ForeignNote.person_record_id == person.person_record_id
    session.execute(delete(ForeignNote).where(own))


def withdraw(session: Session, person: ForeignPerson, moment: datetime) -> None:
    """Take a record down for good: no later import brings it back."""
    person.withdrawn = person.withdrawn or moment
    wipe(session, person, moment)


def expire(session: Session, moment: datetime) -> None:
    """The worker's chore: wipe what has expired."""
    query = select(ForeignPerson).where(ForeignPerson.gone.is_(None), ForeignPerson.due <= moment)
    for person in session.scalars(query.order_by(ForeignPerson.id).with_for_update()):
        wipe(session, person, moment)


def erase_with(session: Session, record: MissingPerson, moment: datetime) -> None:
    """With a case of ours goes what other registries said of it, and the records tied to it."""
    tied = tied_to(session, record)
    session.execute(delete(ForeignNote).where(ForeignNote.record_id == record.id))
    for person in tied:
        withdraw(session, person, moment)
