"""The only way to alert the public: draft, publish, update, cancel.

Publishing is one transaction: the immutable message, its place in the public sequence, what it
does to the message that it replaces, and its dispatches. Each function takes an open writing
session; whoever opened it commits.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import mandates
from casa.agencies.caller import Caller
from casa.alerts import areas, content, outbox, sequence
from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Message, Reference
from casa.alerts.models import Alert, MessagePlace, PublishedMessage
from casa.alerts.states import Action, State, WrongState, after, at
from casa.database import now

_encode = msgspec.json.Encoder().encode
_decode_content = msgspec.json.Decoder(Content).decode
decode_message = msgspec.json.Decoder(Message).decode


class InvalidContent(Exception):
    """The content cannot be published; ``faults`` are (JSON pointer, what is wrong) pairs."""

    def __init__(self, faults: Sequence[content.Fault]) -> None:
        super().__init__("; ".join(f"{pointer} {detail}" for pointer, detail in faults))
        self.faults = tuple(faults)


def draft(
    session: Session, caller: Caller, kind: AlertKind, text: Content, replaces: Alert | None = None
) -> Alert:
    """A new draft of ``caller``; with ``replaces`` it is to update that published message.

    Raises:
        InvalidContent, OutsideMandate, WrongState.
    """
    if replaces is not None:
        after(state_now(replaces), Action.UPDATE)
    check(caller, kind, text)
    identifier = str(uuid4())
    alert = Alert(
        identifier=identifier,
        thread=replaces.thread if replaces else identifier,
        agency_id=caller.agency_id,
        kind=kind.code,
        msg_type="Update" if replaces else "Alert",
        state=State.DRAFT,
        replaces=replaces.identifier if replaces else None,
        content=_encode(text),
    )
    session.add(alert)
    session.flush()
    return alert


def edit(session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content) -> None:
    """Give a draft another content.

    Raises:
        InvalidContent, OutsideMandate, WrongState.
    """
    alert.state = after(state_now(alert), Action.EDIT)
    check(caller, kind, text)
    alert.content = _encode(text)
    session.flush()


def discard(session: Session, alert: Alert) -> None:
    """Throw a draft away.

    Raises:
        WrongState: it is no draft.
    """
    after(state_now(alert), Action.DISCARD)
    session.delete(alert)
    session.flush()


def publish(session: Session, caller: Caller, kind: AlertKind, alert: Alert) -> Message:
    """Publish a draft: from the commit on it is public and its delivery cannot be lost.

    Raises:
        InvalidContent: time has made it wrong (it has expired as a draft).
        OutsideMandate: the mandate has changed since.
        WrongState: it is no draft, or what it replaces is no longer in force.
    """
    alert.state = after(state_now(alert), Action.PUBLISH)
    text = draft_content(alert)
    check(caller, kind, text)
    number = sequence.take(session)
    references = _supersede(session, alert)
    message = Message(
        identifier=alert.identifier,
        thread=alert.thread,
        kind=alert.kind,
        sequence=number,
        sender=caller.sender,
        sent=text.sent or now(),
        status=text.status,
        msg_type=alert.msg_type,
        scope=text.scope,
        source=text.source,
        note=text.note,
        code=text.code,
        references=references,
        incidents=text.incidents,
        info=text.info,
        area=text.area,
    )
    alert.content = None
    _store(session, alert, message, number)
    outbox.post(session, message)
    return message


def cancel(
    session: Session, caller: Caller, kind: AlertKind, alert: Alert, text: Content
) -> tuple[Alert, Message]:
    """End a published alert with a Cancel message, published at once.

    Raises:
        WrongState: it is not in force.
    """
    after(state_now(alert), Action.CANCEL)
    identifier = str(uuid4())
    ending = Alert(
        identifier=identifier,
        thread=alert.thread,
        agency_id=caller.agency_id,
        kind=alert.kind,
        msg_type="Cancel",
        state=State.DRAFT,
        replaces=alert.identifier,
        content=_encode(text),
    )
    session.add(ending)
    session.flush()
    return ending, publish(session, caller, kind, ending)


def check(caller: Caller, kind: AlertKind, text: Content) -> None:
    """Refuse content that breaks a rule or that ``caller`` may not publish.

    Raises:
        InvalidContent, OutsideMandate.
    """
    moment = now()
    if found := content.faults(text, moment, kind.policy.longest):
        raise InvalidContent(found)
    meant = areas.target(text.area)
    mandates.check(
        caller.mandates,
        kind=kind.code,
        severity=text.severity,
        codes=meant.codes,
        shapes=meant.shapes,
        moment=moment,
    )


def draft_content(alert: Alert) -> Content:
    if alert.content is None:
        raise WrongState("It is published; its message holds its content.")
    return _decode_content(alert.content)


def message_of(alert: Alert) -> Message | None:
    """The published message, ``None`` for a draft."""
    return decode_message(alert.published.content) if alert.published else None


def state_now(alert: Alert, moment: datetime | None = None) -> State:
    expires = alert.published.expires if alert.published else None
    return at(State(alert.state), expires, moment or now())


def _supersede(session: Session, alert: Alert) -> tuple[Reference, ...]:
    """Mark what ``alert`` replaces, and name every earlier message of the thread, oldest first."""
    if alert.replaces is None:
        return ()
    replaced = session.get_one(Alert, alert.replaces, with_for_update=True, populate_existing=True)
    if replaced.published is not None and replaced.published.msg_type == "Cancel":
        raise WrongState("Cannot continue this thread: it has been cancelled.")
    action = Action.CANCEL if alert.msg_type == "Cancel" else Action.UPDATE
    replaced.state = after(state_now(replaced), action)
    earlier = session.scalars(
        select(PublishedMessage)
        .where(PublishedMessage.thread == alert.thread)
        .order_by(PublishedMessage.sequence)
    )
    messages = [decode_message(row.content) for row in earlier]
    return tuple(Reference(m.sender, m.identifier, m.sent) for m in messages)


def _store(session: Session, alert: Alert, message: Message, number: int) -> None:
    meant = areas.target_of(message)
    west, south, east, north = meant.geometry.bounds
    first = message.info[0]
    session.add(
        PublishedMessage(
            sequence=number,
            alert=alert,
            thread=message.thread,
            kind=message.kind,
            status=message.status,
            msg_type=message.msg_type,
            severity=mandates.rank(first.severity),
            sent=message.sent,
            expires=max(info.expires for info in message.info),
            west=west,
            south=south,
            east=east,
            north=north,
            content=_encode(message),
        )
    )
    session.flush()
    session.add_all(MessagePlace(place=key, sequence=number) for key in meant.keys)
    session.flush()
