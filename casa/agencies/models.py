"""Agencies, what each may publish, and the keys of their systems."""

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casa.agencies.mandates import STATUSES
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
    # What else its alerts may name as the sender, such as its name in another language.
    sender_names: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")

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
    statuses: Mapped[list[str]] = mapped_column(JSON, default=lambda: list(STATUSES))

    agency: Mapped[Agency] = relationship(back_populates="mandates")


class ApiKey(Base):
    """A system's key. Only a digest is kept; ``id`` is the part of the key that is no secret.

    ``networks`` are those it may be used from (CIDR; none: from anywhere), ``used`` the last day.
    It is good from ``starts`` on.
    ``makers`` are the actors of the officers who have had its secret in hand, or that of the key
    that it took the place of: what it writes is theirs.
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
    scopes: Mapped[list[str]] = mapped_column(JSON)
    makers: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    starts: Mapped[datetime | None] = mapped_column(UtcDateTime)

    agency: Mapped[Agency] = relationship()


class Officer(Base):
    """A person who acts for an agency; without a password until the invitation is taken up.

    ``totp_secret`` is sealed; ``totp_step`` the last time step whose code was used, so that no
    code is good twice; ``recovery`` digests of codes that are good once. Of the ``roles`` some may
    be ``waiting``: each until its moment (``casa.agencies.grants``).
    """

    __tablename__ = "officer"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str]] = mapped_column(JSON)
    password: Mapped[str | None] = mapped_column(String(200))
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    recovery: Mapped[list[str]] = mapped_column(JSON, default=list)
    disabled: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    waiting: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")

    agency: Mapped[Agency] = relationship()


class Grant(Base):
    """A right of consequence that waits, or waited, for another administrator or for its time.

    ``subject`` is who or what has it then (``officer:…``, ``key:…``, ``mandate:…``), ``undo`` what
    is put back when it is confirmed or stopped. By itself it takes effect when it is ``effective``.
    """

    __tablename__ = "pending_grant"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(60), index=True)
    rights: Mapped[Any] = mapped_column(JSON)
    undo: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_by: Mapped[str] = mapped_column(String(60))
    asked: Mapped[datetime] = mapped_column(UtcDateTime)
    effective: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(60))
    cancelled_by: Mapped[str | None] = mapped_column(String(60))
    settled: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(Base):
    """What an administrator sends to a new officer: good once, until it expires."""

    __tablename__ = "invitation"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[str] = mapped_column(
        ForeignKey("officer.id", ondelete="CASCADE"), index=True
    )
    expires: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInAttempts(Base):
    """Attempts that went wrong in a row, whether an officer has the address or not.

    ``digest`` is of the e-mail address and where the attempts come from, of the address alone (from
    where the officer is a stranger), or of a session in which the second factor was shown again;
    ``locked_until`` is how long the next must wait.
    """

    __tablename__ = "sign_in_attempts"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class Passkey(Base):
    """A WebAuthn credential: its id and public key (COSE), base64url and bytes."""

    __tablename__ = "passkey"

    id: Mapped[str] = mapped_column(String(1400), primary_key=True)
    officer_id: Mapped[str] = mapped_column(
        ForeignKey("officer.id", ondelete="CASCADE"), index=True
    )
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(100))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class OfficerSession(Base):
    """A signed-in officer: only the digest of the session's token is kept.

    ``seen`` moves on with use (idle limit), ``ends`` does not (absolute limit); ``proved`` is when
    the second factor was last shown.
    """

    __tablename__ = "officer_session"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[str] = mapped_column(
        ForeignKey("officer.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ends: Mapped[datetime] = mapped_column(UtcDateTime)
    proved: Mapped[datetime] = mapped_column(UtcDateTime)

    officer: Mapped[Officer] = relationship()


class Challenge(Base):
    """A WebAuthn challenge that was given out and is good once."""

    __tablename__ = "challenge"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officer.id", ondelete="CASCADE"))
    expires: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class AuditEntry(Base):
    """One decision; never changed and never removed (``casa.agencies.audit``)."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    agency: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    outcome: Mapped[str] = mapped_column(String(10))
    before: Mapped[Any] = mapped_column(JSON)
    after: Mapped[Any] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(500))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The end of the trail: one row, whose lock puts those who append in line."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
