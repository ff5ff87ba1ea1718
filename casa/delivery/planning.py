"""Planning a dispatch: once, from the published message to the devices that it is for.

The audience of an Update or a Cancel is not only where the message is for now. Devices that
earlier messages of the thread reached are told too: of an Update, once, that it no longer
concerns them; of a Cancel, all of them, so that a family that drove away still learns that the
child was found.

Who follows a place that a message leaves ``untold`` is not among them: a warning that stays as it
is for some parishes while others leave it is no news to the former, and the latter are told by a
message of another thread. Whoever an older message of the thread had still to reach is told by the
newer one, which stops it.

What cannot be planned is put off and parked in the end (``parking``); the others go on. A dispatch
whose kind this worker does not know is left to one that does, for some hours.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyroaring import BitMap
from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, aliased

from casa.agencies.mandates import rank
from casa.alerts.areas import is_news, target_of, untold_target
from casa.alerts.message import Message
from casa.alerts.models import Dispatch, PublishedMessage
from casa.alerts.publication import decode_message
from casa.audience import matching
from casa.audience.filters import KINDS
from casa.audience.matching import Addresses, Wanted, match
from casa.database import Database, now
from casa.delivery.channels import Channel, Matched
from casa.delivery.models import DispatchAudience, Shard, ShardDevices
from casa.delivery.outcomes import Outcome, Unregistered
from casa.delivery.parking import PATIENCE, Patience, backoff, call, mended, reason_of
from casa.geography.target import Target

log = logging.getLogger(__name__)

UNKNOWN_FOR = timedelta(hours=4)
"""How long a dispatch of an unknown kind waits for a worker that knows it."""


@dataclass(frozen=True)
class Audience:
    """``concerned``: whom the message reaches; ``departed``: whom only earlier ones reached."""

    concerned: BitMap
    departed: BitMap

    def after(self, matched: BitMap) -> "Audience":
        """The thread's audience once a message reaches ``matched``."""
        return Audience(matched, (self.departed | self.concerned) - matched)


NOBODY = Audience(BitMap(), BitMap())


def recipients(message: Message, before: Audience, matched: Matched, unsent: Audience) -> Audience:
    """Whom to tell of ``message`` and whom of them that it no longer concerns them.

    ``unsent`` are those whom older messages of the thread were still to reach.
    """
    area, elsewhere = matched.area, matched.untold - matched.area
    concerned = area if is_news(message) else BitMap()
    departed = (before.concerned - area) - elsewhere
    if message.msg_type == "Cancel":
        concerned |= (before.concerned | before.departed) - elsewhere
        departed = BitMap()
    concerned |= unsent.concerned & area
    return Audience(concerned, (departed | unsent.departed) - area - concerned)


def matched_by(session: Session, message: Message) -> Matched:
    """The devices that follow the places of ``message`` and want what it says.

    Of those left untold only those are, who want what the other message says: whoever is too
    choosy for a watch learns that the warning is over.
    """
    exercise = message.status in ("Exercise", "Test")

    def found(target: Target, severity: str) -> BitMap:
        wanted = Wanted(message.kind, rank(severity), exercise=exercise)
        return match(session, target.keys, target.ranges, wanted)

    untold = (found(untold_target(message, some), some.severity) for some in message.untold)
    return Matched(
        area=found(target_of(message), message.info[0].severity),
        untold=BitMap.union(BitMap(), *untold),
    )


class Push:
    """Devices, by what they follow."""

    name = "push"

    def matched(self, session: Session, message: Message) -> Matched:
        return matched_by(session, message)

    def recipients(
        self, session: Session, numbers: Iterable[int], departed: BitMap
    ) -> list[Addresses]:
        return matching.recipients(session, numbers, departed)

    def settle(self, session: Session, outcomes: Mapping[int, Outcome]) -> None:
        dead = [number for number, found in outcomes.items() if isinstance(found, Unregistered)]
        matching.forget(session, dead)


PUSH = Push()

_KNOWN = PublishedMessage.kind.in_(KINDS)

# Asked after each page of every worker, so made once.
_UNPLANNED = (
    select(Dispatch.id)
    .join(PublishedMessage, PublishedMessage.sequence == Dispatch.sequence)
    .where(Dispatch.state == "waiting", Dispatch.channel == bindparam("channel"), _KNOWN)
    .limit(1)
)


def plan_next(
    database: Database,
    owner: str,
    lease: timedelta,
    shard_size: int,
    channel: Channel = PUSH,
    patience: Patience = PATIENCE,
) -> bool:
    """Plan the channel's most urgent dispatch that waits for it; whether there was one."""
    with database.reading() as session:
        if session.scalar(_UNPLANNED, {"channel": channel.name}) is None:
            return False
    with database.writing() as session:
        dispatch = _claim(session, owner, now(), lease, channel)
        if dispatch is None:
            return False
        if dispatch.attempts > patience.faults:
            _park(session, dispatch, dispatch.reason or "planning it ended the worker")
            return True
        identity, sequence, thread = dispatch.id, dispatch.sequence, dispatch.thread
    try:
        _plan(database, identity, sequence, thread, owner, shard_size, channel)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("dispatch %s cannot be planned", identity)
        _put_off(database, identity, owner, reason_of(error), patience)
    return True


def _plan(
    database: Database,
    identity: int,
    sequence: int,
    thread: str,
    owner: str,
    shard_size: int,
    channel: Channel,
) -> None:
    with database.reading() as session:
        row = session.get_one(PublishedMessage, sequence)
        message = decode_message(row.content)
        before = _audience_before(session, thread, sequence, channel)
        matched = channel.matched(session, message)
    with database.writing() as session:
        dispatch = session.get_one(Dispatch, identity, with_for_update=True)
        if dispatch.lease_owner != owner or dispatch.state != "waiting":
            return
        unsent = _supersede(session, dispatch, now())
        told = recipients(message, before, matched, unsent)
        _save(session, dispatch, before.after(matched.area), told, shard_size)


def _put_off(
    database: Database, identity: int, owner: str, reason: str, patience: Patience
) -> None:
    """Later again, or parked when it was the last try."""
    with database.writing() as session:
        dispatch = session.get_one(Dispatch, identity, with_for_update=True)
        if dispatch.lease_owner != owner or dispatch.state != "waiting":
            return
        dispatch.reason, dispatch.lease_owner = reason, None
        dispatch.lease_until = now() + backoff(dispatch.attempts, patience.first)
        if dispatch.attempts >= patience.faults:
            _park(session, dispatch, reason)


def _park(session: Session, dispatch: Dispatch, reason: str) -> None:
    dispatch.state, dispatch.reason = "parked", reason
    dispatch.lease_owner = dispatch.lease_until = None
    call(session, f"dispatch:{dispatch.id}", reason)


def park_unknown(session: Session, moment: datetime) -> None:
    """Park what has waited for hours for a worker that knows its kind."""
    waiting = (
        select(Dispatch, PublishedMessage.kind)
        .join(PublishedMessage, PublishedMessage.sequence == Dispatch.sequence)
        .where(Dispatch.state == "waiting", ~_KNOWN)
        .with_for_update(of=Dispatch, skip_locked=True)
    )
    for dispatch, kind in session.execute(waiting).all():
        reason = f"no worker knows the kind {kind!r}"
        if dispatch.created <= moment - UNKNOWN_FOR:
            _park(session, dispatch, reason)
        else:
            log.warning("dispatch %s waits: %s", dispatch.id, reason)
            dispatch.reason = reason


def _claim(
    session: Session, owner: str, moment: datetime, lease: timedelta, channel: Channel
) -> Dispatch | None:
    """The next dispatch, leased; a thread's are planned in the order of the sequence."""
    earlier = aliased(Dispatch)
    unplanned = (
        select(earlier.id)
        .where(
            earlier.thread == Dispatch.thread,
            earlier.channel == Dispatch.channel,
            earlier.sequence < Dispatch.sequence,
            earlier.state == "waiting",
        )
        .exists()
    )
    dispatch = session.scalars(
        select(Dispatch)
        .join(PublishedMessage, PublishedMessage.sequence == Dispatch.sequence)
        .where(
            _KNOWN,
            Dispatch.state == "waiting",
            Dispatch.channel == channel.name,
            or_(Dispatch.lease_until.is_(None), Dispatch.lease_until <= moment),
            ~unplanned,
        )
        .order_by(Dispatch.priority, Dispatch.sequence)
        .limit(1)
        .with_for_update(of=Dispatch, skip_locked=True)
    ).first()
    if dispatch is not None:
        dispatch.lease_owner = owner
        dispatch.lease_until = moment + lease
        dispatch.attempts += 1
    return dispatch


def _audience_before(session: Session, thread: str, sequence: int, channel: Channel) -> Audience:
    row = session.scalars(
        select(DispatchAudience)
        .join(Dispatch, Dispatch.id == DispatchAudience.dispatch_id)
        .where(
            Dispatch.thread == thread,
            Dispatch.sequence < sequence,
            Dispatch.channel == channel.name,
        )
        .order_by(Dispatch.sequence.desc())
        .limit(1)
    ).first()
    if row is None:
        return NOBODY
    return Audience(BitMap.deserialize(row.concerned), BitMap.deserialize(row.departed))


def _save(
    session: Session, dispatch: Dispatch, kept: Audience, told: Audience, shard_size: int
) -> None:
    """The audience and the shards."""
    moment = now()
    session.add(
        DispatchAudience(
            dispatch_id=dispatch.id,
            concerned=kept.concerned.serialize(),
            departed=kept.departed.serialize(),
        )
    )
    everyone = told.concerned | told.departed
    for part in split(everyone, shard_size):
        shard = Shard(
            dispatch_id=dispatch.id,
            sequence=dispatch.sequence,
            priority=dispatch.priority,
            channel=dispatch.channel,
            size=len(part),
        )
        session.add(shard)
        session.flush()
        session.add(
            ShardDevices(
                shard_id=shard.id,
                devices=part.serialize(),
                departed=(told.departed & part).serialize(),
            )
        )
    dispatch.matched = len(everyone)
    dispatch.planned = moment
    dispatch.state = "planned" if everyone else "done"
    dispatch.finished = None if everyone else moment
    dispatch.lease_owner = dispatch.lease_until = dispatch.reason = None


def split(devices: BitMap, size: int) -> list[BitMap]:
    """``devices`` in parts of at most ``size``, in order of number."""
    return [devices[start : start + size] for start in range(0, len(devices), size)]


def _supersede(session: Session, dispatch: Dispatch, moment: datetime) -> Audience:
    """Stop what earlier messages of the thread had still to say; whom they had not yet told.

    A page that is being sent right now counts as not told.
    """
    older = select(Dispatch.id).where(
        Dispatch.thread == dispatch.thread,
        Dispatch.channel == dispatch.channel,
        Dispatch.sequence < dispatch.sequence,
        Dispatch.state.in_(("planned", "parked")),
    )
    for parked in session.scalars(older.where(Dispatch.state == "parked")).all():
        mended(session, f"dispatch:{parked}", moment)
    shards = session.scalars(
        select(Shard)
        .where(Shard.dispatch_id.in_(older), Shard.state != "done")
        .order_by(Shard.id)
        .with_for_update()
    ).all()
    unsent = NOBODY
    for shard in shards:
        part = _unsent(session, shard)
        unsent = Audience(unsent.concerned | part.concerned, unsent.departed | part.departed)
        shard.dropped = shard.size - shard.sent - shard.failed - shard.forgotten
        shard.state, shard.retry, shard.reason = "done", None, "superseded"
        shard.lease_owner = shard.lease_until = None
    session.execute(
        update(Dispatch)
        .where(Dispatch.id.in_(older))
        .values(state="done", finished=moment, reason="superseded")
    )
    return unsent


def _unsent(session: Session, shard: Shard) -> Audience:
    row = session.get_one(ShardDevices, shard.id)
    try:
        devices, departed = BitMap.deserialize(row.devices), BitMap.deserialize(row.departed)
    except ValueError:
        log.exception("shard %s cannot be read, who is left of it is not known", shard.id)
        return NOBODY
    reached = devices.rank(shard.cursor) if shard.cursor >= 0 else 0
    left = devices[reached:]
    if shard.retry:
        left |= BitMap.deserialize(shard.retry)
    return Audience(left - departed, left & departed)


def waiting(session: Session) -> int:
    """How many dispatches wait to be planned."""
    return session.scalar(select(func.count()).where(Dispatch.state == "waiting")) or 0
