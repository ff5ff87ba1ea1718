"""The servers that ``benchmarks/sockets.py`` compares: ``socket_servers.py NAME DATABASE PORT``.

Each says "ready" and then broadcasts as often as each line on its standard input says.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gevent import monkey

monkey.patch_all()

import gevent  # noqa: E402
from gevent.fileobject import FileObject  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402
from gevent.server import StreamServer  # noqa: E402

sys.path[:0] = [str(Path(__file__).parents[1])]

from casa.delivery.broadcast import text_frame  # noqa: E402

ALERT = {
    "sequence": 1, "identifier": "8a3c0f6e-0d6b-4f0e-9f43-3f9b2f1c7a11", "msg_type": "Alert",
    "severity": "Severe", "headline": "Hurricane warning for Barbados", "description": "x" * 980,
}  # fmt: skip


def obey(broadcast: Callable[[], None]) -> None:
    """Broadcast as often as each line says."""
    for line in FileObject(sys.stdin.buffer, "rb"):
        for _ in range(int(line)):
            broadcast()
            gevent.sleep(0)


def stock(port: int) -> None:
    from flask import Flask
    from flask_socketio import SocketIO, join_room

    app = Flask("stock")
    server = SocketIO(app, async_mode="gevent", ping_interval=25, ping_timeout=20)
    server.on_event("follow", lambda _: join_room("BB") or {"sequence": 0, "missed": []})
    gevent.spawn(obey, lambda: server.emit("alert", ALERT, to="BB"))
    serve(app, port)


def casa(port: int, path: str) -> None:
    """The service itself; another process publishes, as another web process would."""
    import subprocess

    from casa import create_app, schema
    from casa.database import Database
    from casa.delivery.edge import Server
    from casa.delivery.realtime import follower
    from casa.settings import Settings

    url = f"sqlite:///{path}"
    if not Path(path).exists():
        schema.upgrade(Database(url))
    app = create_app(Settings(database_url=url, follow_per_address=100_000, follow_limit=100_000))
    bell = follower(app).ring
    command = ["taskset", "-c", "1", sys.executable, __file__, "publisher", path, str(port)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def pass_on() -> None:
        for line in FileObject(sys.stdin.buffer, "rb"):
            other.stdin.write(line)
            other.stdin.flush()

    def hear() -> None:
        """As of PostgreSQL's NOTIFY or a message of Redis."""
        for _ in FileObject(other.stdout, "rb"):
            bell()

    gevent.spawn(pass_on)
    gevent.spawn(hear)
    serve(app, port, Server)


def publisher(port: int, path: str) -> None:
    from casa import create_app
    from casa.agencies import keys
    from casa.agencies.demonstration import DEMONSTRATION
    from casa.database import Database
    from casa.settings import Settings
    from tests.conftest import later

    url = f"sqlite:///{path}"
    plan = next(one for one in DEMONSTRATION if one.code == "cdema")
    with Database(url).writing() as session:
        agency = replace(plan, code=f"a{port}", sender=f"{port}@demo.invalid").create(session)
        headers = {"Authorization": f"Bearer {keys.issue(session, agency, 'benchmark')}"}
    client = create_app(Settings(database_url=url)).test_client()
    info = {
        "language": "en", "category": ["Met"], "event": "Hurricane", "urgency": "Expected",
        "severity": "Severe", "certainty": "Likely", "expires": later(hours=12),
        "headline": "Hurricane warning for Barbados", "description": "x" * 155,
    }  # fmt: skip
    # A parish: the state's outline is a kilobyte, which the other servers would not send.
    alert = {"kind": "disaster", "info": [info], "area": [{"places": ["BB-03"]}]}

    def publish() -> None:
        answer = client.post("/v1/alerts?publish=true", json=alert, headers=headers)
        assert answer.status_code == 201, answer.json
        print("published", flush=True)

    obey(publish)


def serve(app: object, port: int, sort: type[WSGIServer] = WSGIServer) -> None:
    server = sort(("127.0.0.1", port), app, log=None, backlog=4096)
    server.start()
    print("ready", flush=True)
    server.serve_forever()


def bare(port: int) -> None:
    """Answers just what the load waits for, then writes a ready frame to every socket."""
    import json

    frame = text_frame(("42" + json.dumps(["alert", ALERT], separators=(",", ":"))).encode())
    clients: list[object] = []

    def handle(client: object, _: object) -> None:
        client.recv(4_096)
        client.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + text_frame(b'0{"sid":"x"}'))
        client.recv(4_096)
        client.sendall(text_frame(b'40{"sid":"x"}'))
        client.recv(4_096)
        client.sendall(text_frame(b'430[{"sequence":0}]'))
        clients.append(client.dup())

    def broadcast() -> None:
        for one in clients:
            sent = 0
            while sent < len(frame):
                try:
                    sent += one._sock.send(frame[sent:])
                except BlockingIOError:
                    gevent.sleep(0.001)

    gevent.spawn(obey, broadcast)
    server = StreamServer(("127.0.0.1", port), handle, backlog=4096)
    server.start()
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    name, database_path, chosen = sys.argv[1], sys.argv[2], int(sys.argv[3])
    match name:
        case "stock":
            stock(chosen)
        case "bare":
            bare(chosen)
        case "casa":
            casa(chosen, database_path)
        case "publisher":
            publisher(chosen, database_path)
