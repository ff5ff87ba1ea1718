"""The client's side of HTTP/2, held against hyper's implementation of the server's side."""

import h2.config
import h2.connection
import h2.events
import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given
from hypothesis import strategies as st

from casa.delivery.http2 import Answer, Connection, ProtocolError, Unsuited

ASK = (
    (":method", "POST"),
    (":scheme", "https"),
    (":authority", "push.example.org"),
    (":path", "/v1/projects/casa/messages:send"),
    ("authorization", "Bearer secret"),
    ("content-type", "application/json"),
)


def with_token(token: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, f"Bearer {token}" if name == "authorization" else value) for name, value in ASK
    )


OK = (200, b'{"name":"projects/casa/messages/1"}')


class Peer:
    """A server, and the client under test, joined by hand."""

    def __init__(self, streams: int = 100) -> None:
        self.client = Connection(streams)
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.server = h2.connection.H2Connection(config)
        self.server.initiate_connection()
        self.heads: dict[int, list[tuple[str, str]]] = {}
        self.bodies: dict[int, bytes] = {}
        self.resets: dict[int, int] = {}
        self.exchange()

    def ask(self, *bodies: bytes) -> list[bool]:
        start = len(self.heads)
        made = [
            self.client.post(ASK, body, start + n, float(start + n))
            for n, body in enumerate(bodies)
        ]
        self.exchange()
        return made

    def exchange(self, piece: int = 10**6) -> None:
        """Hand over what either has to say until both are silent, ``piece`` bytes at once."""
        while True:
            said = b"".join(self.client.out)
            self.client.out.clear()
            for event in self.server.receive_data(said) if said else ():
                self._heard(event)
            answer = self.server.data_to_send()
            for start in range(0, len(answer), piece):
                self.client.receive(answer[start : start + piece])
            if not said and not answer:
                return

    def _heard(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                self.heads[event.stream_id] = list(event.headers)
                self.bodies[event.stream_id] = b""
            case h2.events.DataReceived():
                self.bodies[event.stream_id] += event.data
                self.server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamReset():
                self.resets[event.stream_id] = event.error_code

    def answer(
        self,
        stream: int,
        status: int,
        body: bytes = b"",
        *more: tuple[str, str],
        piece: int = 10**6,
    ) -> None:
        self.server.send_headers(
            stream, [(":status", str(status)), ("content-length", str(len(body))), *more]
        )
        self.server.send_data(stream, body, end_stream=True)
        self.exchange(piece)

    @property
    def taken(self) -> list[int]:
        return [tag for tag, _ in self.client.taken]


def test_a_request_is_a_post_with_its_length():
    peer = Peer()
    peer.ask(b"one", b"the other", b"one")
    assert list(peer.bodies.values()) == [b"one", b"the other", b"one"]
    for stream, length in ((1, "3"), (3, "9"), (5, "3")):
        assert tuple(peer.heads[stream]) == (*ASK, ("content-length", length))


def test_what_all_requests_have_in_common_is_told_once():
    peer = Peer()
    long = with_token("x" * 1_500)
    sizes = []
    for tag in range(3):
        peer.client.post(long, b"", tag, 0.0)
        sizes.append(len(b"".join(peer.client.out)))
        peer.exchange()
    assert sizes[0] > 1_000
    assert sizes[1] == sizes[2] < 40
    assert dict(peer.heads[5])["authorization"] == "Bearer " + "x" * 1_500


def test_one_access_token_after_another():
    peer = Peer()
    for letter in "abcdefgh":
        headers = with_token(letter * 1_500)
        for _ in range(4):
            peer.client.post(headers, b"", 0, 0.0)
            size = len(b"".join(peer.client.out))
            peer.exchange()
            assert list(peer.heads.values())[-1] == [*headers, ("content-length", "0")]
        assert size < 40


@pytest.mark.parametrize("table", [0, 200, 4_096, 100_000])
@pytest.mark.parametrize("late", [False, True])
def test_a_service_may_keep_as_small_a_table_as_it_likes(table, late):
    peer = Peer()
    if late:
        peer.ask(b"before", b"before")
    peer.server.update_settings({SettingCodes.HEADER_TABLE_SIZE: table})
    peer.exchange()
    peer.ask(b"body", b"body")
    for headers in (with_token("another"), with_token("long" * 1_300), ASK, with_token("third")):
        for length in (4, 5, 4, 4):
            peer.client.post(headers, bytes(length), 9, 0.0)
            peer.exchange()
            assert list(peer.heads.values())[-1] == [*headers, ("content-length", str(length))]
    assert len(peer.heads) == (20 if late else 18)


@pytest.mark.parametrize("piece", [1, 2, 7, 9, 10, 10**6])
def test_answers_are_read_however_they_are_cut(piece):
    peer = Peer()
    peer.ask(*[b"body"] * 6)
    for stream in (3, 1, 11, 7):
        peer.answer(stream, *OK, ("date", f"day {stream}"), piece=piece)
    peer.answer(9, 429, b'{"error":1}', ("retry-after", "7"), piece=piece)
    assert peer.taken == [1, 0, 5, 3]
    (answer,) = peer.client.answers
    assert (answer.tag, answer.status, answer.body) == (4, 429, b'{"error":1}')
    assert answer.headers["retry-after"] == "7"
    assert list(peer.client.open) == [5]


def test_a_service_that_keeps_a_table_of_headers_all_the_same_is_understood():
    client = Connection(10)
    table = Encoder()
    for tag in range(3):
        client.post(ASK, b"body", tag, 0.0)
    client.receive(SettingsFrame(0).serialize())
    for stream, status in ((1, "200"), (3, "503"), (5, "503")):
        block = table.encode([(":status", status), ("server", "keeps its table"), ("date", "now")])
        head = HeadersFrame(stream, block, flags=["END_HEADERS", "END_STREAM"])
        client.receive(head.serialize())
    assert [tag for tag, _ in client.taken] == [0]
    assert [(one.tag, one.headers["server"]) for one in client.answers] == [
        (1, "keeps its table"),
        (2, "keeps its table"),
    ]


def test_no_more_is_asked_than_the_service_allows():
    peer = Peer()
    peer.server.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 3})
    peer.exchange()
    assert peer.client.room == 3
    peer.ask(b"", b"")
    assert peer.client.room == 1
    assert Peer(streams=2).client.room == 2


def test_no_more_data_is_sent_than_the_service_allows_until_it_allows_more():
    client = Connection(100)
    assert [client.post(ASK, b"x" * 16_000, n, 0.0) for n in range(5)] == [True] * 4 + [False]
    client.receive(WindowUpdateFrame(0, window_increment=14_465).serialize())
    assert client.post(ASK, b"x" * 16_000, 4, 0.0)
    assert not client.post(ASK, b"x", 5, 0.0)


def test_answers_of_any_number_do_not_use_up_what_the_service_may_send():
    peer = Peer()
    for turn in range(40):
        peer.ask(*[b"body"] * 50)
        for stream in range(turn * 100 + 1, turn * 100 + 101, 2):
            peer.answer(stream, 200, b"x" * 16_000)
    assert len(peer.client.taken) == 2_000
    assert peer.server.outbound_flow_control_window > 2**22


def test_what_the_service_did_not_look_at_may_be_asked_again():
    peer = Peer()
    peer.ask(*[b"body"] * 5)
    peer.server.reset_stream(3, ErrorCodes.REFUSED_STREAM)
    peer.server.reset_stream(5, ErrorCodes.INTERNAL_ERROR)
    peer.exchange()
    assert peer.client.untouched == [1]
    assert peer.client.broken == [(2, "stream reset (2)")]
    peer.client.receive(GoAwayFrame(0, last_stream_id=7).serialize())
    assert peer.client.untouched == [1, 4]
    assert peer.client.leaving
    assert peer.client.room == 0
    peer.answer(1, *OK)
    peer.answer(7, *OK)
    assert peer.taken == [0, 3]
    assert not peer.client.open


def test_what_was_answered_before_the_connection_was_lost_was_taken():
    peer = Peer()
    peer.ask(b"answered", b"half answered", b"not answered", b"refused, as far as one can tell")
    peer.answer(1, *OK)
    for stream, status in ((3, "200"), (7, "503")):
        peer.server.send_headers(stream, [(":status", status)])
    peer.exchange()
    peer.client.lost("connection lost")
    assert peer.taken == [0, 1]
    assert peer.client.broken == [(2, "connection lost"), (3, "connection lost")]


def test_what_waits_too_long_is_given_up_and_the_service_told():
    peer = Peer()
    peer.ask(b"old", b"older than it may be", b"new")
    peer.client.expire(2.0)
    peer.exchange()
    assert peer.client.broken == [(0, "timeout"), (1, "timeout")]
    assert peer.resets == {1: ErrorCodes.CANCEL, 3: ErrorCodes.CANCEL}
    # The answer that was on its way is no concern of anybody's, and the next one is.
    block = Encoder().encode([(":status", "200")])
    late = HeadersFrame(1, block, flags=["END_HEADERS", "END_STREAM"]).serialize()
    peer.client.receive(late)
    peer.answer(5, *OK)
    assert peer.taken == [2]


def test_headers_in_pieces_padded_and_with_a_first_word_before_the_answer():
    client = Connection(10)
    client.post(ASK, b"body", 0, 0.0)
    encode = Encoder().encode
    client.receive(HeadersFrame(1, encode([(":status", "103")]), flags=["END_HEADERS"]).serialize())
    block = encode([(":status", "503"), ("retry-after", "9")])
    begun = HeadersFrame(1, block[:2], flags=["PADDED"])
    begun.pad_length = 5
    rest = ContinuationFrame(1, block[2:], flags=["END_HEADERS"])
    padded = DataFrame(1, b"sorry", flags=["PADDED", "END_STREAM"], pad_length=11)
    client.receive(begun.serialize() + rest.serialize() + padded.serialize())
    assert client.answers == [
        Answer(0, 503, {":status": "503", "retry-after": "9"}, b"sorry"),
    ]


def test_of_an_endless_answer_the_beginning_is_kept():
    client = Connection(10)
    client.post(ASK, b"body", 0, 0.0)
    head = Encoder().encode([(":status", "500")])
    client.receive(HeadersFrame(1, head, flags=["END_HEADERS"]).serialize())
    for _ in range(6):
        client.receive(DataFrame(1, b"x" * 16_000).serialize())
    client.receive(DataFrame(1, b"", flags=["END_STREAM"]).serialize())
    assert [len(one.body) for one in client.answers] == [65_536]


def test_a_header_block_that_breaks_off_for_a_good_answer_is_refused():
    peer = Peer()
    peer.ask(b"first", b"second", b"third")
    peer.answer(1, *OK)
    begun = HeadersFrame(3, b"\x88").serialize()
    good = HeadersFrame(5, b"\x88", flags=["END_HEADERS", "END_STREAM"]).serialize()
    with pytest.raises(ProtocolError):
        peer.client.receive(begun + good)
    assert peer.taken == [0]


def test_an_answer_can_end_with_its_headers_or_with_trailers():
    peer = Peer()
    peer.ask(b"first", b"second", b"third")
    peer.server.send_headers(1, [(":status", "200")], end_stream=True)
    peer.server.send_headers(3, [(":status", "200")])
    peer.server.send_data(3, b"x")
    peer.server.send_headers(3, [("checksum", "1")], end_stream=True)
    peer.server.send_headers(5, [(":status", "404")], end_stream=True)
    peer.exchange()
    assert peer.taken == [0, 1]
    assert [(one.tag, one.status) for one in peer.client.answers] == [(2, 404)]


def test_a_ping_is_answered():
    client = Connection(10)
    client.out.clear()
    client.receive(PingFrame(0, b"12345678").serialize())
    frame, _ = Frame.parse_frame_header(memoryview(client.out[0][:9]))
    assert (type(frame), set(frame.flags), client.out[0][9:]) == (PingFrame, {"ACK"}, b"12345678")
    client.receive(PingFrame(0, b"12345678", flags=["ACK"]).serialize())
    assert len(client.out) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        PushPromiseFrame(1, promised_stream_id=2, data=b"\x88").serialize(),
        ContinuationFrame(1, b"\x88", flags=["END_HEADERS"]).serialize(),
        HeadersFrame(1, b"\x88").serialize() + PingFrame(0, b"12345678").serialize(),
        HeadersFrame(1, b"\xff\xff\xff\xff\xff", flags=["END_HEADERS"]).serialize(),
        HeadersFrame(1, Encoder().encode([(":status", "ok")]), flags=["END_HEADERS"]).serialize(),
        WindowUpdateFrame(0, window_increment=1).serialize()[:-4] + bytes(4),
        GoAwayFrame(0).serialize()[:2] + b"\4" + GoAwayFrame(0).serialize()[3:13],
        HeadersFrame(1, b"\x88").serialize()
        + b"".join(ContinuationFrame(1, b"x" * 16_000).serialize() for _ in range(5)),
    ],
)  # fmt: skip
def test_what_is_not_http_2_is_refused(said):
    client = Connection(10)
    client.post(ASK, b"body", 0, 0.0)
    with pytest.raises(ProtocolError):
        client.receive(said)
    client.lost("HTTP/2 broken")
    assert client.broken == [(0, "HTTP/2 broken")]


def test_a_service_that_takes_too_little_at_once_is_for_libcurl():
    with pytest.raises(Unsuited):
        Connection(10).receive(
            SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 100}).serialize()
        )


def test_numbers_that_run_out_end_the_connection():
    client = Connection(10)
    client._next = 2**31 - 3
    assert client.post(ASK, b"body", 0, 0.0)
    assert client.room == 9
    assert client.post(ASK, b"body", 1, 0.0)
    assert client.room == 0
    assert list(client.open) == [2**31 - 3, 2**31 - 1]


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 40))
def test_nothing_that_a_service_can_say_does_more_than_break_the_connection(said, piece):
    client = Connection(10)
    for tag in range(5):
        client.post(ASK, b"body", tag, 0.0)
    data = SettingsFrame(0).serialize()
    for number, body in enumerate(said):
        head = len(body).to_bytes(3, "big") + bytes((number % 10, body[0] if body else 0))
        data += head + (number % 4 * 2 + 1).to_bytes(4, "big") + body
    try:
        for start in range(0, len(data), piece):
            client.receive(data[start : start + piece])
    except (ProtocolError, Unsuited):
        pass
    client.lost("connection lost")
    told = [tag for tag, _ in client.taken] + [one.tag for one in client.answers]
    told += client.untouched + [tag for tag, _ in client.broken]
    assert sorted(told) == [0, 1, 2, 3, 4]
