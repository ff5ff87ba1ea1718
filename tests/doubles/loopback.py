"""A small HTTP server for doubles: HTTP/2 and HTTP/1.1 over TLS on loopback, chosen by ALPN.

The application is one coroutine function: ``Request`` in, ``Response`` out. It can raise
``Drop`` (the connection is cut without an answer), ``Refuse`` (HTTP/2: the server says that it did
not look at this request) or ``GoAway`` (nor at any later one, and closes). Over HTTP/1.1 all three
are ``Drop``.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h11
from h2.errors import ErrorCodes


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    http_version: str


@dataclass
class Response:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


class Drop(Exception):
    """Cut the connection."""


class Refuse(Exception):
    """Refuse this request."""


class GoAway(Exception):
    """Refuse this request and all later ones on the connection."""


Application = Callable[[Request], Awaitable[Response]]


async def serve(app: Application, context: ssl.SSLContext, port: int) -> asyncio.Server:
    """Listen on 127.0.0.1; port 0 takes any free one."""
    context.set_alpn_protocols(["h2", "http/1.1"])
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: _Connection(app), "127.0.0.1", port, ssl=context, backlog=512
    )


class _Connection(asyncio.Protocol):
    """Waits for the handshake, then speaks what ALPN settled on."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._speaker: _Http1 | _Http2 | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        chosen = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        self._speaker = (_Http2 if chosen == "h2" else _Http1)(self._app, transport)

    def data_received(self, data: bytes) -> None:
        self._speaker.received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._speaker.lost()


class _Http2:
    def __init__(self, app: Application, transport: asyncio.Transport) -> None:
        self._app = app
        self._transport = transport
        config = h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8", validate_inbound_headers=False
        )
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings.max_concurrent_streams = 100
        self._h2.initiate_connection()
        self._open: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: int | None = None
        self._flush()

    def received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self._flush()
            self._transport.close()
            return
        for event in events:
            match event:
                case h2.events.RequestReceived():
                    self._open[event.stream_id] = (dict(event.headers), bytearray())
                case h2.events.DataReceived():
                    if event.stream_id in self._open:
                        self._open[event.stream_id][1].extend(event.data)
                    self._h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
                case h2.events.StreamEnded():
                    task = asyncio.ensure_future(self._answer(event.stream_id))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                case h2.events.StreamReset():
                    self._open.pop(event.stream_id, None)
        self._flush()

    async def _answer(self, stream: int) -> None:
        if self._last is not None and stream > self._last:
            return
        headers, body = self._open[stream]
        request = Request(headers[":method"], headers[":path"], headers, bytes(body), "2")
        try:
            response = await self._app(request)
        except Drop:
            self._transport.abort()
            return
        except Refuse:
            del self._open[stream]
            self._h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            self._flush()
            return
        except GoAway:
            self._last = max(stream - 2, 0)
            self._h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=self._last)
            self._flush()
            self._transport.close()
            return
        if self._open.pop(stream, None) is None or self._transport.is_closing():
            return
        fields = [(":status", str(response.status)), *response.headers.items()]
        self._h2.send_headers(stream, [*fields, ("content-length", str(len(response.body)))])
        self._send(stream, response.body)

    def _send(self, stream: int, body: bytes) -> None:
        """Long answers are the control endpoint's, read over HTTP/1.1; here they must fit."""
        if len(body) > self._h2.local_flow_control_window(stream):
            self._h2.reset_stream(stream, ErrorCodes.FLOW_CONTROL_ERROR)
        else:
            size = self._h2.max_outbound_frame_size
            for start in range(0, len(body), size):
                self._h2.send_data(stream, body[start : start + size])
            self._h2.end_stream(stream)
        self._flush()

    def lost(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._transport.write(data)


class _Http1:
    def __init__(self, app: Application, transport: asyncio.Transport) -> None:
        self._app = app
        self._transport = transport
        self._h11 = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None

    def received(self, data: bytes) -> None:
        self._h11.receive_data(data)
        self._read()

    def _read(self) -> None:
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError:
                self._transport.close()
                return
            if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return
            if isinstance(event, h11.Request):
                self._head, self._body = event, bytearray()
            elif isinstance(event, h11.Data):
                self._body.extend(event.data)
            else:
                self._task = asyncio.ensure_future(self._answer())

    async def _answer(self) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in self._head.headers}
        method, path = self._head.method.decode(), self._head.target.decode()
        try:
            response = await self._app(Request(method, path, headers, bytes(self._body), "1.1"))
        except (Drop, Refuse, GoAway):
            self._transport.abort()
            return
        fields = [*response.headers.items(), ("content-length", str(len(response.body)))]
        head = h11.Response(status_code=response.status, headers=fields)
        out = self._h11.send(head) + self._h11.send(h11.Data(data=response.body))
        self._transport.write(out + self._h11.send(h11.EndOfMessage()))
        if self._h11.our_state is h11.MUST_CLOSE:
            self._transport.close()
            return
        self._h11.start_next_cycle()
        self._read()

    def lost(self) -> None:
        if self._task is not None:
            self._task.cancel()
