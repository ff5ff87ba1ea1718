"""May this be shown? One answer for page, poster, search, lists, photographs, feeds and PFIF.

Of a case of ours and of another registry's record alike: nothing (yet), all that was published or
released, or only that it is over. An alert that ran out closes no case.
"""

from datetime import datetime
from enum import Enum

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from casa import paging
from casa.alerts.models import PublishedMessage, WithdrawnThread
from casa.database import now
from casa.missing_persons import foreign
from casa.missing_persons.models import FeedEntry, ForeignPerson, MissingPerson
from casa.problems import Problem, not_found


class Standing(Enum):
    PRIVATE = "private"
    OPEN = "open"
    CLOSED = "closed"


def standing_of(
    session: Session, record: MissingPerson | ForeignPerson, moment: datetime | None = None
) -> Standing:
    """What may be shown of it at ``moment``, by default now."""
    if isinstance(record, ForeignPerson):
        if foreign.is_visible(session, record, moment or now()):
            return Standing.OPEN
        known = session.get(FeedEntry, record.id) is not None
        return Standing.CLOSED if known else Standing.PRIVATE
    if not session.scalar(select(_is_published(record.thread))):
        return Standing.PRIVATE
    if record.ended or session.get(WithdrawnThread, record.thread):
        return Standing.CLOSED
    return Standing.OPEN


_CLOSED = ("gone", "The case is closed: show nothing of it any longer.")


def open_or_gone(
    session: Session,
    identifier: str,
    *,
    what: str = "such case",
    closed: tuple[str, str] = _CLOSED,
) -> MissingPerson:
    """An open case; one that is not public is not told from none.

    ``what`` there is none of and how it is ``closed`` (the problem's code and detail) are told in
    the caller's words.

    Raises:
        Problem: 404; 410 for one that is closed.
    """
    record = session.get(MissingPerson, identifier)
    if record is None or (standing := standing_of(session, record)) is Standing.PRIVATE:
        raise not_found(what)
    if standing is Standing.CLOSED:
        raise Problem(410, *closed)
    return record


def open_cases(session: Session, after: paging.Row | None, limit: int) -> list[MissingPerson]:
    """At most ``limit`` open cases, newest first."""
    query = open_cases_where()
    query = paging.newest_first(query, MissingPerson.created, MissingPerson.id, after, limit)
    return list(session.scalars(query))


def open_cases_where(*conditions: ColumnElement[bool]) -> Select[MissingPerson]:
    """Open cases that fulfil further conditions."""
    return select(MissingPerson).where(
        MissingPerson.ended.is_(None),
        _is_published(MissingPerson.thread),
        ~exists().where(WithdrawnThread.thread == MissingPerson.thread),
        *conditions,
    )


def _is_published(thread: object) -> ColumnElement[bool]:
    return exists().where(PublishedMessage.thread == thread)
