"""The second pair of eyes on an advisory as a whole: by the rules of ``casa.alerts.approval``.

An approval is of a digest of what the advisory says, so whatever changes it makes it worth
nothing. What it makes of each place follows from it and from what was said before, which cannot
change while it is open.
"""

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit, persons
from casa.agencies.caller import Caller
from casa.agencies.permissions import Role, Verb, require
from casa.alerts.approval import OwnDraft, require_read
from casa.alerts.states import Action, State, after
from casa.disasters.models import AdvisoryApproval, HazardAdvisory


def digest(advisory: HazardAdvisory) -> str:
    """SHA-256 of what the advisory says, and of what event as which number, in hexadecimal."""
    whose = f"{advisory.event_id}/{advisory.number}\n".encode()
    return hashlib.sha256(whose + advisory.content).hexdigest()


def submit(session: Session, caller: Caller, advisory: HazardAdvisory) -> None:
    """Freeze a draft and ask for a second officer.

    Raises:
        Forbidden, WrongState.
    """
    require(caller, Verb.SUBMIT)
    before, advisory.state = advisory.state, after(State(advisory.state), Action.SUBMIT)
    advisory.note = None
    note(session, caller, "advisory.submit", advisory, before)
    session.flush()


def approve(session: Session, caller: Caller, advisory: HazardAdvisory, read: str) -> None:
    """Say that exactly this advisory may go out; ``read`` is the digest of what was read.

    Raises:
        Forbidden, OwnDraft, StepUpNeeded, WrongState.
    """
    require(caller, Verb.APPROVE)
    state = after(State(advisory.state), Action.APPROVE)
    require_read(read, digest(advisory))
    if caller.actor in persons.behind(session, advisory.editors):
        raise OwnDraft("You wrote this advisory, so another officer must approve it.")
    before, advisory.state = advisory.state, state
    _decide(session, caller, advisory, "approved", None)
    note(session, caller, "advisory.approve", advisory, before)
    session.flush()


def reject(session: Session, caller: Caller, advisory: HazardAdvisory, reason: str) -> None:
    """Send it back to its author as a draft, with the reason.

    Raises:
        Forbidden, StepUpNeeded, WrongState.
    """
    require(caller, Verb.APPROVE)
    before, advisory.state = advisory.state, after(State(advisory.state), Action.REJECT)
    advisory.note = reason
    _decide(session, caller, advisory, "rejected", reason)
    note(session, caller, "advisory.reject", advisory, before)
    session.flush()


def approvers(session: Session, advisory: HazardAdvisory) -> list[str]:
    """Who approved the advisory as it now stands, wrote none of it and may still approve."""
    if advisory.state != State.APPROVED:
        return []
    approved = select(AdvisoryApproval.actor).where(
        AdvisoryApproval.advisory_id == advisory.id,
        AdvisoryApproval.decision == "approved",
        AdvisoryApproval.agency_id == advisory.event.agency_id,
        AdvisoryApproval.digest == digest(advisory),
    )
    others = set(session.scalars(approved)) - persons.behind(session, advisory.editors)
    return sorted(persons.standing(session, advisory.event.agency_id, others, [Role.APPROVER]))


def note(
    session: Session, caller: Caller, action: str, advisory: HazardAdvisory, before: str | None
) -> None:
    """Audit a step of an advisory's life: states and a digest, never what it says."""
    audit.note(
        session,
        caller,
        action,
        f"advisory:{advisory.event_id}/{advisory.number}",
        before=None if before is None else {"state": str(before)},
        after={"state": str(advisory.state), "content": digest(advisory)},
    )


def _decide(
    session: Session, caller: Caller, advisory: HazardAdvisory, decision: str, reason: str | None
) -> None:
    session.add(
        AdvisoryApproval(
            advisory_id=advisory.id,
            digest=digest(advisory),
            actor=caller.actor,
            agency_id=caller.agency_id,
            decision=decision,
            reason=reason,
        )
    )
