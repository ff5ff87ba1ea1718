"""Public reading: published messages by filter, page by page, and what is new since a number.

Of a withdrawn thread only the Cancel is read here (``casa.alerts.withdrawal``), of a redacted
message what is left of it (``casa.alerts.redaction``).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import shapely
from sqlalchemy import Integer, Select, bindparam, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from casa import paging
from casa.agencies.mandates import rank
from casa.alerts import areas
from casa.alerts.message import Message
from casa.alerts.models import Alert, MessagePlace, PublishedMessage
from casa.alerts.publication import decode_message, state_now
from casa.alerts.redaction import readable_content
from casa.alerts.states import State
from casa.alerts.withdrawal import Withdrawn, is_public
from casa.geography.places import place_key

Box = tuple[float, float, float, float]


log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What to read. ``box`` is west, south, east, north; ``severity`` a least rank.

    ``since`` reads forwards from that sequence number (exclusive), ``before`` backwards; with
    neither the newest come first. ``active``: in force at ``moment`` (or, if False, no longer).
    """

    moment: datetime
    place: str | None = None
    box: Box | None = None
    kind: str | None = None
    severity: int | None = None
    since: int | None = None
    before: int | None = None
    active: bool | None = None


@dataclass(frozen=True)
class Published:
    """A message and the state that it is in now."""

    message: Message
    state: State


@dataclass(frozen=True)
class Page:
    items: list[Published]
    more: bool


def page(session: Session, wanted: Filter, limit: int) -> Page:
    """At most ``limit`` messages that pass every filter, and whether there are more."""
    found: list[Published] = []
    for published in _matching(session, wanted, limit + 1):
        found.append(published)
        if len(found) > limit:
            return Page(found[:limit], more=True)
    return Page(found, more=False)


def one(session: Session, identifier: str, moment: datetime) -> Published | None:
    """A published message by its identifier.

    Raises:
        Withdrawn
    """
    query = select(PublishedMessage, readable_content(), is_public()).join(PublishedMessage.alert)
    query = query.where(PublishedMessage.identifier == identifier)
    found = session.execute(query.options(contains_eager(PublishedMessage.alert))).first()
    if found is None:
        return None
    row, content, public = found
    if not public:
        raise Withdrawn
    return _published(row, content, moment)


def thread(session: Session, name: str, moment: datetime) -> list[Published]:
    """The messages of a thread, oldest first."""
    query = select(PublishedMessage, readable_content())
    query = query.where(PublishedMessage.thread == name, is_public())
    query = query.options(joinedload(PublishedMessage.alert)).order_by(PublishedMessage.sequence)
    return [_published(row, content, moment) for row, content in session.execute(query)]


def latest(session: Session, threads: Sequence[str]) -> list[Message]:
    """The last message of each of the threads that the public may read."""
    last = (
        select(func.max(PublishedMessage.sequence))
        .where(PublishedMessage.thread.in_(threads), is_public())
        .group_by(PublishedMessage.thread)
    )
    query = select(readable_content()).where(PublishedMessage.sequence.in_(last))
    return [decode_message(content) for content in session.scalars(query)]


def before(session: Session, message: Message) -> list[Message]:
    """The earlier messages of the thread, oldest first, withdrawn ones too, and so not to be shown.

    Whom they reached must hear of what came of them.
    """
    query = select(PublishedMessage.content).where(
        PublishedMessage.thread == message.thread, PublishedMessage.sequence < message.sequence
    )
    return [
        decode_message(content)
        for content in session.scalars(query.order_by(PublishedMessage.sequence))
    ]


# Asked by every web process for every message, so made once, and past the ORM.
_AFTER = (
    select(PublishedMessage.__table__.c.sequence, readable_content())
    .where(PublishedMessage.sequence > bindparam("after"), is_public())
    .order_by(PublishedMessage.sequence)
    .limit(bindparam("limit", type_=Integer))
)


def after(session: Session, sequence: int, limit: int) -> list[tuple[int, bytes]]:
    """At most ``limit`` messages after ``sequence``, in order: what a follower has not seen.

    Their numbers and what is kept of them, as one that cannot be read must not hide the others.
    """
    found = session.connection().execute(_AFTER, {"after": sequence, "limit": limit})
    return [(number, content) for number, content in found]


def _matching(session: Session, wanted: Filter, chunk: int) -> Iterator[Published]:
    """Candidates by SQL, chunk by chunk, each then held against the exact shape."""
    forwards = wanted.since is not None
    last = wanted.since if forwards else wanted.before
    box = shapely.box(*wanted.box) if wanted.box else None
    while True:
        query = _query(wanted).limit(chunk)
        order = PublishedMessage.sequence
        if last is not None:
            query = query.where(order > last if forwards else order < last)
        rows = session.execute(query.order_by(order.asc() if forwards else order.desc())).all()
        for row, content in rows:
            try:
                published = _published(row, content, wanted.moment)
            except msgspec.MsgspecError:
                # One that this version cannot read must not hide all others.
                log.exception("message %s cannot be read, it is left out", row.sequence)
                continue
            if _is_grave(published.message, wanted) and (
                box is None or _meets(published.message, box)
            ):
                yield published
        if len(rows) < chunk:
            return
        last = rows[-1][0].sequence


def _query(wanted: Filter) -> Select[PublishedMessage, bytes]:
    query = select(PublishedMessage, readable_content()).join(PublishedMessage.alert)
    query = query.where(is_public())
    query = query.options(joinedload(PublishedMessage.alert))
    if wanted.place is not None:
        place = MessagePlace.place == place_key(wanted.place)
        query = query.join(MessagePlace, MessagePlace.sequence == PublishedMessage.sequence)
        query = query.where(place)
    if wanted.kind is not None:
        query = query.where(PublishedMessage.kind == wanted.kind)
    if wanted.severity is not None:
        query = query.where(PublishedMessage.severity >= wanted.severity)
    if wanted.box is not None:
        west, south, east, north = wanted.box
        query = query.where(PublishedMessage.west <= east, PublishedMessage.east >= west)
        query = query.where(PublishedMessage.south <= north, PublishedMessage.north >= south)
    if wanted.active is not None:
        in_force = (
            (Alert.state == State.PUBLISHED)
            & (PublishedMessage.expires > wanted.moment)
            & (PublishedMessage.msg_type != "Cancel")
        )
        query = query.where(in_force if wanted.active else ~in_force)
    return query


def _is_grave(message: Message, wanted: Filter) -> bool:
    """Whether it reads as grave as is wanted: a redacted one may read as less than it was."""
    return wanted.severity is None or rank(message.info[0].severity) >= wanted.severity


def _meets(message: Message, box: shapely.Polygon) -> bool:
    return bool(shapely.intersects(areas.target_of(message).geometry, box))


def _published(row: PublishedMessage, content: bytes, moment: datetime) -> Published:
    return Published(decode_message(content), state_now(row.alert, moment))


def own(
    session: Session, agency_id: int, *, state: str | None, after: paging.Row | None, limit: int
) -> list[Alert]:
    """An agency's own alerts, drafts included, newest first, after the cursor's row."""
    query = select(Alert).where(Alert.agency_id == agency_id).options(joinedload(Alert.published))
    if state is not None:
        query = query.where(Alert.state == state)
    query = paging.newest_first(query, Alert.created, Alert.identifier, after, limit)
    return list(session.scalars(query))
