"""Who may open a session and what may be said in it: hostile clients on real sockets."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from casa.delivery import heartbeat, visitors, websockets
from casa.delivery.packets import ClientPacket
from casa.delivery.visitors import Visitors
from tests.delivery.sockets import LARGEST, Client, Poller, Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(serializer=ClientPacket)
    yield made
    made.stop()


def ended(server: Server) -> None:
    server.until(lambda: not server.sessions and not len(server.visitors))
    assert not server.socketio.environ
    assert not server.socketio.manager.rooms


BAD_POSTS = {
    "too long": (b"4" + b"x" * (LARGEST + 1), 413),
    "open": (b"0{}", 400),
    "ping": (b"2", 400),
    "noop": (b"6", 400),
    "an unknown packet": (b"7", 400),
    "no packet": (b"x", 400),
    "an empty packet": (b"40\x1e", 400),
    "no UTF-8": (b"4\xff", 400),
    "too many packets": (b"\x1e".join([b"3"] * 17), 400),
    "JSONP without anything": (b"d=", 400),
    "bad base64": (b"bA", 400),
}


@pytest.mark.parametrize(("body", "status"), BAD_POSTS.values(), ids=BAD_POSTS.keys())
def test_a_post_that_breaks_the_protocol_is_answered_and_ends_the_session(
    server: Server, body: bytes, status: int
) -> None:
    before = len(os.listdir("/proc/self/fd"))
    poller = Poller(server.port)
    assert poller.try_to_post(body) == status
    ended(server)
    assert poller.try_to_post(b"40") == 400
    server.until(lambda: len(os.listdir("/proc/self/fd")) == before)


def test_a_poll_that_waits_is_let_go_when_the_session_ends(server: Server) -> None:
    poller = Poller(server.port)
    waiting = gevent.spawn(poller.get)
    gevent.sleep(0.1)
    assert Poller.try_to_post(poller, b"7") == 400
    assert waiting.get(timeout=5) == "1"
    ended(server)


def test_ending_a_session_never_waits_for_its_client(server: Server) -> None:
    poller = Poller(server.port)
    with gevent.Timeout(2):
        server.socketio.eio.disconnect(poller.sid)
    ended(server)


MALFORMED = {
    "a reserved event": '42["disconnect","x"]',
    "another": '42["connect",{}]',
    "an event without a name": "42[]",
    "an event of a number": "42[1]",
    "an event of an object": '42{"0":"say"}',
    "an event of nothing": "42",
    "a text": '42"say"',
    "attachments": '4599999999-["say",{"_placeholder":true,"num":0}]',
    "one attachment": '451-["say",{"_placeholder":true,"num":0}]',
    "an acknowledgement with one": '461-1[{"_placeholder":true,"num":0}]',
    "connected twice": "40",
    "deep": '42["say",' + "[" * 1_800,
    "no JSON": "42[",
    "an unknown type": "49",
    "an error": '44{"message":"x"}',
    "too many attachments": "45999999999999-[]",
}


@pytest.mark.parametrize("said", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("polls", [False, True])
def test_a_malformed_message_ends_its_session_quietly(
    server: Server, said: str, polls: bool, caplog: Any, capsys: Any
) -> None:
    if polls:
        poller = Poller(server.port)
        poller.post("40")
        poller.try_to_post(said.encode() + b'\x1e42["say","after"]')
    else:
        client = Client(server.port).begin()
        client.say(said)
        while client.next() is not None:
            pass
        client.close()
    ended(server)
    assert server.told[0] == "connect"
    assert len(server.told) == 2, "the server says good-bye once, and nothing after a fault counts"
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]
    assert not capsys.readouterr().err


def test_a_binary_message_of_the_client_ends_its_session(server: Server) -> None:
    client = Client(server.port).begin()
    client.sock.sendall(client.frame(BytesMessage(data=b"4\x00")))
    while client.next() is not None:
        pass
    ended(server)


FLOODS: dict[str, Callable[[Client], bytes]] = {
    "pongs": lambda client: client.frame(TextMessage(data="3")),
    "events": lambda client: client.frame(TextMessage(data='42["nothing"]')),
    "acknowledgements": lambda client: client.frame(TextMessage(data="431[]")),
    "namespaces": lambda client: client.frame(TextMessage(data="40/other,")),
    "unknown packets": lambda client: client.frame(TextMessage(data="7")),
    "pings of WebSocket": lambda client: client.frame(Ping(payload=b"x")),
    "empty pieces": lambda client: client.frame(TextMessage(data="", message_finished=False)),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_whoever_floods_is_ended(
    server: Server, flood: Callable[[Client], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websockets, "_FAREWELL", 0.3)
    client = Client(server.port).begin()
    heard = []
    client.sock.sendall(b"".join(flood(client) for _ in range(600)))
    while (event := client.next()) is not None:
        heard.append(event)
    assert isinstance(heard[-1], CloseConnection)
    assert heard[-1].code == 1008
    assert len(heard) < 150, "not all of it was dealt with"
    client.close()
    ended(server)


def test_whoever_floods_by_posts_is_ended(server: Server) -> None:
    poller = Poller(server.port)
    poller.post("40")
    answers = [poller.try_to_post(b"\x1e".join([b'42["nothing"]'] * 16)) for _ in range(8)]
    assert answers[:6] == [200] * 6
    assert answers[-2:] == [429, 400]
    ended(server)


def test_sessions_count_from_their_first_request_and_by_address() -> None:
    server = Server(visitors=Visitors(3, 2))
    try:
        silent = [Client(server.port), Poller(server.port)]
        assert Client(server.port).status == 503
        elsewhere = Client(server.port, source="127.0.0.2")
        assert elsewhere.status == 101
        assert Client(server.port, source="127.0.0.3").status == 503
        with pytest.raises(AssertionError, match="Service Unavailable"):
            Poller(server.port)
        assert len(server.visitors) == 3
        assert not hasattr(silent[0], "sid")
        silent[0].sock.close()
        server.until(lambda: len(server.visitors) == 2)
        assert Client(server.port).status == 101
    finally:
        server.stop()


def test_whoever_does_not_say_in_time_what_it_came_for_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "_TICK", 0.05)
    monkeypatch.setattr(websockets, "_FAREWELL", 0.2)
    monkeypatch.setattr(visitors, "_CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(visitors, "_FOLLOW_SECONDS", 0.6)
    server = Server()
    try:
        by_socket, by_poll, follows = Client(server.port), Poller(server.port), Client(server.port)
        server.socketio.on("follow", lambda sid: server.visitors.follow(eio(server, sid)))
        server.socketio.on("connect", lambda sid, _: server.visitors.connect(eio(server, sid)))
        follows.begin().say('42["follow"]')
        idles = Client(server.port).begin()
        assert by_socket.hear().startswith("0{")
        while by_socket.next(5) is not None:
            pass
        server.until(lambda: by_poll.sid not in server.sessions)
        while idles.next(5) is not None:
            pass
        gevent.sleep(0.8)
        follows.say('421["say","here"]')
        assert follows.hear() == '431["here"]'
        assert len(server.visitors) == 1
    finally:
        server.stop()


def eio(server: Server, sid: str) -> str:
    return str(server.socketio.manager.eio_sid_from_sid(sid, "/"))


def test_two_polls_at_once_end_the_session(server: Server) -> None:
    poller = Poller(server.port)
    waiting = gevent.spawn(poller.get)
    gevent.sleep(0.1)
    again = Poller.__new__(Poller)
    again.__dict__.update(poller.__dict__)
    assert again.try_to_get() == 400
    assert waiting.get(timeout=5) == "1"
    ended(server)


def test_polls_leave_connections_to_requests(server: Server) -> None:
    server.web.connections.most = 6
    pollers = [Poller(server.port) for _ in range(5)]
    waiting = [gevent.spawn(one.try_to_get) for one in pollers[:3]]
    gevent.sleep(0.1)
    assert pollers[3].try_to_get() == 503
    assert pollers[4].try_to_post(b"40") == 200
    gevent.killall(waiting)


def test_websockets_leave_descriptors_to_requests(server: Server) -> None:
    server.web.connections.most_websockets = 2
    clients = [Client(server.port) for _ in range(3)]
    assert [one.status for one in clients] == [101, 101, 400]
    assert Poller(server.port).try_to_post(b"40") == 200
    clients[0].close()
    server.until(lambda: server.web.connections.websockets == 1)
    assert Client(server.port).status == 101


def test_who_posts_and_never_polls_is_ended_when_too_much_awaits_it(server: Server) -> None:
    poller = Poller(server.port)
    poller.post("40")
    for _ in range(30):
        server.socketio.emit("news", "x" * 5_000)
    ended(server)


def test_what_is_said_before_the_answer_is_no_websocket(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as sock, gevent.Timeout(5):
        sock.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\nGET /hidden HTTP/1.1\r\n"
        )
        assert sock.recv(4_096).startswith(b"HTTP/1.1 400 ")
    ended(server)


def test_a_guessed_session_is_none(server: Server) -> None:
    poller = Poller(server.port)
    poller.query = "&sid=guessed"
    assert poller.try_to_post(b"40") == 400
    assert poller.try_to_get() == 400
    assert Client(server.port, "&sid=guessed").status == 400
    assert json.dumps(sorted(server.sessions)) == json.dumps([poller.sid])
