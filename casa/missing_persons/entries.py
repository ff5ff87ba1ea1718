"""When partners were last told of each person and note: what PFIF's feeds go by.

Whatever changes what is public of a person is noticed here as it is written, and just before the
commit each person and note that it touched gets an entry at a moment of its own, behind the lock
of a clock that never goes back. So whoever has read up to a moment reads on from it and misses
nothing, whatever changes meanwhile. What never was public gets no entry; what was keeps one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, exists, select
from sqlalchemy.orm import Session, object_session

from casa.alerts.models import PublishedMessage, RedactedMessage, WithdrawnThread
from casa.database import now
from casa.missing_persons import foreign
from casa.missing_persons.models import (
    FeedClock,
    FeedEntry,
    ForeignNote,
    ForeignPerson,
    MissingPerson,
)

KEPT = timedelta(days=60)
"""How long partners may keep an open case of which they hear no more."""
RENEWED = timedelta(days=30)
"""After so long they hear of it again."""

_CLOCK = 1
_STEP = timedelta(microseconds=1)
_CHANGED = "casa.feed_entries"
_AT_ONCE = 500


def page(
    session: Session, kind: str, since: datetime | None, skip: int, limit: int
) -> list[FeedEntry]:
    """At most ``limit`` entries of ``since`` or later, the first first, after ``skip`` of them."""
    query = select(FeedEntry).where(FeedEntry.kind == kind)
    if since is not None:
        query = query.where(FeedEntry.at >= since)
    return list(session.scalars(query.order_by(FeedEntry.at).offset(skip).limit(limit)))


def after(entry: FeedEntry) -> datetime:
    """The first moment that a later entry can have."""
    return entry.at + _STEP


def status_note(record_id: str) -> str:
    """The identifier of the one note on a case of ours, which each message of it replaces."""
    return f"{record_id}.status"


def renew(session: Session, moment: datetime) -> None:
    """The worker's chore: tell partners that what they would soon drop is still open."""
    query = (
        select(MissingPerson.thread)
        .join(FeedEntry, FeedEntry.record_id == MissingPerson.id)
        .where(
            FeedEntry.at <= moment - RENEWED,
            MissingPerson.ended.is_(None),
            ~exists().where(WithdrawnThread.thread == MissingPerson.thread),
        )
    )
    for thread in session.scalars(query.limit(_AT_ONCE)):
        _touch(session, "thread", thread)


def _touch(session: Session, sort: str, key: Any) -> None:
    # In order and without repetition, so that two transactions make entries in one order.
    session.info.setdefault(_CHANGED, {})[sort, key] = None


def _touched(sort: str, column: str) -> Any:
    def noticed(_mapper: Any, _connection: Any, row: Any) -> None:
        if (session := object_session(row)) is not None:
            _touch(session, sort, getattr(row, column))

    return noticed


for _model, _sort, _column in (
    (ForeignPerson, "person", "id"),
    (ForeignNote, "note", "note_record_id"),
    (PublishedMessage, "thread", "thread"),
    (WithdrawnThread, "thread", "thread"),
    (RedactedMessage, "message", "sequence"),
    (MissingPerson, "thread", "thread"),
):
    for _change in ("after_insert", "after_update", "after_delete"):
        event.listen(_model, _change, _touched(_sort, _column))


@event.listens_for(Session, "before_commit")
def _enter(session: Session) -> None:
    session.flush()
    changed = session.info.pop(_CHANGED, None)
    if not changed:
        return
    entries: dict[str, tuple[str, str | None]] = {}
    for sort, key in changed:
        entries |= {name: (kind, of) for name, kind, of in _SORTS[sort](session, key)}
    if not entries:
        return
    clock = session.get_one(FeedClock, _CLOCK, with_for_update=True)
    at = max(now(), clock.at)
    for name, (kind, of) in entries.items():
        at += _STEP
        row = session.get(FeedEntry, name)
        if row is None:
            session.add(FeedEntry(record_id=name, kind=kind, of=of, at=at))
        else:
            row.at = at
    clock.at = at
    session.flush()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_CHANGED, None)


Entries = Iterator[tuple[str, str, str | None]]


def _of_person(session: Session, identifier: str) -> Entries:
    """A foreign record's, with its notes', if partners ever had it."""
    person = session.get(ForeignPerson, identifier)
    if person is None or (person.released is None and not _is_known(session, identifier)):
        return
    yield identifier, "person", None
    told = select(FeedEntry.record_id).where(FeedEntry.of == person.person_record_id)
    notes = dict.fromkeys(session.scalars(told))
    if person.released is not None:
        notes |= {n.note_record_id: None for n in foreign.released_notes_of(session, person)}
    for name in notes:
        yield name, "note", person.person_record_id


def _of_note(session: Session, note_record_id: str) -> Entries:
    """A foreign note's and its person's, if partners ever had it or may have it now."""
    known = session.get(FeedEntry, note_record_id)
    query = select(ForeignNote).where(ForeignNote.note_record_id == note_record_id)
    note = session.scalars(query).first()
    if known is None and not (note and note.shown):
        return
    of = note.person_record_id if note else known and known.of
    whose = select(ForeignPerson.id).where(ForeignPerson.person_record_id == of)
    for identifier in session.scalars(whose):
        yield from _of_person(session, identifier)
    yield note_record_id, "note", of or None


def _of_thread(session: Session, thread: str) -> Entries:
    """A case's, once it was published, and when it is closed those of records tied to it."""
    record = session.scalars(select(MissingPerson).where(MissingPerson.thread == thread)).first()
    real = (PublishedMessage.thread == thread) & (PublishedMessage.status == "Actual")
    if record is None or not session.scalar(select(exists().where(real))):
        return
    yield record.id, "person", None
    yield status_note(record.id), "note", record.id
    if record.ended or session.get(WithdrawnThread, thread):
        for person in foreign.tied_to(session, record):
            yield from _of_person(session, person.id)


def _of_message(session: Session, sequence: int) -> Entries:
    query = select(PublishedMessage.thread).where(PublishedMessage.sequence == sequence)
    for thread in session.scalars(query):
        yield from _of_thread(session, thread)


def _is_known(session: Session, record_id: str) -> bool:
    return session.get(FeedEntry, record_id) is not None


_SORTS: dict[str, Any] = {
    "person": _of_person,
    "note": _of_note,
    "thread": _of_thread,
    "message": _of_message,
}
