"""What comes in over HTTP, byte by byte: real sockets against the server."""

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from gevent.subprocess import run

from casa.delivery import edge, incoming
from casa.delivery.connections import Connections
from casa.delivery.edge import Server
from casa.delivery.http1 import Refusal
from casa.delivery.incoming import Incoming

BIG = b"x" * 400_000


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Tells what it was asked, in one answer of each sort."""
    path = environ["PATH_INFO"]
    body = b"" if path == "/unread" else environ["wsgi.input"].read()
    told = {
        "method": environ["REQUEST_METHOD"],
        "path": path,
        "query": environ["QUERY_STRING"],
        "body": body.decode("latin-1")[:100],
        "length": len(body),
        "headers": {name: value for name, value in environ.items() if name.startswith("HTTP_")},
    }
    answer = BIG if path == "/big" else json.dumps(told).encode()
    if path == "/streamed":
        start_response("200 OK", [])
        return iter([answer[:5], answer[5:]])
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


class Edge:
    def __init__(self, **named: Any) -> None:
        self.server = Server(("127.0.0.1", 0), application, log=None, **named)
        self.server.start()
        self.port = self.server.address[1]

    def connect(self, source: str = "127.0.0.1") -> Any:
        return socket.create_connection(("127.0.0.1", self.port), 10, (source, 0))

    def ask(self, *pieces: bytes, seconds: float = 10) -> bytes:
        """All that comes until the server ends the connection."""
        with gevent.Timeout(seconds), self.connect() as sock:
            for piece in pieces:
                sock.sendall(piece)
                gevent.sleep(0.01)
            return read(sock)

    def until_empty(self) -> None:
        while len(self.server.connections):
            gevent.sleep(0.02)


def read(sock: Any) -> bytes:
    seen = b""
    try:
        while part := sock.recv(65_536):
            seen += part
    except ConnectionError:
        pass
    return seen


def statuses(answers: bytes) -> list[int]:
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.fixture
def http() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.server.stop(0)


HEAD = b"Host: localhost\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\n" + HEAD

AMBIGUOUS = {
    "lengths that differ": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length given twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + b"Content-Length: -5\r\n\r\nhello",
    "a length with an underscore": POST + b"Content-Length: 1_0\r\n\r\nhellohello",
    "a length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a space": POST + b"Content-Length: 1 0\r\n\r\nhellohello",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a length beyond all numbers": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "Arabic digits": POST + "Content-Length: ٥\r\n\r\nhello".encode(),
    "a length and a coding": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no length and a coding": POST
    + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding and a length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two codings": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a list of codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a coding with a control": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a coding in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a tab before the colon": POST + b"Content-Length\t: 5\r\n\r\nhello",
    "a space before the name": POST + b" Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded line": POST + b"X-One: a\r\n b\r\n\r\n",
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a NUL in a value": POST + b"X-One: a\0b\r\n\r\n",
    "a NUL in a name": POST + b"X-\0One: a\r\n\r\n",
    "a control in a value": POST + b"X-One: a\x7fb\r\n\r\n",
    "a bare CR in a value": POST + b"X-One: a\rContent-Length: 5\r\n\r\n",
    "a bare LF after a header": POST + b"X-One: a\nX-Two: b\r\n\r\n",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare LF before the body": POST + b"Content-Length: 0\r\n\n",
    "no name": POST + b": a\r\n\r\n",
    "no colon": POST + b"nonsense\r\n\r\n",
    "a name of another alphabet": POST + "Überschrift: a\r\n\r\n".encode(),
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + HEAD + b"Host: other\r\n\r\n",
    "an empty Host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "a Host with a path": b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "a Host with a user": b"GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n",
    "a list of Hosts": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "a Host with a bad port": b"GET / HTTP/1.1\r\nHost: localhost:80x\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "HTTP/0.9": b"GET / HTTP/0.9\r\n" + HEAD + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version in small letters": b"GET / http/1.1\r\n" + HEAD + b"\r\n",
    "a version too many": b"GET / HTTP/1.1 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a tab between": b"GET\t/ HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a space at the end": b"GET / HTTP/1.1 \r\n" + HEAD + b"\r\n",
    "a space at the start": b" GET / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a method with a slash": b"GE/T / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a target without a slash": b"GET last HTTP/1.1\r\n" + HEAD + b"\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
    "an authority": b"CONNECT localhost:22 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "another host in the target": b"GET http://evil.example/ HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a user in the target": b"GET http://me@localhost/ HTTP/1.1\r\n" + HEAD + b"\r\n",
    "another scheme": b"GET file://localhost/ HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a backslash": b"GET /a\\b HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a raw letter": "GET /é HTTP/1.1\r\n".encode() + HEAD + b"\r\n",
    "a NUL in the target": b"GET /a\0b HTTP/1.1\r\n" + HEAD + b"\r\n",
    "half a percent": b"GET /a%2 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "no hexadecimal": b"GET /a?b=%zz HTTP/1.1\r\n" + HEAD + b"\r\n",
    "HEAD with a body": b"HEAD / HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\n\r\nhello",
    "two keys of a WebSocket": b"GET / HTTP/1.1\r\n"
    + HEAD
    + b"Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n",
    "two authorizations": b"GET / HTTP/1.1\r\n"
    + HEAD
    + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_what_can_be_read_in_two_ways_is_refused_and_ends_the_connection(
    http: Edge, request_bytes: bytes
) -> None:
    # What follows would be the hidden request.
    answers = http.ask(request_bytes + LAST)
    assert statuses(answers) == [400]
    assert b"\r\nConnection: close\r\n" in answers
    problem = json.loads(answers.partition(b"\r\n\r\n")[2])
    assert problem["type"] == "urn:casa:problem:bad-request"
    assert problem["detail"]


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BAD_CHUNKS = {
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "an extension without a size": b";a=b\r\nhello\r\n0\r\n\r\n",
    "no hexadecimal": b"5g\r\nhello\r\n0\r\n\r\n",
    "a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\nhellohellohello!\r\n0\r\n\r\n",
    "a space before": b" 5\r\nhello\r\n0\r\n\r\n",
    "a space after": b"5 \r\nhello\r\n0\r\n\r\n",
    "a bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "a bare LF in an extension": b"5;a\nhello\r\n0\r\n\r\n",
    "a bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "more data than it says": b"5\r\nhello!!\r\n0\r\n\r\n",
    "a size beyond all numbers": b"FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n",
    "a long extension": b"5;" + b"x" * 5_000 + b"\r\nhello\r\n0\r\n\r\n",
    "a trailer that is none": b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
    "a trailer with a space": b"5\r\nhello\r\n0\r\nContent-Length : 5\r\n\r\n",
    "many chunks of a byte": b"1\r\nx\r\n" * 1_500 + b"0\r\n\r\n",
    "trailers without end": b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_a_body_in_malformed_chunks_ends_the_connection(
    http: Edge, chunks: bytes, request: pytest.FixtureRequest
) -> None:
    answers = http.ask(CHUNKED + chunks + LAST)
    assert statuses(answers) == [431 if "trailers" in request.node.callspec.id else 400]
    # Where the application does not read the body, the answer stands but nothing follows.
    unread = http.ask(CHUNKED.replace(b"POST / ", b"POST /unread ") + chunks + LAST)
    assert statuses(unread) == [200]


def test_good_requests_one_after_the_other(http: Edge) -> None:
    answers = http.ask(
        POST + b"Content-Length: 5\r\n\r\nhello"
        # Clients of long ago end a body with a line too many.
        b"\r\n" + CHUNKED + b'5;a="b"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n'
        b"GET /caf%C3%A9?a=%20&b=[1]|{2} HTTP/1.1\r\nhOST:\t[::1]:8000 \r\nCookie: a=b\r\n"
        b"Cookie: c=d\r\nX-Twice: 1\r\nX-Twice: 2\r\nX_Forwarded_For: 1\r\nProxy: evil\r\n\r\n"
        b"GET http://localhost/whole?x HTTP/1.1\r\nHost: localhost\r\n\r\n" + LAST
    )
    assert statuses(answers) == [200] * 5
    told = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert [one["body"] for one in told[:2]] == ["hello", "hello world"]
    assert (told[2]["path"], told[2]["query"]) == ("/caf\xc3\xa9", "a=%20&b=[1]|{2}")
    assert told[2]["headers"] == {
        "HTTP_HOST": "[::1]:8000",
        "HTTP_COOKIE": "a=b; c=d",
        "HTTP_X_TWICE": "1,2",
    }
    assert (told[3]["path"], told[3]["query"]) == ("/whole", "x")
    assert told[4]["path"] == "/last"


def test_http_1_0_and_what_ends_a_connection(http: Edge) -> None:
    once = http.ask(b"GET / HTTP/1.0\r\n\r\n" + LAST)
    assert statuses(once) == [200]
    kept = http.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + LAST)
    assert statuses(kept) == [200, 200]
    closed = http.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: X, Close\r\n\r\n" + LAST)
    assert statuses(closed) == [200]
    # Without a length and without chunks only the end of the connection ends an answer.
    streamed = http.ask(b"GET /streamed HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + LAST)
    assert statuses(streamed) == [200]
    assert streamed.endswith(b"}")


def test_answers_without_a_body_and_in_chunks(http: Edge) -> None:
    answers = http.ask(
        b"HEAD / HTTP/1.1\r\n" + HEAD + b"\r\n"
        b"HEAD /streamed HTTP/1.1\r\n" + HEAD + b"\r\n"
        b"GET /empty HTTP/1.1\r\n" + HEAD + b"\r\n"
        b"GET /streamed HTTP/1.1\r\n" + HEAD + b"\r\n" + LAST
    )
    assert statuses(answers) == [200, 200, 204, 200, 200]
    heads = [part.partition(b"\r\n\r\n") for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert [bool(body) for _, _, body in heads] == [False, False, False, True, True]
    assert heads[3][2].startswith(b"5\r\n")
    assert heads[3][2].endswith(b"\r\n0\r\n\r\n")


def test_an_answer_leaves_in_one_write_and_is_not_held_back(
    http: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []
    at_once = []
    sendall = socket.socket.sendall

    def watch(sock: Any, data: bytes) -> None:
        writes.append(data)
        at_once.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        sendall(sock, data)

    monkeypatch.setattr(socket.socket, "sendall", watch)
    with http.connect() as client:
        client.send(LAST)
        answer = read(client)
    assert writes == [answer]
    assert answer.endswith(b"}")
    assert at_once == [1]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414),
        (b"GET /" + b"x" * 9_000, 414),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HEAD + (b"X: " + b"x" * 8_000 + b"\r\n") * 6 + b"\r\n", 431),
        (POST + b"Expect: the unexpected\r\n\r\n", 417),
    ],
)
def test_heads_are_bounded(http: Edge, request_bytes: bytes, status: int) -> None:
    answers = http.ask(request_bytes + LAST)
    assert statuses(answers) == [status]


def test_continue_is_said_when_the_body_is_wanted(http: Edge) -> None:
    with http.connect() as client:
        client.sendall(POST + b"Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello" + LAST)
        assert statuses(read(client)) == [200, 200]
    # Where it is not wanted, whether it comes is not known, and nothing can follow.
    unread = POST.replace(b"POST / ", b"POST /unread ")
    answers = http.ask(unread + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n" + LAST)
    assert statuses(answers) == [200]
    assert b"Connection: close" in answers


def test_what_is_not_read_of_a_body_is_passed_over_or_ends_the_connection(http: Edge) -> None:
    unread = POST.replace(b"POST / ", b"POST /unread ")
    short = http.ask(unread + b"Content-Length: 60000\r\n\r\n" + b"x" * 60_000 + LAST)
    assert statuses(short) == [200, 200]
    long = http.ask(unread + b"Content-Length: 90000\r\n\r\n" + b"x" * 90_000 + LAST)
    assert statuses(long) == [200]
    assert b"Connection: close" in long
    endless = http.ask(unread + b"Content-Length: 999999999999\r\n\r\n" + b"x" * 1_000)
    assert statuses(endless) == [200]
    chunks = b"5000\r\n" + b"x" * 0x5000 + b"\r\n"
    assert statuses(http.ask(unread + b"Transfer-Encoding: chunked\r\n\r\n" + chunks * 5)) == [200]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "_HEAD_SECONDS", 0.4)
    monkeypatch.setattr(edge, "_IDLE_SECONDS", 0.4)
    monkeypatch.setattr(edge, "_WRITE_SECONDS", 0.4)
    monkeypatch.setattr(edge, "_FAREWELL_SECONDS", 0.2)
    monkeypatch.setattr(incoming, "_BODY_SECONDS", 0.4)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("beginning", "drop", "status"),
    [
        (b"", b"", []),
        (b"G", b"", [408]),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n", [408]),
        (b"GET /", b"x", [408]),
        (POST + b"Content-Length: 9000\r\n\r\n", b"x", [408]),
        (CHUNKED, b"1\r\nx\r\n", [408]),
        (CHUNKED + b"5;", b"x", [408]),
        (CHUNKED + b"0\r\n", b"X: y\r\n", [408]),
        (POST.replace(b"POST / ", b"POST /unread ") + b"Content-Length: 90\r\n\r\n", b"x", [200]),
    ],
    ids=[
        "silence",
        "a letter",
        "headers",
        "the line",
        "body",
        "chunks",
        "size",
        "trailers",
        "rest",
    ],
)
def test_whoever_trickles_is_let_go(
    http: Edge, beginning: bytes, drop: bytes, status: list[int]
) -> None:
    with gevent.Timeout(8), http.connect() as client:
        client.sendall(beginning)

        def trickle() -> None:
            while drop:
                gevent.sleep(0.05)
                client.sendall(drop)

        trickling = gevent.spawn(trickle)
        assert statuses(read(client)) == status
        trickling.kill()
        http.until_empty()


def test_what_comes_after_its_time_is_not_taken() -> None:
    near, far = socket.socketpair()
    far.sendall(b"GET / HTTP/1.1\r\n")
    reader = Incoming(near, "192.0.2.1", Connections(1, 1))
    with pytest.raises(Refusal) as refused:
        reader.line(time.monotonic() - 1)
    assert refused.value.status == 408
    near.close()
    far.close()


@pytest.mark.usefixtures("impatient")
def test_an_idle_connection_is_ended_and_a_slow_but_steady_body_is_not(
    http: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gevent.Timeout(5), http.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert statuses(read(client)) == [200]
    with gevent.Timeout(8), http.connect() as client:
        client.sendall(POST + b"Connection: close\r\nContent-Length: 4000\r\n\r\n")
        for _ in range(10):
            gevent.sleep(0.1)
            client.sendall(b"x" * 400)
        assert statuses(read(client)) == [200]


@pytest.mark.usefixtures("impatient")
def test_who_does_not_read_an_answer_is_let_go(http: Edge) -> None:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", http.port))
    client.sendall(
        b"GET /big HTTP/1.1\r\n" + HEAD + b"\r\n" + (b"GET /big HTTP/1.1\r\n" + HEAD + b"\r\n") * 40
    )
    with gevent.Timeout(8):
        while not len(http.server.connections):
            gevent.sleep(0.02)
        http.until_empty()
    client.close()


def test_when_all_wait_the_longest_waiting_of_the_busiest_address_makes_room() -> None:
    http = Edge(connections=Connections(requests=20, websockets=0))
    try:
        honest = http.connect("127.0.0.3")
        crowd = []
        for _ in range(60):
            crowd.append(http.connect("127.0.0.2"))
            gevent.sleep(0.005)
        assert len(http.server.connections) <= 20
        with gevent.Timeout(5):
            honest.sendall(LAST)
            assert statuses(read(honest)) == [200]
            assert statuses(http.ask(LAST)) == [200]
            assert read(crowd[0]) == b""
            crowd[-1].sendall(LAST)
            assert statuses(read(crowd[-1])) == [200]
    finally:
        http.server.stop(0)


@pytest.mark.skipif(subprocess.call(["which", "curl"], stdout=subprocess.DEVNULL), reason="no curl")
@pytest.mark.parametrize(
    "options",
    [
        ["-I"],
        ["-d", "hello"],
        ["--http1.0", "-d", "hello"],
        ["-H", "Expect: 100-continue", "-d", "hello"],
        ["-H", "Transfer-Encoding: chunked", "-d", "hello"],
        ["--http2", "-d", "hello"],
        ["-F", "file=hello"],
        ["-X", "DELETE"],
        ["-G", "--data-urlencode", "near=-76.8,18.0"],
    ],
)
def test_curl(http: Edge, options: list[str]) -> None:
    command = ["curl", "-sS", "--fail", *options, f"http://127.0.0.1:{http.port}/path"]
    done = run(command, capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert b'"path": "/path"' in done.stdout or b"200 OK" in done.stdout
