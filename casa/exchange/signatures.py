"""Signed alerts: a copy passed on by any means can be checked against the service's public keys.

A signed alert is a compact JWS (RFC 7515) with Ed25519 (RFC 8037, RFC 9864) over the message as it
was published, in JSON. Private keys are files in one folder, a JWK each (RFC 7517) named by its
thumbprint (RFC 7638); the newest signs and all are published, so what an older key signed can
still be checked. A key that must not be trusted any more is deleted.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from casa import keyfile
from casa.alerts.message import Message

MEDIA_TYPE = "application/jose"
ALGORITHM = "Ed25519"
_TYPE = "casa-alert"
_WHITE = re.compile(r"\s+")


class BadSignature(ValueError):
    """The text is no alert that one of the keys has signed; the message says why."""


class SigningKeys:
    """The keys in ``folder``; the first is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rotate(self) -> str:
        """Make a new key, which signs from now on; its id."""
        key = OKPKey.generate_key(
            "Ed25519", parameters={"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True
        )
        keyfile.create(self._folder / f"{key.kid}.jwk", key.as_dict(private=True))
        return str(key.kid)

    def public(self) -> dict[str, Any]:
        """The JWK set that anybody may have, the newest key first."""
        return {"keys": [key.as_dict(private=False) for key in self._keys()]}

    def sign(self, message: Message) -> str:
        """The message as a compact JWS."""
        newest = self._keys()[0]
        header = {"alg": ALGORITHM, "kid": newest.kid, "typ": _TYPE}
        payload = msgspec.json.encode(message)
        return jws.serialize_compact(header, payload, newest, algorithms=[ALGORITHM])

    def render(self, message: Message, _: Sequence[str]) -> bytes:
        return self.sign(message).encode()

    def _keys(self) -> list[OKPKey]:
        if not (paths := list(self._folder.glob("*.jwk"))):
            self.rotate()
            paths = list(self._folder.glob("*.jwk"))
        newest_first = sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name))[::-1]
        return [OKPKey.import_key(keyfile.read(path)) for path in newest_first]


def verify(text: str, public: dict[str, Any]) -> Message:
    """The alert in ``text``, a compact JWS, checked against a JWK set.

    Raises:
        BadSignature
    """
    try:
        keys = KeySet.import_key_set(public)  # type: ignore[arg-type]
        found = jws.deserialize_compact(_WHITE.sub("", text), keys, algorithms=[ALGORITHM])
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise BadSignature(f"the signature does not hold: {error}") from error
    if found.headers().get("typ") != _TYPE:
        raise BadSignature("what is signed is not an alert")
    try:
        return msgspec.json.decode(found.payload, type=Message)
    except msgspec.MsgspecError as error:
        raise BadSignature(f"what is signed is not an alert: {error}") from error
