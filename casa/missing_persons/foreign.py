"""Records of other registries, for the public beside our own cases and marked as foreign.

They are copies: nobody here changes them, nothing of them is pushed. Each is shown until it
expires where it comes from, and for ``LONGEST`` at most. One that is tied to a case of ours goes
when that case ends: another registry's page is not to name here a child that was found.
"""

import re
from collections.abc import Iterable
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

_SHOWN = (
    "source_name", "source_url", "source_date", "expiry_date", "author_name", "full_name",
    "alternate_names", "description", "sex", "age", "home_neighborhood", "home_city",
    "home_state", "home_postal_code", "home_country", "photo_url", "profile_urls",
)  # fmt: skip
_NOTE_SHOWN = (
    "author_name", "source_date", "author_made_contact", "status", "last_known_location", "text",
    "photo_url",
)  # fmt: skip
_LONGEST_CODE = 12
_AGE = re.compile(r"(\d+)(?:-(\d+))?")


def visible(moment: datetime) -> ColumnElement[bool]:
    """The condition that everybody may read a ``ForeignPerson``."""
    return (
        ForeignPerson.withdrawn.is_(None)
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


def links_of(session: Session, person: ForeignPerson) -> list[str]:
    """Identifiers of records that a note's author believes to be of the same human being."""
    own = person.person_record_id
    query = select(ForeignNote.person_record_id, ForeignNote.linked_person_record_id)
    query = query.where(_names(own), ForeignNote.linked_person_record_id.is_not(None))
    return sorted({str(one) for pair in session.execute(query) for one in pair} - {own})


def said_of_case(session: Session, record: MissingPerson) -> list[ForeignNote]:
    """What other registries said of a case of ours, or tied to it, the first first."""
    query = select(ForeignNote).where(ForeignNote.record_id == record.id)
    return list(session.scalars(query.order_by(ForeignNote.source_date, ForeignNote.id)))


def names(person: ForeignPerson) -> list[str]:
    """All that the person is called."""
    told = (person.content.get("full_name", ""), person.content.get("alternate_names", ""))
    return [line for text in told for line in text.splitlines() if line.strip()]


def enter(session: Session, persons: Iterable[ForeignPerson]) -> None:
    """Let records be found by whoever searches; they are flushed before."""
    search_index.put(session, [_entry(person) for person in persons])


def _entry(person: ForeignPerson) -> Entry:
    return Entry(
        id=person.id,
        foreign=True,
        names=tuple(names(person)),
        places=home_codes(person),
        ages=ages(person),
        day=day(person),
        created=person.created,
    )


def ages(person: ForeignPerson) -> tuple[int, int] | None:
    """The least and greatest age that it tells, in years at its source date."""
    found = _AGE.fullmatch(person.content.get("age", ""))
    return (int(found[1]), int(found[2] or found[1])) if found else None


def home_codes(person: ForeignPerson) -> tuple[str, ...]:
    """The state and the part of the person's home, which is all that PFIF tells of places."""
    country, part = (person.content.get(f"home_{one}", "") for one in ("country", "state"))
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
        **{name: person.content[name] for name in _SHOWN if name in person.content},
    }


def shown_note(note: ForeignNote) -> dict[str, Any]:
    return {
        "note_record_id": note.note_record_id,
        "person_record_id": note.person_record_id,
        "linked_person_record_id": note.linked_person_record_id,
        **{name: note.content[name] for name in _NOTE_SHOWN if name in note.content},
    }


def wipe(session: Session, person: ForeignPerson, moment: datetime) -> None:
    """Leave nothing of a record but its identifier and times, and nothing of its notes."""
    person.content = {}
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
    told = said_of_case(session, record)
    tied = {note.person_record_id for note in told} | {
        note.linked_person_record_id for note in told if note.linked_person_record_id
    }
    session.execute(delete(ForeignNote).where(ForeignNote.record_id == record.id))
    query = select(ForeignPerson).where(ForeignPerson.person_record_id.in_(tied))
    for person in session.scalars(query.order_by(ForeignPerson.id).with_for_update()):
        withdraw(session, person, moment)
