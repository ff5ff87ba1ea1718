"""A message as it is kept, and the moment in which it becomes public.

``send`` is the one transaction: the immutable message, its place in the public sequence, what it
does to the message that it replaces, and its dispatches. Whether it may be sent is the affair of
``casa.alerts.lifecycle``, which alone calls it.
"""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import mandates
from casa.agencies.caller import Caller
from casa.alerts import approval, areas, outbox, sequence
from casa.alerts.content import Content, decode
from casa.alerts.exercise import marked
from casa.alerts.message import Message, Reference
from casa.alerts.models import Alert, MessagePlace, PublishedMessage
from casa.alerts.states import Action, State, WrongState, after, at
from casa.database import now

_encode = msgspec.json.Encoder().encode
decode_message = msgspec.json.Decoder(Message).decode


def draft_content(alert: Alert) -> Content:
    if alert.content is None:
        raise WrongState("It is published; its message holds its content.")
    return decode(alert.content)


def message_of(alert: Alert) -> Message | None:
    """The published message, ``None`` for a draft."""
    return decode_message(alert.published.content) if alert.published else None


def state_now(alert: Alert, moment: datetime | None = None) -> State:
    expires = alert.published.expires if alert.published else None
    return at(State(alert.state), expires, moment or now())


def send(session: Session, caller: Caller, alert: Alert, text: Content, action: str) -> Message:
    """Make ``text`` public as the message of ``alert``, and audit it as ``action``.

    Raises:
        WrongState: it is public already, or what it replaces is no longer in force.
    """
    before, alert.state = alert.state, after(state_now(alert), Action.PUBLISH)
    said = approval.digest(alert)
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
        info=tuple(marked(info, text.status) for info in text.info),
        area=text.area,
        untold=text.untold,
        spoken=text.spoken,
    )
    alert.content, alert.prepared_end = None, text.prepared_end
    _store(session, alert, message, number)
    outbox.post(session, message)
    approval.note(session, caller, action, alert, before, content=said, sequence=number)
    return message


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
