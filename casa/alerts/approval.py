"""The second pair of eyes: submit, approve, reject, and what counts as approved.

An approval is of a digest, not of an alert: whatever changes the text makes it worth nothing,
however the text was changed.
"""

import hashlib
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, allows, require
from casa.alerts.content import decode
from casa.alerts.models import Alert, Approval
from casa.alerts.states import Action, State, after


class OwnDraft(Exception):
    """Whoever wrote a text may not approve it."""


class ApprovalMissing(Exception):
    """Policy asks for a second officer's approval of this text."""


def digest(alert: Alert) -> str:
    """SHA-256 of what the alert would say, in hexadecimal."""
    return hashlib.sha256(alert.content or b"").hexdigest()


def submit(session: Session, caller: Caller, alert: Alert) -> None:
    """Freeze a draft and ask for a second officer.

    Raises:
        Forbidden, WrongState.
    """
    require(caller, Verb.SUBMIT)
    before = alert.state
    alert.state = after(State(alert.state), Action.SUBMIT)
    alert.note = None
    note(session, caller, "alert.submit", alert, before)
    session.flush()


def approve(session: Session, caller: Caller, alert: Alert) -> None:
    """Say that exactly this text may go out.

    Raises:
        Forbidden: also where it is of a minor and the caller lacks the safeguarding role.
        StepUpNeeded, WrongState.
        OwnDraft: the caller wrote it, or a part of it.
    """
    require(caller, Verb.APPROVE)
    before = alert.state
    state = after(State(alert.state), Action.APPROVE)
    if caller.actor in alert.editors:
        raise OwnDraft("You wrote this text, so another officer must approve it.")
    if alert.content and decode(alert.content).safeguarding:
        require(caller, Verb.SAFEGUARD)
    alert.state = state
    _decide(session, caller, alert, "approved", None)
    note(session, caller, "alert.approve", alert, before)
    session.flush()


def may_read_waiting(caller: Caller, part: Alert) -> bool:
    """Whether another state's officer may read a part that waits for consent there.

    What is of a minor or a trafficked person is for those alone who may consent to it.
    """
    guarded = part.content is not None and decode(part.content).safeguarding is not False
    return not guarded or (allows(caller, Verb.APPROVE) and allows(caller, Verb.SAFEGUARD))


def reject(session: Session, caller: Caller, alert: Alert, reason: str) -> None:
    """Send a submitted text back to its author as a draft, with the reason.

    Raises:
        Forbidden, StepUpNeeded, WrongState.
    """
    require(caller, Verb.APPROVE)
    before = alert.state
    alert.state = after(State(alert.state), Action.REJECT)
    alert.note = reason
    _decide(session, caller, alert, "rejected", reason)
    note(session, caller, "alert.reject", alert, before)
    session.flush()


def carry_over(session: Session, caller: Caller, alert: Alert, approvers: Iterable[str]) -> None:
    """Let approvals of a whole stand for a draft that is a part of it and was made of it alone.

    The caller answers for that: whoever publishes still asks ``require_approval``.
    """
    before, alert.state = alert.state, State.APPROVED
    actors = sorted(approvers)
    session.add_all(
        Approval(
            identifier=alert.identifier,
            digest=digest(alert),
            actor=actor,
            agency_id=alert.agency_id,
            decision="approved",
        )
        for actor in actors
    )
    note(session, caller, "alert.carry_approval", alert, before, approvers=actors)
    session.flush()


def require_approval(session: Session, alert: Alert) -> None:
    """Refuse a text that no officer but its editors has approved as it now stands.

    Raises:
        ApprovalMissing
    """
    approved = select(Approval.actor).where(
        Approval.identifier == alert.identifier,
        Approval.decision == "approved",
        Approval.agency_id == alert.agency_id,
        Approval.digest == digest(alert),
    )
    others = set(session.scalars(approved)) - set(alert.editors)
    if alert.state != State.APPROVED or not others:
        raise ApprovalMissing(
            "This needs another officer's approval before it is published: submit it."
        )


def note(
    session: Session, caller: Caller, action: str, alert: Alert, before: str | None, **more: object
) -> None:
    """Audit a step of an alert's life: states and the text's digest, never the text."""
    after_state = {"state": str(alert.state), "content": digest(alert), **more}
    audit.note(
        session,
        caller,
        action,
        f"alert:{alert.identifier}",
        before=None if before is None else {"state": str(before)},
        after=after_state,
    )


def _decide(
    session: Session, caller: Caller, alert: Alert, decision: str, reason: str | None
) -> None:
    session.add(
        Approval(
            identifier=alert.identifier,
            digest=digest(alert),
            actor=caller.actor,
            agency_id=caller.agency_id,
            decision=decision,
            reason=reason,
        )
    )
