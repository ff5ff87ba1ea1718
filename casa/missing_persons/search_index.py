"""The tables that the public's search reads: who may be found, by which names and places.

``public.enter_case`` and ``foreign.enter`` keep them up to date with what is public, in the
transactions that change it; ``search.enter_missing`` is the worker's for what escaped those.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from casa.missing_persons.models import SearchedName, SearchedPerson, SearchedPlace
from casa.missing_persons.names import search_keys


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the public may search: names, codes of places, least and greatest age, day."""

    id: str
    foreign: bool
    names: tuple[str, ...]
    places: tuple[str, ...]
    ages: tuple[int, int] | None
    day: date
    created: datetime


def put(session: Session, entries: Sequence[Entry]) -> None:
    """Let cases and records be found as their entries say, whatever was entered of them before."""
    remove(session, [entry.id for entry in entries])
    rows = [_row(entry) for entry in entries]
    session.add_all(rows)
    session.flush()
    pairs = list(zip(rows, entries, strict=True))
    names = [
        {"key": key, "person": row.number}
        for row, entry in pairs
        for key in frozenset[int]().union(*map(search_keys, entry.names))
    ]
    places = [
        {"place": code, "person": row.number} for row, entry in pairs for code in entry.places
    ]
    if names:
        session.execute(insert(SearchedName), names)
    if places:
        session.execute(insert(SearchedPlace), places)


def remove(session: Session, identifiers: Sequence[str]) -> None:
    """Let cases and records be found no longer."""
    entered = select(SearchedPerson.number).where(SearchedPerson.id.in_(identifiers))
    numbers = session.scalars(entered).all()
    if numbers:
        session.execute(delete(SearchedName).where(SearchedName.person.in_(numbers)))
        session.execute(delete(SearchedPlace).where(SearchedPlace.person.in_(numbers)))
        session.execute(delete(SearchedPerson).where(SearchedPerson.number.in_(numbers)))


def _row(entry: Entry) -> SearchedPerson:
    return SearchedPerson(
        id=entry.id,
        foreign=entry.foreign,
        names=list(entry.names),
        least_age=entry.ages and entry.ages[0],
        most_age=entry.ages and entry.ages[1],
        day=entry.day,
        created=entry.created,
    )
