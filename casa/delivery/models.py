"""How far each dispatch has come: its audience, and the shards that workers share."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from casa.database import Base, RowNumber, UtcDateTime


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
