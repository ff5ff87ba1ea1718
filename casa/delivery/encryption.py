"""Web Push's two uses of P-256: a message that only the browser can read, and who sends it.

Source: RFC 8291 (encryption for one subscription), RFC 8188 (``aes128gcm``), RFC 8292 (VAPID).
"""

import base64
import os
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from casa import keyfile

LONGEST = 3_993  # bytes of text in one message (RFC 8291 section 4)

_RECORD = (4_096).to_bytes(4)
_LAST = b"\x02"  # the delimiter of the last record, here the only one
_CURVE = ec.SECP256R1()


def seal(
    text: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """``text`` for the browser whose subscription has these keys, as an ``aes128gcm`` body.

    ``p256dh`` is an uncompressed point, 65 bytes; ``auth`` 16 bytes. ``key`` and ``salt`` (16
    bytes) are new for every message unless they are given.

    Raises:
        ValueError: the text is longer than ``LONGEST``, or ``p256dh`` no point of the curve.
    """
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} bytes are more than {LONGEST}")
    key = key or ec.generate_private_key(_CURVE)
    salt = salt or os.urandom(16)
    own = _point(key.public_key())
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, p256dh))
    secret = _derive(shared, auth, b"WebPush: info\x00" + p256dh + own, 32)
    content_key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    sealed = AESGCM(content_key).encrypt(nonce, text + _LAST, None)
    return salt + _RECORD + bytes([len(own)]) + own + sealed


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _new_key() -> dict[str, Any]:
    new = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": "ES256"})
    return new.as_dict(private=True)


class Vapid:
    """The key that browsers subscribe for, and the tokens that prove messages to be its owner's.

    A token is good for one push service (its origin) and a day at most, so it is made once and
    used until it has an hour left.
    """

    _LIFE = 12 * 3600
    _MARGIN = 3600
    _MOST = 1_000  # origins whose token is kept: browsers have a handful, an attacker any number

    def __init__(self, path: Path, contact: str) -> None:
        """``path`` is made when it is not there; ``contact`` a mailto: or https: address."""
        self._contact = contact
        self._headers: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._key = ECKey.import_key(keyfile.read_or_create(path, _new_key))
        # What a page gives to ``pushManager.subscribe`` as ``applicationServerKey``.
        point = _point(self._key.public_key)
        self.public = base64.urlsafe_b64encode(point).decode().rstrip("=")

    def authorization(self, origin: str) -> str:
        """The Authorization header for a push service, such as ``https://push.example.org``."""
        moment = time.time()
        ends, header = self._headers.get(origin, (0.0, ""))
        if ends - moment < self._MARGIN:
            ends = moment + self._LIFE
            claims = {"aud": origin, "exp": int(ends), "sub": self._contact}
            token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key)
            header = f"vapid t={token}, k={self.public}"
            self._headers[origin] = ends, header
            if len(self._headers) > self._MOST:
                self._headers.popitem(last=False)
        return header
