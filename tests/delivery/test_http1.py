"""What is taken for a request is read by another implementation in the same way."""

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.delivery import http1
from casa.delivery.http1 import Head, Refusal

_LINES = st.sampled_from(
    [
        b"Host: localhost",
        b"Host: other",
        b"Content-Length: 5",
        b"Content-Length: 6",
        b"content-length: 05",
        b"Content-Length: 5 ",
        b"Content-Length: +5",
        b"Content-Length:",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: CHUNKED",
        b"Transfer-Encoding: chunked ",
        b"Transfer-Encoding: gzip",
        b"Connection: close",
        b"Connection: keep-alive, X",
        b"Expect: 100-continue",
        b"X-Other: a",
    ]
)
_NOISE = st.sampled_from(
    [b"\0", b"\n", b"\r", b" ", b"\t", b":", b",", b"\x0b", b"5", b"\xff", b"%"]
)
_FIRST = st.builds(
    lambda method, target, version: method + b" " + target + b" " + version,
    st.sampled_from([b"GET", b"POST", b"PUT", b"OPTIONS"]),
    st.sampled_from([b"/", b"/a?b=%20", b"/%zz", b"http://localhost/a", b"*", b"//x"]),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"]),
)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Lines without the empty one; with something odd somewhere now and then."""
    lines = [draw(_FIRST), *draw(st.lists(_LINES, max_size=5))]
    text = b"\r\n".join(lines)
    for noise in draw(st.lists(_NOISE, max_size=2)):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + noise + text[place:]
    return text


def ours(text: bytes) -> Head | None:
    first, *lines = text.split(b"\r\n")
    try:
        return http1.read(first, [http1.field(line) for line in lines])
    except Refusal:
        return None


@given(heads())
@settings(max_examples=1_500, deadline=None)
def test_what_is_taken_means_the_same_to_h11(text: bytes) -> None:
    head = ours(text)
    if head is None or b"\r\n\r\n" in text:
        return
    other = h11.Connection(h11.SERVER)
    other.receive_data(text + b"\r\n\r\n")
    event = other.next_event()
    assert isinstance(event, h11.Request)
    headers = dict(event.headers)
    assert event.method.decode() == head.method
    assert event.http_version == b"1.%d" % head.minor
    chunked = headers.get(b"transfer-encoding") == b"chunked"
    assert (chunked, int(headers.get(b"content-length", 0))) == (head.chunked, head.length)
    asks = b"close" not in headers.get(b"connection", b"").lower()
    if head.minor == 1:
        assert head.keep_alive == asks
    # And the next request begins where both believe it does.
    body = b"5\r\nhello\r\n0\r\n\r\n" if head.chunked else b"x" * head.length
    other.receive_data(body + b"GET /next")
    while not isinstance(event, h11.EndOfMessage):
        event = other.next_event()
    assert other.trailing_data[0] == b"GET /next"
