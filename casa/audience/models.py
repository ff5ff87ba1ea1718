"""Devices, and the one index of what they follow."""

from datetime import date

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from casa.database import Base


class Device(Base):
    """A phone or a browser: no person, no account, no position.

    ``number`` is never given twice: audiences keep numbers for days, and an update of an alert
    must not reach who never had the first one. 31 bits are enough for it and keep the index
    small. Days, not moments, are kept of when it was there. ``token_digest`` makes tokens unique
    (a token may be longer than an index allows): SHA-256 in hexadecimal of the token, or of a
    subscription's endpoint.
    """

    __tablename__ = "device"
    __table_args__ = {"sqlite_autoincrement": True}

    number: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    secret_digest: Mapped[str] = mapped_column(String(64), unique=True)
    platform: Mapped[str] = mapped_column(String(10))
    provider: Mapped[str] = mapped_column(String(10))
    token_kind: Mapped[str | None] = mapped_column(String(12))
    token: Mapped[str | None] = mapped_column(Text)
    token_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    languages: Mapped[list[str]] = mapped_column(JSON)
    kinds: Mapped[list[str]] = mapped_column(JSON)
    min_severity: Mapped[str] = mapped_column(String(10))
    exercises: Mapped[bool]
    created: Mapped[date] = mapped_column(Date)
    changed: Mapped[date] = mapped_column(Date)
    seen: Mapped[date] = mapped_column(Date)


class AudienceKey(Base):
    """One place that one device follows: a named place's (negative) key, or a cell (positive).

    Everything that matching asks for stands in the primary key's index, ``bits`` included
    (``casa.audience.filters``), so a match reads nothing else: on SQLite the table is that index,
    on PostgreSQL the index covers the row.
    """

    __tablename__ = "audience_key"

    key: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[int] = mapped_column(Integer, ForeignKey("device.number", ondelete="CASCADE"))
    bits: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (
        PrimaryKeyConstraint("key", "device", postgresql_include=["bits"]),
        Index("ix_audience_key_device", "device"),
        {"sqlite_with_rowid": False},
    )
