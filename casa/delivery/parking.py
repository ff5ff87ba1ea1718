"""What fails is tried again after growing pauses; what keeps failing is parked.

Nothing that fails may stop anything else. A failure is counted where the thing itself is kept;
once it has failed too often it is parked with its reason until an operator lets it go on. That it
was parked is an alarm: a line at ERROR, a figure for Prometheus, and a row that ``calling`` posts
to the operators.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from casa.database import now
from casa.delivery.models import Alarm
from casa.settings import Settings

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=10)
MOST_ATTEMPTS = 30
MOST_FAULTS = 10


@dataclass(frozen=True)
class Patience:
    """How often what failed is tried again, and after which first pause.

    ``tries`` is for what a provider does not take, ``faults`` for exceptions of our own.
    """

    first: timedelta = FIRST_RETRY
    tries: int = MOST_ATTEMPTS
    faults: int = MOST_FAULTS

    @classmethod
    def of(cls, settings: Settings) -> "Patience":
        tries = settings.park_after
        return cls(timedelta(seconds=settings.retry_seconds), tries, min(tries, MOST_FAULTS))


PATIENCE = Patience()


def backoff(attempts: int, first: timedelta = FIRST_RETRY) -> timedelta:
    """Exponential with full jitter over its upper half, bounded."""
    longest = min(LONGEST_RETRY, first * 2 ** min(attempts - 1, 20))
    share: float = random.uniform(0.5, 1.0)  # noqa: S311
    return timedelta(seconds=longest.total_seconds() * share)


def reason_of(error: BaseException) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def call(session: Session, subject: str, reason: str) -> None:
    """Call the operators, once for each subject until it is mended."""
    log.error("parked: %s: %s", subject, reason)
    open_ = select(Alarm.id).where(Alarm.subject == subject, Alarm.ended.is_(None)).limit(1)
    if session.scalar(open_) is None:
        session.add(Alarm(subject=subject, reason=reason[:500]))
        session.flush()


def mended(session: Session, subject: str, moment: datetime | None = None) -> None:
    """What was called about goes on."""
    session.execute(
        update(Alarm)
        .where(Alarm.subject == subject, Alarm.ended.is_(None))
        .values(ended=moment or now())
    )


def open_alarms(session: Session) -> dict[str, int]:
    """How many things are parked, by what they are."""
    found: dict[str, int] = {}
    query = select(Alarm.subject, func.count()).where(Alarm.ended.is_(None))
    for subject, number in session.execute(query.group_by(Alarm.subject)):
        sort = subject.partition(":")[0]
        found[sort] = found.get(sort, 0) + number
    return found
