"""Frames written straight to sockets: whole, in order, bounded; real sockets on gevent."""

import socket as stock
from types import SimpleNamespace
from typing import Any

import pytest
from gevent import Timeout, sleep, socket, spawn
from gevent.queue import JoinableQueue
from wsproto.frame_protocol import FrameDecoder

from casa.delivery.broadcast import Broadcast, text_frame
from casa.delivery.websockets import Outlet


@pytest.fixture
def pair() -> Any:
    """A server's gevent socket with a small buffer, and the client's end."""
    server, client = socket.socketpair()
    server.setsockopt(stock.SOL_SOCKET, stock.SO_SNDBUF, 4_096)
    client.setsockopt(stock.SOL_SOCKET, stock.SO_RCVBUF, 4_096)
    yield server, client
    server.close()
    client.close()


def read(client: Any, size: int) -> bytes:
    found = b""
    with Timeout(10):
        while len(found) < size:
            found += client.recv(65_536)
    return found


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_one_text_message(size: int) -> None:
    payload = b"x" * size
    decoder = FrameDecoder(client=True)
    decoder.receive_bytes(text_frame(payload))
    found = b""
    while True:
        frame = decoder.process_buffer()
        assert frame is not None
        found += frame.payload
        if frame.message_finished:
            break
    assert found == payload


def test_what_does_not_fit_at_once_follows_in_order(pair: Any) -> None:
    server, client = pair
    outlet = Outlet(server, 1_000_000)
    parts = [bytes([number]) * 10_000 for number in range(20)]
    for part in parts:
        assert outlet.send(part) == len(part)
    reading = spawn(read, client, 200_000)
    assert reading.get(timeout=10) == b"".join(parts)
    outlet.send(b"after")
    assert read(client, 5) == b"after"


def test_a_slow_reader_is_cut_off(pair: Any) -> None:
    server, client = pair
    outlet = Outlet(server, 50_000)

    def flood() -> None:
        for _ in range(20):
            outlet.send(b"x" * 10_000)

    with pytest.raises(OSError, match="too slowly"):
        flood()
    with pytest.raises(OSError, match="closed"):
        outlet.send(b"x")
    assert server.recv(10) == b""  # whoever reads for it learns of the end
    with Timeout(10):
        while client.recv(65_536):
            pass


def test_a_client_that_is_gone_is_an_error_and_no_more(pair: Any) -> None:
    server, client = pair
    outlet = Outlet(server, 1_000_000)
    outlet.send(b"x" * 100_000)
    client.close()
    sleep(0.1)
    with pytest.raises(OSError):
        outlet.send(b"x")
    outlet.close()
    outlet.close()


class Engine:
    """One engine.io socket as ``Broadcast`` sees it."""

    def __init__(self, outlet: Any = None, **state: bool) -> None:
        self.queue = JoinableQueue()
        self.sent: list[Any] = []
        self.closed = self.closing = self.upgrading = False
        self.upgraded = outlet is not None
        if outlet is not None:
            self.outlet = outlet
        self.__dict__.update(state)

    def send(self, packet: Any) -> None:
        self.queue.put(packet)

    def close(self, wait: bool, abort: bool) -> None:
        self.closed = True


class Direct:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


def broadcast(**engines: Engine) -> Broadcast:
    manager = SimpleNamespace(eio_sid_from_sid=lambda sid, _: sid)
    server = SimpleNamespace(manager=manager, eio=SimpleNamespace(sockets=engines))
    return Broadcast(SimpleNamespace(server=server, sleep=sleep))


def test_the_shortcut_is_for_idle_websockets_only() -> None:
    direct = [Direct() for _ in range(5)]
    queued = Engine(direct[1])
    queued.queue.put("an answer that is not sent yet")
    engines = {
        "idle": Engine(direct[0]),
        "queued": queued,
        "upgrading": Engine(direct[2], upgrading=True),
        "closing": Engine(direct[3], closing=True),
        "polling": Engine(),
    }
    broadcast(**engines).send([*engines, "gone"], "alert", {"headline": "Inondasyon · é"})
    # As python-socketio itself writes it: JSON in ASCII, without spaces.
    text = '42["alert",{"headline":"Inondasyon \\u00b7 \\u00e9"}]'
    frame = text_frame(text.encode())
    assert [one.frames for one in direct] == [[frame], [], [], [], []]
    for name in ("queued", "upgrading", "closing", "polling"):
        packet = list(engines[name].queue.queue)[-1]
        assert packet.encode() == text


def test_a_poller_that_leaves_too_much_is_closed() -> None:
    poller = Engine()
    one = broadcast(poller=poller)
    for number in range(300):
        one.send(["poller"], "alert", number)
    assert poller.closed
    assert poller.queue.qsize() == 200
