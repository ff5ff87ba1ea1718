"""Socket.IO on connections that nobody waits on: real sockets against gevent's WSGI server."""

import gc
import os
from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent import socket
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    Pong,
    TextMessage,
)

from casa.delivery import engine, heartbeat, websockets
from tests.delivery.sockets import LARGEST, Client, Poller, Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def test_events_and_answers_in_order(server: Server) -> None:
    client = Client(server.port).begin()
    for number in range(50):
        client.say(f'42{number}["say",{number}]')
    answers = sorted(client.hear() for _ in range(50))
    assert answers == sorted(f"43{number}[{number}]" for number in range(50))
    assert sorted(server.told[1:]) == list(range(50))
    client.close()
    server.until(lambda: server.told[-1] == "transport close")
    assert not server.sessions
    assert not server.socketio.environ


def test_a_message_in_pieces_with_a_ping_between(server: Server) -> None:
    client = Client(server.port).begin()
    parts = [
        TextMessage(data='421["say","in', message_finished=False),
        Ping(payload=b"still there?"),
        TextMessage(data=" three pie", message_finished=False),
        TextMessage(data='ces · é"]'),
    ]
    # Byte by byte, as a bad network may deliver it.
    for byte in b"".join(client.frame(part) for part in parts):
        client.sock.sendall(bytes([byte]))
        gevent.sleep(0)
    pong = client.next()
    assert isinstance(pong, Pong)
    assert bytes(pong.payload) == b"still there?"
    assert client.hear() == '431["in three pieces \\u00b7 \\u00e9"]'
    client.close()


def test_a_binary_event(server: Server) -> None:
    client = Client(server.port).begin()
    client.say('451-1["say",{"_placeholder":true,"num":0}]')
    client.sock.sendall(client.frame(BytesMessage(data=b"\x00\x01")))
    assert client.hear() == '461-1[{"_placeholder":true,"num":0}]'
    answer = client.next()
    assert isinstance(answer, BytesMessage)
    assert bytes(answer.data) == b"\x00\x01"
    client.close()


def test_the_clients_good_bye(server: Server) -> None:
    client = Client(server.port).begin()
    client.sock.sendall(client.frame(CloseConnection(code=1000)))
    answer = client.next()
    assert isinstance(answer, CloseConnection)
    assert answer.code == 1000
    assert client.next() is None
    server.until(lambda: server.told == ["connect", "transport close"])
    assert not server.sessions


def test_the_servers_good_bye(server: Server) -> None:
    client = Client(server.port).begin()
    (sid,) = server.socketio.manager.rooms["/"][None]
    server.socketio.disconnect(sid)
    assert client.hear() == "41"
    client.say('42["say","too late"]')
    client.close()
    server.until(lambda: not server.sessions)
    assert "too late" not in server.told


def test_the_servers_good_bye_to_a_session(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websockets, "_FAREWELL", 0.5)
    client = Client(server.port).begin()
    (sid,) = server.sessions
    outlet = server.sessions[sid].queue.outlet
    server.socketio.eio.disconnect(sid)
    assert client.hear() == "1"
    answer = client.next()
    assert isinstance(answer, CloseConnection)
    with pytest.raises(OSError, match="closed"):
        outlet.send(b"after the good-bye")
    # It does not answer, and is cut off.
    assert client.next(5) is None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (lambda client: client.frame(TextMessage(data="4" + "x" * LARGEST)), 1009),
        (lambda client: b"".join(pieces(client)), 1009),
        (lambda _: b"\x81\x0540[]x", 1002),  # not masked
        (lambda _: b"\x83\x80\0\0\0\0", 1002),  # no such frame
        (lambda _: b"\x81\x82\0\0\0\0\xff\xff", 1007),  # no UTF-8
        (lambda client: client.frame(TextMessage(data="")), 1007),
        (lambda client: client.frame(TextMessage(data="x")), 1007),
    ],
)
def test_what_is_refused(server: Server, said: Callable[[Client], bytes], code: int) -> None:
    client = Client(server.port).begin()
    client.sock.sendall(said(client))
    # What follows is heard no more, however much it is.
    client.sock.sendall(b"x" * 20_000)
    answer = client.next()
    assert isinstance(answer, CloseConnection)
    assert answer.code == code
    client.close()
    server.until(lambda: server.told == ["connect", "transport close"])
    assert not server.sessions


def pieces(client: Client) -> Iterator[bytes]:
    for number in range(30):
        yield client.frame(TextMessage(data="4" + "x" * 99, message_finished=number == 29))


@pytest.mark.parametrize("key", ["", "short", "not base64 at all!", "AAAA"])
def test_no_handshake(server: Server, key: str) -> None:
    client = Client(server.port, key=key)
    assert client.status == 400
    assert not server.sessions
    assert not server.socketio.environ


def test_who_answers_pings_stays_and_who_does_not_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "_TICK", 0.05)
    monkeypatch.setattr(websockets, "_FAREWELL", 0.2)
    server = Server(ping_interval=0.3, ping_timeout=0.4)
    try:
        awake, asleep = Client(server.port).begin(), Client(server.port).begin()
        pings = 0
        while pings < 5:
            event = awake.next(2)
            assert isinstance(event, Message)
            assert event.data == "2"
            awake.say("3")
            pings += 1
        assert server.told == ["connect", "connect", "ping timeout"]
        assert len(server.sessions) == 1
        heard = [asleep.next(2) for _ in range(3)]
        assert isinstance(heard[0], Message)
        assert isinstance(heard[1], CloseConnection)
        assert heard[2] is None
        awake.say('421["say","here"]')
        assert awake.hear() == '431["here"]'
        awake.close()
    finally:
        server.stop()


@pytest.mark.parametrize("ended", [False, True])
def test_who_ceases_to_poll_is_forgotten(monkeypatch: pytest.MonkeyPatch, ended: bool) -> None:
    monkeypatch.setattr(heartbeat, "_TICK", 0.05)
    server = Server(ping_interval=0.3, ping_timeout=0.4)
    try:
        poller = Poller(server.port)
        poller.post("40")
        if ended:
            poller.post("1")
        server.until(lambda: not server.sessions, 5)
        assert server.told == ["connect", "client disconnect" if ended else "ping timeout"]
        assert not server.socketio.environ
    finally:
        server.stop()


def test_changing_over_keeps_the_order_and_lets_the_poll_go(server: Server) -> None:
    poller = Poller(server.port)
    poller.post("40")
    assert poller.get().startswith("40{")
    waiting = gevent.spawn(poller.get)
    gevent.sleep(0.1)
    client = Client(server.port, poller.query)
    assert client.status == 101
    # A second one beside it is refused and changes nothing.
    assert Client(server.port, poller.query).status == 400
    client.say("2probe")
    assert client.hear() == "3probe"
    assert waiting.get(timeout=5) == "6"
    for number in range(3):
        server.socketio.emit("news", number)
    gevent.sleep(0.1)
    assert poller.get() == "6"  # nothing more comes this way
    client.say("5")
    server.until(lambda: server.sessions[poller.sid].upgraded)
    server.socketio.emit("news", 3)
    assert [client.hear() for _ in range(4)] == [f'42["news",{number}]' for number in range(4)]
    client.say('421["say","on"]')
    assert client.hear() == '431["on"]'
    client.close()
    server.until(lambda: not server.sessions)
    assert server.told == ["connect", "on", "transport close"]


def test_changing_over_at_once_leaves_no_poll_behind(server: Server) -> None:
    poller = Poller(server.port)
    waiting = gevent.spawn(poller.get)
    gevent.sleep(0.1)
    client = Client(server.port, poller.query)
    # Both at once: the poll has not been let go when the change-over is asked for.
    client.sock.sendall(
        client.frame(TextMessage(data="2probe")) + client.frame(TextMessage(data="5"))
    )
    assert client.hear() == "3probe"
    assert "6" in waiting.get(timeout=5)
    client.say("40")
    while not (heard := client.hear()).startswith("40{"):
        assert heard == "6"
    client.close()
    server.until(lambda: not server.sessions)


@pytest.mark.parametrize("said", ["2", "40", "x", None])
def test_a_change_over_that_comes_to_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    monkeypatch.setattr(engine, "_UPGRADE_SECONDS", 0.3)
    monkeypatch.setattr(websockets, "_FAREWELL", 0.3)
    poller = Poller(server.port)
    client = Client(server.port, poller.query)
    if said is not None:
        client.say(said)
    while client.next(5) is not None:
        pass
    client.close()
    server.until(lambda: not server.sessions[poller.sid].upgrading)
    # It goes on polling, and may try again.
    poller.post("40")
    assert poller.get().startswith("40{")
    again = Client(server.port, poller.query)
    again.say("2probe")
    assert again.hear() == "3probe"
    again.say("5")
    server.until(lambda: server.sessions[poller.sid].upgraded)
    again.close()
    server.until(lambda: not server.sessions)


def test_thousands_come_and_go_and_leave_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websockets, "_FAREWELL", 0.1)

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    def greenlets() -> int:
        gc.collect()
        return sum(isinstance(one, gevent.Greenlet) and not one.dead for one in gc.get_objects())

    Client(server.port).begin().close()
    server.until(lambda: not server.sessions)
    before = descriptors(), greenlets()
    for _ in range(20):
        clients = [Client(server.port).begin() for _ in range(100)]
        # Those that answered the last of them are at their end.
        server.until(lambda: greenlets() <= before[1])
        assert descriptors() <= before[0] + 200  # both ends are here
        for number, client in enumerate(clients):
            if number % 3 == 0:
                client.sock.sendall(client.frame(CloseConnection(code=1001)))
            if number % 3 == 1:
                client.say("1")
            client.close()
        server.until(lambda: not server.sessions)
    server.until(lambda: descriptors() == before[0] and greenlets() <= before[1])
    assert not server.socketio.environ
    assert not server.socketio.manager.rooms
    assert server.told.count("connect") == 2_001
    assert len(server.told) == 4_002
    left = [one for one in gc.get_objects() if isinstance(one, websockets.Connection)]
    assert not left


def test_a_client_that_comes_to_an_end_in_mid_handshake(server: Server) -> None:
    client = Client(server.port)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()  # a reset
    server.until(lambda: not server.sessions)
    assert not server.socketio.environ
