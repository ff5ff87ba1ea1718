"""A web process: gevent's WSGI server with Socket.IO, ended cleanly by SIGTERM or SIGINT."""

import logging
import resource
import signal

import gevent
from flask import Flask

from casa.delivery.edge import Server
from casa.delivery.realtime import follower

log = logging.getLogger(__name__)

# Open sockets do not end by themselves; clients come back with what they have seen.
_PATIENCE = 2.0
_BESIDE_CLIENTS = 3_000


def serve(app: Flask, host: str, port: int) -> None:
    """Serve ``app`` until the process is told to end; the standard library must be patched."""
    _raise_descriptors(app.extensions["casa.settings"].follow_limit)
    server = Server((host, port), app, log=None, error_log=log)
    server.init_socket()
    following = follower(app)

    def stop() -> None:
        following.stop()
        server.stop(_PATIENCE)

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop)
    print(f"CASA is at http://{host}:{server.address[1]}/", flush=True)
    server.serve_forever()
    app.extensions["casa.database"].dispose()


def _raise_descriptors(clients: int) -> None:
    """Let the process have as many as its clients and all else take, as far as it may."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + _BESIDE_CLIENTS
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if resource.RLIM_INFINITY != now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
