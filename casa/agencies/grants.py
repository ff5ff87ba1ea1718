"""Rights of consequence: what lets somebody publish, approve or give such rights to others.

Nobody gives one alone. It waits until another administrator confirms it, or for a cooling time in
which everybody of the agency is told of it and those who look after it can stop it. A right that
waits is kept with the moment from which it holds, so nothing has to happen for it to begin.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casa.agencies import audit, keys, persons, sessions
from casa.agencies.caller import Caller
from casa.agencies.models import Agency, ApiKey, Grant, Invitation, MandateRow, Officer
from casa.agencies.permissions import Forbidden, Role, Scope, Verb, require
from casa.database import now

log = logging.getLogger(__name__)

OF_CONSEQUENCE = frozenset(
    {
        Role.AUTHOR,
        Role.APPROVER,
        Role.SAFEGUARDING,
        Role.AGENCY_ADMINISTRATOR,
        Role.REGIONAL_ADMINISTRATOR,
        Scope.PUBLISH,
        Scope.UNATTENDED,
        Scope.SAFEGUARDED,
    }
)
# The operator's command line: whoever has the machine has the database too.
AT_ONCE = timedelta(0)


class Settled(Exception):
    """The grant waits no longer; the message says what became of it."""


def of_consequence(rights: Iterable[str]) -> list[str]:
    return sorted(OF_CONSEQUENCE.intersection(rights))


def ask(
    session: Session,
    caller: Caller,
    agency: Agency,
    action: str,
    subject: str,
    rights: Any,
    cooling: timedelta,
    undo: Any = None,
) -> Grant:
    """Let ``rights`` of ``subject`` wait; whoever calls keeps with them when they begin to hold."""
    moment = now()
    grant = Grant(
        agency_id=agency.id, action=action, subject=subject, rights=rights, undo=undo,
        asked_by=caller.actor, asked=moment, effective=moment + cooling,
    )  # fmt: skip
    session.add(grant)
    session.flush()
    log.warning("%s of %s waits: %s asked for it", action, subject, caller.actor)
    audit.note(session, caller, "grant.ask", f"grant:{grant.id}", after=_told(grant))
    return grant


def hold_roles(
    session: Session,
    caller: Caller,
    officer: Officer,
    action: str,
    roles: Sequence[str],
    cooling: timedelta,
) -> Grant | None:
    """Let those of an officer's roles wait that are of consequence, in place of what waited."""
    supersede(session, caller, f"officer:{officer.id}")
    officer.waiting = {}
    rights = of_consequence(roles)
    if not rights or cooling == AT_ONCE:
        return None
    agency = session.get_one(Agency, officer.agency_id)
    subject = f"officer:{officer.id}"
    grant = ask(session, caller, agency, action, subject, rights, cooling)
    officer.waiting = dict.fromkeys(rights, grant.effective.isoformat())
    return grant


def waiting(session: Session, agency_id: int) -> list[Grant]:
    """What waits in an agency, the oldest first: everybody there is to see it."""
    query = (
        select(Grant)
        .where(Grant.agency_id == agency_id, Grant.settled.is_(None), Grant.effective > now())
        .order_by(Grant.asked, Grant.id)
    )
    return list(session.scalars(query))


def confirm(session: Session, caller: Caller, grant: Grant) -> None:
    """Let it take effect now, as another administrator than who asked for it and who has it.

    Raises:
        Forbidden, Settled, StepUpNeeded.
    """
    is_mandate = grant.subject.startswith("mandate:")
    require(caller, Verb.ADMINISTER_REGION if is_mandate else Verb.ADMINISTER_AGENCY)
    _require_waiting(grant)
    if caller.actor == grant.asked_by:
        raise Forbidden("You asked for this, so another administrator must confirm it.")
    if caller.actor == grant.subject or (is_mandate and caller.agency_id == grant.agency_id):
        raise Forbidden("It is you who would have it, so another administrator must confirm it.")
    _take_effect(session, grant)
    grant.confirmed_by, grant.settled = caller.actor, now()
    audit.note(session, caller, "grant.confirm", f"grant:{grant.id}", after=_told(grant))
    session.flush()


def cancel(session: Session, caller: Caller, grant: Grant) -> None:
    """Stop it: nothing of it takes effect.

    Raises:
        Forbidden, Settled.
    """
    require(caller, Verb.OBJECT)
    _require_waiting(grant)
    _stop(session, caller, grant)
    session.flush()


def supersede(session: Session, caller: Caller, subject: str) -> None:
    """What waits for ``subject`` waits no longer: it was taken away, or something else is asked."""
    for grant in _still_waiting(session, Grant.subject == subject):
        grant.cancelled_by, grant.settled = caller.actor, now()
        audit.note(session, caller, "grant.cancel", f"grant:{grant.id}", after=_told(grant))


def stop_all_asked_by(session: Session, caller: Caller, officer: Officer) -> None:
    """Stop what an officer asked for who may ask no more."""
    for grant in _still_waiting(session, Grant.asked_by == f"officer:{officer.id}"):
        _stop(session, caller, grant)


def _still_waiting(session: Session, condition: Any) -> list[Grant]:
    query = select(Grant).where(condition, Grant.settled.is_(None), Grant.effective > now())
    return list(session.scalars(query.with_for_update()))


def state(grant: Grant) -> str:
    """``waiting``, ``in effect`` or ``cancelled``."""
    if grant.cancelled_by is not None:
        return "cancelled"
    return "waiting" if grant.settled is None and grant.effective > now() else "in effect"


def _require_waiting(grant: Grant) -> None:
    if (found := state(grant)) != "waiting":
        raise Settled(f"It waits no longer: it is {found}.")


def _take_effect(session: Session, grant: Grant) -> None:
    kind, _, identity = grant.subject.partition(":")
    match kind:
        case "officer":
            officer = session.get_one(Officer, identity, with_for_update=True)
            officer.waiting = {}
            sessions.end_all(session, officer)
        case "key":
            session.get_one(ApiKey, identity).starts = None
        case "mandate":
            wanted = (grant.undo or {}).get("valid_from")
            row = session.get_one(MandateRow, int(identity))
            row.valid_from = datetime.fromisoformat(wanted) if wanted else None


def _stop(session: Session, caller: Caller, grant: Grant) -> None:
    kind, _, identity = grant.subject.partition(":")
    match kind:
        case "officer":
            officer = session.get_one(Officer, identity, with_for_update=True)
            officer.roles, officer.waiting = persons.roles_in_effect(officer), {}
            session.execute(delete(Invitation).where(Invitation.officer_id == officer.id))
            sessions.end_all(session, officer)
        case "key":
            keys.revoke(session, identity)
            _put_back(session, grant.undo)
        case "mandate":
            session.delete(session.get_one(MandateRow, int(identity)))
    grant.cancelled_by, grant.settled = caller.actor, now()
    audit.note(session, caller, "grant.cancel", f"grant:{grant.id}", after=_told(grant))


def _put_back(session: Session, undo: Any) -> None:
    """The key that a stopped one was to take the place of lasts as long as it did."""
    if undo:
        old = session.get_one(ApiKey, undo["key"])
        old.expires = datetime.fromisoformat(undo["expires"]) if undo["expires"] else None


def _told(grant: Grant) -> dict[str, Any]:
    return {"action": grant.action, "subject": grant.subject, "rights": grant.rights}
