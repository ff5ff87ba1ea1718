"""The dispatch engine: shards taken under a lease, sent page by page, resumed after any crash.

Whatever fails, fails for itself: an exception is counted, tried again after growing pauses and
parked with its reason (``parking``), while the other shards go on.

At least once: the cursor and the counts are saved with each page, so after a crash at most the
page that was under way is sent again, under the same collapse key. Between pages the shard is
given back and the most urgent one is taken, so an Extreme alert overtakes a running Minor one.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pyroaring import BitMap
from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from casa.alerts.message import Message
from casa.alerts.models import Dispatch, PublishedMessage
from casa.alerts.publication import decode_message
from casa.alerts.redaction import readable_content
from casa.alerts.withdrawal import is_public
from casa.database import Database, now
from casa.delivery.channels import Channel
from casa.delivery.models import Shard, ShardDevices
from casa.delivery.outcomes import SENT, Failed, Outcome, Refused, Retry, Sent, Unregistered
from casa.delivery.parking import PATIENCE, Patience, backoff, call, mended, reason_of
from casa.delivery.planning import PUSH

log = logging.getLogger(__name__)

_DATABASE_AWAY_SECONDS = 0.3


class Sender(Protocol):
    """One provider of a channel: sends a page and says what became of each message, in the order
    of the groups and of the numbers in them."""

    def send(self, message: Message, page: Sequence[Any]) -> list[Outcome]: ...


@dataclass
class Page:
    """What is to be sent next of a shard, and where that leaves it."""

    shard_id: int
    content: bytes
    devices: BitMap
    departed: BitMap
    again: bool


@dataclass
class Tally:
    """The outcomes of one page."""

    sent: int = 0
    failed: int = 0
    gone: int = 0
    dead: int = 0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    retry: BitMap = field(default_factory=BitMap)
    faults: int = 0
    after: float = 0.0
    reason: str | None = None


def work_once(
    database: Database,
    senders: Mapping[str, Sender],
    owner: str,
    lease: timedelta,
    size: int,
    channel: Channel = PUSH,
    patience: Patience = PATIENCE,
) -> bool:
    """Send one page of the channel's most urgent shard that is due; whether there was one."""
    with database.writing() as session:
        page = _take(session, owner, lease, size, channel, patience)
    if page is None:
        return False
    if not page.devices:
        return True
    try:
        message = decode_message(page.content)
        with database.reading() as session:
            groups = channel.recipients(session, page.devices, page.departed)
        tally = _send(message, page, groups, senders)
        _save_surely(database, page, tally, owner, lease, channel, patience)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("a page of shard %s failed", page.shard_id)
        with database.writing() as session:
            shard = session.get_one(Shard, page.shard_id, with_for_update=True)
            if shard.lease_owner == owner:
                _put_off(session, shard, reason_of(error), patience)
    return True


def _save_surely(
    database: Database,
    page: Page,
    tally: Tally,
    owner: str,
    lease: timedelta,
    channel: Channel,
    patience: Patience,
) -> None:
    """Save, and wait for a database that is away as long as the lease lasts: what is not saved
    is sent again. Saving twice does nothing, as the first time gives the lease back.
    """
    until = time.monotonic() + lease.total_seconds()
    settle: Callable[[Session, Mapping[int, Outcome]], None] = channel.settle
    while True:
        try:
            with database.writing() as session:
                settle(session, tally.outcomes)
                return _save(session, page, tally, owner, patience)
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_DATABASE_AWAY_SECONDS)
        except Exception:
            if settle is _not_settled:
                raise
            # That a page was sent is worth more than what else its answers tell.
            log.exception("what became of a page cannot be noted")
            settle = _not_settled


def _not_settled(_session: Session, _outcomes: Mapping[int, Outcome]) -> None:
    """Dead tokens are found again."""


def _put_off(session: Session, shard: Shard, reason: str, patience: Patience) -> None:
    """A fault of our own: later again, or parked when it was the last try."""
    moment = now()
    shard.reason = reason
    shard.lease_owner = shard.lease_until = None
    shard.not_before = moment + backoff(max(shard.attempts, 1), patience.first)
    if shard.attempts >= patience.faults:
        _park(session, shard, moment)


def _park(session: Session, shard: Shard, moment: datetime) -> None:
    shard.state = "parked"
    session.flush()
    call(session, f"dispatch:{shard.dispatch_id}", shard.reason or "it kept failing")
    finish(session, shard.dispatch_id, moment)


def _take(
    session: Session,
    owner: str,
    lease: timedelta,
    size: int,
    channel: Channel,
    patience: Patience,
) -> Page | None:
    """Lease the most urgent shard and read its next page.

    That it was tried is counted here, as a page may end the whole process. A page without devices
    means that the shard needed none: it was over, or past ``expires``, or cannot be read.
    """
    moment = now()
    row = session.execute(
        select(Shard, ShardDevices, readable_content(), PublishedMessage.expires, is_public())
        .join(ShardDevices, ShardDevices.shard_id == Shard.id)
        .join(PublishedMessage, PublishedMessage.sequence == Shard.sequence)
        .where(
            Shard.state == "waiting",
            Shard.channel == channel.name,
            or_(Shard.lease_until.is_(None), Shard.lease_until <= moment),
            or_(Shard.not_before.is_(None), Shard.not_before <= moment),
        )
        .order_by(Shard.priority, Shard.sequence, Shard.id)
        .limit(1)
        .with_for_update(of=Shard, skip_locked=True)
    ).first()
    if row is None:
        return None
    shard, whole, content, expires, public = row
    nothing = Page(shard.id, content, BitMap(), BitMap(), False)
    shard.attempts += 1
    if shard.attempts > max(patience.tries, patience.faults):
        shard.reason = shard.reason or "sending it ended the worker"
        _park(session, shard, moment)
        return nothing
    try:
        again, devices = _next_devices(shard, whole, size)
        departed = BitMap.deserialize(whole.departed)
    except Exception as error:
        log.exception("shard %s cannot be read", shard.id)
        _put_off(session, shard, reason_of(error), patience)
        return nothing
    if expires <= moment:
        _drop(shard, "expired")
        devices = BitMap()
    elif not public:
        _drop(shard, "withdrawn")
        devices = BitMap()
    elif not devices:
        shard.state = "done"
    else:
        shard.lease_owner = owner
        shard.lease_until = moment + lease
        shard.first_at = shard.first_at or moment
    if shard.state != "waiting":
        session.flush()
        finish(session, shard.dispatch_id, moment)
    return Page(shard.id, content, devices, departed, again)


def _next_devices(shard: Shard, whole: ShardDevices, size: int) -> tuple[bool, BitMap]:
    """Whether the next page is of retries, and its devices: new ones first, then retries."""
    everyone = BitMap.deserialize(whole.devices)
    start = everyone.rank(shard.cursor) if shard.cursor >= 0 else 0
    if start < len(everyone):
        return False, everyone[start : start + size]
    return True, BitMap.deserialize(shard.retry)[:size] if shard.retry else BitMap()


def _drop(shard: Shard, reason: str) -> None:
    over = shard.sent + shard.failed + shard.forgotten + shard.dropped
    shard.dropped += shard.size - over
    shard.state, shard.retry, shard.reason = "done", None, reason
    shard.lease_owner = shard.lease_until = None


def _send(
    message: Message, page: Page, groups: Sequence[Any], senders: Mapping[str, Sender]
) -> Tally:
    """Send to those who can be sent to; the others have left since the dispatch was planned."""
    tally = Tally(gone=len(page.devices))
    for provider, sender in senders.items():
        chosen = [group for group in groups if group.provider == provider]
        if not chosen:
            continue
        numbers = [number for group in chosen for number in group.numbers]
        found = dict(zip(numbers, _outcomes(sender, message, chosen, len(numbers)), strict=True))
        tally.gone -= len(numbers)
        tally.outcomes |= found
        others = [one for one in found.items() if one[1] is not SENT]
        tally.sent += len(found) - len(others)
        for number, outcome in others:
            _count(tally, number, outcome)
    return tally


def _outcomes(
    sender: Sender, message: Message, chosen: Sequence[Any], number: int
) -> list[Outcome]:
    """What the provider says; one that fails keeps nothing from what the others have done."""
    try:
        outcomes = sender.send(message, chosen)
        if len(outcomes) != number:
            raise ValueError(f"{len(outcomes)} outcomes of {number} messages")
    except Exception as error:
        log.exception("a page of %s could not be sent", message.identifier)
        return [Failed(reason_of(error))] * number
    return outcomes


def _count(tally: Tally, number: int, outcome: Outcome) -> None:
    match outcome:
        case Sent():
            tally.sent += 1
        case Unregistered():
            tally.dead += 1
        case Refused(reason):
            tally.failed += 1
            tally.reason = reason
        case Retry(reason, after):
            tally.retry.add(number)
            tally.faults += isinstance(outcome, Failed)
            tally.reason = reason
            tally.after = max(tally.after, after or 0.0)


def _save(session: Session, page: Page, tally: Tally, owner: str, patience: Patience) -> None:
    """Cursor, counts and retries of one page, and the shard given back.

    If the lease was lost (it ran out, or a later message superseded this one) the page's result
    is too: whoever holds the shard now decides.
    """
    moment = now()
    shard = session.get_one(Shard, page.shard_id, with_for_update=True)
    if shard.lease_owner != owner:
        return
    shard.sent += tally.sent
    shard.failed += tally.failed
    shard.forgotten += tally.dead + tally.gone
    shard.last_at = moment
    shard.lease_owner = shard.lease_until = None
    retry = BitMap.deserialize(shard.retry) if shard.retry else BitMap()
    if page.again:
        retry -= page.devices
    else:
        shard.cursor = page.devices.max()
    retry |= tally.retry
    shard.retry = retry.serialize() if retry else None
    if tally.reason:
        shard.reason = tally.reason[:500]
    _pace(shard, page, tally, moment, patience)
    limit = patience.faults if tally.faults == len(tally.retry) else patience.tries
    if shard.attempts >= limit:
        _park(session, shard, moment)


def _pace(shard: Shard, page: Page, tally: Tally, moment: datetime, patience: Patience) -> None:
    """When to go on: at once, or later when the provider said so or most of a page failed."""
    if tally.sent + tally.failed + tally.dead + tally.gone:
        shard.attempts = 0
    troubled = 2 * len(tally.retry) > len(page.devices) or tally.after > 0
    if troubled or (tally.retry and _all_tried(shard)):
        pause = backoff(max(shard.attempts, 1), patience.first)
        pause = max(pause, timedelta(seconds=tally.after))
        shard.not_before = moment + pause
    else:
        shard.not_before = None


def _all_tried(shard: Shard) -> bool:
    """Whether only those are left that are to be tried again, which is never done at once."""
    again = len(BitMap.deserialize(shard.retry)) if shard.retry else 0
    return shard.sent + shard.failed + shard.forgotten + again >= shard.size


def finish(session: Session, dispatch_id: int, moment: datetime) -> None:
    """End the dispatch when all of its shards have ended, parked when one of them is."""
    states = set(
        session.scalars(select(Shard.state).where(Shard.dispatch_id == dispatch_id).distinct())
    )
    if "waiting" in states:
        return
    dispatch = session.get_one(Dispatch, dispatch_id)
    if "parked" in states:
        reason = select(Shard.reason).where(
            Shard.dispatch_id == dispatch_id, Shard.state == "parked"
        )
        dispatch.state, dispatch.reason = "parked", session.scalars(reason).first()
    elif dispatch.state == "planned":
        dispatch.state, dispatch.finished = "done", moment


def resume(session: Session, dispatch_id: int) -> int:
    """Let a parked dispatch go on at once; how many parts of it were parked."""
    dispatch = session.get(Dispatch, dispatch_id)
    if dispatch is None or dispatch.state not in ("parked", "planned", "off"):
        return 0
    if dispatch.planned is None:
        dispatch.state, dispatch.reason, dispatch.attempts = "waiting", None, 0
        dispatch.lease_owner = dispatch.lease_until = None
        mended(session, f"dispatch:{dispatch_id}")
        return 1
    statement = (
        update(Shard)
        .where(Shard.dispatch_id == dispatch_id, Shard.state == "parked")
        .values(state="waiting", attempts=0, not_before=None, reason=None)
    )
    resumed = len(
        session.scalars(
            statement.returning(Shard.id), execution_options={"synchronize_session": False}
        ).all()
    )
    if resumed:
        dispatch.state, dispatch.reason = "planned", None
        mended(session, f"dispatch:{dispatch_id}")
    return resumed


def due_in(session: Session, channel: Channel = PUSH) -> timedelta | None:
    """How long until a shard is due or its lease runs out; ``None`` when nothing waits."""
    moment = now()
    ready = func.coalesce(Shard.lease_until, Shard.not_before, moment)
    waiting = Shard.state == "waiting", Shard.channel == channel.name
    soonest = session.scalar(select(func.min(ready)).where(*waiting))
    return None if soonest is None else max(soonest - moment, timedelta())
