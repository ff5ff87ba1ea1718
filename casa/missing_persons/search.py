"""The public's search for open cases and other registries' records.

Names are compared however they are spelt. Of all that share something with the search the database
picks the few that share most (``names.search_keys``), and only those are compared in full, so what
one search costs does not grow with what there is. Between its steps others are served.
"""

import threading
import time
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from casa.database import Database
from casa.missing_persons import foreign, public, search_index
from casa.missing_persons.models import (
    ForeignPerson,
    MissingPerson,
    SearchedName,
    SearchedPerson,
    SearchedPlace,
)
from casa.missing_persons.names import MATCH, score, search_keys
from casa.missing_persons.standing import open_cases_where
from casa.problems import Problem

MOST_SHOWN = 50
_MOST_COMPARED = 80
_YEARS_OFF = 2

# Each is some milliseconds of a process that also serves publishing and sockets.
_AT_ONCE = threading.BoundedSemaphore(2)
_PATIENCE = 10.0
_ENTERED_AT_ONCE = 500

Hit = public.PublicCase | ForeignPerson


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


def search(
    database: Database, moment: datetime, wanted: Wanted, unnamed: tuple[str, ...] = ()
) -> list[Hit]:
    """At most ``MOST_SHOWN`` that fit, the likest name first, then the newest.

    In the states ``unnamed`` nobody is found by name.

    Raises:
        Problem: 503 while too many search.
    """
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        detail = "Too many are searching at this moment: try again soon."
        raise Problem(503, "busy", detail, headers={"Retry-After": "10"})
    try:
        with database.reading() as session:
            rows = session.scalars(_candidates(wanted, unnamed)).all()
            _let_others_go()
            identifiers = _likest(rows, wanted.name)
            _let_others_go()
            return _shown(session, identifiers, moment, by_name=wanted.name is not None)
    finally:
        _AT_ONCE.release()


def enter_missing(session: Session, moment: datetime) -> None:
    """The worker's chore: enter what is public and not entered, some at a time."""
    entered = select(SearchedPerson.id)
    persons = select(ForeignPerson).where(foreign.visible(moment), ForeignPerson.id.not_in(entered))
    foreign.enter(session, session.scalars(persons.limit(_ENTERED_AT_ONCE)).all())
    cases = open_cases_where(MissingPerson.id.not_in(entered)).limit(_ENTERED_AT_ONCE)
    records = session.scalars(cases).all()
    messages = public.latest_messages(session, records)
    told = [(record, messages[record.thread]) for record in records if record.thread in messages]
    search_index.put(session, [public.entry(record, message) for record, message in told])


def _let_others_go() -> None:
    """Give way to other requests of the process."""
    time.sleep(0)


def _candidates(wanted: Wanted, unnamed: tuple[str, ...]) -> Select[SearchedPerson]:
    query = select(SearchedPerson)
    order = (SearchedPerson.created.desc(), SearchedPerson.number.desc())
    if wanted.name is not None:
        shared = (
            select(SearchedName.person, func.count().label("shared"))
            .where(SearchedName.key.in_(search_keys(wanted.name)))
            .group_by(SearchedName.person)
            .subquery()
        )
        query = query.join(shared, shared.c.person == SearchedPerson.number)
        query = query.order_by(shared.c.shared.desc())
        if unnamed:
            query = query.where(~_is_in(unnamed))
    return query.where(*_conditions(wanted)).order_by(*order).limit(_MOST_COMPARED)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.place is not None:
        conditions.append(_is_in((wanted.place,)))
    if wanted.age is not None:
        least, most = wanted.age - _YEARS_OFF, wanted.age + _YEARS_OFF
        fits = (SearchedPerson.least_age <= most) & (SearchedPerson.most_age >= least)
        conditions.append(or_(SearchedPerson.least_age.is_(None), fits))
    if wanted.since is not None:
        conditions.append(SearchedPerson.day >= wanted.since)
    if wanted.until is not None:
        conditions.append(SearchedPerson.day <= wanted.until)
    return conditions


def _is_in(places: tuple[str, ...]) -> ColumnElement[bool]:
    own = SearchedPlace.person == SearchedPerson.number
    return exists().where(own, SearchedPlace.place.in_(places))


def _likest(rows: Sequence[SearchedPerson], name: str | None) -> list[str]:
    if name is None:
        return [row.id for row in rows]
    scored = [(max((score(name, one) for one in row.names), default=0.0), row) for row in rows]
    likely = [pair for pair in scored if pair[0] >= MATCH]
    newest = sorted(likely, key=lambda pair: (pair[0], pair[1].created), reverse=True)
    return [row.id for _, row in newest]


def _shown(session: Session, identifiers: list[str], moment: datetime, by_name: bool) -> list[Hit]:
    """Those that may be shown at this moment, in their order."""
    wanted = select(ForeignPerson).where(ForeignPerson.id.in_(identifiers), foreign.visible(moment))
    found: dict[str, Hit] = {person.id: person for person in session.scalars(wanted)}
    cases = open_cases_where(MissingPerson.id.in_(identifiers))
    if by_name:
        cases = cases.where(~MissingPerson.guarded)
    records = session.scalars(cases).all()
    messages = public.latest_messages(session, records)
    for record in records:
        if record.thread in messages:
            found[record.id] = public.case_of(record.id, messages[record.thread])
    return [found[one] for one in identifiers if one in found][:MOST_SHOWN]
