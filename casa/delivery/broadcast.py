"""One event to many Socket.IO clients: encoded once, framed once, written to every socket.

The stock way costs a packet, a queue, a greenlet switch and a frame for each client, though all
are the same. Whoever is on its WebSocket is written to directly, where all else that is for it is
written too, in order (``casa.delivery.engine``); all others (long polling, upgrading) are served
the stock way, with the packet that is encoded already.
"""

import logging
import struct
from collections.abc import Sequence
from typing import Any

import engineio.packet
import socketio.packet
from flask_socketio import SocketIO

from casa.delivery.followers import Listener

log = logging.getLogger(__name__)

# Packets that may await a client which polls: one that stops polling is gone before it is 45
# seconds silent, and comes back with what it has seen.
_MOST_QUEUED = 200
# Between so many writes others may run.
_BREATH = 500


class Broadcast:
    """Sends events of one Flask-SocketIO server."""

    def __init__(self, server: SocketIO) -> None:
        self._sleep = server.sleep
        self._manager = server.server.manager
        self._sockets: dict[str, Any] = server.server.eio.sockets

    def send(self, listeners: Sequence[Listener], event: str, content: Any) -> None:
        """Emit ``event`` with ``content`` to those who, when it is their turn, still listen."""
        packet = engineio.packet.Packet(engineio.packet.MESSAGE, _encoded(event, content))
        frame = text_frame(packet.encode().encode())
        for start in range(0, len(listeners), _BREATH):
            self._send_some(listeners[start : start + _BREATH], packet, frame)
            self._sleep(0)

    def _send_some(self, listeners: Sequence[Listener], packet: Any, frame: bytes) -> None:
        """To so many that nobody else need run meanwhile."""
        size = len(frame)
        # Looked up together: between two writes the kernel has the processor's caches for itself.
        ready = [one.outlet.ready if one.outlet and one.listens else None for one in listeners]
        for listener, write in zip(listeners, ready, strict=True):
            written = 0
            try:
                if write is not None and (written := write(frame)) == size:
                    continue
            except BlockingIOError:
                pass
            except OSError as error:
                log.debug("a client has gone: %s", error)
                continue
            if listener.listens:
                self._send_rest(listener, packet, frame, written)

    def _send_rest(self, listener: Listener, packet: Any, frame: bytes, written: int) -> None:
        """What cannot be written at once, or to who was not known to be on a WebSocket."""
        try:
            if listener.outlet is not None:
                listener.outlet.keep(frame, written)
            else:
                self._send_first(listener, packet, frame)
        except (OSError, engineio.exceptions.EngineIOError) as error:
            log.debug("a client has gone: %s", error)

    def _send_first(self, listener: Listener, packet: Any, frame: bytes) -> None:
        socket = self._sockets.get(self._manager.eio_sid_from_sid(listener.client, "/"))
        if socket is None or socket.closing or socket.closed:
            return
        # Without gevent there is none, and all is sent the stock way.
        outlet = getattr(socket.queue, "outlet", None)
        if outlet is not None:
            listener.outlet = outlet
            outlet.send(frame)
        elif socket.queue.qsize() < _MOST_QUEUED:
            socket.send(packet)
        else:
            socket.close(wait=False, abort=True)


def _encoded(event: str, content: Any) -> str:
    """The Socket.IO packet (protocol 5): JSON only, so it is text."""
    made = socketio.packet.Packet(socketio.packet.EVENT, [event, content], "/")
    return str(made.encode())


def text_frame(payload: bytes) -> bytes:
    """A whole text message of a server (RFC 6455 section 5.2): unmasked, not compressed."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
