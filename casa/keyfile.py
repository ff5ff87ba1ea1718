"""A private key as a JWK (RFC 7517) in a file that its owner alone can read."""

import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


def create(path: Path, jwk: dict[str, Any]) -> None:
    """Keep ``jwk`` at ``path``, whole or not at all.

    Raises:
        FileExistsError: another key is there; it stays.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(jwk, file)
        # Unlike a rename, a link never takes the place of a key that another process made first.
        os.link(beside, path)
    finally:
        beside.unlink()


def read_or_create(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The JWK at ``path``, made when there is none; the one that was made first counts."""
    if not path.exists():
        with suppress(FileExistsError):
            create(path, make())
    return read(path)


def read(path: Path) -> dict[str, Any]:
    """The JWK at ``path``."""
    return dict(json.loads(path.read_text()))
