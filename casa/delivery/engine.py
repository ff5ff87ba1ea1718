"""engine.io's sessions without a greenlet of their own.

engine.io keeps three for each client: one reads its WebSocket, one waits for what is to be written,
one for the next ping. ``install`` gives a server of Flask-SocketIO on gevent others in their place,
through what it leaves to its asynchronous driver: a queue that writes at once where there is a
WebSocket, connections that wait in the event loop, and one heartbeat for all. Sessions, handlers,
long polling and every packet stay engine.io's own.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
import gevent.queue
from engineio.async_drivers import gevent as driver
from engineio.exceptions import SocketIsClosedError, UnknownPacketError
from engineio.packet import NOOP, PING, PONG, UPGRADE, Packet
from engineio.socket import Socket

from casa.delivery.admission import Admission
from casa.delivery.heartbeat import Heartbeat
from casa.delivery.outlet import Outlet
from casa.delivery.visitors import Visitors
from casa.delivery.websockets import Connection, handshake, take_over

log = logging.getLogger(__name__)

# A client that asks for a WebSocket and then does not say that it will use it.
_UPGRADE_SECONDS = 10.0


class Outgoing:
    """What is for a client, in order: queued for its next poll, or written to its WebSocket.

    Nobody waits until it has been taken.
    """

    __slots__ = ("_bytes", "_connection", "_most", "_queue", "_when_full")

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._queue: Any = gevent.queue.Queue()
        self._most = 0
        self._bytes = 0
        self._when_full: Callable[[], None] | None = None

    @property
    def outlet(self) -> Outlet | None:
        """Where a ready frame can be written, if the client is on its WebSocket."""
        return None if self._connection is None else self._connection.outlet

    def attach(self, connection: Connection) -> None:
        """From now on on this WebSocket, what is queued first."""
        queue, self._queue = self._queue, None
        self._when_full = None
        self._connection = connection
        while not queue.empty():
            self.put(queue.get_nowait())
        # A poll that is still waiting is let go.
        queue.put(Packet(NOOP))

    def when_full(self, most: int, end: Callable[[], None]) -> None:
        """With more than ``most`` bytes that await a poll, forget them all and call ``end``."""
        self._most = most
        self._when_full = end

    def put(self, packet: Packet | None) -> None:
        """``None``: that was all."""
        if self._connection is None:
            self._enqueue(packet)
        elif packet is None:
            self._connection.finish()
        else:
            self._write(self._connection, packet)

    def get(self, block: bool = True, timeout: float | None = None) -> Packet | None:
        if self._queue is None:
            raise gevent.queue.Empty
        packet: Packet | None = self._queue.get(block, timeout)
        self._bytes -= _size(packet)
        return packet

    def task_done(self) -> None:
        """Nothing: nobody waits for it."""

    def join(self) -> None:
        """Nothing: a client may never take what is for it."""

    def qsize(self) -> int:
        return self._queue.qsize() if self._queue is not None else 0

    def _enqueue(self, packet: Packet | None) -> None:
        self._bytes += _size(packet)
        self._queue.put(packet)
        if self._bytes > self._most and self._when_full is not None:
            end, self._when_full = self._when_full, None
            while not self._queue.empty():
                self.get()
            end()

    @staticmethod
    def _write(connection: Connection, packet: Packet) -> None:
        try:
            connection.send(packet.encode())
        except OSError as error:
            # Whoever reads from it tells engine.io.
            log.debug("a client has gone: %s", error)


def _size(packet: Packet | None) -> int:
    """About as many bytes as it takes to keep."""
    data = packet.data if packet is not None else None
    return 200 + (len(data) if isinstance(data, str | bytes) else 0)


class Session:
    """An engine.io session on its WebSocket: what ``Socket._websocket_handler`` does, by events."""

    __slots__ = ("_connection", "_limit", "_socket", "_stage", "_visitors")

    def __init__(self, socket: Any, connection: Connection, visitors: Visitors) -> None:
        self._socket = socket
        self._connection = connection
        self._visitors = visitors
        self._stage: Callable[[Packet], None] = self._converse
        self._limit: gevent.Greenlet | None = None

    def begin(self) -> None:
        """A new session, or one that polls and is to change over when it has tried this way."""
        if self._socket.connected:
            self._socket.upgrading = True
            self._stage = self._probe
            self._limit = gevent.spawn_later(_UPGRADE_SECONDS, self._connection.outlet.cut)
        else:
            self._socket.connected = True
            self._open()
        self._connection.start(self)

    def may_speak(self) -> bool:
        return self._visitors.speak(self._socket.sid)

    def receive(self, message: str | bytes) -> None:
        self._stage(Packet(encoded_packet=message))

    def gone(self) -> None:
        self._relax()
        if self._stage == self._converse:
            socket = self._socket
            socket.close(wait=False, abort=True, reason=socket.server.reason.TRANSPORT_CLOSE)
            socket.server.sockets.pop(socket.sid, None)
        else:
            self._socket.upgrading = False

    def _probe(self, packet: Packet) -> None:
        if packet.packet_type != PING or packet.data != "probe":
            raise ValueError("expected a probe")
        self._stage = self._change_over
        self._connection.send(Packet(PONG, "probe").encode())
        self._socket.queue.put(Packet(NOOP))  # ends the poll that waits

    def _change_over(self, packet: Packet) -> None:
        if packet.packet_type != UPGRADE:
            raise ValueError("expected an upgrade")
        if self._socket.closed or self._socket.closing:
            raise ValueError("the session is closed")
        self._relax()
        self._socket.upgrading = False
        self._stage = self._converse
        self._open()

    def _open(self) -> None:
        self._socket.upgraded = True
        self._socket.queue.attach(self._connection)

    def _converse(self, packet: Packet) -> None:
        try:
            self._socket.receive(packet)
        except UnknownPacketError:
            log.debug("a packet of an unknown type")
        except SocketIsClosedError:
            self._connection.finish()

    def _relax(self) -> None:
        """The change-over has come to an end, good or bad."""
        if self._limit is not None:
            self._limit.kill(block=False)
            self._limit = None


def install(server: Any, most: int, visitors: Visitors) -> None:
    """Change a ``socketio.Server`` on gevent; ``most`` bytes may await a client's reading."""
    engine = server.eio
    admission = Admission(server, visitors, most)
    admission.install()
    heartbeat = Heartbeat(engine, visitors.overdue, admission.end)
    start = engine.start_background_task

    def websocket(handler: Any, _: Any) -> Callable[..., Any]:
        socket = handler.__self__

        def begin(environ: dict[str, Any], _: Any) -> Any:
            answer = handshake(environ)
            if answer is None or socket.upgrading:
                return _refused(socket)
            taken = take_over(environ)
            if taken is None:
                return _refused(socket)
            sock, counted = taken
            connection = Connection(sock, Outlet(sock, most), engine.max_http_buffer_size, counted)
            with suppress(OSError):  # whoever reads from it learns so
                connection.outlet.send(answer)
            Session(socket, connection, visitors).begin()
            # No list, which engine.io would take for packets to answer a poll with.
            return ()

        return begin

    def start_background_task(target: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(target, "__func__", None) is Socket._send_ping:
            return heartbeat.expect(target.__self__)
        return start(target, *arguments, **named)

    engine._async = {**driver._async, "websocket": websocket, "queue": Outgoing}
    engine.start_background_task = start_background_task
    # The heartbeat does this too.
    engine.start_service_task = False


def _refused(socket: Any) -> Any:
    """400; a session that only polls goes on, a new one has not begun."""
    if not socket.connected:
        socket.close(wait=False, abort=True, reason=socket.server.reason.TRANSPORT_ERROR)
    return socket.server._bad_request("Invalid websocket upgrade")
