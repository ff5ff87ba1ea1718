"""Hazards as their agencies keep them: single warnings, and events with their advisories."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Float, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casa.alerts.records import Record
from casa.database import Base, RowNumber, UtcDateTime, now


class Disaster(Record, Base):
    """A hazard event; its facts are in the wire form of ``schemas.DisasterSchema``."""

    __tablename__ = "disaster"


class HazardEvent(Base):
    """A named hazard, such as a hurricane, of which an agency publishes advisories.

    ``identifiers`` are others' (NHC storm number, GLIDE number). None of it ever changes.
    """

    __tablename__ = "hazard_event"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    hazard: Mapped[str] = mapped_column(String(40))
    name: Mapped[str | None] = mapped_column(String(60))
    identifiers: Mapped[list[str]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(10))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)

    advisories: Mapped[list["HazardAdvisory"]] = relationship(
        back_populates="event", order_by="HazardAdvisory.number"
    )

    __table_args__ = (Index("ix_hazard_event_agency_created", "agency_id", "created", "id"),)


class HazardAdvisory(Base):
    """One numbered advisory; only the last of an event may be unpublished.

    ``content`` is an ``advisory.Advisory`` as JSON. ``editors`` are the actors whose words it
    holds, none of whom may approve it; ``note`` is why it was rejected. ``version`` rises with
    every change, so that of two changes made from the same reading one is refused. ``lifted`` are
    the places whose level ended when it was published (``lifting``).
    """

    __tablename__ = "hazard_advisory"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("hazard_event.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    editors: Mapped[list[str]] = mapped_column(JSON)
    note: Mapped[str | None] = mapped_column(String(500))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    published: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    lifted: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))

    event: Mapped[HazardEvent] = relationship(back_populates="advisories")
    messages: Mapped[list["AdvisoryMessage"]] = relationship(order_by="AdvisoryMessage.position")

    __table_args__ = (Index("uq_hazard_advisory_event_number", "event_id", "number", unique=True),)
    __mapper_args__ = {"version_id_col": version}


class AdvisoryApproval(Base):
    """One officer's decision on exactly the advisory whose SHA-256 is ``digest``; never changed."""

    __tablename__ = "hazard_advisory_approval"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    advisory_id: Mapped[int] = mapped_column(
        ForeignKey("hazard_advisory.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(60))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class AdvisoryMessage(Base):
    """A message that an advisory made, in their order: at which level, and for which parts.

    ``told`` is false where the message only changes or renews what is in force. ``facts`` is the
    ``readings.Reading`` that it was made of; ``None`` where that was not kept.
    """

    __tablename__ = "hazard_advisory_message"

    advisory_id: Mapped[int] = mapped_column(ForeignKey("hazard_advisory.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identifier: Mapped[str] = mapped_column(ForeignKey("alert.identifier"), unique=True)
    thread: Mapped[str] = mapped_column(String(36))
    msg_type: Mapped[str] = mapped_column(String(10))
    level: Mapped[str] = mapped_column(String(10))
    places: Mapped[list[str]] = mapped_column(JSON)
    told: Mapped[bool]
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class HazardThread(Base):
    """A thread of alerts of an event, in the order in which they were opened.

    ``heard`` is what each part heard from it last, but for those now in another thread; ``held``
    are all parts that it ever stood for. ``reading`` is what its message in force says, ``told``
    what each part that it stands for was told last: both are a ``readings.Reading``.
    """

    __tablename__ = "hazard_thread"

    identifier: Mapped[str] = mapped_column(String(36), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("hazard_event.id"), index=True)
    position: Mapped[int]
    heard: Mapped[dict[str, str]] = mapped_column(JSON)
    held: Mapped[list[str]] = mapped_column(JSON)
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    told: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")


class Shelter(Base):
    """A house that takes people in, kept by an agency and opened for one of its or others' events.

    ``place`` is the finest named place that holds the position (degrees); ``facilities`` are of
    ``shelters.FACILITIES``, ``state`` of ``shelters.STATES``. ``version`` is as in
    ``HazardAdvisory``.
    """

    __tablename__ = "shelter"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    event_id: Mapped[str | None] = mapped_column(ForeignKey("hazard_event.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    longitude: Mapped[float] = mapped_column(Float)
    latitude: Mapped[float] = mapped_column(Float)
    place: Mapped[str] = mapped_column(String(12))
    capacity: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10))
    facilities: Mapped[list[str]] = mapped_column(JSON)
    contact: Mapped[str | None] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)

    event: Mapped[HazardEvent | None] = relationship()

    __table_args__ = (Index("ix_shelter_agency_name", "agency_id", "name", "id"),)
    __mapper_args__ = {"version_id_col": version}


class ZoneMap(Base):
    """An agency's map of danger zones, such as a volcano's: named areas, drawn by who knows.

    ``zones`` are the rings of each zone by its name (``advisory.Ring``), ``source`` says whose map
    it is and of when. ``version`` is as in ``HazardAdvisory``.
    """

    __tablename__ = "zone_map"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(200))
    zones: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("uq_zone_map_agency_code", "agency_id", "code", unique=True),)
    __mapper_args__ = {"version_id_col": version}
