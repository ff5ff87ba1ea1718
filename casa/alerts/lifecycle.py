"""The only way to alert the public: draft, publish, update, cancel.

What each step asks of the caller's roles stands in ``casa.agencies.permissions``, what needs a
second officer in ``casa.alerts.policy``; each step is audited in its own transaction. Publishing
is one transaction: the immutable message, its place in the public sequence, what it does to the
message that it replaces, and its dispatches. Each function takes an open writing session; whoever
opened it commits.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import msgspec
from sqlalchemy.orm import Session

from casa.agencies import audit, mandates
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, allows, require
from casa.alerts import approval, areas, content, crossing, parts
from casa.alerts.cancellation import cancellation, in_ready_words
from casa.alerts.content import Content, InvalidContent
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Message
from casa.alerts.models import Alert
from casa.alerts.policy import judged, needs_safeguarding, needs_second_officer
from casa.alerts.publication import draft_content, message_of, send, state_now
from casa.alerts.states import Action, State, WrongState, after
from casa.alerts.withdrawal import withdraw
from casa.database import now

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


def draft(
    session: Session,
    caller: Caller,
    kind: AlertKind,
    text: Content,
    replaces: Alert | None = None,
    *,
    crosses: bool = False,
) -> Alert:
    """A new draft of ``caller``; with ``replaces`` it is to update that published message.

    One that ``crosses`` may reach into other states, whose consent is asked for when it is
    published.

    Raises:
        Forbidden, InvalidContent, OutsideMandate, WrongState.
    """
    require(caller, Verb.DRAFT)
    return drafted(session, caller, kind, text, replaces, (caller.actor,), crosses=crosses)


def drafted(
    session: Session,
    caller: Caller,
    kind: AlertKind,
    text: Content,
    replaces: Alert | None,
    editors: Sequence[str],
    *,
    crosses: bool = False,
) -> Alert:
    """A draft that ``editors`` wrote, whoever the caller is: the caller's right is not asked for.

    Raises:
        InvalidContent, OutsideMandate, WrongState.
    """
    if replaces is not None:
        if replaces.msg_type == "Cancel":
            after(State.CANCELLED, Action.UPDATE)
        after(state_now(replaces), Action.UPDATE)
        _require_same_status(replaces, text)
        text = msgspec.structs.replace(text, prepared_end=replaces.prepared_end)
    _check_at_home(caller, kind, text, crosses)
    msg_type, text = "Update" if replaces else "Alert", judged(kind, text)
    alert = _new(session, caller.agency_id, kind.code, msg_type, text, replaces, editors)
    alert.crosses = crosses
    approval.note(session, caller, "alert.draft", alert, None)
    return alert


def _new(
    session: Session,
    agency_id: int,
    kind: str,
    msg_type: str,
    text: Content,
    replaces: Alert | None,
    editors: Sequence[str],
) -> Alert:
    identifier = str(uuid4())
    alert = Alert(
        identifier=identifier,
        thread=replaces.thread if replaces else identifier,
        agency_id=agency_id,
        kind=kind,
        msg_type=msg_type,
        state=State.DRAFT,
        replaces=replaces.identifier if replaces else None,
        content=_encode(text),
        editors=list(editors),
        border=replaces.border if replaces else None,
        home=replaces.home if replaces else None,
    )
    session.add(alert)
    session.flush()
    return alert


def edit(session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content) -> None:
    """Give what is not published another content; an approval that it had is worth nothing then.

    Raises:
        Forbidden, InvalidContent, OutsideMandate, WrongState.
    """
    require(caller, Verb.DRAFT)
    if alert.msg_type == "Cancel":
        raise WrongState("A cancellation waits here: publish it, or throw it away and cancel anew.")
    before, alert.state = alert.state, after(state_now(alert), Action.EDIT)
    text = msgspec.structs.replace(text, prepared_end=draft_content(alert).prepared_end)
    _check_at_home(caller, kind, text, alert.crosses)
    if alert.replaces is not None:
        _require_same_status(session.get_one(Alert, alert.replaces), text)
    alert.content = _encode(judged(kind, text))
    alert.editors = sorted({*alert.editors, caller.actor})
    session.flush()
    approval.note(session, caller, "alert.edit", alert, before)


def discard(session: Session, caller: Caller, alert: Alert) -> None:
    """Throw away what is not published.

    Raises:
        Forbidden
        WrongState: it is published.
    """
    require(caller, Verb.DRAFT)
    discarded(session, caller, alert)


def discarded(session: Session, caller: Caller, alert: Alert) -> None:
    """Throw away what is not published, whoever the caller is: the right is not asked for.

    Raises:
        WrongState: it is published.
    """
    before, alert.state = alert.state, after(state_now(alert), Action.DISCARD)
    approval.note(session, caller, "alert.discard", alert, before)
    session.delete(alert)
    session.flush()


def go_on(session: Session, caller: Caller, kind: AlertKind, alert: Alert) -> None:
    """Publish a draft where policy lets the caller do so alone, else submit it for approval.

    Raises:
        as ``publish`` and ``approval.submit``.
    """
    if _may_alone(session, caller, kind, alert):
        publish(session, caller, kind, alert)
    else:
        approval.submit(session, caller, alert)


def publish(session: Session, caller: Caller, kind: AlertKind, alert: Alert) -> Message:
    """Publish a draft: from the commit on it is public and its delivery cannot be lost.

    Raises:
        ApprovalMissing: policy asks for a second officer's approval of this text.
        Forbidden, StepUpNeeded
        InvalidContent: time has made it wrong (it has expired as a draft).
        OutsideMandate: the mandate has changed since.
        WrongState: it is no draft, or what it replaces is no longer in force.
    """
    require(caller, Verb.PUBLISH)
    after(state_now(alert), Action.PUBLISH)
    if not _may_alone(session, caller, kind, alert):
        approval.require_approval(session, alert)
    return _publish(session, caller, kind, alert)


def _may_alone(session: Session, caller: Caller, kind: AlertKind, alert: Alert) -> bool:
    replaced = session.get_one(Alert, alert.replaces) if alert.replaces else None
    return _may_say_alone(caller, kind, draft_content(alert), replaced)


def _may_say_alone(caller: Caller, kind: AlertKind, text: Content, replaced: Alert | None) -> bool:
    if needs_safeguarding(kind, text) and not allows(caller, Verb.SAFEGUARD):
        return False
    alone = allows(caller, Verb.PUBLISH_UNATTENDED)
    return alone or not needs_second_officer(kind, text, message_of(replaced) if replaced else None)


def break_glass(
    session: Session,
    caller: Caller,
    agency: Caller,
    kind: AlertKind,
    alert: Alert,
    reason: str,
) -> Message:
    """Publish another's draft in an emergency, without approval, as its ``agency``.

    Raises:
        as ``publish``, but for ApprovalMissing.
    """
    require(caller, Verb.BREAK_GLASS)
    after(state_now(alert), Action.PUBLISH)
    log.critical("break-glass publish of alert %s by %s", alert.identifier, caller.actor)
    audit.note(session, caller, "break_glass", f"alert:{alert.identifier}", reason=reason)
    acting = replace(agency, actor=caller.actor)
    return _publish(session, acting, kind, alert)


def cancel(
    session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content
) -> tuple[Alert, Message]:
    """End a published alert in ready words, or those of its kind, with a Cancel published at once.

    What an agency once said it may always take back, whatever its mandate is by then.

    Raises:
        Forbidden
        WrongState: it is a draft, or no longer the last of its thread.
    """
    require(caller, Verb.CANCEL)
    return ended(session, caller, kind, alert, text)


def cancel_in_own_words(
    session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content
) -> Alert:
    """End a published alert in the caller's words: at once where policy lets the caller say them
    alone, else when a second officer has approved them.

    Raises:
        as ``cancel``.
    """
    require(caller, Verb.CANCEL)
    if _may_say_alone(caller, kind, text, alert):
        return ended(session, caller, kind, alert, text)[0]
    ending = drafted_end(session, kind, alert, text, (caller.actor,))
    approval.submitted(session, caller, ending)
    return ending


def ended(
    session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content
) -> tuple[Alert, Message]:
    """A published Cancel, whoever the caller is: the caller's right is not asked for.

    Raises:
        WrongState
    """
    ending = drafted_end(session, kind, alert, text, (caller.actor,))
    return ending, _conclude(session, caller, kind, ending)


def drafted_end(
    session: Session, kind: AlertKind, alert: Alert, text: Content, editors: Sequence[str]
) -> Alert:
    """The draft of a Cancel of ``alert``, whoever the caller is: no right is asked for.

    Raises:
        InvalidContent, WrongState.
    """
    after(state_now(alert), Action.CANCEL)
    _check_content(kind, text)
    return _new(session, alert.agency_id, alert.kind, "Cancel", text, alert, editors)


def _conclude(session: Session, caller: Caller, kind: AlertKind, ending: Alert) -> Message:
    """Publish a Cancel, and one for each part of its alert in another state, in ready words."""
    text = draft_content(ending)
    _check_content(kind, text)
    home = session.get_one(Alert, ending.replaces)
    for part in parts.standing(session, home):
        _end(session, caller, kind, part, _end_of_part(kind, part, text))
    parts.ask(session, caller, home, {})
    return _send_end(session, caller, kind, ending, text)


def _end_of_part(kind: AlertKind, part: Alert, text: Content) -> Content:
    """Nobody there has agreed to other words than the ready ones."""
    if in_ready_words(text):
        return msgspec.structs.replace(text, area=_published(part).area)
    return cancellation(kind, _published(part), now(), {})


def _end(session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content) -> None:
    _send_end(session, caller, kind, drafted_end(session, kind, alert, text, (caller.actor,)), text)


def _send_end(
    session: Session, caller: Caller, kind: AlertKind, ending: Alert, text: Content
) -> Message:
    if kind.closing is not None:
        withdraw(session, ending.thread, now())
    message = send(session, caller, ending, text, "alert.cancel")
    _tell(session, kind, message)
    return message


def _publish(session: Session, caller: Caller, kind: AlertKind, alert: Alert) -> Message:
    if alert.msg_type == "Cancel":
        return _conclude(session, caller, kind, alert)
    text = draft_content(alert)
    abroad: dict[str, Content] = {}
    if alert.crosses:
        division = crossing.divide(caller.mandates, kind.code, text, now())
        text, abroad = division.home, division.parts
    check(caller, kind, text)
    message = send(session, caller, alert, text, "alert.publish")
    _tell(session, kind, message)
    for part in parts.standing(session, alert, abroad):
        _end(session, caller, kind, part, cancellation(kind, _published(part), now(), {}))
    parts.ask(session, caller, alert, abroad)
    return message


def _tell(session: Session, kind: AlertKind, message: Message) -> None:
    if kind.published is not None:
        kind.published(session, message)


def consent(
    session: Session, caller: Caller, agency: Caller, kind: AlertKind, part: Alert, read: str
) -> Message:
    """Publish a part that waits for it, in the name of the ``agency`` that asked.

    ``read`` is the digest of what the caller has read.

    Raises:
        Forbidden, StepUpNeeded
        OutsideMandate: the part is graver or reaches further than the caller's mandate.
        OwnDraft: the caller wrote it.
        WrongState: it does not wait for consent, or is another text by now.
    """
    require(caller, Verb.APPROVE)
    text = draft_content(part)
    check(caller, kind, text)
    approval.approve(session, caller, part, read)
    return send(session, replace(agency, actor=caller.actor), part, text, "alert.publish")


def _require_same_status(replaced: Alert, text: Content) -> None:
    """No exercise turns into an actual alert half way, nor the other way round."""
    message = message_of(replaced)
    if message is not None and message.status != text.status:
        raise WrongState(
            f"This thread is {message.status}; for one that is {text.status} draft a new alert."
        )


def _check_at_home(caller: Caller, kind: AlertKind, text: Content, crosses: bool) -> None:
    _check_content(kind, text)
    if faults := content.faults_of_senders(text, (caller.name, *caller.sender_names)):
        raise InvalidContent(faults)
    if crosses:
        text = crossing.divide(caller.mandates, kind.code, text, now()).home
    check(caller, kind, text)


def check(caller: Caller, kind: AlertKind, text: Content) -> None:
    """Refuse content that breaks a rule or that ``caller`` may not publish.

    Raises:
        InvalidContent, OutsideMandate.
    """
    _check_content(kind, text)
    if faults := content.faults_of_categories(text, kind.name, kind.categories):
        raise InvalidContent(faults)
    meant = areas.target(text.area)
    mandates.check(
        caller.mandates,
        kind=kind.code,
        severity=text.severity,
        status=text.status,
        codes=meant.codes,
        shapes=meant.shapes,
        moment=now(),
    )


def _check_content(kind: AlertKind, text: Content) -> None:
    if found := content.faults(text, now(), kind.policy.longest):
        raise InvalidContent(found)


def _published(alert: Alert) -> Message:
    message = message_of(alert)
    if message is None:
        raise WrongState("It is not published.")
    return message
