"""Where files of photographs are kept: a folder, or an object store such as S3.

A file's name is random (``new_token``), so that nobody can ask for a picture by its content, and
two cases with the same picture lose it each on its own. Whoever writes a file keeps its digest.
"""

import os
import secrets
from contextlib import suppress
from typing import cast

from flask import current_app
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem


class MediaMissing(Exception):
    """There is no file of this name."""


def new_token() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


class Media:
    """Files by name at ``url``: a path, or any URL that fsspec can open."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = url_to_fs(url)
        self._is_folder = isinstance(self._fs, LocalFileSystem)

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data`` whole or not at all."""
        path = self._path(name)
        if not self._is_folder:
            # Object stores show an object when all of it has arrived, and not before.
            self._fs.pipe_file(path, data)
            return
        os.makedirs(self._root, mode=0o700, exist_ok=True)
        part = f"{path}.{secrets.token_hex(4)}.part"
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError:
            with suppress(FileNotFoundError):
                os.remove(part)
            raise

    def get(self, name: str) -> bytes:
        """What was put under ``name``.

        Raises:
            MediaMissing
        """
        try:
            return cast(bytes, self._fs.cat_file(self._path(name)))
        except FileNotFoundError as error:
            raise MediaMissing(name) from error

    def delete(self, name: str) -> None:
        """Delete what is there; that nothing is, is no fault."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        if not name or os.path.basename(name) != name or name.startswith("."):
            raise ValueError(f"{name!r} is no name of a file")
        return f"{self._root}/{name}"


def media() -> Media:
    """The current application's store."""
    return cast(Media, current_app.extensions["casa.media"])
