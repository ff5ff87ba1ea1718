"""Broadcasting one 1.2 KB alert to many Socket.IO clients: deliveries per CPU-second of a server.

    python benchmarks/sockets.py [--clients 4000] [--alerts 20] [--repeats 3]
                                 [--never-read 5000]

  casa      a web process of CASA: followers found, frame built once, written to every socket
  stock     Flask-SocketIO on gevent, emit to a room, on gevent's own WSGI server (skipped where its
            two descriptors for each connection are more than a process may have)
  node      Node's socket.io 4, emit to a room (skipped where there is no node)
  bare      a loop that writes a ready frame to every socket: the bound

The server has one core, the load the other. Rounds alternate; medians. KB is how much the server's
memory grew for each connection. With ``--never-read`` so many more follow and never read: CASA's
memory before and after 400 alerts, and how long 1,000 readers wait for one, with and without them.
"""

import argparse
import os
import resource
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVERS = Path(__file__).with_name("socket_servers.py")
sys.path[:0] = [str(ROOT)]

from tests.system.processes import free_port  # noqa: E402

HELLO = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
MARK = b'"alert",'
PING = b"\x81\x012"


def masked(text: str) -> bytes:
    """A client's text frame, masked with zeros."""
    payload = text.encode()
    head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else b""
    return head + b"\0\0\0\0" + payload


class Load:
    """Clients that follow Barbados and count the alerts that they are sent."""

    def __init__(self, port: int, count: int) -> None:
        self._selector = selectors.EpollSelector()
        self._sockets: list[socket.socket] = []
        for number in range(count):
            self._sockets.append(self._connect(port))
            if number % 500 == 0:
                self._read(0)

    def _connect(self, port: int) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", port), timeout=30)
        made.sendall(HELLO)
        self._until(made, b'"sid"')
        made.sendall(masked("40"))
        self._until(made, b"40{")
        made.sendall(masked('420["follow",{"places":["BB"]}]'))
        self._until(made, b"430[")
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, [b""])
        return made

    @staticmethod
    def _until(made: socket.socket, mark: bytes) -> None:
        seen = b""
        while mark not in seen:
            part = made.recv(4_096)
            if not part:
                sys.exit("the server closed a connection")
            seen += part

    def hear(self, expected: int, seconds: float = 120) -> float:
        """Wait for so many alerts in all; the moment of the last."""
        heard, deadline = 0, time.monotonic() + seconds
        while heard < expected and time.monotonic() < deadline:
            heard += self._read(1.0)
        if heard < expected:
            sys.exit(f"only {heard} of {expected} alerts arrived")
        return time.monotonic()

    def _read(self, seconds: float) -> int:
        """How many alerts came; pings are answered."""
        heard = 0
        for key, _ in self._selector.select(seconds):
            new = key.fileobj.recv(262_144)
            if not new:
                sys.exit("the server closed a connection")
            if PING in new:
                key.fileobj.send(masked("3"))
            data = key.data[0] + new
            heard += data.count(MARK)
            key.data[0] = data[-len(MARK) + 1 :] if MARK not in data[-len(MARK) :] else b""
        return heard

    def close(self) -> None:
        for one in self._sockets:
            one.close()
        self._selector.close()


class Server:
    """A server process on core 0 that broadcasts when a line comes on its standard input."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["taskset", "-c", "0", *command, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        if self._process.stdout.readline().strip() != "ready":
            sys.exit(f"{command} did not start")

    def broadcast(self, times: int) -> None:
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()

    @property
    def cpu(self) -> float:
        """Seconds, to the nanosecond; ``stat`` counts in hundredths."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9

    @property
    def memory(self) -> float:
        """KB."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return float(line.split()[1])
        return 0.0

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def servers(folder: Path, clients: int) -> Iterator[dict[str, list[str]]]:
    found = {
        name: [sys.executable, str(SERVERS), name, str(folder / f"{name}.db")]
        for name in ("casa", "stock", "bare")
    }
    if 2 * clients + 100 > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        # It keeps two descriptors for each connection.
        del found["stock"]
    if shutil.which("node") and shutil.which("npm"):
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "socket.io@4"]
        subprocess.run(install, cwd=folder, check=True)
        shutil.copy(SERVERS.with_name("socket_server.js"), folder)
        found["node"] = ["node", "socket_server.js"]
    yield found


def measure(command: list[str], folder: Path, clients: int, alerts: int) -> tuple[float, ...]:
    """(deliveries per CPU-second, deliveries per second, KB a connection)."""
    port = free_port()
    server = Server(command, port, folder)
    try:
        before = server.memory
        load = Load(port, clients)
        each = (server.memory - before) / clients
        server.broadcast(1)
        load.hear(clients)
        cpu, start = server.cpu, time.monotonic()
        for _ in range(alerts):
            server.broadcast(1)
            wall = load.hear(clients) - start
        spent = server.cpu - cpu
        load.close()
    finally:
        server.stop()
    return clients * alerts / spent, clients * alerts / wall, each


def never_read(command: list[str], folder: Path, deaf_clients: int, alerts: int = 400) -> None:
    port = free_port()
    server = Server(command, port, folder)
    try:
        readers = Load(port, 1_000)
        alone = delay(server, readers)
        deaf = Load(port, deaf_clients)
        before = server.memory / 1024
        beside = delay(server, readers)
        for _ in range(alerts // 20):
            server.broadcast(20)
            readers.hear(20 * 1_000)
        after = server.memory / 1024
        cut = delay(server, readers)
        deaf.close()
    finally:
        server.stop()
    print(f"\n{deaf_clients:,} clients that never read, {alerts} alerts: memory of the server")
    print(f"{before:.0f} MB before, {after:.0f} MB after; 1,000 readers wait for an alert, in ms:")
    print(f"{alone:.0f} without them, {beside:.0f} beside them, {cut:.0f} once they are cut off")


def delay(server: Server, readers: Load) -> float:
    """Milliseconds from publishing until 1,000 have it, the median of eleven."""
    found = []
    for _ in range(11):
        start = time.monotonic()
        server.broadcast(1)
        found.append(1000 * (readers.hear(1_000) - start))
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=4_000)
    parser.add_argument("--alerts", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--never-read", type=int, default=0)
    given = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name, servers(Path(name), given.clients) as commands:
        if given.never_read:
            never_read(commands["casa"], Path(name), given.never_read)
        rounds = [
            {
                sort: measure(command, Path(name), given.clients, given.alerts)
                for sort, command in commands.items()
            }
            for _ in range(given.repeats)
        ]
    print(f"{given.clients:,} clients, {given.alerts} alerts of 1.2 KB, medians of {given.repeats}")
    print(f"{'':8}{'per CPU-second':>16}{'per second':>14}{'KB each':>10}{'casa is':>12}")
    median = {
        sort: [statistics.median(one[sort][n] for one in rounds) for n in range(3)]
        for sort in commands
    }
    for sort, (cpu, wall, each) in median.items():
        ratio = f"{median['casa'][0] / cpu:.2f}×"
        print(f"{sort:8}{cpu:>16,.0f}{wall:>14,.0f}{each:>10.1f}{ratio:>12}")


if __name__ == "__main__":
    main()
