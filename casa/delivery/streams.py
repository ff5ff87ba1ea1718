"""A page of small POSTs to one service over a few HTTP/2 connections.

What ``flight`` is for libcurl and any number of strangers, for one service that is trusted:
whatever has come is read together, and what may go then goes in one piece, so that thousands of
messages cost hundreds of calls. Nothing is repeated here but what the service says that it did not
look at.
"""

import logging
import selectors
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from casa.delivery.http2 import Answer, Connection, Headers, ProtocolError, Unsuited
from casa.delivery.secure import Channel, Unreachable
from casa.delivery.window import Window

log = logging.getLogger(__name__)

_LONGEST_WAIT = 1.0  # seconds
# A connection that was not used for so many seconds may have died without anybody being told.
_IDLE = 60.0
# How often a request is made again that the service says it did not look at, and how many
# connections a page may use up for each that it may have at once.
_TIMES = 5


class Requests(Protocol):
    """What the answers to the messages of a page mean."""

    @property
    def hopeless(self) -> bool:
        """Nothing more is to be asked."""
        ...

    def taken(self, indices: Iterable[int]) -> None:
        """Answered with 200."""
        ...

    def answered(self, index: int, answer: Answer) -> None:
        """Answered otherwise."""
        ...

    def lost(self, index: int, reason: str) -> None:
        """Not answered: whether the message was taken is not known."""
        ...

    def untried(self, indices: Iterable[int], reason: str) -> None:
        """Not asked, as nothing can be asked now."""
        ...


class _Line:
    """A connection and its socket."""

    def __init__(self, channel: Channel, streams: int) -> None:
        self.channel = channel
        self.http = Connection(streams)
        self.heard = time.monotonic()
        self.watched = selectors.EVENT_READ

    @property
    def oldest(self) -> float | None:
        """When the request was made that waits longest."""
        return next((moment for _, moment in self.http.open.values()), None)

    def write(self) -> bool:
        """Write what can be written; whether that was all."""
        data = b"".join(self.http.out)
        self.http.out.clear()
        return self.channel.send(data)

    def read(self) -> bool:
        """Read what has come; whether more may come.

        Raises:
            ProtocolError, Unsuited: the connection is of no use any more.
        """
        data, more = self.channel.receive()
        if data:
            self.heard = time.monotonic()
            self.http.receive(data)
        return more


class _Run:
    """The messages of a page that are still to be asked for."""

    def __init__(
        self,
        indices: Iterable[int],
        bodies: Sequence[bytes],
        headers: Headers,
        requests: Requests,
        dials: int,
    ) -> None:
        self.waiting = deque(indices)
        self.bodies = bodies
        self.headers = headers
        self.requests = requests
        self.dials = dials
        self.unreachable: str | None = None
        self._again: Counter[int] = Counter()

    def give_up(self, reason: str) -> None:
        self.requests.untried(self.waiting, reason)
        self.waiting.clear()

    def untouched(self, index: int) -> None:
        self._again[index] += 1
        if self._again[index] > _TIMES:
            self.requests.lost(index, "the push service refuses to look")
        else:
            self.waiting.appendleft(index)


class Streams:
    """Connections that are kept from page to page; for one thread at a time."""

    def __init__(
        self,
        dial: Callable[[], Channel],
        window: Window,
        *,
        connections: int,
        streams: int,
        timeout: float,
    ) -> None:
        """At most ``streams`` requests at once on each of at most so many ``connections``; one
        without an answer after ``timeout`` seconds is given up.
        """
        self._dial = dial
        self._window = window
        self._connections = connections
        self._streams = streams
        self._timeout = timeout
        self._lines: list[_Line] = []
        self._selector = selectors.DefaultSelector()

    def close(self) -> None:
        self.abandon()
        self._selector.close()

    def abandon(self) -> None:
        """Drop all connections and what is under way on them; others can be made."""
        for line in list(self._lines):
            self._drop(line)

    def run(
        self, indices: Iterable[int], bodies: Sequence[bytes], headers: Headers, requests: Requests
    ) -> None:
        """Ask for each index, as many at once as the window allows, until all have an answer.

        Raises:
            Unsuited: the service is not for this; what was not told to ``requests`` was not asked.
        """
        page = _Run(indices, bodies, headers, requests, _TIMES * self._connections)
        try:
            self._resume(page)
            self._go_on(page)
        except Unsuited:
            for line in list(self._lines):
                line.http.lost("connection given up")
                self._settle(line, page)
            raise

    def _resume(self, page: _Run) -> None:
        """See what happened since the last page: a connection may have ended."""
        for line in list(self._lines):
            if time.monotonic() - line.heard > _IDLE:
                self._drop(line)
            else:
                self._read(line, page)

    def _go_on(self, page: _Run) -> None:
        moved = time.monotonic()
        while page.waiting or self._active():
            if page.requests.hopeless:
                page.give_up("hopeless")
            self._extend(page)
            free = self._window.size - self._active()
            for line in self._lines:
                free -= self._ask(line, page, free)
            if self._turn(page):
                moved = time.monotonic()
            elif time.monotonic() - moved > self._timeout and not self._active():
                page.give_up("the push service makes no room")

    def _active(self) -> int:
        return sum(len(line.http.open) for line in self._lines)

    def _extend(self, page: _Run) -> None:
        """More connections where those there are leave no room, as far as they can be had."""
        room = sum(line.http.room for line in self._lines)
        wanted = min(self._window.size - self._active(), len(page.waiting)) - room
        number = min(-(-wanted // self._streams), self._connections - len(self._lines), page.dials)
        if number > 0 and page.unreachable is None:
            page.dials -= number
            self._connect(number, page)
        if not self._lines and page.waiting:
            page.give_up(page.unreachable or "the push service ends connections")

    def _connect(self, number: int, page: _Run) -> None:
        """So many connections at once: each takes two or three round trips to make."""
        with ThreadPoolExecutor(number) as pool:
            dialled = [pool.submit(self._dial) for _ in range(number)]
        faults = []
        for one in dialled:
            fault = one.exception()
            if fault is None:
                line = _Line(one.result(), self._streams)
                self._lines.append(line)
                self._selector.register(line.channel, selectors.EVENT_READ, line)
            else:
                faults.append(fault)
        for fault in faults:
            if not isinstance(fault, Unreachable):
                raise fault
            page.unreachable = str(fault)

    def _ask(self, line: _Line, page: _Run, free: int) -> int:
        """Ask for at most ``free`` over one connection; how many it were."""
        waiting, bodies, headers = page.waiting, page.bodies, page.headers
        post, moment = line.http.post, time.monotonic()
        asked = 0
        for _ in range(min(line.http.room, free, len(waiting))):
            index = waiting.popleft()
            if not post(headers, bodies[index], index, moment):
                waiting.appendleft(index)
                break
            asked += 1
        if line.http.out:
            self._write(line)
        return asked

    def _turn(self, page: _Run) -> bool:
        """Wait for something to happen and see to it; whether something has."""
        moment = time.monotonic()
        oldest = min((line.oldest or moment for line in self._lines), default=moment)
        wait = min(max(oldest + self._timeout - moment, 0.0), _LONGEST_WAIT)
        events = self._selector.select(wait) if self._lines else []
        for key, mask in events:
            if mask & selectors.EVENT_WRITE:
                self._write(key.data)
            if mask & selectors.EVENT_READ:
                self._read(key.data, page)
        self._expire(page)
        return bool(events)

    def _read(self, line: _Line, page: _Run) -> None:
        try:
            if not line.read():
                line.http.lost("connection lost")
        except ProtocolError as error:
            log.warning("the push service breaks HTTP/2: %s", error)
            line.http.lost("HTTP/2 broken")
        if line.http.out:
            self._write(line)
        self._settle(line, page)

    def _expire(self, page: _Run) -> None:
        latest = time.monotonic() - self._timeout
        for line in list(self._lines):
            oldest = line.oldest
            if oldest is not None and oldest <= latest:
                if line.heard <= latest:
                    line.http.lost("timeout")
                line.http.expire(latest)
                self._settle(line, page)

    def _settle(self, line: _Line, page: _Run) -> None:
        """Tell what became of requests."""
        http, window = line.http, self._window
        if http.taken:
            window.answered(time.monotonic() - http.taken[0][1], len(http.taken))
            page.requests.taken([index for index, _ in http.taken])
            http.taken.clear()
        for answer in http.answers:
            page.requests.answered(answer.tag, answer)
        for index in reversed(http.untouched):
            window.pushed_back()
            page.untouched(index)
        for index, reason in http.broken:
            window.pushed_back()
            page.requests.lost(index, reason)
        for told in (http.answers, http.untouched, http.broken):
            told.clear()
        if http.leaving and not http.open:
            self._drop(line)

    def _write(self, line: _Line) -> None:
        done = line.write()
        watch = selectors.EVENT_READ if done else selectors.EVENT_READ | selectors.EVENT_WRITE
        if watch != line.watched:
            line.watched = watch
            self._selector.modify(line.channel, watch, line)

    def _drop(self, line: _Line) -> None:
        self._lines.remove(line)
        self._selector.unregister(line.channel)
        line.channel.close()
