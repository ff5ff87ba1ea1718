"""The second pair of eyes: submit, approve, reject, and what counts as approved.

An approval is of a digest, not of an alert: whatever changes the text makes it worth nothing,
however the text was changed.
"""

import hashlib
import hmac
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit, persons
from casa.agencies.caller import Caller
from casa.agencies.permissions import Role, Verb, allows, require
from casa.alerts.content import decode
from casa.alerts.models import Alert, Approval
from casa.alerts.states import Action, State, WrongState, after


class OwnDraft(Exception):
    """Whoever wrote a text may not approve it."""


class ApprovalMissing(Exception):
    """Policy asks for a second officer's approval of this text."""


def digest(alert: Alert) -> str:
    """SHA-256 of what the alert would say, in hexadecimal."""
    return hashlib.sha256(alert.content or b"").hexdigest()


def require_read(read: str, current: str) -> None:
    """Refuse agreement to what has another digest by now: it is to what was read.

    Raises:
        WrongState
    """
    if not hmac.compare_digest(read.encode(), current.encode()):
        raise WrongState("The text has changed since you read it: read it again.")


def submit(session: Session, caller: Caller, alert: Alert) -> None:
    """Freeze a draft and ask for a second officer.

    Raises:
        Forbidden, WrongState.
    """
    require(caller, Verb.SUBMIT)
    submitted(session, caller, alert)


def submitted(session: Session, caller: Caller, alert: Alert) -> None:
    """The same, whoever the caller is: the caller's right is not asked for.

    Raises:
        WrongState
    """
    before = alert.state
    alert.state = after(State(alert.state), Action.SUBMIT)
    alert.note = None
    note(session, caller, "alert.submit", alert, before)
    session.flush()


def approve(session: Session, caller: Caller, alert: Alert, read: str) -> None:
    """Say that exactly this text may go out; ``read`` is the digest of what the caller has read.

    Raises:
        Forbidden: also where it is of a minor and the caller lacks the safeguarding role.
        StepUpNeeded
        OwnDraft: the caller wrote it, or a part of it, by hand or through a key.
        WrongState: also where it is another text by now.
    """
    require(caller, Verb.APPROVE)
    before = alert.state
    state = after(State(alert.state), Action.APPROVE)
    require_read(read, digest(alert))
    if caller.actor in persons.behind(session, alert.editors):
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

    Only who could approve it at this moment counts: not who was shut out since, or lost the role.

    Raises:
        ApprovalMissing
    """
    approved = select(Approval.actor).where(
        Approval.identifier == alert.identifier,
        Approval.decision == "approved",
        Approval.agency_id == alert.agency_id,
        Approval.digest == digest(alert),
    )
    actors = set(session.scalars(approved)) - persons.behind(session, alert.editors)
    needed = [Role.APPROVER]
    if alert.content and decode(alert.content).safeguarding:
        needed.append(Role.SAFEGUARDING)
    standing = persons.standing(session, alert.agency_id, actors, needed)
    if alert.state != State.APPROVED or not standing:
        raise ApprovalMissing(
            "This needs the approval of another officer, who may still give it: submit it."
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
