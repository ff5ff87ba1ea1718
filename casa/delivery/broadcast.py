"""One event to many Socket.IO clients: encoded once, framed once, written to every socket.

The stock way costs a packet, a queue, a greenlet switch and a frame for each client, though all
are the same. The shortcut is taken for a client only when nothing of its own waits to be sent, so
that its packets keep their order; all others (long polling, upgrading, something queued) are served
the stock way, with the packet that is encoded already.
"""

import logging
import struct
from collections.abc import Iterable
from typing import Any

import engineio.packet
import socketio.packet
from flask_socketio import SocketIO

log = logging.getLogger(__name__)

# Packets that may await a client which polls: one that stops polling is gone before it is 45
# seconds silent, and comes back with what it has seen.
_MOST_QUEUED = 200
# Between so many writes others may run.
_BREATH = 500


class Broadcast:
    """Sends events of one Flask-SocketIO server on gevent."""

    def __init__(self, server: SocketIO) -> None:
        self._sleep = server.sleep
        self._manager = server.server.manager
        self._sockets: dict[str, Any] = server.server.eio.sockets
        self._of_client: dict[str, Any] = {}

    def send(self, clients: Iterable[str], event: str, content: Any) -> None:
        """Emit ``event`` with ``content`` to clients by their ids; who is gone is passed over."""
        packet = engineio.packet.Packet(engineio.packet.MESSAGE, _encoded(event, content))
        frame = text_frame(packet.encode().encode())
        for number, client in enumerate(clients, 1):
            socket = self._of_client.get(client) or self._find(client)
            if socket is not None:
                _send_one(socket, packet, frame)
            if number % _BREATH == 0:
                self._sleep(0)

    def forget(self, client: str) -> None:
        """The client has gone."""
        self._of_client.pop(client, None)

    def _find(self, client: str) -> Any:
        """The engine.io socket of a client, kept until it is forgotten."""
        socket = self._sockets.get(self._manager.eio_sid_from_sid(client, "/"))
        if socket is not None:
            self._of_client[client] = socket
        return socket


def _encoded(event: str, content: Any) -> str:
    """The Socket.IO packet (protocol 5): JSON only, so it is text."""
    made = socketio.packet.Packet(socketio.packet.EVENT, [event, content], "/")
    return str(made.encode())


def _send_one(socket: Any, packet: Any, frame: bytes) -> None:
    try:
        if _is_idle(socket):
            socket.outlet.send(frame)
        elif socket.queue.qsize() < _MOST_QUEUED:
            socket.send(packet)
        else:
            socket.close(wait=False, abort=True)
    except (OSError, engineio.exceptions.EngineIOError) as error:
        log.debug("a client has gone: %s", error)


def _is_idle(socket: Any) -> bool:
    """Whether the client is on its WebSocket and nothing of its own waits to be sent."""
    return (
        socket.upgraded
        and not (socket.upgrading or socket.closing or socket.closed)
        and socket.queue.empty()
        # Without gevent there is none, and all is sent the stock way.
        and hasattr(socket, "outlet")
    )


def text_frame(payload: bytes) -> bytes:
    """A whole text message of a server (RFC 6455 section 5.2): unmasked, not compressed."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
