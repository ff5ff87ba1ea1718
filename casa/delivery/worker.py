"""The worker: plans and sends what the database holds, until it is told to stop.

It needs no broker: the database is the truth, and looking at it often is enough.
"""

import logging
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from threading import Event

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from casa.alerts.models import Dispatch
from casa.database import Database, now
from casa.delivery.dispatch import Sender, due_in, work_once
from casa.delivery.planning import plan_next
from casa.delivery.retention import sweep
from casa.settings import Settings

log = logging.getLogger(__name__)

_SWEEP_EVERY = timedelta(minutes=10)


class Worker:
    """One worker of a process. ``senders`` by provider; with none, push is off."""

    def __init__(
        self, database: Database, settings: Settings, senders: Mapping[str, Sender]
    ) -> None:
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{os.urandom(4).hex()}"
        self._database = database
        self._settings = settings
        self._senders = senders
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._swept = now() - _SWEEP_EVERY

    def run(self, stop: Event) -> None:
        """Work until ``stop`` is set; a database that is away is waited for."""
        while not stop.is_set():
            try:
                busy = self.step()
            except OperationalError as error:
                log.warning("the database is away, trying again: %s", error.orig)
                busy = False
            if not busy:
                stop.wait(self._pause())

    def step(self) -> bool:
        """Plan what waits and send one page; whether there was anything to do."""
        self._sweep()
        if not self._senders:
            return self._switch_off()
        planned = False
        while plan_next(self._database, self.owner, self._lease, self._settings.shard_size):
            planned = True
        sent = work_once(
            self._database, self._senders, self.owner, self._lease, self._settings.page_size
        )
        return planned or sent

    def _pause(self) -> float:
        longest = self._settings.poll_seconds
        try:
            with self._database.reading() as session:
                due = due_in(session)
        except OperationalError:
            return longest
        return longest if due is None else min(longest, max(due.total_seconds(), 0.01))

    def _switch_off(self) -> bool:
        """Without credentials nothing can be pushed: say so in the dispatch, and keep it."""
        reason = "push is off: no Firebase credentials (CASA_FIREBASE_CREDENTIALS)"
        with self._database.writing() as session:
            session.execute(
                update(Dispatch)
                .where(Dispatch.state == "waiting", Dispatch.channel == "push")
                .values(state="off", reason=reason)
            )
        return False

    def _sweep(self) -> None:
        moment = now()
        if moment - self._swept >= _SWEEP_EVERY:
            self._swept = moment
            with self._database.writing() as session:
                sweep(session, moment - timedelta(days=self._settings.audience_days))
