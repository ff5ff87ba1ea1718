"""What citizens report of a person sought: sealed at rest, for the investigating agency alone.

Whoever reports stays unknown. All that ties a sighting to its sender is a receipt: a random code
that lets the sender add to it, of which only a digest is kept. Free of Flask.
"""

import hashlib
import secrets
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casa import paging
from casa.missing_persons.media import Media, new_token
from casa.missing_persons.models import (
    MissingPerson,
    Sighting,
    SightingPhotograph,
    SightingReport,
)
from casa.sealing import Sealer

STATES = ("new", "credible", "dismissed", "acted_on")
MOST_REPORTS = 20
MOST_PHOTOGRAPHS = 5


class UnknownReceipt(Exception):
    """No sighting has this receipt."""


class Enough(Exception):
    """A sighting holds as much as it may."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw; ``position`` is longitude and latitude in degrees, as exact as sent."""

    text: str
    seen_at: datetime | None = None
    position: tuple[float, float] | None = None
    contact: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Report).decode


def begin(
    session: Session, sealer: Sealer, record: MissingPerson, report: Report
) -> tuple[Sighting, str]:
    """A new sighting, and the receipt that is shown this once."""
    receipt = secrets.token_urlsafe(16)
    sighting = Sighting(record_id=record.id, receipt=_digest(receipt))
    session.add(sighting)
    session.flush()
    add_report(session, sealer, sighting, report)
    return sighting, receipt


def by_receipt(session: Session, receipt: str) -> Sighting:
    """The sighting that the receipt is of, locked for a change.

    Raises:
        UnknownReceipt
    """
    query = select(Sighting).where(Sighting.receipt == _digest(receipt)).with_for_update()
    found = session.scalars(query).first()
    if found is None:
        raise UnknownReceipt
    return found


def _digest(receipt: str) -> str:
    # 128 random bits need no salt and no slowness.
    return hashlib.sha256(receipt.encode()).hexdigest()


def add_report(session: Session, sealer: Sealer, sighting: Sighting, report: Report) -> None:
    """Keep one more report; the sighting is to be weighed again.

    Raises:
        Enough
    """
    if _count(session, SightingReport, sighting) >= MOST_REPORTS:
        raise Enough(f"A sighting holds at most {MOST_REPORTS} reports: send a new sighting.")
    sealed = sealer.seal(_encode(report), _purpose(sighting.id))
    session.add(SightingReport(sighting_id=sighting.id, sealed=sealed))
    sighting.state = "new"
    session.flush()


def require_room(session: Session, sighting: Sighting) -> None:
    """Refuse one photograph more than there may be.

    Raises:
        Enough
    """
    if _count(session, SightingPhotograph, sighting) >= MOST_PHOTOGRAPHS:
        raise Enough(f"A sighting holds at most {MOST_PHOTOGRAPHS} photographs.")


def keep_picture(media: Media, sealer: Sealer, sighting_id: str, data: bytes) -> str:
    """Put a picture into the store, sealed; the token that is its name."""
    token = new_token()
    media.put(token, sealer.seal(data, _purpose(sighting_id)))
    return token


def add_photograph(session: Session, sighting: Sighting, token: str) -> None:
    """Keep a picture that is in the store with its sighting.

    Raises:
        Enough
    """
    require_room(session, sighting)
    session.add(SightingPhotograph(sighting_id=sighting.id, token=token))
    sighting.state = "new"
    session.flush()


def picture(media: Media, sealer: Sealer, photograph: SightingPhotograph) -> bytes:
    """A picture that came with a sighting.

    Raises:
        MediaMissing
    """
    return sealer.open(media.get(photograph.token), _purpose(photograph.sighting_id))


def page(
    session: Session,
    record: MissingPerson,
    state: str | None,
    after: paging.Row | None,
    limit: int,
) -> list[Sighting]:
    """At most ``limit`` sightings of a case, newest first, after the cursor's row."""
    query = select(Sighting).where(Sighting.record_id == record.id)
    if state is not None:
        query = query.where(Sighting.state == state)
    query = paging.newest_first(query, Sighting.created, Sighting.id, after, limit)
    return list(session.scalars(query))


def reports_of(
    session: Session, sealer: Sealer, sighting: Sighting
) -> list[tuple[datetime, Report]]:
    """What was reported and when, the first report first."""
    query = select(SightingReport).where(SightingReport.sighting_id == sighting.id)
    rows = session.scalars(query.order_by(SightingReport.id))
    purpose = _purpose(sighting.id)
    return [(row.created, _decode(sealer.open(row.sealed, purpose))) for row in rows]


def count_of_reports(session: Session, sighting: Sighting) -> int:
    return _count(session, SightingReport, sighting)


def photographs_of(session: Session, sighting: Sighting) -> list[SightingPhotograph]:
    query = select(SightingPhotograph).where(SightingPhotograph.sighting_id == sighting.id)
    return list(session.scalars(query.order_by(SightingPhotograph.created, SightingPhotograph.id)))


def _count(
    session: Session, model: type[SightingReport] | type[SightingPhotograph], sighting: Sighting
) -> int:
    query = select(func.count()).select_from(model).where(model.sighting_id == sighting.id)
    return session.scalar(query) or 0


def _purpose(sighting_id: str) -> str:
    return f"sighting:{sighting_id}"
