"""The head of an HTTP/1.1 request, read so strictly that no two readers can differ about it.

Whatever stands in front of the service (a proxy, a cache, a filter) and the service itself must
agree where a request ends and whom it is for, or one request can be hidden in another (request
smuggling). So what RFC 9112 lets a server forgive is refused: bare line feeds, folded lines,
repeated lengths, a length beside a transfer coding. Pure: no sockets.
"""

import re
from collections import Counter
from dataclasses import dataclass

LONGEST_LINE = 8_192
MOST_FIELDS = 100
MOST_BYTES = 32_768  # of all fields together

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/1\.([01])" % _TOKEN)
# Texts and tabs; what RFC 9110 calls obs-text is let through, as browsers' cookies may have it.
_FIELD = re.compile(rb"(%b):([\t\x20-\x7e\x80-\xff]*)" % _TOKEN)
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,12})(;[\t\x20-\x7e\x80-\xff]*)?")
_LONGEST_EXTENSION = 256
_HOST = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
# What RFC 3986 allows, and what browsers leave as it is.
_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/|\[\]^]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?|\[\]^`{}\\]|%[0-9A-Fa-f]{2})*")
# Two of these and readers differ over which counts.
_ONCE = (
    "authorization",
    "content-length",
    "content-type",
    "expect",
    "host",
    "origin",
    "sec-websocket-key",
    "sec-websocket-version",
    "transfer-encoding",
)


class Refusal(Exception):
    """A request that is not taken: the connection ends with ``status``."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Head:
    """``length`` is the body's, unless it is ``chunked``; ``fields`` have lower-case names."""

    method: str
    path: str
    query: str
    minor: int
    fields: tuple[tuple[str, str], ...]
    length: int
    chunked: bool
    keep_alive: bool
    awaits_continue: bool
    upgrade: str


def field(line: bytes) -> tuple[str, str]:
    """The name in lower case, and the value, of a line without its end."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise Refusal(400, "A header line is malformed.")
    return match[1].decode("ascii").lower(), match[2].decode("latin-1").strip(" \t")


def chunk_size(line: bytes) -> int:
    """The size that a line without its end gives the chunk after it; extensions mean nothing."""
    match = _CHUNK.fullmatch(line)
    if match is None or len(match[2] or b"") > _LONGEST_EXTENSION:
        raise Refusal(400, "A chunk's size is malformed.")
    return int(match[1], 16)


def read(line: bytes, fields: list[tuple[str, str]]) -> Head:
    """A request by its first line (without its end) and its fields.

    Raises:
        Refusal: it can be read in more than one way, or not at all.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Refusal(400, "The request line is not METHOD TARGET HTTP/1.1.")
    method, minor = match[1].decode("ascii"), int(match[3])
    names = Counter(name for name, _ in fields)
    for name in _ONCE:
        if names[name] > 1:
            raise Refusal(400, f"{name} may be given once.")
    values = dict(fields)
    path, query = _target(match[2].decode("ascii"), _host(values, minor))
    length, chunked = _framing(values, method, minor)
    expect = values.get("expect", "").lower()
    if expect not in ("", "100-continue"):
        raise Refusal(417, "Only 100-continue can be expected.")
    return Head(
        method=method,
        path=path,
        query=query,
        minor=minor,
        fields=tuple(fields),
        length=length,
        chunked=chunked,
        keep_alive=_keeps_alive(fields, minor),
        awaits_continue=bool(expect) and minor == 1,
        upgrade=values.get("upgrade", "").lower(),
    )


def _host(values: dict[str, str], minor: int) -> str | None:
    host = values.get("host")
    if host is None and minor == 1:
        raise Refusal(400, "Host is missing.")
    if host is not None and not _HOST.fullmatch(host):
        raise Refusal(400, "Host is malformed.")
    return host


def _target(target: str, host: str | None) -> tuple[str, str]:
    """Path and query. A whole address is taken where it names the same host as ``Host``."""
    if not target.startswith("/"):
        scheme, _, rest = target.partition("://")
        authority, slash, path = rest.partition("/")
        if scheme.lower() not in ("http", "https") or authority != host:
            raise Refusal(400, "The request's target must be a path of this host.")
        target = slash + path or "/"
    path, _, query = target.partition("?")
    if not (_PATH.fullmatch(path) and _QUERY.fullmatch(query)):
        raise Refusal(400, "The request's target is malformed.")
    return path, query


def _framing(values: dict[str, str], method: str, minor: int) -> tuple[int, bool]:
    """(length, whether chunked)."""
    coding, length = values.get("transfer-encoding"), values.get("content-length")
    if coding is not None:
        if length is not None:
            raise Refusal(400, "Transfer-Encoding and Content-Length exclude each other.")
        if coding.lower() != "chunked" or minor == 0:
            raise Refusal(400, "The only transfer coding is chunked, in HTTP/1.1.")
    if length is not None and not _LENGTH.fullmatch(length):
        raise Refusal(400, "Content-Length is malformed.")
    if method in ("HEAD", "TRACE", "CONNECT") and (coding is not None or int(length or 0)):
        raise Refusal(400, f"{method} has no body.")
    return int(length or 0), coding is not None


def _keeps_alive(fields: list[tuple[str, str]], minor: int) -> bool:
    connection = ",".join(value for name, value in fields if name == "connection").lower()
    options = {option.strip() for option in connection.split(",")}
    return "close" not in options and (minor == 1 or "keep-alive" in options)
