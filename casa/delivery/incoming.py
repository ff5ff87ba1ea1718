"""What a peer sends over HTTP, in lines and pieces, each within its time and its bounds."""

import io
import socket
import time
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException, default_exceptions

from casa.delivery.connections import Connections
from casa.delivery.http1 import LONGEST_LINE, MOST_FIELDS, Head, Refusal, chunk_size, field

_RECEIVE_BYTES = 16_384
# A body has so long, and longer by what has come of it: phones in a storm are slow, not silent.
_BODY_SECONDS = 15.0
_LEAST_A_SECOND = 500  # bytes
# What the service did not want of a body is read up to here; beyond, the connection ends.
_DISCARDED_BYTES = 65_536
# More chunks than these are there to cost time.
_FREE_CHUNKS = 1_000
_LEAST_OF_CHUNK = 100  # bytes, in the mean


class Incoming:
    """The reading side of a connection. ``since`` is when what is now read began."""

    __slots__ = ("_buffer", "_connections", "_sock", "address", "since")

    def __init__(self, sock: Any, address: str, connections: Connections) -> None:
        self.address = address
        self.since = time.monotonic()
        self._sock = sock
        self._connections = connections
        self._buffer = b""

    @property
    def pending(self) -> bool:
        """Whether something has come that is not yet read."""
        return bool(self._buffer)

    def arrives(self, seconds: float) -> bool:
        """Whether anything comes within so many seconds."""
        try:
            return self.pending or self._fill(self.since + seconds)
        except Refusal:
            return False

    def line(self, deadline: float, longest: int = LONGEST_LINE, too_long: int = 431) -> bytes:
        """A line without its CR LF.

        Raises:
            Refusal: it is too long (``too_long`` is the status), too slow, or ends otherwise.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > longest:
                raise Refusal(too_long, f"A line is longer than {longest} bytes.")
            if not self._fill(deadline):
                raise Refusal(400, "The request ended too soon.")
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        if not line.endswith(b"\r"):
            raise Refusal(400, "Lines end with CR LF.")
        if len(line) > longest:
            raise Refusal(too_long, f"A line is longer than {longest} bytes.")
        return line[:-1]

    def piece(self, most: int, deadline: float) -> bytes:
        """Something of at most so many bytes; nothing at the end."""
        if not self._buffer and not self._fill(deadline):
            return b""
        piece, self._buffer = self._buffer[:most], self._buffer[most:]
        return piece

    def throw_away(self, most: int, seconds: float) -> None:
        """Read on and keep nothing, so that an answer arrives where the peer is still speaking."""
        self.since = time.monotonic()
        try:
            while most > 0 and self._fill(self.since + seconds):
                most -= len(self._buffer)
                self._buffer = b""
        except (OSError, Refusal):
            return

    def cut(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has gone already

    def _fill(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Refusal(408, "The request came too slowly.")
        self._sock.settimeout(left)
        self._connections.waits_for(self)
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise Refusal(408, "The request came too slowly.") from None
        finally:
            self._connections.goes_on(self)
        self._buffer += data
        return bool(data)


class Body(io.RawIOBase):
    """A request's body, of a length or in chunks; what is wrong with it is the client's error.

    Raises:
        HTTPException: 400 or 408; the connection is to end.
    """

    def __init__(self, incoming: Incoming, head: Head, go_on: Callable[[], None]) -> None:
        """``go_on`` says 100 Continue."""
        self.broken = False
        self._incoming = incoming
        self._left = head.length
        self._chunked = head.chunked  # and the last chunk has not come
        self._go_on = go_on if head.awaits_continue else None
        self._began: float | None = None
        self._bytes = 0
        self._chunks = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self._read_into(memoryview(buffer).cast("B"))
        except Refusal as refusal:
            self.broken = True
            raise _error(refusal) from None
        except OSError:
            self.broken = True
            raise _error(Refusal(400, "The connection ended in the body.")) from None

    @property
    def awaited(self) -> bool:
        """Whether more of it is to come."""
        return bool(self._left) or self._chunked

    @property
    def can_be_finished(self) -> bool:
        """Whether its rest is short enough to be read for the sake of the next request."""
        if self.broken or (self.awaited and self._go_on is not None):
            return False
        return self._left <= _DISCARDED_BYTES

    def finish(self) -> bool:
        """Read the rest, if it is short; whether the next request can be read."""
        before = self._bytes
        try:
            while self.awaited and self.can_be_finished:
                if self._bytes - before > _DISCARDED_BYTES:
                    return False
                self.read(_RECEIVE_BYTES)
        except HTTPException:
            return False
        return not self.awaited and not self.broken

    def _discard(self) -> None:
        """What gevent's handler calls after an answer; ``finish`` comes later."""

    def _read_into(self, view: memoryview) -> int:
        if self._go_on is not None and self.awaited:
            self._go_on()
            self._go_on = None
        if self._began is None:
            self._began = self._incoming.since = time.monotonic()
        if self._chunked and not self._left:
            self._begin_chunk()
        if not self._left or not view:
            return 0
        piece = self._incoming.piece(min(len(view), self._left), self._deadline)
        if not piece:
            raise Refusal(400, "The body ended too soon.")
        view[: len(piece)] = piece
        self._bytes += len(piece)
        self._left -= len(piece)
        if self._chunked and not self._left:
            self._end_chunk()
        return len(piece)

    @property
    def _deadline(self) -> float:
        return (self._began or 0) + _BODY_SECONDS + self._bytes / _LEAST_A_SECOND

    def _begin_chunk(self) -> None:
        self._chunks += 1
        if self._chunks > _FREE_CHUNKS + self._bytes // _LEAST_OF_CHUNK:
            raise Refusal(400, "The body comes in too many chunks.")
        self._left = chunk_size(self._incoming.line(self._deadline, 512, 400))
        if not self._left:
            self._chunked = False
            self._pass_trailers()

    def _end_chunk(self) -> None:
        if self._incoming.line(self._deadline, 2, 400):
            raise Refusal(400, "A chunk is longer than it says.")

    def _pass_trailers(self) -> None:
        for _ in range(MOST_FIELDS):
            line = self._incoming.line(self._deadline)
            if not line:
                return
            field(line)
        raise Refusal(431, "There are too many trailers.")


def _error(refusal: Refusal) -> HTTPException:
    return default_exceptions[refusal.status](refusal.reason)
