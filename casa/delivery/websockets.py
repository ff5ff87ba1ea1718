"""WebSockets (RFC 6455, by wsproto) that cost memory only while something happens on them.

A greenlet that waits keeps its stack: some ten kilobytes, three times for each client of engine.io
(reader, writer, heartbeat). Here nobody waits. The event loop watches the socket; a greenlet comes
when there is something to read and goes when it is dealt with, and until then the next is not
read. Writing is an ``Outlet``.
"""

import base64
import binascii
import logging
import socket
from collections.abc import Mapping
from typing import Any, Protocol

import gevent
from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import generate_accept_token

from casa.delivery.connections import Connections
from casa.delivery.outlet import Outlet

log = logging.getLogger(__name__)

# Clients say little: a follow, a pong.
_RECEIVE_BYTES = 4_096
# So long a client has to answer our good-bye.
_FAREWELL = 5.0
_READABLE = 1  # libev's EV_READ


class Receiver(Protocol):
    """Whoever a connection's messages are for; may wait, may raise ``ValueError``."""

    def may_speak(self) -> bool:
        """Asked for each frame: whether the client has not said too much."""

    def receive(self, message: str | bytes) -> None: ...

    def gone(self) -> None:
        """The connection has ended; called once."""


def handshake(environ: Mapping[str, Any]) -> bytes | None:
    """The answer that turns a request into a WebSocket; ``None``: it does not ask for one.

    No extension is accepted: compression would keep a dictionary for every client and make every
    frame another.
    """
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    try:
        sound = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        sound = False
    if not sound or environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        return None
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % generate_accept_token(key.encode())
    )


def take_over(environ: Mapping[str, Any]) -> tuple[socket.socket, Connections] | None:
    """The socket of a request to ``casa.delivery.edge``, and where it is counted until it ends.

    ``None``: there is no room for another.
    """
    handler = environ["casa.connection"]
    taken = handler.take_over()
    return None if taken is None else (taken, handler.server.connections)


class Connection:
    """A client on its WebSocket, from the end of the handshake on."""

    __slots__ = (
        "_counted", "_deaf", "_frames", "_largest", "_limit", "_parts", "_receiver", "_size",
        "_sock", "_watcher", "outlet",
    )  # fmt: skip

    def __init__(
        self, sock: socket.socket, outlet: Outlet, largest: int, counted: Connections
    ) -> None:
        """``largest`` bounds a message of the client, in characters or bytes."""
        self._counted = counted
        self.outlet = outlet
        self._sock = sock
        self._largest = largest
        self._frames = Frames(ConnectionType.SERVER)
        self._parts: list[Any] = []
        self._size = 0
        self._deaf = False
        self._limit: gevent.Greenlet | None = None

    def start(self, receiver: Receiver) -> None:
        """Read from now on."""
        self._receiver = receiver
        self._watcher = gevent.get_hub().loop.io(self._sock.fileno(), _READABLE)
        self._watcher.start(self._wake)

    def send(self, message: str | bytes) -> None:
        """One message, text or binary.

        Raises:
            OSError: the connection is gone, or was cut off for reading too slowly.
        """
        if isinstance(message, str):
            self._send(TextMessage(data=message))
        else:
            self._send(BytesMessage(data=message))

    def finish(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Say good-bye; the connection ends with the client's, or a moment later."""
        if self._frames.state is not ConnectionState.OPEN:
            return
        try:
            self._send(CloseConnection(code=code, reason=reason))
        except OSError as error:
            log.debug("already gone: %s", error)
        self.outlet.seal()
        self._limit = gevent.spawn_later(_FAREWELL, self.outlet.cut)

    def _send(self, event: Event) -> None:
        if self._frames.state not in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            raise OSError("the connection is closed")
        self.outlet.send(bytes(self._frames.send(event)))

    def _wake(self) -> None:
        """In the hub: there is something to read."""
        self._watcher.stop()
        gevent.spawn(self._read)

    def _read(self) -> None:
        try:
            ended = self._take_in()
        except OSError as error:
            log.debug("a client has gone: %s", error)
            ended = True
        except Exception:
            log.exception("a client's message could not be dealt with")
            ended = True
        if not ended:
            self._watcher.start(self._wake)
            return
        self._watcher.close()
        self.outlet.close()
        self._counted.end_websocket()
        if self._limit is not None:
            self._limit.kill(block=False)
        self._receiver.gone()

    def _take_in(self) -> bool:
        """Deal with what there is to read; whether it was the last."""
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return False
        if not data or self._deaf:
            return not data
        self._frames.receive_data(data)
        return any(self._take(event) for event in self._frames.events())

    def _take(self, event: Event) -> bool:
        """Whether this was the last."""
        if self._is_whole(event) and not self._deaf and not self._receiver.may_speak():
            self._refuse(CloseReason.POLICY_VIOLATION, "say less")
        match event:
            case TextMessage() | BytesMessage() if not self._deaf:
                self._collect(event.data, event.message_finished)
            case Ping() if not self._deaf and self._frames.state is ConnectionState.OPEN:
                self._send(event.response())
            case CloseConnection() if self._frames.state is ConnectionState.OPEN:
                # So wsproto tells of a breach of the protocol.
                self._refuse(event.code, event.reason or "")
            case CloseConnection():
                if self._frames.state is ConnectionState.REMOTE_CLOSING:
                    self._send(event.response())
                return True
        return False

    @staticmethod
    def _is_whole(event: Event) -> bool:
        """Whether a frame ends with it; long ones come in parts, which are no fault of theirs."""
        return not isinstance(event, Message) or event.frame_finished

    def _collect(self, part: str | bytes | bytearray, last: bool) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._largest:
            return self._refuse(CloseReason.MESSAGE_TOO_BIG, f"at most {self._largest}")
        if not last:
            return None
        message = ("" if isinstance(part, str) else b"").join(self._parts)
        self._parts, self._size = [], 0
        try:
            return self._receiver.receive(message)
        except (ValueError, RecursionError) as error:
            return self._refuse(CloseReason.INVALID_FRAME_PAYLOAD_DATA, str(error))

    def _refuse(self, code: int, reason: str) -> None:
        """Listen no more; what still comes is thrown away, for a client in mid-sentence would else
        see a broken connection and not our reason."""
        self._parts.clear()
        self._deaf = True
        self.finish(code, reason)
