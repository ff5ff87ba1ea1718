"""The worker: plans and sends what the database holds, until it is told to stop.

It needs no broker: the database is the truth, and looking at it often is enough. With one
(``casa.delivery.tasks``) it is called instead of looking. Nothing that goes wrong ends it: what is
planned and sent fails by itself, and whatever else is at fault is looked at again after a pause.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Event

from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from casa.alerts.models import Dispatch
from casa.database import Database, now
from casa.delivery.channels import Channel
from casa.delivery.chores import Chore, Chores, own_chores
from casa.delivery.dispatch import Sender, due_in, work_once
from casa.delivery.models import Shard
from casa.delivery.parking import Patience
from casa.delivery.planning import PUSH, plan_next
from casa.settings import Settings

log = logging.getLogger(__name__)

PUSH_IS_OFF = "push is off: set CASA_FIREBASE_CREDENTIALS or CASA_WEBPUSH_CONTACT"


class Worker:
    """One worker of a process, for one channel. ``senders`` by provider; with none, push is off.

    ``chores`` are what else is to be swept now and then, each in a transaction of its own. It is
    the worker for push that sweeps.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        senders: Mapping[str, Sender],
        chores: Sequence[Chore] = (),
        channel: Channel = PUSH,
    ) -> None:
        self._channel = channel
        self._patience = Patience.of(settings)
        self._chores = Chores(database, [*own_chores(settings), *chores], self._patience)
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{os.urandom(4).hex()}"
        self._database = database
        self._settings = settings
        self._senders = senders
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._bell = Event()

    def run(self, stop: Event) -> None:
        """Work until ``stop`` is set and ``ring`` is called."""
        while not stop.is_set():
            self._bell.clear()
            if not (self.plan() or self.send()):
                self._bell.wait(self._pause())

    def ring(self) -> None:
        """There may be something to do: look now."""
        self._bell.set()

    def plan(self) -> int:
        """Plan all that waits to be planned; how many parts wait to be sent after that, if any."""
        return self._unless_away(self._plan)

    def send(self) -> bool:
        """Send one page of the most urgent part that is due; whether there was one."""
        return bool(self._unless_away(self._send))

    def _unless_away(self, work: Callable[[], int]) -> int:
        """A database that is away is waited for: nothing was done."""
        try:
            return work()
        except OperationalError as error:
            log.warning("the database is away, trying again: %s", error.orig)
        except Exception:
            log.exception("a fault of the worker's own, it goes on")
        return 0

    def _plan(self) -> int:
        if self._channel is PUSH:
            self._chores.do(now())
        if not self._senders:
            self._switch_off()
            return 0
        planned = False
        size, channel = self._settings.shard_size, self._channel
        while plan_next(self._database, self.owner, self._lease, size, channel, self._patience):
            planned = True
        if not planned:
            return 0
        with self._database.reading() as session:
            parts = select(func.count()).select_from(Shard)
            waiting = Shard.state == "waiting", Shard.channel == self._channel.name
            return session.scalar(parts.where(*waiting)) or 0

    def _send(self) -> int:
        return bool(self._senders) and work_once(
            self._database,
            self._senders,
            self.owner,
            self._lease,
            self._settings.page_size,
            self._channel,
            self._patience,
        )

    def _pause(self) -> float:
        longest = self._settings.poll_seconds
        try:
            with self._database.reading() as session:
                due = due_in(session, self._channel)
        except Exception as error:
            log.debug("when to look again is not known: %s", error)
            return longest
        return longest if due is None else min(longest, max(due.total_seconds(), 0.01))

    def _switch_off(self) -> None:
        """Without credentials nothing can be pushed: say so in the dispatch, and keep it."""
        with self._database.writing() as session:
            session.execute(
                update(Dispatch)
                .where(Dispatch.state == "waiting", Dispatch.channel == "push")
                .values(state="off", reason=PUSH_IS_OFF)
            )
