"""A TLS connection to one service that is trusted, read and written in large pieces.

OpenSSL works on memory here, not on the socket: it asks the socket for each record's head and for
its body, two calls to the kernel where one brings a hundred records.
"""

import logging
import socket
import ssl
import time
from typing import NamedTuple
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

_PIECE = 262_144  # bytes
_RECORD = 16_384


class Unreachable(Exception):
    """No connection; the message says why, as an operator is to read it."""


class Received(NamedTuple):
    """What has come, and whether more may come."""

    data: bytes
    more: bool


def trusting(ca: str, protocols: list[str]) -> ssl.SSLContext:
    """What ``dial`` needs to know: a file of certificate authorities, and what to speak."""
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(protocols)
    return context


def dial(url: str, context: ssl.SSLContext, timeout: float) -> "Channel":
    """A connection to the host of ``url``, whose certificate has been looked at.

    ``timeout`` is in seconds, for each address of the host and for the handshake.

    Raises:
        Unreachable: there is none.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        plain = socket.create_connection((host, parts.port or 443), timeout)
    except OSError as error:
        raise Unreachable(_reason(error)) from error
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Channel(plain, context, host, timeout)
    except OSError as error:
        plain.close()
        raise Unreachable(_reason(error)) from error


def _reason(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return "certificate not trusted"
        case TimeoutError():
            return "timeout"
        case socket.gaierror():
            return "host not found"
        case ssl.SSLError():
            return "no secure connection"
    return "no connection"


class Channel:
    """An open connection that waits for nothing."""

    def __init__(
        self, plain: socket.socket, context: ssl.SSLContext, host: str, timeout: float
    ) -> None:
        """Shake hands over ``plain`` within ``timeout`` seconds.

        Raises:
            OSError: that did not succeed.
        """
        self._plain = plain
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)
        self._rest = b""
        self._shake_hands(time.monotonic() + timeout)
        plain.setblocking(False)

    def _shake_hands(self, deadline: float) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._plain.sendall(self._goes.read())
            except ssl.SSLError:
                # The other side is told what was wrong with it.
                self._plain.sendall(self._goes.read())
                raise
            else:
                return self._plain.sendall(self._goes.read())
            self._plain.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self._plain.recv(_PIECE)
            if not data:
                raise ConnectionResetError
            self._came.write(data)

    @property
    def protocol(self) -> str | None:
        """What both sides have agreed to speak (RFC 7301)."""
        return self._tls.selected_alpn_protocol()

    def fileno(self) -> int:
        return self._plain.fileno()

    def close(self) -> None:
        self._plain.close()

    def send(self, data: bytes) -> bool:
        """Send ``data`` after all that was to be sent before; whether nothing is left."""
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view[:_RECORD]) :]
        return self._flush()

    def _flush(self) -> bool:
        data = self._rest + self._goes.read()
        sent = 0
        try:
            while sent < len(data):
                sent += self._plain.send(memoryview(data)[sent:])
        except BlockingIOError:
            self._rest = data[sent:]
            return False
        except OSError as error:
            # What the other side said before it closed is read all the same, and then its end.
            log.debug("a connection is not written to any more: %s", error)
        self._rest = b""
        return True

    def receive(self) -> Received:
        """Whatever has come."""
        more = self._fetch()
        parts: list[bytes] = []
        try:
            while part := self._tls.read(_RECORD):
                parts.append(part)
            more = False
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            log.debug("a connection is not read any more: %s", error)
            more = False
        if self._goes.pending:
            self._flush()
        return Received(b"".join(parts), more)

    def _fetch(self) -> bool:
        try:
            while data := self._plain.recv(_PIECE):
                self._came.write(data)
                if len(data) < _PIECE:
                    return True
        except BlockingIOError:
            return True
        except OSError as error:
            log.debug("a connection has ended: %s", error)
        self._came.write_eof()
        return False
