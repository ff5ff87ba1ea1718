"""How far each dispatch has come: its audience, and the shards that workers share."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from casa.database import Base, RowNumber, UtcDateTime, now


class DispatchAudience(Base):
    """Who a dispatch is for, as Roaring bitmaps of device numbers.

    ``concerned`` are those whom the message reaches where they are; ``departed`` those whom only
    earlier messages of the thread reached. Deleted a set time after the thread ends.
    """

    __tablename__ = "dispatch_audience"

    dispatch_id: Mapped[int] = mapped_column(
        ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    concerned: Mapped[bytes] = mapped_column(LargeBinary)
    departed: Mapped[bytes] = mapped_column(LargeBinary)


class Shard(Base):
    """A part of a dispatch, worked by one worker at a time under a lease.

    ``cursor`` is the last device number tried for the first time, ``retry`` the devices to be
    tried again, from ``not_before`` on. ``state`` is ``waiting``, ``done`` or ``parked``.
    """

    __tablename__ = "shard"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatch.id", ondelete="CASCADE"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    priority: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    size: Mapped[int] = mapped_column(BigInteger)
    cursor: Mapped[int] = mapped_column(BigInteger, default=-1)
    sent: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    dropped: Mapped[int] = mapped_column(BigInteger, default=0)
    forgotten: Mapped[int] = mapped_column(BigInteger, default=0)
    retry: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(500))
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    channel: Mapped[str] = mapped_column(String(20), server_default="push")

    __table_args__ = (
        Index("ix_shard_open", "state", "priority", "sequence", "id"),
        Index("ix_shard_dispatch", "dispatch_id"),
    )


class ShardDevices(Base):
    """A shard's devices; apart from the shard so that saving a cursor does not rewrite them."""

    __tablename__ = "shard_devices"

    shard_id: Mapped[int] = mapped_column(
        ForeignKey("shard.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    devices: Mapped[bytes] = mapped_column(LargeBinary)
    departed: Mapped[bytes] = mapped_column(LargeBinary)


class Alarm(Base):
    """Something was given up for now, and the operators are to be called.

    ``subject`` is what: ``dispatch:7``, ``chore:erase`` or ``socket:12`` (a message that web
    processes could not bring to their clients). ``ended``: when it went on; ``told``: when the
    operators' webhook took it, which is tried again from ``due`` on.
    """

    __tablename__ = "alarm"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    subject: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    __table_args__ = (
        Index("ix_alarm_subject", "subject"),
        Index("ix_alarm_told", "told", "due"),
    )


class Webhook(Base):
    """An address of a radio station, a siren or a partner to which alerts are posted.

    ``number`` is never given twice, as a device's. ``secret`` is sealed, and so is the
    ``former_secret`` that signs beside it until ``former_until``; ``places`` are the codes of those
    that it is for, none for all. ``last_fault`` is what went wrong when it was last tried,
    empty since it last went well.
    """

    __tablename__ = "webhook"

    number: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    name: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(2_048))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    kinds: Mapped[list[str]] = mapped_column(JSON)
    places: Mapped[list[str]] = mapped_column(JSON)
    min_severity: Mapped[str] = mapped_column(String(10))
    exercises: Mapped[bool]
    enabled: Mapped[bool]
    last_sent: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_fault: Mapped[str | None] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    former_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_webhook_agency", "agency_id", "number"),
        {"sqlite_autoincrement": True},
    )
