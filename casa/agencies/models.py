"""Agencies, what each may publish, and the keys of their systems."""

from datetime import date, datetime

from sqlalchemy import JSON, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casa.database import Base, RowNumber, UtcDateTime, now


class Agency(Base):
    """An authority that publishes alerts, under a name and a CAP ``sender`` of its own."""

    __tablename__ = "agency"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    sender: Mapped[str] = mapped_column(String(200), unique=True)
    contact: Mapped[str | None] = mapped_column(String(200))
    web: Mapped[str | None] = mapped_column(String(500))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    mandates: Mapped[list["MandateRow"]] = relationship(
        back_populates="agency", cascade="all, delete-orphan", order_by="MandateRow.id"
    )


class MandateRow(Base):
    """One grant: these kinds, in these places, up to this severity, from then to then."""

    __tablename__ = "mandate"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id", ondelete="CASCADE"), index=True)
    kinds: Mapped[list[str]] = mapped_column(JSON)
    places: Mapped[list[str]] = mapped_column(JSON)
    max_severity: Mapped[str] = mapped_column(String(10))
    open_sea: Mapped[bool] = mapped_column(default=False)
    beyond_region: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UtcDateTime)

    agency: Mapped[Agency] = relationship(back_populates="mandates")


class ApiKey(Base):
    """A system's key. Only a digest is kept; ``id`` is the part of the key that is no secret.

    ``networks`` are those it may be used from (CIDR; none: from anywhere), ``used`` the last day.
    """

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    revoked: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires: Mapped[datetime | None] = mapped_column(UtcDateTime)
    networks: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    used: Mapped[date | None] = mapped_column(Date)

    agency: Mapped[Agency] = relationship()
