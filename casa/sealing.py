"""Secrets at rest: sealed with a key that is kept apart from the database.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. What is sealed for one purpose does not
open for another.
"""

import os
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from joserfc.jwk import OctKey

from casa import keyfile

_NONCE = 12


class Sealer:
    """Seals with the key at ``path``, which is made when it is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cipher: AESGCM | None = None

    def seal(self, text: bytes, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._key().encrypt(nonce, text, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """What was sealed.

        Raises:
            cryptography.exceptions.InvalidTag: another key or purpose, or it was changed.
        """
        return self._key().decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())

    def _key(self) -> AESGCM:
        if self._cipher is None:
            kept = keyfile.read_or_create(self._path, _new_key)
            self._cipher = AESGCM(OctKey.import_key(kept).raw_value)
        return self._cipher


def _new_key() -> dict[str, Any]:
    return OctKey.generate_key(256).as_dict(private=True)


def sealer() -> Sealer:
    """The current application's sealer."""
    return cast(Sealer, current_app.extensions["casa.sealer"])
