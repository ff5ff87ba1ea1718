"""Cases of missing and trafficked persons, their photographs, and what citizens report."""

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from casa.alerts.records import Record
from casa.database import Base, RowNumber, UtcDateTime, now


class MissingPerson(Record, Base):
    """A case; its facts are in the wire form of ``schemas.MissingPersonSchema``.

    ``outcome`` is how it ended, for its agency alone; the public learns only that it has.
    ``criteria`` is which criteria of a child abduction alert were met when, and who said so;
    ``guarded``: its alerts need an approver with the safeguarding role.
    """

    __tablename__ = "missing_person"

    outcome: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    criteria: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), sort_order=2)
    guarded: Mapped[bool] = mapped_column(default=False, sort_order=3)

    def beside_facts(self) -> dict[str, Any]:
        return {"outcome": self.outcome, "criteria": self.criteria, "guarded": self.guarded}


class CasePhotograph(Base):
    """A photograph of a person sought: ``renditions`` describes its files in the media store.

    Their names begin with ``token``. ``withdrawn``: from when on nobody is to have it; ``removed``:
    when its files were deleted. The row stays, as its addresses are to answer that it is gone.
    """

    __tablename__ = "case_photograph"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    record_id: Mapped[str] = mapped_column(ForeignKey("missing_person.id"), index=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    public: Mapped[bool] = mapped_column()
    renditions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    withdrawn: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Sighting(Base):
    """Somebody has seen a person sought. ``receipt`` is the digest of the code to add more.

    Nothing of who reported it is kept but what the reports themselves hold.
    """

    __tablename__ = "sighting"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    record_id: Mapped[str] = mapped_column(ForeignKey("missing_person.id"))
    state: Mapped[str] = mapped_column(String(10), default="new")
    receipt: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    __table_args__ = (Index("ix_sighting_record_created", "record_id", "created", "id"),)


class SightingReport(Base):
    """What was reported, first or in addition: text, time, position and contact, sealed."""

    __tablename__ = "sighting_report"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    sighting_id: Mapped[str] = mapped_column(
        ForeignKey("sighting.id", ondelete="CASCADE"), index=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SightingPhotograph(Base):
    """A photograph that came with a sighting: one file named ``token`` in the store, sealed."""

    __tablename__ = "sighting_photograph"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    sighting_id: Mapped[str] = mapped_column(
        ForeignKey("sighting.id", ondelete="CASCADE"), index=True
    )
    token: Mapped[str] = mapped_column(String(32), unique=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class CaseNote(Base):
    """What an officer wrote on a case for other officers: sealed, and never changed."""

    __tablename__ = "case_note"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    record_id: Mapped[str] = mapped_column(ForeignKey("missing_person.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    actor: Mapped[str] = mapped_column(String(60))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    __table_args__ = (Index("ix_case_note_record_created", "record_id", "created", "id"),)


class ForeignSource(Base):
    """Another registry, by its domain, as an agency has it registered, and what it may.

    ``trusted``: its records of adults need no second officer. ``statuses``: what its notes may say
    of persons. ``keys``: ids of the keys that bring its records; none: officers alone do.
    """

    __tablename__ = "foreign_source"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    domain: Mapped[str] = mapped_column(String(255))
    trusted: Mapped[bool] = mapped_column(default=False)
    statuses: Mapped[list[str]] = mapped_column(JSON)
    keys: Mapped[list[str]] = mapped_column(JSON)
    registered_by: Mapped[str] = mapped_column(String(60))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    __table_args__ = (Index("uq_foreign_source_agency_domain", "agency_id", "domain", unique=True),)


class ForeignPerson(Base):
    """A person's record of another registry, as it was imported: it never alerts anybody.

    ``content`` holds PFIF's fields as their texts by their names; ``source_date`` and
    ``sent_entry_date`` tell which of two versions is the newer. ``entry_date`` is when this version
    came here, ``created`` when the first did. From ``due`` on it is to be shown no longer; at
    ``gone`` its content was wiped; ``withdrawn`` is when an agency here took it down for good.

    ``shown`` is what of the content is public, since ``released``; until then nothing is.
    ``place`` is the state or part whose law and officers it is under (empty: the importing
    agency's alone); ``guarded``: only an officer with the safeguarding role may release it.
    """

    __tablename__ = "foreign_person"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    person_record_id: Mapped[str] = mapped_column(String(255), unique=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    source_date: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_entry_date: Mapped[datetime] = mapped_column(UtcDateTime)
    expiry_date: Mapped[datetime | None] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, str]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    entry_date: Mapped[datetime] = mapped_column(UtcDateTime)
    due: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    gone: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn: Mapped[datetime | None] = mapped_column(UtcDateTime)
    imported_by: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(12))
    guarded: Mapped[bool] = mapped_column()
    shown: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    released: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(String(60))

    __table_args__ = (Index("ix_foreign_person_created", "created", "id"),)


class ForeignNote(Base):
    """What another registry says of a person: of a foreign record, or of the case ``record_id``.

    ``shown`` is what an officer released of it. ``entitled``: its source may say what it says.
    """

    __tablename__ = "foreign_note"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    note_record_id: Mapped[str] = mapped_column(String(255), unique=True)
    person_record_id: Mapped[str] = mapped_column(String(255), index=True)
    linked_person_record_id: Mapped[str | None] = mapped_column(String(255), index=True)
    record_id: Mapped[str | None] = mapped_column(ForeignKey("missing_person.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    source_date: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_entry_date: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, str]] = mapped_column(JSON)
    entry_date: Mapped[datetime] = mapped_column(UtcDateTime)
    shown: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    entitled: Mapped[bool] = mapped_column()


class FeedEntry(Base):
    """A person or note that partners were told of: ``at`` is when it last changed for them.

    ``record_id`` is a case's or foreign record's ``id``, or a note's identifier, which is then
    ``of`` a person. What is told of it is made when it is asked for; that it is over is told for
    good. No two entries have one moment, and whoever sees a moment can see all before it
    (``entries.py``).
    """

    __tablename__ = "feed_entry"

    record_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(6))
    of: Mapped[str | None] = mapped_column(String(255), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("uq_feed_entry_at", "at", unique=True),)


class FeedClock(Base):
    """The moment of the latest entry: one row, whose lock puts those who make entries in line."""

    __tablename__ = "feed_clock"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SearchedPerson(Base):
    """What the public may search by, of an open case or of another registry's record (``id``).

    It repeats only what is public, and none of ``names`` where the person is not to be found by
    name. ``day`` is that of the search, in the time of the place; ``created`` orders equals.
    """

    __tablename__ = "searched_person"

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    foreign: Mapped[bool]
    names: Mapped[list[str]] = mapped_column(JSON)
    least_age: Mapped[int | None]
    most_age: Mapped[int | None]
    day: Mapped[date]
    created: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_searched_person_created", "created", "number"),)


class SearchedName(Base):
    """One of the numbers by which a person's names are found (``names.search_keys``)."""

    __tablename__ = "searched_name"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person: Mapped[int] = mapped_column(
        ForeignKey("searched_person.number", ondelete="CASCADE"), primary_key=True, index=True
    )

    __table_args__ = {"sqlite_with_rowid": False}


class SearchedPlace(Base):
    """A place by whose code a person is found: a state or a part of one."""

    __tablename__ = "searched_place"

    place: Mapped[str] = mapped_column(String(12), primary_key=True)
    person: Mapped[int] = mapped_column(
        ForeignKey("searched_person.number", ondelete="CASCADE"), primary_key=True, index=True
    )

    __table_args__ = {"sqlite_with_rowid": False}
