"""Taking back what a thread said of a person, once there is no more need to say it.

A published message never changes, so a thread is marked, and whatever reads for the public asks
for the mark: of a withdrawn thread only its Cancel is public, which repeats nothing. Later, when
the time for which an agency may still read its own words is over, the messages are emptied.
"""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from casa.alerts import redaction
from casa.alerts.areas import without_words
from casa.alerts.message import Info, Message
from casa.alerts.models import Alert, Approval, PublishedMessage, WithdrawnThread
from casa.alerts.states import UNPUBLISHED

_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


class Withdrawn(Exception):
    """The message was public and is so no longer."""


def withdraw(session: Session, thread: str, moment: datetime) -> None:
    """From the commit on nothing of ``thread`` is public but its Cancel; done once."""
    if session.get(WithdrawnThread, thread) is None:
        session.add(WithdrawnThread(thread=thread, at=moment))
        session.flush()


def is_public() -> ColumnElement[bool]:
    """The condition that a ``PublishedMessage`` may be read by everybody."""
    marked = exists().where(WithdrawnThread.thread == PublishedMessage.thread)
    return or_(PublishedMessage.msg_type == "Cancel", ~marked)


def due(session: Session, before: datetime) -> list[str]:
    """The threads withdrawn before that moment whose messages are not yet emptied."""
    query = select(WithdrawnThread.thread).where(
        WithdrawnThread.erased.is_(None), WithdrawnThread.at < before
    )
    return list(session.scalars(query))


def erase(session: Session, thread: str, moment: datetime) -> None:
    """Empty the thread's messages of what they told, and forget drafts and what was noted.

    That messages were, from whom, when and in which places stays; an agency must account for that.
    """
    rows = session.execute(
        select(PublishedMessage.sequence, PublishedMessage.content).where(
            PublishedMessage.thread == thread
        )
    ).all()
    for number, content in rows:
        emptied = _encode(_emptied(_decode(content)))
        # By table, not by object: a published message refuses every other change.
        session.execute(
            update(PublishedMessage)
            .where(PublishedMessage.sequence == number)
            .values(content=emptied)
        )
    redaction.forget(session, thread)
    drafts = (Alert.thread == thread) & Alert.state.in_(UNPUBLISHED)
    session.execute(delete(Alert).where(drafts))
    alerts = select(Alert.identifier).where(Alert.thread == thread)
    session.execute(update(Approval).where(Approval.identifier.in_(alerts)).values(reason=None))
    session.execute(
        update(Alert).where(Alert.thread == thread).values(note=None, prepared_end=None)
    )
    session.execute(
        update(WithdrawnThread).where(WithdrawnThread.thread == thread).values(erased=moment)
    )


def _emptied(message: Message) -> Message:
    if message.msg_type == "Cancel":
        return message
    return msgspec.structs.replace(
        message,
        source=None,
        note=None,
        code=(),
        incidents=(),
        info=tuple(map(_without_words, message.info)),
        area=without_words(message.area),
        spoken=(),
    )


def _without_words(info: Info) -> Info:
    return msgspec.structs.replace(
        info,
        event_code=(),
        headline="",
        description=None,
        instruction=None,
        web=None,
        contact=None,
        parameter=(),
        resource=(),
    )
