"""WebSockets whose outgoing bytes keep one order, whoever writes them, and never pile up.

simple-websocket does the protocol (RFC 6455, by wsproto). Here it is given a socket that takes all
that is written: at once as far as the kernel takes it, the rest when the client reads on. So a
ready frame can be written to thousands of sockets without a greenlet switch for each, beside what
engine.io itself sends. A client that leaves more than a bound unread is cut off; it comes back
with what it has seen.
"""

import logging
import socket
from collections import deque
from typing import Any

import gevent
import simple_websocket
from engineio.async_drivers import gevent as driver

log = logging.getLogger(__name__)

_KERNEL_BYTES = 65_536
_RECEIVE_BYTES = 1_024  # clients say little: a follow, a pong


class Outlet:
    """A gevent socket in front of which nothing overtakes and nothing waits for ever."""

    def __init__(self, sock: Any, most: int) -> None:
        """``most`` is how many bytes may await the client's reading."""
        # What a client leaves unread shall wait here, where it is bounded, and not in the kernel.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self._sock = sock
        self._raw = sock._sock  # gevent's own non-blocking socket, for a send that never switches
        self._most = most
        self._waiting: deque[memoryview] = deque()
        self._bytes = 0
        self._closed = False
        self._watcher: Any = None
        self.fileno = sock.fileno
        self.recv = sock.recv

    def send(self, data: bytes) -> int:
        """Write all of ``data``, now or as soon as the client reads; never waits.

        Raises:
            OSError: the connection is gone, or was cut off for reading too slowly.
        """
        if self._closed:
            raise OSError("the connection is closed")
        written = 0 if self._waiting else self._write(data)
        if written < len(data):
            self._keep(memoryview(data)[written:])
        return len(data)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._waiting.clear()
            self._forget_watcher()
        self._sock.close()

    def cut(self) -> None:
        """End the connection; whoever reads from it learns so."""
        self._closed = True
        self._waiting.clear()
        self._forget_watcher()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("already gone: %s", error)

    def _write(self, data: bytes | memoryview) -> int:
        try:
            written: int = self._raw.send(data)
            return written
        except BlockingIOError:
            return 0

    def _keep(self, rest: memoryview) -> None:
        self._bytes += len(rest)
        if self._bytes > self._most:
            self.cut()
            raise OSError("the client reads too slowly")
        self._waiting.append(rest)
        if self._watcher is None:
            self._watcher = gevent.get_hub().loop.io(self.fileno(), 2)
            self._watcher.start(self._drain)

    def _drain(self) -> None:
        """In the hub: the client reads on."""
        try:
            while self._waiting:
                written = self._write(self._waiting[0])
                self._bytes -= written
                if written < len(self._waiting[0]):
                    self._waiting[0] = self._waiting[0][written:]
                    return
                self._waiting.popleft()
        except OSError:
            self.cut()
            return
        self._forget_watcher()

    def _forget_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None


class _NoThread:
    """simple-websocket reads in a thread of its own; here whoever waits for a message reads."""

    name = ""

    def __init__(self, **_: Any) -> None:
        pass

    def start(self) -> None:
        pass


class Connection(simple_websocket.Server):  # type: ignore[misc]
    """A WebSocket that writes through an ``Outlet`` and needs no thread."""

    sock: Any
    connected: bool
    environ: dict[str, Any]

    def __init__(self, environ: dict[str, Any], most: int) -> None:
        # Compression would keep a dictionary for every client and make every frame another.
        plain = {k: v for k, v in environ.items() if k != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        self._most = most
        super().__init__(plain, receive_bytes=_RECEIVE_BYTES, thread_class=_NoThread)
        self.environ = {}

    def handshake(self) -> None:
        self.sock = self.outlet = Outlet(self.sock, self._most)
        super().handshake()

    def receive(self, timeout: float | None = None) -> Any:
        """The next message; waits for it.

        Raises:
            simple_websocket.ConnectionClosed
        """
        while not self.input_buffer:
            if not self.connected:
                self.sock.close()
                raise simple_websocket.ConnectionClosed(self.close_reason, self.close_message)
            try:
                data = self.sock.recv(self.receive_bytes)
                if not data:
                    raise OSError
                self.ws.receive_data(data)
                self.connected = self._handle_events()
            except (OSError, simple_websocket.ws.LocalProtocolError):
                self.connected = False
        return self.input_buffer.pop(0)


def install(engine: Any, most: int) -> None:
    """Make an engine.io server on gevent use these; each of its sockets is given ``outlet``."""

    class Adapter:
        """What engine.io asks of a WebSocket."""

        def __init__(self, handler: Any, server: Any) -> None:
            self._handler = handler

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            self._connection = Connection(environ, most)
            # The handler is a method of the engine.io socket that this connection belongs to.
            self._handler.__self__.outlet = self._connection.outlet
            try:
                return self._handler(self)
            finally:
                self._connection.outlet.close()

        def close(self) -> None:
            if self._connection.connected:
                try:
                    self._connection.close()
                except OSError as error:
                    log.debug("already gone: %s", error)

        def send(self, message: str | bytes) -> None:
            try:
                self._connection.send(message)
            except simple_websocket.ConnectionClosed:
                raise OSError from None

        def wait(self) -> Any:
            try:
                return self._connection.receive()
            except simple_websocket.ConnectionClosed:
                return None

    engine._async = {**driver._async, "websocket": Adapter}
