"""Where files of photographs are kept: a folder, or an object store such as S3.

A file's name is random (``new_token``), so that nobody can ask for a picture by its content, and
two cases with the same picture lose it each on its own. Whoever writes a file keeps its digest.

The store is obstore's, which is native code throughout: clients built on asyncio do not work in a
web process, which runs on gevent.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TypeVar, cast
from urllib.parse import urlsplit

import gevent
import obstore
from flask import current_app
from gevent import monkey
from gevent.util import wrap_errors
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

Answer = TypeVar("Answer")

_PATIENCE = timedelta(seconds=10)


class MediaMissing(Exception):
    """There is no file of this name."""


class MediaAway(Exception):
    """The store cannot be reached, or is full; what was asked for may work later."""


def new_token() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


class Media:
    """Files by name at ``url``: a folder's path, or a URL such as ``s3://bucket/folder``.

    All that it does may raise ``MediaAway``.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _store(self) -> ObjectStore:
        return _opened(self._url)

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data`` whole or not at all."""
        self._ask(name, lambda: obstore.put(self._store, name, data))

    def get(self, name: str) -> bytes:
        """What was put under ``name``.

        Raises:
            MediaMissing
        """
        return self._ask(name, lambda: bytes(obstore.get(self._store, name).bytes()))

    def delete(self, name: str) -> None:
        """Delete what is there; that nothing is, is no fault."""
        try:
            self._ask(name, lambda: obstore.delete(self._store, name))
        except MediaMissing:
            return

    def _ask(self, name: str, call: Callable[[], Answer]) -> Answer:
        if not name or os.path.basename(name) != name or name.startswith("."):
            raise ValueError(f"{name!r} is no name of a file")
        with _faults(name):
            return _aside(call)


def _opened(url: str) -> ObjectStore:
    scheme = urlsplit(url).scheme
    if not scheme:
        os.makedirs(url, mode=0o700, exist_ok=True)
        return LocalStore(url)
    if scheme in ("file", "memory"):
        return from_url(url)
    return from_url(url, retry_config={"max_retries": 2, "retry_timeout": _PATIENCE})


def _aside(call: Callable[[], Answer]) -> Answer:
    """Wait for the store without stopping the other requests of a web process."""
    if not monkey.is_module_patched("threading"):
        return call()
    # Unwrapped, an error would be printed by the hub before it is raised here.
    answer = gevent.get_hub().threadpool.apply(wrap_errors(Exception, call))
    if isinstance(answer, Exception):
        raise answer
    return cast(Answer, answer)


@contextmanager
def _faults(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MediaMissing(name) from error
    except (BaseError, OSError) as error:
        raise MediaAway(str(error).split("\n", 1)[0]) from error


def media() -> Media:
    """The current application's store."""
    return cast(Media, current_app.extensions["casa.media"])
