"""Where HTTP comes in: gevent's WSGI server with another reading of requests.

gevent's own reading is lenient, and its author says so. Here every request is read by
``casa.delivery.http1``, everything that a peer is waited for has a deadline, and connections are
counted when they are accepted. What makes an answer of an application is gevent's; it leaves in
one write.
"""

import errno
import json
import socket
import time
from http import HTTPStatus
from io import BufferedReader, BytesIO
from typing import Any, ClassVar
from urllib.parse import unquote

from gevent import monkey
from gevent.pywsgi import WSGIHandler, WSGIServer
from werkzeug.exceptions import HTTPException

from casa.delivery import http1
from casa.delivery.connections import Connections
from casa.delivery.http1 import Head, Refusal
from casa.delivery.incoming import Body, Incoming

# For a request's head; a connection that never says anything is given no longer.
_HEAD_SECONDS = 10.0
# Between two requests; more than proxies keep theirs by default, so that they end them.
_IDLE_SECONDS = 75.0
# For so many bytes of an answer to be taken.
_WRITE_BYTES, _WRITE_SECONDS = 65_536, 30.0
# Whoever was refused in mid-sentence is listened to so long, or would see no answer.
_FAREWELL_BYTES, _FAREWELL_SECONDS = 65_536, 1.0
# Not told to the application: what it names is this process's own (httpoxy).
_UNTOLD = ("content-type", "content-length", "proxy")
_plain_socket = monkey.get_original("socket", "socket")


class Handler(WSGIHandler):  # type: ignore[misc]
    """One connection, request by request."""

    environ: Any
    wsgi_input: Any
    busy: ClassVar[int] = 0
    """Requests that are being answered by this process."""

    def __init__(self, sock: Any, address: Any, server: "Server") -> None:
        self.socket = sock
        self.client_address = address
        self.server = server
        self.incoming = Incoming(sock, str(address[0]), server.connections)
        self._farewell = False
        self._served = 0

    def handle(self) -> None:
        try:
            if self.server.connections.enter(self.incoming):
                while self.handle_one_request():
                    self._served += 1
            else:
                self._refuse(Refusal(503, "There are too many connections. Try again soon."))
                self._farewell = False  # that would take time and a descriptor
            if self._farewell:
                self._part()
        finally:
            self.server.connections.leave(self.incoming)
            self.socket.close()
            # They know this handler, and nobody is to look for such circles.
            self.environ = self.wsgi_input = None

    def handle_one_request(self) -> bool:
        """Whether another may follow."""
        try:
            head = self._read_head()
        except Refusal as refusal:
            self._refuse(refusal)
            return False
        except OSError:
            return False
        if head is None:
            return False
        self._begin(head)
        self.environ = self.get_environ()
        self.application = self.server.application
        self.handle_one_response()
        if self.close_connection:
            self._farewell = self._farewell or self.wsgi_input.awaited
            return False
        self._farewell = not self.wsgi_input.finish()
        return not self._farewell

    def run_application(self) -> None:
        Handler.busy += 1
        try:
            super().run_application()
        finally:
            Handler.busy -= 1

    def take_over(self) -> socket.socket | None:
        """The connection for a WebSocket, of which this server then knows only the number.

        ``None``: there is no room, or the client has already said something else.
        """
        if self.incoming.pending or self.wsgi_input.awaited:
            return None
        if not self.server.connections.becomes_websocket(self.incoming):
            return None
        taken: socket.socket = _plain_socket(fileno=self.socket.detach())
        taken.setblocking(False)
        self.close_connection = True
        return taken

    def _read_head(self) -> Head | None:
        self.incoming.since = time.monotonic()
        if not self.incoming.arrives(_IDLE_SECONDS if self._served else _HEAD_SECONDS):
            return None
        self.incoming.since = time.monotonic()
        deadline = self.incoming.since + _HEAD_SECONDS
        # One empty line may stand before a request, as old clients end a body with one too many.
        line = self.incoming.line(deadline, too_long=414) or self.incoming.line(
            deadline, too_long=414
        )
        fields: list[tuple[str, str]] = []
        size = 0
        while text := self.incoming.line(deadline):
            size += len(text)
            if size > http1.MOST_BYTES or len(fields) >= http1.MOST_FIELDS:
                raise Refusal(431, "The request has too many headers.")
            fields.append(http1.field(text))
        return http1.read(line, fields)

    def _begin(self, head: Head) -> None:
        self._head = head
        self.headers_sent = False
        self.command = head.method
        self.request_version = f"HTTP/1.{head.minor}"
        # An upgraded connection ends with its WebSocket, and so does one that was refused one.
        self.close_connection = not head.keep_alive or head.upgrade == "websocket"
        self.wsgi_input = Body(self.incoming, head, self._say_continue)
        self.response_length = 0

    def get_environ(self) -> dict[str, Any]:
        head = self._head
        environ: dict[str, Any] = self.server.get_environ()
        environ.update(
            REQUEST_METHOD=head.method,
            SCRIPT_NAME="",
            PATH_INFO=unquote(head.path, "latin-1"),
            QUERY_STRING=head.query,
            SERVER_PROTOCOL=self.request_version,
            REMOTE_ADDR=str(self.client_address[0]),
            REMOTE_PORT=str(self.client_address[1]),
        )
        for name, value in head.fields:
            # With an underscore it could be taken for another, whose dashes become underscores.
            if name in _UNTOLD or "_" in name:
                continue
            key = "HTTP_" + name.upper().replace("-", "_")
            if key in environ:
                environ[key] += ("; " if name == "cookie" else ",") + value
            else:
                environ[key] = value
        described = dict(head.fields)
        if "content-type" in described:
            environ["CONTENT_TYPE"] = described["content-type"]
        if "content-length" in described:
            environ["CONTENT_LENGTH"] = str(head.length)
        body = self.wsgi_input
        environ["wsgi.input"] = BufferedReader(body) if body.awaited else BytesIO()
        environ["wsgi.input_terminated"] = True
        environ["casa.connection"] = self
        return environ

    def finalize_headers(self) -> None:
        super().finalize_headers()
        if self.command == "HEAD":
            self.response_use_chunked = False
        if not (self.close_connection or self.wsgi_input.can_be_finished):
            self.close_connection = True
        names = {name.lower() for name, _ in self.response_headers}
        if not names & {b"content-length", b"transfer-encoding"} and self.code not in (204, 304):
            self.close_connection = True
        if self.close_connection and b"connection" not in names:
            self.response_headers.append((b"Connection", b"close"))

    def _write_with_headers(self, data: bytes) -> None:
        """Head and body in one write: in two, each would wait for the peer's acknowledgement."""
        self.headers_sent = True
        self.finalize_headers()
        lines = [b"HTTP/1.1 " + self.status]
        lines += [b"%b: %b" % header for header in self.response_headers]
        self._sendall(b"\r\n".join(lines) + b"\r\n\r\n" + self._framed(data))

    def _write(self, data: bytes) -> None:
        if framed := self._framed(data):
            self._sendall(framed)

    def _framed(self, data: bytes) -> bytes:
        if not data or self.command == "HEAD":
            return b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.response_use_chunked else data

    def _sendall(self, data: bytes) -> None:
        self.incoming.since = time.monotonic()
        self.server.connections.waits_for(self.incoming)
        self.socket.settimeout(_WRITE_SECONDS)
        try:
            for begin in range(0, len(data), _WRITE_BYTES):
                self.socket.sendall(data[begin : begin + _WRITE_BYTES])
        except TimeoutError:
            self.close_connection = True
            raise BrokenPipeError(errno.EPIPE, "the client reads too slowly") from None
        finally:
            self.server.connections.goes_on(self.incoming)
        self.response_length += len(data)

    def _say_continue(self) -> None:
        self._sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.response_length = 0

    def handle_error(self, sort: Any, error: Any, trace: Any) -> None:
        """What an application did not catch; a body's faults are its sender's."""
        self.close_connection = True
        if not isinstance(error, HTTPException):
            super().handle_error(sort, error, trace)
        elif not self.headers_sent:
            self._refuse(Refusal(error.code or 400, error.description or ""))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer without the application, and end."""
        status = HTTPStatus(refusal.status)
        again = b"Retry-After: 5\r\n" if refusal.status == 503 else b""
        body = json.dumps(
            {
                "type": f"urn:casa:problem:{status.phrase.lower().replace(' ', '-')}",
                "title": status.phrase,
                "status": refusal.status,
                "detail": refusal.reason,
            }
        ).encode()
        self._farewell = True
        try:
            self._sendall(
                b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\n"
                b"Content-Length: %d\r\nConnection: close\r\n%b\r\n%b"
                % (refusal.status, status.phrase.encode(), len(body), again, body)
            )
        except OSError:
            self._farewell = False

    def _part(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return
        self.incoming.throw_away(_FAREWELL_BYTES, _FAREWELL_SECONDS)

    def log_request(self) -> None:
        """Nothing: proxies keep such logs, and no line is to tell of who asked for what."""


class Server(WSGIServer):  # type: ignore[misc]
    """gevent's server for ``Handler``; bounded by what descriptors the process may have."""

    handler_class = Handler
    backlog = 4_096

    def __init__(self, *arguments: Any, connections: Connections | None = None, **named: Any):
        self.connections = Connections.of_process() if connections is None else connections
        super().__init__(*arguments, **named)

    def handle(self, sock: Any, address: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(sock, address)
