"""Frames written straight to sockets: whole, in order, bounded; real sockets on gevent."""

import socket as stock
from types import SimpleNamespace
from typing import Any

import pytest
from gevent import Timeout, sleep, socket, spawn
from wsproto.frame_protocol import FrameDecoder

from casa.delivery.broadcast import Broadcast, text_frame
from casa.delivery.engine import Outgoing
from casa.delivery.followers import Listener
from casa.delivery.outlet import Outlet


@pytest.fixture
def pair() -> Any:
    """A server's plain socket with a small buffer, and the client's end, of gevent."""
    made, client = socket.socketpair()
    server = stock.socket(fileno=made.detach())
    server.setblocking(False)
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
        outlet.send(part)
    reading = spawn(read, client, 200_000)
    assert reading.get(timeout=10) == b"".join(parts)
    outlet.send(b"after")
    assert read(client, 5) == b"after"


def test_nothing_overtakes_what_waits(pair: Any) -> None:
    server, client = pair
    outlet = Outlet(server, 1_000_000)
    outlet.send(b"first " * 80_000)
    # The client reads while the event loop has no turn: the kernel would take more, at once.
    found = client._sock.recv(262_144)
    outlet.send(b"second")
    assert found + read(client, 480_006 - len(found)) == b"first " * 80_000 + b"second"


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
    outlet.cut()
    outlet.close()
    outlet.close()


class Engine:
    """One engine.io socket as ``Broadcast`` sees it."""

    def __init__(self, outlet: Any = None, **state: bool) -> None:
        self.queue = Outgoing()
        if outlet is not None:
            self.queue.attach(SimpleNamespace(outlet=outlet))
        self.closed = self.closing = False
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

    def ready(self, frame: bytes) -> int:
        self.frames.append(frame)
        return len(frame)


class Broken:
    def send(self, frame: bytes) -> None:
        raise OSError("the connection is closed")

    ready = send


def broadcast(**engines: Engine) -> Broadcast:
    manager = SimpleNamespace(eio_sid_from_sid=lambda sid, _: sid)
    server = SimpleNamespace(manager=manager, eio=SimpleNamespace(sockets=engines))
    return Broadcast(SimpleNamespace(server=server, sleep=sleep))


def test_straight_to_whoever_is_on_a_websocket() -> None:
    direct = [Direct(), Direct(), Direct()]
    engines = {
        "first": Engine(direct[0]),
        "broken": Engine(Broken()),
        "polling": Engine(),
        "closing": Engine(direct[1], closing=True),
        "last": Engine(direct[2]),
    }
    sender = broadcast(**engines)
    # As python-socketio itself writes it: JSON in ASCII, without spaces.
    text = '42["alert",{"headline":"Inondasyon \\u00b7 \\u00e9"}]'
    listeners = [Listener(name) for name in (*engines, "gone")]
    for times in (1, 2):
        sender.send(listeners, "alert", {"headline": "Inondasyon · é"})
        frames = [text_frame(text.encode())] * times
        assert [one.frames for one in direct] == [frames, [], frames]
        assert engines["polling"].queue.qsize() == times
    assert engines["polling"].queue.get().encode() == text


def test_whoever_has_changed_over_is_found_again() -> None:
    poller, direct = Engine(), Direct()
    sender, listener = broadcast(poller=poller), Listener("poller")
    sender.send([listener], "alert", 1)
    sent: list[Any] = []
    poller.queue.attach(SimpleNamespace(outlet=direct, send=sent.append))
    sender.send([listener], "alert", 2)
    assert sent == ['42["alert",1]']
    assert direct.frames == [text_frame(b'42["alert",2]')]
    poller.closing = True
    sender.send([Listener("poller")], "alert", 3)
    assert len(direct.frames) == 1


def test_who_has_stopped_listening_or_reads_too_slowly(pair: Any) -> None:
    server, client = pair
    outlet, direct = Outlet(server, 1_000_000), Direct()
    sender = broadcast(slow=Engine(outlet), left=Engine(direct))
    slow, left = Listener("slow"), Listener("left")
    for text in ("a", "b" * 400_000, "c"):
        sender.send([slow, left], "alert", text)
    left.listens = False
    sender.send([left], "alert", "d")
    texts = [f'42["alert","{text}"]' for text in ("a", "b" * 400_000, "c")]
    frames = [text_frame(text.encode()) for text in texts]
    assert direct.frames == frames
    assert outlet.ready is None
    whole = b"".join(frames)
    assert read(client, len(whole)) == whole
    with Timeout(10):
        while outlet.ready is None:
            sleep(0.01)
    for _ in range(4):
        sender.send([slow], "alert", "e" * 400_000)
    assert outlet.ready is None
    with Timeout(10):
        while client.recv(65_536):
            pass


def test_a_poller_that_leaves_too_much_is_closed() -> None:
    poller = Engine()
    one = broadcast(poller=poller)
    for number in range(300):
        one.send([Listener("poller")], "alert", number)
    assert poller.closed
    assert poller.queue.qsize() == 200
