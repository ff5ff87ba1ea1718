"""What is written to a connection keeps one order, whoever writes it, and never piles up.

At once as far as the kernel takes it, the rest when the client reads on: so a ready frame can be
written to thousands of sockets without a greenlet switch for each, beside what engine.io itself
sends. A client that leaves more than a bound unread is cut off; it comes back with what it has
seen.
"""

import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

log = logging.getLogger(__name__)

_KERNEL_BYTES = 65_536
_WRITABLE = 2  # libev's EV_WRITE


class Outlet:
    """The writing side of a non-blocking socket, which whoever reads from it closes."""

    __slots__ = ("_bytes", "_most", "_sealed", "_sock", "_waiting", "_watcher", "ready")

    def __init__(self, sock: socket.socket, most: int) -> None:
        """``most`` is how many bytes may await the client's reading."""
        # What a client leaves unread shall wait here, where it is bounded, and not in the kernel.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self._sock = sock
        # Writes at once and tells how much was taken; none while something waits or after the end.
        # Whoever calls it hands what was not taken to ``keep``.
        self.ready: Callable[[bytes], int] | None = sock.send
        self._sealed = False
        self._most = most
        self._waiting: deque[bytes | memoryview] | None = None
        self._bytes = 0
        self._watcher: Any = None

    def send(self, data: bytes) -> None:
        """Write all of ``data``, now or as soon as the client reads; never waits.

        Raises:
            OSError: the connection is gone, or was cut off for reading too slowly.
        """
        if self.ready is None:
            return self.keep(data, 0)
        try:
            written = self.ready(data)
        except BlockingIOError:
            written = 0
        if written < len(data):
            self.keep(data, written)
        return None

    def keep(self, data: bytes, written: int) -> None:
        """Write ``data`` but for its beginning as soon as the client reads.

        Raises:
            OSError: as ``send``.
        """
        if self._sealed:
            raise OSError("the connection is closed")
        self.ready = None
        self._bytes += len(data) - written
        if self._bytes > self._most:
            self.cut()
            raise OSError("the client reads too slowly")
        if self._waiting is None:
            self._waiting = deque()
            self._watcher = gevent.get_hub().loop.io(self._sock.fileno(), _WRITABLE)
            self._watcher.start(self._drain)
        # What many wait for is kept once: a view costs as much as a short alert.
        self._waiting.append(memoryview(data)[written:] if written else data)

    def seal(self) -> None:
        """Nothing more is to be written than what waits."""
        self._sealed = True
        self.ready = None

    def cut(self) -> None:
        """End the connection; whoever reads from it learns so."""
        self.seal()
        self._forget()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("already gone: %s", error)

    def close(self) -> None:
        """Give the socket back."""
        self.seal()
        self._forget()
        self._sock.close()

    def _drain(self) -> None:
        """In the hub: the client reads on."""
        try:
            while self._waiting:
                rest = self._waiting[0]
                written = self._sock.send(rest)
                self._bytes -= written
                if written < len(rest):
                    self._waiting[0] = memoryview(rest)[written:]
                    return
                self._waiting.popleft()
        except BlockingIOError:
            return
        except OSError:
            self.cut()
            return
        self._forget()

    def _forget(self) -> None:
        self._waiting = None
        self._bytes = 0
        self.ready = None if self._sealed else self._sock.send
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
