"""The photograph mill: any picture of a person made upright, small and bare of all but pixels.

What comes in is a stranger's file: a JPEG, PNG, WebP, AVIF or HEIC by its content, not its name.
What goes out are fresh WebP and JPEG files drawn from the pixels alone, in 8-bit sRGB, so that
neither the place where a picture was taken nor anything hidden in a file is passed on.

Run as a module this is the child process of ``mill_safely``: a file on standard input, limits in
seconds and bytes as arguments, and on standard output ``_READY``, the answer's length as 4 bytes
and the answer in MessagePack.
"""

import hashlib
import math
import os
import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO

import msgspec
from PIL import Image

from casa.missing_persons.pictures import COSTLY, DAMAGED, check_length, read, shrunk
from casa.missing_persons.pictures import PhotographError as PhotographError

SIZES = (1600, 640, 96)
"""Pixels of a rendition's longer side at most."""
MAX_THUMBNAIL_BYTES = 10_000

_FORMATS = {"image/webp": "WEBP", "image/jpeg": "JPEG"}
_QUALITIES = range(82, 0, -9)
_READY = b"mill"
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Rendition:
    """One encoding of a photograph; ``size`` of ``SIZES`` is the box in pixels it fits."""

    size: int
    mime_type: str
    width: int
    height: int
    data: bytes
    digest: str
    """SHA-256 of ``data`` in hexadecimal."""


@dataclass(frozen=True)
class Photograph:
    """Renditions from large to small: in each of ``SIZES`` as WebP, then as JPEG.

    A picture is never enlarged, so those of a small one can be equally large.
    """

    renditions: tuple[Rendition, ...]


def mill(data: bytes) -> Photograph:
    """Clean renditions of a picture in a file's bytes.

    A decoder's crash, or one that takes memory beyond what the file's header says, is the
    caller's: a server calls ``mill_safely``.

    Raises:
        PhotographError: if it is no picture, or one beyond the bounds of ``read``.
    """
    return _renditions(read(data, SIZES[0]))


def _renditions(image: Image.Image) -> Photograph:
    return Photograph(
        tuple(
            _rendition(small, size, mime_type)
            for size in SIZES
            for small in (shrunk(image, size),)
            for mime_type in _FORMATS
        )
    )


def _rendition(image: Image.Image, size: int, mime_type: str) -> Rendition:
    most = MAX_THUMBNAIL_BYTES if size == SIZES[-1] else math.inf
    encoded = (_encoded(image, _FORMATS[mime_type], quality) for quality in _QUALITIES)
    data = next(one for one in encoded if len(one) <= most)
    digest = hashlib.sha256(data).hexdigest()
    return Rendition(size, mime_type, image.width, image.height, data, digest)


def _encoded(image: Image.Image, kind: str, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, kind, quality=quality, optimize=True)
    return out.getvalue()


@dataclass(frozen=True)
class _Answer:
    photograph: Photograph | None = None
    fault: str = DAMAGED


def mill_safely(data: bytes, *, seconds: float = 30, memory: int = 800_000_000) -> Photograph:
    """As ``mill``, in a process of its own that may take these seconds and bytes of memory.

    A WebP takes 16 bytes for each pixel: with the default, one beyond some 40 megapixels is
    refused. The largest of the other formats take less than 650 MB.

    Raises:
        PhotographError: as ``mill``, and if the picture takes more or a decoder crashes on it.
        RuntimeError: if the process does not come to read the picture, for no fault of that.
    """
    check_length(data)
    command = [sys.executable, "-P", "-m", __spec__.name, str(math.ceil(seconds)), str(memory)]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=data, capture_output=True, timeout=seconds, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise PhotographError(COSTLY) from error
    if not done.stdout.startswith(_READY):
        said = done.stderr[-500:].decode(errors="replace")
        raise RuntimeError(f"the mill does not start: {said}")
    answer = _answer(done.stdout.removeprefix(_READY))
    if answer.photograph is None:
        raise PhotographError(answer.fault)
    return answer.photograph


def _environment() -> dict[str, str]:
    """What the child needs to find its modules, without the secrets that settings stand for."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    # One arena for all threads, since each would take 64 MB of the addresses that are limited.
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_ARENA_MAX": "1"}


def _answer(written: bytes) -> _Answer:
    """What a child wrote; what a crash leaves undone is the picture's fault."""
    body = written[_LENGTH.size :]
    if written[: _LENGTH.size] != _LENGTH.pack(len(body)):
        return _Answer(fault=COSTLY)
    return msgspec.msgpack.decode(body, type=_Answer)


def _serve(seconds: int, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # No file is to hold a stranger's picture, a core dump least of all.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    out = sys.stdout.buffer
    out.write(_READY)
    out.flush()
    try:
        answer = _Answer(mill(sys.stdin.buffer.read()))
    except PhotographError as error:
        answer = _Answer(fault=str(error))
    body = msgspec.msgpack.encode(answer)
    out.write(_LENGTH.pack(len(body)) + body)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
