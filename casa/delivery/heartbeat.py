"""The pings of all clients of an engine.io server, by one greenlet.

engine.io has a greenlet sleep for each client until its next ping, and another that looks at one
client after the other for those who did not answer. All wait equally long, so who is due next
stands first in a queue: one for the pings to come, one for the answers to come.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from engineio.packet import PING, Packet

log = logging.getLogger(__name__)

_TICK = 0.5
# Between so many pings others may run.
_BREATH = 500


class Heartbeat:
    """Pings each client one interval after its last answer, and closes it if none comes."""

    def __init__(
        self,
        engine: Any,
        overdue: Callable[[], Iterable[str]],
        end: Callable[[str], None],
    ) -> None:
        """``overdue`` tells of sessions that are to end for other reasons; ``end`` ends them."""
        self._engine = engine
        self._overdue = overdue
        self._end = end
        # (when, session) and (when, session, the moment of the ping); sessions by id, so that
        # nothing is kept of those who have gone.
        self._pings: deque[tuple[float, str]] = deque()
        self._answers: deque[tuple[float, str, float]] = deque()
        self._beating = False

    def expect(self, session: Any) -> None:
        """The client answered, or has just come: ping it one interval from now."""
        self._pings.append((time.monotonic() + self._engine.ping_interval, session.sid))
        if not self._beating:
            self._beating = True
            gevent.spawn(self._beat)

    def _beat(self) -> None:
        """As long as anybody is connected."""
        while self._pings or self._answers:
            gevent.sleep(_TICK)
            try:
                self._ping(time.monotonic())
                self._drop(time.monotonic())
                for sid in self._overdue():
                    gevent.spawn(self._end, sid)
            except Exception:
                # For one client's sake the others are not left without.
                log.exception("a client could not be pinged")
        self._beating = False

    def _ping(self, moment: float) -> None:
        written = 0
        while self._pings and self._pings[0][0] <= moment:
            session = self._session(self._pings.popleft()[1])
            if session is None:
                continue
            session.last_ping = time.time()
            self._answers.append(
                (moment + self._engine.ping_timeout, session.sid, session.last_ping)
            )
            session.send(Packet(PING))
            written += 1
            if written % _BREATH == 0:
                gevent.sleep(0)

    def _drop(self, moment: float) -> None:
        while self._answers and self._answers[0][0] <= moment:
            _, sid, asked = self._answers.popleft()
            session = self._session(sid)
            if session is not None and session.last_ping == asked:
                gevent.spawn(self._close, session)

    def _close(self, session: Any) -> None:
        session.close(wait=False, reason=self._engine.reason.PING_TIMEOUT)
        self._engine.sockets.pop(session.sid, None)

    def _session(self, sid: str) -> Any:
        """Who is still there; engine.io leaves those whose polling was ended in its table."""
        session = self._engine.sockets.get(sid)
        if session is not None and session.closed:
            self._engine.sockets.pop(sid, None)
        return session if session is not None and not session.closing else None
