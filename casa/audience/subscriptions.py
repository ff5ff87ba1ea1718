"""Web Push subscriptions, as a browser's ``PushSubscription.toJSON()`` gives them.

Messages are encrypted for the subscription (RFC 8291): ``p256dh`` is a point on the curve P-256 in
uncompressed form, 65 bytes, and ``auth`` is 16 bytes, both base64url.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields

_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
# Names that mean something on a local network only.
_PRIVATE_NAMES = (
    ".local", ".localhost", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa",
)  # fmt: skip
_LONGEST_ENDPOINT = 2_048

# P-256 (FIPS 186-4, D.1.2.3): y² = x³ - 3x + B modulo P.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


@dataclass(frozen=True)
class Subscription:
    """``p256dh`` and ``auth`` are base64url without padding."""

    endpoint: str
    p256dh: str
    auth: str

    @classmethod
    def from_text(cls, text: str) -> "Subscription":
        """The subscription that ``text`` was made of."""
        value = json.loads(text)
        return cls(value["endpoint"], **value["keys"])

    @property
    def text(self) -> str:
        """JSON, always the same for the same subscription."""
        keys = {"auth": self.auth, "p256dh": self.p256dh}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}, separators=(",", ":"))

    @property
    def point(self) -> bytes:
        """``p256dh`` as 65 bytes."""
        return _bytes(self.p256dh)

    @property
    def secret(self) -> bytes:
        """``auth`` as 16 bytes."""
        return _bytes(self.auth)


class SubscriptionField(fields.Field[Subscription]):
    """A subscription that can be sent to; faults name the member that is wrong."""

    def __init__(self, **arguments: Any) -> None:
        text = {"type": "string"}
        keys = {
            "type": "object",
            "properties": {"p256dh": text, "auth": text},
            "required": ["p256dh", "auth"],
        }
        schema = {
            "type": "object",
            "properties": {"endpoint": text | {"format": "uri"}, "keys": keys},
            "required": ["endpoint", "keys"],
        }
        super().__init__(metadata=schema, **arguments)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Subscription:
        members = _members(value, ("endpoint", "keys"), ("expirationTime",))
        try:
            keys = _members(members["keys"], ("p256dh", "auth"))
        except ValidationError as error:
            raise ValidationError({"keys": error.messages}) from None
        if not is_public_https(members["endpoint"]):
            raise ValidationError({"endpoint": ["must be the https address of a push service"]})
        if (point := _decoded(keys["p256dh"])) is None or not _is_point(point):
            fault = "must be a P-256 public key: 65 bytes, base64url"
            raise ValidationError({"keys": {"p256dh": [fault]}})
        if (auth := _decoded(keys["auth"])) is None or len(auth) != 16:
            raise ValidationError({"keys": {"auth": ["must be 16 bytes, base64url"]}})
        return Subscription(members["endpoint"], _encoded(point), _encoded(auth))


def _members(
    value: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValidationError("must be an object")
    faults = {name: ["Unknown field."] for name in value if name not in required + optional}
    faults |= {name: ["Missing data for required field."] for name in required if name not in value}
    if faults:
        raise ValidationError(faults)
    return value


def is_public_https(text: Any) -> bool:
    """An https address on the public Internet, as far as its text tells.

    CASA itself will send to it, so a name without a dot, an address in place of a name, a port or
    a password is refused: no push service has them, and a neighbour of the server might.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_ENDPOINT:
        return False
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        plain = parts.port in (None, 443) and parts.username is None
    except ValueError:
        return False
    return parts.scheme == "https" and plain and _is_public_name(parts.hostname or "")


def _is_public_name(host: str) -> bool:
    """No address in any spelling: no top-level domain is a number, as 0x7f.1 ends with."""
    name = host.removesuffix(".")
    return bool(_NAME.fullmatch(name)) and not name.endswith(_PRIVATE_NAMES)


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str) or not text.isascii() or len(text) > 100:
        return None
    try:
        return _bytes(text)
    except (binascii.Error, ValueError):
        return None


def _bytes(text: str) -> bytes:
    plain = text.rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), b"-_", validate=True)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _is_point(data: bytes) -> bool:
    if len(data) != 65 or data[0] != 4:
        return False
    x, y = int.from_bytes(data[1:33]), int.from_bytes(data[33:])
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0
