"""A published fact that is unsaid: what the public reads in place of the messages that told it.

A published message never changes, so beside it stands the form in which it is read from now on.
Whatever reads for the public, in whichever form, takes that one; so do phones and receivers that
have not been reached yet. The agency goes on reading what it said.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from casa.alerts.message import Message
from casa.alerts.models import Alert, PublishedMessage, RedactedMessage

Redact = Callable[[Message, frozenset[str]], Message]
"""What is left of a message without these facts; the message itself if it told none of them."""

_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


def readable_content() -> ColumnElement[bytes]:
    """What of a ``PublishedMessage`` is read by others than its agency, as JSON."""
    redacted = (
        select(RedactedMessage.content)
        .where(RedactedMessage.sequence == PublishedMessage.sequence)
        .correlate(PublishedMessage)
        .scalar_subquery()
    )
    return func.coalesce(redacted, PublishedMessage.content)


def told_in(session: Session, thread: str) -> list[Message]:
    """What the messages of the thread tell now, the oldest first, ends aside."""
    query = select(readable_content()).where(
        PublishedMessage.thread == thread, PublishedMessage.msg_type != "Cancel"
    )
    return [_decode(one) for one in session.scalars(query.order_by(PublishedMessage.sequence))]


def redact(
    session: Session, thread: str, facts: Iterable[str], without: Redact, moment: datetime
) -> int:
    """Unsay these facts in all that the thread and its parts abroad have said; in how many."""
    threads = {thread, *session.scalars(select(Alert.thread).where(Alert.home == thread))}
    query = select(PublishedMessage.sequence, PublishedMessage.content).where(
        PublishedMessage.thread.in_(threads), PublishedMessage.msg_type != "Cancel"
    )
    named, count = frozenset(facts), 0
    for number, content in session.execute(query.order_by(PublishedMessage.sequence)).all():
        row = session.get(RedactedMessage, number, with_for_update=True)
        names = named | frozenset(row.facts if row else ())
        message = _decode(content)
        left = without(message, names)
        if left == message or (row and names == frozenset(row.facts)):
            continue
        if row is None:
            row = RedactedMessage(sequence=number)
            session.add(row)
        row.facts, row.content, row.at = sorted(names), _encode(left), moment
        count += 1
    session.flush()
    return count


def forget(session: Session, thread: str) -> None:
    """Drop what stood for the messages of a thread that are emptied themselves."""
    numbers = select(PublishedMessage.sequence).where(PublishedMessage.thread == thread)
    session.execute(delete(RedactedMessage).where(RedactedMessage.sequence.in_(numbers)))
