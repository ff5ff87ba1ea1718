"""HTTP/2 for one purpose: thousands of small POSTs to one service; bytes in, bytes out (RFC 9113).

A request here is two frames whose bytes are known before it is made, and nearly every answer is
two frames whose first byte says all that matters. Those are written and read at once; every other
frame is hyperframe's, every other header hpack's.

The service is asked to keep no table of header fields (``SETTINGS_HEADER_TABLE_SIZE`` = 0). Once it
does, an answer's headers mean the same whatever came before, so what begins with the static table's
``:status: 200`` (RFC 7541 appendix A) need not be read any further.
"""

from struct import Struct
from typing import NamedTuple

from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

LARGEST_BODY = 16_384  # bytes: one frame, which every peer takes (RFC 9113 section 4.2)

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = Struct(">HBBBL")
_DATA, _HEADERS, _RST_STREAM = 0x0, 0x1, 0x3
_END_STREAM, _END_HEADERS = 0x1, 0x4
_OK = 0x88  # ":status: 200" in HPACK's static table
_INDEXED = 0x80  # HPACK's fields from the table are bytes from here on, the first 126
_NO_TABLE = b"\x20"  # HPACK's "from here on my table has no room"
_TABLE = 4_096  # bytes of HPACK's table at first
_REFUSED_STREAM, _CANCEL = 0x7, 0x8
_LAST_STREAM = 2**31 - 1
_FIRST_WINDOW = 65_535
_RECEIVED = 2**24  # bytes of answers that the service may send ahead
_LONGEST_ANSWER = 65_536  # bytes of headers or of an error that are kept

Headers = tuple[tuple[str, str], ...]


class ProtocolError(Exception):
    """The service does not speak HTTP/2 as RFC 9113 has it: the connection is of no use."""


class Unsuited(Exception):
    """The service speaks, but not in a way that this module serves; libcurl does."""


class Answer(NamedTuple):
    """An answer other than 200. Names of ``headers`` are in lower case."""

    tag: int
    status: int
    headers: dict[str, str]
    body: bytes


class _Partial:
    """An answer that is not read on the quick path, as it comes."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.body = bytearray()


class _Heads:
    """What all requests of a kind begin with, as one connection's service is told it.

    The first request names the fields, the others point to them: an access token is as long as a
    message. (A secret in HPACK's table can be guessed by who can add guesses to the same
    connection, RFC 7541 section 7.1; nobody can here.) A service whose table cannot hold them is
    told them each time.
    """

    def __init__(self, encoder: Encoder, headers: Headers) -> None:
        self.headers = headers
        self._encoder = encoder
        self._known: dict[int, tuple[bytes, bytes]] = {}
        # What an earlier token left in the table would push these out one by one.
        room, encoder.header_table_size = encoder.header_table_size, 0
        encoder.header_table_size = room
        self._first: bytes | None = encoder.encode(headers)
        self._fixed = encoder.encode(headers)
        if len(self._fixed) != len(headers) or min(self._fixed) < _INDEXED:
            encoder.header_table_size = 0
            self._first = _NO_TABLE + encoder.encode(headers).removeprefix(_NO_TABLE)
            self._fixed = encoder.encode(headers)

    def head(self, length: int) -> tuple[bytes, bytes]:
        """For a body of some length: the first bytes of the request's frame, and its block."""
        if self._first is not None:
            first, self._first = self._first, None
            return self._made(first, length)
        found = self._known.get(length)
        if found is None:
            found = self._known[length] = self._made(self._fixed, length)
        return found

    def _made(self, fixed: bytes, length: int) -> tuple[bytes, bytes]:
        # Never indexed, so that the table stays as it is.
        field = NeverIndexedHeaderTuple("content-length", str(length))
        block = fixed + self._encoder.encode([field])
        return len(block).to_bytes(3, "big") + bytes((_HEADERS, _END_HEADERS)), block


class Connection:
    """The state of one connection, without its socket.

    ``out`` is what is to be written. What became of requests collects in ``taken`` (the tags of
    those answered with 200, and when they were made), ``answers``, ``untouched`` (tags of requests
    that the service says it did not look at: they may be sent again) and ``broken`` (tags and why:
    whether they were taken is not known).
    """

    def __init__(self, streams: int) -> None:
        """At most ``streams`` requests are under way, fewer where the service allows fewer."""
        settings = {SettingsFrame.HEADER_TABLE_SIZE: 0, SettingsFrame.ENABLE_PUSH: 0}
        self.out = [
            _PREFACE,
            SettingsFrame(0, settings).serialize(),
            WindowUpdateFrame(0, window_increment=_RECEIVED - _FIRST_WINDOW).serialize(),
        ]
        self.open: dict[int, tuple[int, float]] = {}
        self.taken: list[tuple[int, float]] = []
        self.answers: list[Answer] = []
        self.untouched: list[int] = []
        self.broken: list[tuple[int, str]] = []
        self.leaving = False
        self._streams = streams
        self._next = 1
        self._window = _FIRST_WINDOW
        self._unacknowledged = 0
        self._input = b""
        self._encoder = Encoder()
        self._heads: _Heads | None = None
        self._decoder = Decoder(max_header_list_size=_LONGEST_ANSWER)
        self._stateless = False
        self._accepted: set[int] = set()
        self._partial: dict[int, _Partial] = {}
        self._fragment: tuple[HeadersFrame, bytearray] | None = None

    @property
    def room(self) -> int:
        """How many more requests may be made now."""
        return 0 if self.leaving else self._streams - len(self.open)

    def post(self, headers: Headers, body: bytes, tag: int, moment: float) -> bool:
        """Make a request; false: the service allows no more data for now.

        ``moment`` is kept for ``expire``, ``tag`` says which request it is.
        """
        length = len(body)
        if length > self._window:
            return False
        if self._heads is None or self._heads.headers is not headers:
            self._heads = _Heads(self._encoder, headers)
        head, block = self._heads.head(length)
        number = self._next
        self._next = number + 2
        if self._next > _LAST_STREAM:
            self.leaving = True
        stream = number.to_bytes(4, "big")
        self._window -= length
        self.open[number] = tag, moment
        self.out.append(
            b"%b%b%b%b\0\x01%b%b" % (head, stream, block, length.to_bytes(3, "big"), stream, body)
        )
        return True

    def expire(self, before: float) -> None:
        """Give up what was asked before a moment."""
        # Requests stand in the order in which they were made.
        while self.open:
            number, (_, moment) = next(iter(self.open.items()))
            if moment >= before:
                return
            self.out.append(RstStreamFrame(number, error_code=_CANCEL).serialize())
            self._break(number, "timeout")

    def lost(self, reason: str) -> None:
        """The connection is no more."""
        self.leaving = True
        for number in list(self.open):
            self._break(number, reason)

    def receive(self, data: bytes) -> None:
        """Read what came.

        Raises:
            ProtocolError, Unsuited: see there; ``lost`` is to be called.
        """
        data = self._input + data if self._input else data
        try:
            position = self._read(data)
        except (HyperframeError, HPACKError, ValueError) as error:
            raise ProtocolError(str(error)) from error
        self._input = data[position:]
        if self._unacknowledged > _RECEIVED // 2:
            update = WindowUpdateFrame(0, window_increment=self._unacknowledged)
            self.out.append(update.serialize())
            self._unacknowledged = 0

    def _read(self, data: bytes) -> int:
        """Read whole frames; where the first begins that is not whole."""
        position, end = 0, len(data)
        unpack, asked, accepted = _HEAD.unpack_from, self.open, self._accepted
        while end - position >= 9:
            high, low, kind, flags, stream = unpack(data, position)
            length = high << 8 | low
            if length > LARGEST_BODY:
                raise ProtocolError("a frame is too large")
            body = position + 9
            following = body + length
            if following > end:
                break
            if (
                kind == _HEADERS
                and flags | _END_STREAM == _END_STREAM | _END_HEADERS
                and self._stateless
                and length
                and data[body] == _OK
                and stream in asked
                and not self._fragment
            ):
                accepted.add(stream)
                if flags & _END_STREAM:
                    self._ended(stream)
            elif kind == _DATA and stream in accepted:
                self._unacknowledged += length
                if flags & _END_STREAM:
                    self._ended(stream)
            elif kind != _RST_STREAM or stream in asked:
                self._read_slowly(memoryview(data)[position:following])
            position = following
        return position

    def _ended(self, number: int) -> None:
        """An accepted request's answer is whole."""
        self._accepted.discard(number)
        found = self.open.pop(number, None)
        if found is not None:
            self.taken.append(found)

    def _break(self, number: int, reason: str) -> None:
        """No more will come; a status of 200 that has come is answer enough."""
        self._partial.pop(number, None)
        if number in self._accepted:
            self._ended(number)
        elif number in self.open:
            self.broken.append((self.open.pop(number)[0], reason))

    def _return(self, number: int) -> None:
        self.untouched.append(self.open.pop(number)[0])
        self._partial.pop(number, None)
        self._accepted.discard(number)

    def _read_slowly(self, data: memoryview) -> None:
        frame, _ = Frame.parse_frame_header(data[:9])
        frame.parse_body(data[9:])
        if self._fragment and not isinstance(frame, ContinuationFrame):
            raise ProtocolError("a header block breaks off")
        match frame:
            case HeadersFrame():
                self._begin(frame)
            case ContinuationFrame():
                self._go_on(frame)
            case DataFrame():
                self._read_data(frame)
            case SettingsFrame():
                self._agree(frame)
            case WindowUpdateFrame(stream_id=0):
                self._window += frame.window_increment
            case PingFrame() if "ACK" not in frame.flags:
                self.out.append(PingFrame(0, frame.opaque_data, flags=["ACK"]).serialize())
            case RstStreamFrame():
                self._reset(frame)
            case GoAwayFrame():
                self._go_away(frame)
            case PushPromiseFrame():
                raise ProtocolError("a push that nobody allowed")

    def _begin(self, frame: HeadersFrame) -> None:
        if "END_HEADERS" in frame.flags:
            self._read_headers(frame, frame.data)
        else:
            self._fragment = frame, bytearray(frame.data)

    def _go_on(self, frame: ContinuationFrame) -> None:
        if self._fragment is None or self._fragment[0].stream_id != frame.stream_id:
            raise ProtocolError("a header block goes on that had not begun")
        first, block = self._fragment
        block += frame.data
        if len(block) > _LONGEST_ANSWER:
            raise ProtocolError("a header block is too long")
        if "END_HEADERS" in frame.flags:
            self._fragment = None
            self._read_headers(first, bytes(block))

    def _read_headers(self, frame: HeadersFrame, block: bytes) -> None:
        # Also for whom nobody waits any more: the table may change.
        fields = self._decoder.decode(block)
        self._stateless = self._decoder.header_table_size == 0
        number = frame.stream_id
        headers = {str(name): str(value) for name, value in fields}
        if number in self.open and number not in self._accepted and number not in self._partial:
            status = int(headers.get(":status", 0))
            if status < 200:  # RFC 9110 section 15.2: another one follows
                return
            if status == 200:
                self._accepted.add(number)
            else:
                self._partial[number] = _Partial(status, headers)
        if "END_STREAM" in frame.flags:
            self._complete(number)

    def _read_data(self, frame: DataFrame) -> None:
        self._unacknowledged += frame.flow_controlled_length
        partial = self._partial.get(frame.stream_id)
        if partial is not None:
            partial.body += frame.data[: _LONGEST_ANSWER - len(partial.body)]
        if "END_STREAM" in frame.flags:
            self._complete(frame.stream_id)

    def _complete(self, number: int) -> None:
        partial = self._partial.pop(number, None)
        if partial is None:
            self._break(number, "no answer")
        else:
            tag, _ = self.open.pop(number)
            self.answers.append(Answer(tag, partial.status, partial.headers, bytes(partial.body)))

    def _agree(self, frame: SettingsFrame) -> None:
        if "ACK" in frame.flags:
            return
        settings = frame.settings
        if settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, LARGEST_BODY) < LARGEST_BODY:
            raise Unsuited("it takes too little data at once")
        most = settings.get(SettingsFrame.MAX_CONCURRENT_STREAMS)
        if most is not None:
            self._streams = min(self._streams, most)
        table = settings.get(SettingsFrame.HEADER_TABLE_SIZE, _TABLE)
        if table < self._encoder.header_table_size:
            self._encoder.header_table_size = table
            self._heads = None
        self.out.append(SettingsFrame(0, flags=["ACK"]).serialize())

    def _reset(self, frame: RstStreamFrame) -> None:
        number = frame.stream_id
        if frame.error_code == _REFUSED_STREAM and number in self.open:
            self._return(number)
        else:
            self._break(number, f"stream reset ({frame.error_code})")

    def _go_away(self, frame: GoAwayFrame) -> None:
        """Streams above the last that the service looked at were not taken (section 6.8)."""
        self.leaving = True
        for number in [one for one in self.open if one > frame.last_stream_id]:
            self._return(number)
