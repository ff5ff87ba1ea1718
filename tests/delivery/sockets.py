"""A Socket.IO server in this process, and clients that speak to it packet by packet."""

import json
from collections.abc import Callable
from typing import Any

import gevent
import socketio
from gevent import socket
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Event, TextMessage

from casa.delivery.edge import Server as WebServer
from casa.delivery.engine import install
from casa.delivery.visitors import Visitors

LARGEST = 2_000


class Server:
    """A Socket.IO server with two handlers that keep account of what they were told."""

    def __init__(self, *, visitors: Visitors | None = None, **options: Any) -> None:
        self.told: list[Any] = []
        self.socketio = socketio.Server(
            async_mode="gevent", max_http_buffer_size=LARGEST, http_compression=False, **options
        )
        self.visitors = Visitors(5_000, 5_000) if visitors is None else visitors
        install(self.socketio, 100_000, self.visitors)
        self.socketio.on("connect", lambda sid, _environ: self.told.append("connect"))
        self.socketio.on("say", self._say)
        self.socketio.on("disconnect", lambda sid, reason: self.told.append(reason))
        application = socketio.WSGIApp(self.socketio)
        self.web = WebServer(("127.0.0.1", 0), application, log=None)
        self.web.start()
        self.port = self.web.address[1]

    def _say(self, _sid: str, what: Any) -> Any:
        self.told.append(what)
        return what

    @property
    def sessions(self) -> dict[str, Any]:
        found: dict[str, Any] = self.socketio.eio.sockets
        return found

    def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        with gevent.Timeout(seconds):
            while not condition():
                gevent.sleep(0.02)

    def stop(self) -> None:
        self.web.stop(1)


class Client:
    """A WebSocket to the server, frame by frame."""

    def __init__(
        self,
        port: int,
        query: str = "",
        key: str = "AAAAAAAAAAAAAAAAAAAAAA==",
        source: str = "127.0.0.1",
    ) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
        self.sock.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: localhost\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head, _, rest = self._head().partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self._frames = Connection(ConnectionType.CLIENT, trailing_data=rest)
        self._events: list[Event] = list(self._frames.events())

    def _head(self) -> bytes:
        seen = b""
        with gevent.Timeout(10):
            while b"\r\n\r\n" not in seen:
                seen += self.sock.recv(4_096)
        return seen

    def frame(self, event: Event) -> bytes:
        return bytes(self._frames.send(event))

    def say(self, text: str) -> None:
        self.sock.sendall(self.frame(TextMessage(data=text)))

    def next(self, seconds: float = 10) -> Event | None:
        """What comes next; ``None``: the connection has ended."""
        with gevent.Timeout(seconds):
            while not self._events:
                try:
                    data = self.sock.recv(65_536)
                except ConnectionError:
                    data = b""
                if not data:
                    return None
                self._frames.receive_data(data)
                self._events += self._frames.events()
        return self._events.pop(0)

    def hear(self) -> str:
        """The next text; pings of engine.io are answered, which is not what is asked for."""
        while True:
            event = self.next()
            assert isinstance(event, TextMessage), event
            if event.data != "2":
                return str(event.data)
            self.say("3")

    def begin(self) -> "Client":
        assert self.status == 101
        assert json.loads(self.hear()[1:])["upgrades"] == []
        self.say("40")
        assert self.hear().startswith("40{")
        return self

    def close(self) -> None:
        self.sock.close()


class Poller:
    """A session that polls, one request after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        opened = json.loads(self.get("")[1:])
        assert opened["upgrades"] == ["websocket"]
        self.query = f"&sid={opened['sid']}"
        self.sid = opened["sid"]

    def _call(self, head: str, query: str, body: bytes = b"") -> bytes:
        with gevent.Timeout(10), socket.create_connection(("127.0.0.1", self._port)) as sock:
            sock.sendall(
                f"{head} /socket.io/?EIO=4&transport=polling{query} HTTP/1.0\r\nHost: localhost\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            seen = b""
            while part := sock.recv(65_536):
                seen += part
        status, _, answer = seen.partition(b"\r\n\r\n")
        self.status = int(status.split()[1])
        return answer

    def get(self, query: str | None = None) -> str:
        answer = self._call("GET", self.query if query is None else query).decode()
        assert self.status == 200, answer
        return answer

    def post(self, text: str) -> None:
        assert self.try_to_post(text.encode()) == 200

    def try_to_get(self) -> int:
        """The answer's status."""
        self._call("GET", self.query)
        return self.status

    def try_to_post(self, body: bytes) -> int:
        """The answer's status."""
        self._call("POST", self.query, body)
        return self.status
