"""A web process: gevent's WSGI server with Socket.IO, which ends when it is asked to."""

import logging
import resource
import time
from collections.abc import Iterable

import gevent
from flask import Flask
from gevent.event import Event
from gevent.socket import wait_read

from casa.delivery.edge import Handler, Server
from casa.delivery.realtime import follower

log = logging.getLogger(__name__)

# Open sockets do not end by themselves; clients come back with what they have seen.
_PATIENCE = 2.0
_LOOK = 0.02
_BESIDE_CLIENTS = 3_000


def listen(app: Flask, host: str, port: int) -> Server:
    """A server that has its socket and answers nobody yet; the standard library must be patched.

    Raises:
        OSError: it cannot listen there.
    """
    _raise_descriptors(app.extensions["casa.settings"].follow_limit)
    server = Server((host, port), app, log=None, error_log=log)
    server.init_socket()
    return server


def serve(app: Flask, server: Server, ending: Iterable[int]) -> None:
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


def _raise_descriptors(clients: int) -> None:
    """Let the process have as many as its clients and all else take, as far as it may."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + _BESIDE_CLIENTS
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if resource.RLIM_INFINITY != now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
