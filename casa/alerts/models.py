"""Alerts as they are kept: drafts that change, messages that never do, and the outbox."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casa.database import Base, RowNumber, UtcDateTime, now


class Alert(Base):
    """One message's life. ``content`` is its draft, emptied when the message is published.

    ``replaces`` is the published message that this one updates or cancels. ``version`` rises
    with every change, so that of two changes made from the same reading one is refused.
    ``editors`` are the actors whose words it holds, none of whom may approve it; ``note`` is why
    it was rejected. One that ``crosses`` may reach into other states: when it is published, each
    part that lies in one becomes an alert of its own, with that state as its ``border`` (whose
    consent it waits for) and this one's thread as its ``home``. ``prepared_end`` is what
    its Cancel is to say, by language, as it was approved with it.
    """

    __tablename__ = "alert"

    identifier: Mapped[str] = mapped_column(String(36), primary_key=True)
    thread: Mapped[str] = mapped_column(String(36), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    kind: Mapped[str] = mapped_column(String(40))
    msg_type: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    replaces: Mapped[str | None] = mapped_column(ForeignKey("alert.identifier"))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)
    editors: Mapped[list[str]] = mapped_column(JSON, default=list)
    note: Mapped[str | None] = mapped_column(String(500))
    crosses: Mapped[bool] = mapped_column(default=False)
    border: Mapped[str | None] = mapped_column(String(10), index=True)
    home: Mapped[str | None] = mapped_column(String(36), index=True)
    prepared_end: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))

    published: Mapped["PublishedMessage | None"] = relationship(back_populates="alert")

    __table_args__ = (Index("ix_alert_agency_created", "agency_id", "created", "identifier"),)
    __mapper_args__ = {"version_id_col": version}


class Approval(Base):
    """One officer's decision on exactly the text whose SHA-256 is ``digest``; never changed."""

    __tablename__ = "approval"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    identifier: Mapped[str] = mapped_column(
        ForeignKey("alert.identifier", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(60))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Template(Base):
    """An agency's prepared text: ``content`` is the wire form with blanks of ``blanks``' types.

    ``cancellation`` is the text of its end, by language.
    """

    __tablename__ = "template"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    blanks: Mapped[dict[str, Any]] = mapped_column(JSON)
    cancellation: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


class PublishedMessage(Base):
    """An immutable message with its place in the public sequence.

    ``content`` is the whole message as JSON; the columns beside it only serve to find it. The
    box is in degrees.
    """

    __tablename__ = "message"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    identifier: Mapped[str] = mapped_column(ForeignKey("alert.identifier"), unique=True)
    thread: Mapped[str] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(10))
    msg_type: Mapped[str] = mapped_column(String(10))
    severity: Mapped[int] = mapped_column(SmallInteger)
    sent: Mapped[datetime] = mapped_column(UtcDateTime)
    expires: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    west: Mapped[float] = mapped_column(Float)
    south: Mapped[float] = mapped_column(Float)
    east: Mapped[float] = mapped_column(Float)
    north: Mapped[float] = mapped_column(Float)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    alert: Mapped[Alert] = relationship(back_populates="published")


class MessagePlace(Base):
    """A named place that a message reaches, by its key."""

    __tablename__ = "message_place"

    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(
        ForeignKey("message.sequence"), primary_key=True, autoincrement=False
    )


class WithdrawnThread(Base):
    """A thread of which nothing is public but its Cancel.

    ``erased``: when its messages were emptied of what they told.
    """

    __tablename__ = "withdrawn_thread"

    thread: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RedactedMessage(Base):
    """What the public reads in place of a published message that told what it is not to tell.

    ``facts`` are the names of what was taken back; the agency still reads the message itself.
    """

    __tablename__ = "redacted_message"

    sequence: Mapped[int] = mapped_column(
        ForeignKey("message.sequence"), primary_key=True, autoincrement=False
    )
    facts: Mapped[list[str]] = mapped_column(JSON)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SequenceCounter(Base):
    """The last public number given out: one row, whose lock puts publishers in line."""

    __tablename__ = "sequence_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)


class Dispatch(Base):
    """One message over one channel, written with the message; delivery takes it from here.

    Whoever delivers keeps its progress in tables of its own and sets ``state`` to ``done`` or
    ``parked`` (with a ``reason``) at the end. ``priority``: the lower, the sooner.
    """

    __tablename__ = "dispatch"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    sequence: Mapped[int] = mapped_column(ForeignKey("message.sequence"))
    thread: Mapped[str] = mapped_column(String(36), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    priority: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    matched: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(500))
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    planned: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_dispatch_open", "state", "priority", "sequence"),
        Index("uq_dispatch_sequence_channel", "sequence", "channel", unique=True),
    )


@event.listens_for(PublishedMessage, "before_update")
def _never_changes(_mapper: Any, _connection: Any, message: PublishedMessage) -> None:
    raise TypeError(f"the published message {message.sequence} cannot change")
