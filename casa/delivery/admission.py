"""Who may open a session of engine.io, and what may be said in it.

Stands in front of engine.io's handling of requests and messages, through its public ways only. A
session counts from its first request, not from the Socket.IO connection that it may never ask
for; whoever breaks the protocol or floods is ended, and nobody is waited for meanwhile.
"""

import io
import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from sys import intern
from typing import Any
from urllib.parse import parse_qs

from engineio.payload import Payload
from werkzeug.exceptions import HTTPException

from casa.delivery.visitors import Visitors

log = logging.getLogger(__name__)

# Polls that wait hold a connection each; requests are to have the rest.
_POLLS_SHARE = 2

Answer = Iterable[bytes]


class Admission:
    """In front of one ``socketio.Server``."""

    def __init__(self, server: Any, visitors: Visitors, most: int) -> None:
        """``most`` bytes may await a client's next poll."""
        self._most = most
        self._server = server
        self._engine = server.eio
        self._visitors = visitors
        self._polling: set[str] = set()
        self._handle = server.eio.handle_request
        handlers = server.eio.handlers
        self._opened, self._heard = handlers["connect"], handlers["message"]
        self._closed = handlers["disconnect"]

    def install(self) -> None:
        self._engine.handle_request = self.handle_request
        self._engine.handlers |= {
            "connect": self._open,
            "message": self._hear,
            "disconnect": self._close,
        }

    def end(self, sid: str) -> None:
        """End a session without waiting for its client."""
        session = self._engine.sockets.pop(sid, None)
        if session is not None:
            session.close(wait=False, reason=self._engine.reason.SERVER_DISCONNECT)

    def handle_request(self, environ: dict[str, Any], start_response: Any) -> Answer:
        sid = _sid(environ)
        session = self._engine.sockets.get(sid)
        try:
            if sid is None and not self._visitors.has_room(_address(environ)):
                raise _Refused(503)
            if session is None or session.upgraded:
                return self._pass(environ, start_response)
            if environ["REQUEST_METHOD"] == "POST":
                self._take(session, environ)
                return self._pass(environ, start_response)
            if environ["REQUEST_METHOD"] == "GET" and not _is_upgrade(environ):
                return self._poll(session, environ, start_response)
            return self._pass(environ, start_response)
        except _Refused as refused:
            if refused.ends:
                self.end(session.sid)
            return _refusal(refused.status, start_response)

    def _pass(self, environ: dict[str, Any], start_response: Any) -> Answer:
        answer: Answer = self._handle(environ, start_response)
        return answer

    def _take(self, session: Any, environ: dict[str, Any]) -> None:
        """Read a post within its bounds, before engine.io does."""
        most = self._engine.max_http_buffer_size
        if int(environ.get("CONTENT_LENGTH") or 0) > most:
            raise _Refused(413, ends=True)
        try:
            body = environ["wsgi.input"].read(most + 1)
        except HTTPException as error:
            raise _Refused(error.code or 400, ends=True) from None
        if len(body) > most:
            raise _Refused(413, ends=True)
        try:
            packets = Payload(encoded_payload=body.decode()).packets
        except (ValueError, KeyError, RecursionError):
            raise _Refused(400, ends=True) from None
        if not all(self._visitors.speak(session.sid) for _ in packets):
            raise _Refused(429, ends=True)
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}

    def _poll(self, session: Any, environ: dict[str, Any], start_response: Any) -> Answer:
        """One at a time, as engine.io's protocol has it, and so many in all."""
        sid = session.sid
        if sid in self._polling:
            raise _Refused(400, ends=True)
        if len(self._polling) >= _most_polls(environ):
            raise _Refused(503, ends=True)
        self._polling.add(sid)
        try:
            return self._pass(environ, start_response)
        finally:
            self._polling.discard(sid)

    def _open(self, sid: str, environ: dict[str, Any]) -> Any:
        if not self._visitors.enter(sid, _address(environ)):
            return False
        bound = getattr(self._engine.sockets[sid].queue, "when_full", None)
        if bound is not None:  # without gevent there is none
            bound(self._most, lambda: self.end(sid))
        return self._opened(sid, lightened(environ))

    def _close(self, sid: str, reason: str | None = None) -> None:
        self._visitors.leave(sid)
        self._closed(sid, reason)

    def _hear(self, sid: str, data: str | bytes) -> None:
        if sid not in self._engine.sockets:
            return  # what was said after a fault, in the same breath
        try:
            if _asks_to_connect(data) and self._server.manager.sid_from_eio_sid(sid, "/"):
                raise ValueError("connected already")
            self._heard(sid, data)
        except (ValueError, RecursionError) as error:
            log.debug("a client's message is malformed: %s", error)
            self.end(sid)
        except KeyError:
            # It was ended while its message was being dealt with.
            if sid in self._server.environ:
                raise


class _Refused(Exception):
    def __init__(self, status: int, *, ends: bool = False) -> None:
        """``ends``: the session too."""
        super().__init__(status)
        self.status = status
        self.ends = ends


def lightened(environ: dict[str, Any]) -> dict[str, Any]:
    """A request's environment as it is kept for the handlers of a session's events.

    Without the request's input and connection, which hold buffers and a socket, and with texts
    that thousands of clients have in common kept once.
    """
    light = {
        intern(name): intern(value) if type(value) is str else value
        for name, value in environ.items()
        if name != "casa.connection"
    }
    return light | {"wsgi.input": io.BytesIO()}


def _asks_to_connect(data: str | bytes) -> bool:
    """To the one namespace that there is."""
    if not isinstance(data, str) or not data.startswith("0"):
        return False
    namespace = data[1:].partition(",")[0].partition("?")[0]
    return not namespace.startswith("/") or namespace == "/"


def _sid(environ: dict[str, Any]) -> str | None:
    """As engine.io reads it."""
    values = parse_qs(environ.get("QUERY_STRING", "")).get("sid")
    return values[0] if values else None


def _is_upgrade(environ: dict[str, Any]) -> bool:
    """As engine.io has it; anything else waits as a poll does."""
    options = [option.strip() for option in environ.get("HTTP_CONNECTION", "").lower().split(",")]
    return "upgrade" in options and environ.get("HTTP_UPGRADE", "").lower() == "websocket"


def _address(environ: dict[str, Any]) -> str:
    return str(environ.get("REMOTE_ADDR"))


def _most_polls(environ: dict[str, Any]) -> float:
    connection = environ.get("casa.connection")
    return connection.server.connections.most // _POLLS_SHARE if connection else float("inf")


def _refusal(status: int, start_response: Callable[..., Any]) -> Answer:
    phrase = HTTPStatus(status).phrase
    body = json.dumps({"code": 3, "message": phrase}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if status in (429, 503):
        headers.append(("Retry-After", "5"))
    start_response(f"{status} {phrase}", headers)
    return [body]
