"""A web process: gevent's WSGI server with Socket.IO, which ends when it is asked to."""

import logging
import time
from collections.abc import Iterable
from typing import ClassVar

import gevent
from flask import Flask
from gevent.event import Event
from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.socket import wait_read

from casa.delivery.realtime import follower

log = logging.getLogger(__name__)

# Open sockets do not end by themselves; clients come back with what they have seen.
_PATIENCE = 2.0
_LOOK = 0.02


class Handler(WSGIHandler):  # type: ignore[misc]
    """Ends a connection with its WebSocket: what follows one is no further request."""

    busy: ClassVar[int] = 0
    """Requests that are being answered by this process."""

    def run_application(self) -> None:
        Handler.busy += 1
        try:
            super().run_application()
        finally:
            Handler.busy -= 1
        if self.environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            self.close_connection = True


def listen(app: Flask, host: str, port: int) -> WSGIServer:
    """A server that has its socket and answers nobody yet; the standard library must be patched.

    Raises:
        OSError: it cannot listen there.
    """
    server = WSGIServer((host, port), app, log=None, error_log=log, handler_class=Handler)
    server.init_socket()
    return server


def serve(app: Flask, server: WSGIServer, ending: Iterable[int]) -> None:
    """Serve ``app`` until one of the descriptors ``ending`` can be read from."""
    following = follower(app)
    stop = Event()
    for descriptor in ending:
        gevent.spawn(_wait, descriptor, stop)
    print(f"CASA is at http://{server.server_host}:{server.address[1]}/", flush=True)
    server.start()
    stop.wait()
    following.stop()
    server.close()
    _finish_requests()
    server.stop(timeout=0)
    app.extensions["casa.database"].dispose()


def _wait(descriptor: int, stop: Event) -> None:
    wait_read(descriptor)
    stop.set()


def _finish_requests() -> None:
    """Who has asked is answered; who polls, or is slow, comes back with what it has seen."""
    deadline = time.monotonic() + _PATIENCE
    while Handler.busy and time.monotonic() < deadline:
        gevent.sleep(_LOOK)
