"""What is to be done now and then beside delivering: each fails by itself.

A chore that fails is tried again after growing pauses and for ever, as what is to be erased must be
erased; after some failures in a row the operators are called.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from casa import idempotency
from casa.agencies import officers, sessions
from casa.database import Database
from casa.delivery import retention
from casa.delivery.parking import Patience, backoff, call, mended, reason_of
from casa.delivery.planning import park_unknown
from casa.settings import Settings

log = logging.getLogger(__name__)

Chore = Callable[[Session, datetime], Sequence[str] | None]
"""Done in a transaction of its own; what of it failed while the rest was done, in words."""

EVERY = timedelta(minutes=10)


def own_chores(settings: Settings) -> list[Chore]:
    """The chores that any worker has."""
    kept = timedelta(days=settings.audience_days)

    def forget_audiences(session: Session, moment: datetime) -> None:
        retention.sweep(session, moment - kept)

    def sweep_officers(session: Session, moment: datetime) -> None:
        officers.sweep(session, moment)

    def sweep_sessions(session: Session, moment: datetime) -> None:
        sessions.sweep(session, moment)

    def sweep_requests(session: Session, moment: datetime) -> None:
        idempotency.sweep(session, moment)

    return [park_unknown, forget_audiences, sweep_officers, sweep_sessions, sweep_requests]


class Chores:
    """Chores with what became of each."""

    def __init__(self, database: Database, chores: Sequence[Chore], patience: Patience) -> None:
        self._database = database
        self._patience = patience
        self._kept = [_Kept(chore) for chore in chores]

    def do(self, moment: datetime) -> None:
        """Do those that are due."""
        for one in self._kept:
            if one.due is None or one.due <= moment:
                self._do(one, moment)

    def _do(self, one: "_Kept", moment: datetime) -> None:
        one.due = moment + EVERY
        try:
            with self._database.writing() as session:
                failed = one.chore(session, moment)
                if not failed and not one.is_well:
                    mended(session, one.subject, moment)
        except Exception as error:
            log.exception("the chore %s failed, it is done again later", one.name)
            failed = [reason_of(error)]
        if failed:
            self._failed(one, failed[0], moment)
        else:
            one.is_well, one.failures = True, 0

    def _failed(self, one: "_Kept", reason: str, moment: datetime) -> None:
        one.is_well = False
        one.failures += 1
        one.due = moment + min(backoff(one.failures, self._patience.first), EVERY)
        if one.failures >= self._patience.faults:
            with self._database.writing() as session:
                call(session, one.subject, reason)


class _Kept:
    """A chore, when it is due, and how often it has failed since it was last done."""

    def __init__(self, chore: Chore) -> None:
        self.chore = chore
        self.name = chore.__name__
        self.subject = f"chore:{self.name}"[:60]
        self.due: datetime | None = None
        self.failures = 0
        self.is_well = False
