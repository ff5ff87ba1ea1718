"""Hostile connections of six sorts, held open and opened again when the service ends them."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from tests.system.socket_phones import HELLO, masked

HEAD = b"Host: casa.example\r\n"
POLL = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n" + HEAD + b"\r\n"
FOLLOW = masked("40") + masked('420["follow",{"places":["BB"]}]')


def bad_post(sid: bytes, number: int) -> bytes:
    body = b"4" + b"x" * 20_000 if number % 2 else b"7"
    return (
        b"POST /socket.io/?EIO=4&transport=polling&sid=%b HTTP/1.1\r\n" % sid
        + HEAD
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body
    )


class Hostile:
    """One connection: what it begins with, and what it goes on with every now and then."""

    def __init__(self, port: int, number: int) -> None:
        self._port, self._number = port, number
        self._sort = SORTS[number % len(SORTS)]
        self._sock: socket.socket | None = None
        self._talk: Iterator[bytes] = iter(())
        self.opened = 0

    def go_on(self) -> None:
        try:
            if self._sock is None:
                self._open()
            self._say(next(self._talk))
        except BlockingIOError:
            return
        except (OSError, StopIteration):
            self.close()

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _open(self) -> None:
        self._sock = socket.socket()
        self._sock.bind((f"127.0.2.{self._number % 20 + 1}", 0))
        self._sock.settimeout(2)
        self._sock.connect(("127.0.0.1", self._port))
        self._sock.setblocking(False)
        self._talk = self._sort(self)
        self.opened += 1

    def _say(self, data: bytes) -> None:
        if data:
            self._sock.send(data)
        elif self._sock.recv(1, socket.MSG_PEEK) == b"":
            self.close()

    def _hear(self, mark: bytes) -> Iterator[bytes]:
        """Nothing until ``mark`` has come; then what has come is in ``self.heard``."""
        self.heard = b""
        while mark not in self.heard:
            with suppress(BlockingIOError):
                self.heard += self._sock.recv(4_096)
            yield b""


def silent(_: Hostile) -> Iterator[bytes]:
    while True:
        yield b""


def slow_head(_: Hostile) -> Iterator[bytes]:
    yield b"GET /v1/alerts HTTP/1.1\r\n" + HEAD
    while True:
        yield b"X-A: b\r\n"


def slow_body(_: Hostile) -> Iterator[bytes]:
    yield b"POST /v1/devices HTTP/1.1\r\n" + HEAD
    yield b"Content-Type: application/json\r\nContent-Length: 900000\r\n\r\n"
    while True:
        yield b"["


def never_connects(_: Hostile) -> Iterator[bytes]:
    yield HELLO
    while True:
        yield b""


def bad_poller(hostile: Hostile) -> Iterator[bytes]:
    yield POLL
    yield from hostile._hear(b'"sid":"')
    sid = hostile.heard.partition(b'"sid":"')[2].partition(b'"')[0]
    yield bad_post(sid, random.randrange(2))
    while True:
        yield b""


def floods_and_never_reads(_: Hostile) -> Iterator[bytes]:
    yield HELLO
    yield b""
    yield FOLLOW
    while True:
        yield masked('42["x"]') * 20


SORTS: tuple[Callable[[Hostile], Iterator[bytes]], ...] = (
    silent, slow_head, slow_body, never_connects, bad_poller, floods_and_never_reads,
)  # fmt: skip


class Attack:
    """``count`` hostile connections for as long as it lasts."""

    def __init__(self, port: int, count: int) -> None:
        self._hostile = [Hostile(port, number) for number in range(count)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def opened(self) -> int:
        """By how many connections at least once."""
        return sum(one.opened > 0 for one in self._hostile)

    def stop(self) -> int:
        """End all; how many connections there were in all."""
        self._stop.set()
        self._thread.join(60)
        for one in self._hostile:
            one.close()
        return sum(one.opened for one in self._hostile)

    def _run(self) -> None:
        while not self._stop.is_set():
            for one in self._hostile:
                one.go_on()
                if self._stop.is_set():
                    return
            # As many things in a second, however many they are: it is what they hold that is tried.
            time.sleep(len(self._hostile) / 1_000)
