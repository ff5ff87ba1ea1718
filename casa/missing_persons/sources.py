"""Other registries as an agency has them registered, and what each may. Free of Flask.

That a source is trusted takes the place of a second officer, so it is worth nothing in the hands
of whoever registered it.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.missing_persons.models import ForeignSource

UNGRAVE = ("information_sought", "believed_missing")
"""Statuses that any source's notes may say."""
STATUSES = (*UNGRAVE, "is_note_author", "believed_alive", "believed_dead")


class Sources:
    """What the sources of one agency may in the hands of one caller."""

    def __init__(self, rows: Sequence[ForeignSource], caller: Caller) -> None:
        self._by_domain = {row.domain: row for row in rows if _is_brought_by(row, caller)}
        self._actor = caller.actor

    def is_trusted(self, domain: str) -> bool:
        """Whether records of adults from there need no second officer now."""
        row = self._by_domain.get(domain)
        return row is not None and row.trusted and row.registered_by != self._actor

    def may_say(self, domain: str, status: str | None) -> bool:
        """Whether a note from there may have that status."""
        row = self._by_domain.get(domain)
        return status is None or status in UNGRAVE or (row is not None and status in row.statuses)


def _is_brought_by(row: ForeignSource, caller: Caller) -> bool:
    sort, _, identifier = caller.actor.partition(":")
    return sort != "key" or identifier in row.keys


def of(session: Session, caller: Caller) -> Sources:
    return Sources(listed(session, caller.agency_id), caller)


def listed(session: Session, agency_id: int) -> list[ForeignSource]:
    query = select(ForeignSource).where(ForeignSource.agency_id == agency_id)
    return list(session.scalars(query.order_by(ForeignSource.domain)))


def register(
    session: Session,
    caller: Caller,
    domain: str,
    *,
    trusted: bool,
    statuses: Sequence[str],
    keys: Sequence[str],
) -> ForeignSource:
    """Say what records of ``domain`` may in the hands of the agency's officers and these keys.

    Raises:
        Forbidden, StepUpNeeded
    """
    require(caller, Verb.ADMINISTER_AGENCY)
    row = _row(session, caller, domain)
    if row is None:
        row = ForeignSource(agency_id=caller.agency_id, domain=domain.lower())
        session.add(row)
    row.trusted, row.statuses, row.keys = trusted, sorted(set(statuses)), sorted(set(keys))
    row.registered_by = caller.actor
    after = {"trusted": trusted, "statuses": row.statuses, "keys": row.keys}
    audit.note(session, caller, "pfif.source", f"foreign_source:{row.domain}", after=after)
    session.flush()
    return row


def forget(session: Session, caller: Caller, domain: str) -> bool:
    """Trust a source no longer; whether it was registered.

    Raises:
        Forbidden, StepUpNeeded
    """
    require(caller, Verb.ADMINISTER_AGENCY)
    row = _row(session, caller, domain)
    if row is not None:
        session.delete(row)
        audit.note(session, caller, "pfif.source", f"foreign_source:{row.domain}", after=None)
    return row is not None


def _row(session: Session, caller: Caller, domain: str) -> ForeignSource | None:
    query = select(ForeignSource).where(
        ForeignSource.agency_id == caller.agency_id, ForeignSource.domain == domain.lower()
    )
    return session.scalars(query).first()
