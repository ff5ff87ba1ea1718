"""A browser and its authenticator in one, in software: passkeys made and used as a person would.

It answers in the JSON that ``PublicKeyCredential.toJSON()`` gives (W3C WebAuthn Level 3 section
5.1), with attestation "none" (section 8.7) and the authenticator data of section 6.1. What an
honest one would not do can be chosen: another origin, another relying party, a user not verified.
"""

import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ES256, EDDSA, RS256 = -7, -8, -257
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class AlreadyHeld(Exception):
    """One of the excluded credentials is held: InvalidStateError (section 6.3.2, step 3)."""


class NothingHeld(Exception):
    """No credential is held for the relying party: NotAllowedError (section 6.3.3, step 6)."""


@dataclass
class Passkey:
    id: bytes
    party: str
    handle: bytes
    key: PrivateKey
    count: int = 0

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(SHA256()))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), SHA256())
        return self.key.sign(data)


@dataclass
class Authenticator:
    """What holds passkeys, in a browser that shows a page of ``origin``.

    ``party`` is signed for in place of the relying party that asks; ``step`` is what each answer
    adds to the sign count, 0 for a device that does not count.
    """

    origin: str
    algorithm: int = ES256
    present: bool = True
    verified: bool = True
    step: int = 1
    party: str | None = None
    framed: bool = False
    held: list[Passkey] = field(default_factory=list)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What ``navigator.credentials.create`` gives for ``options``.

        Raises:
            AlreadyHeld
        """
        if {one.id for one in self.held} & {unwrap(o["id"]) for o in options["excludeCredentials"]}:
            raise AlreadyHeld
        assert self.algorithm in [one["alg"] for one in options["pubKeyCredParams"]]
        one = Passkey(
            secrets.token_bytes(16),
            self.party or options["rp"]["id"],
            unwrap(options["user"]["id"]),
            private_key(self.algorithm),
        )
        self.held.append(one)
        return registered(one, self._client("create", options), self._data(one, attested=True))

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What ``navigator.credentials.get`` gives for ``options``; the newest passkey is chosen.

        Raises:
            NothingHeld
        """
        party = self.party or options["rpId"]
        if not (fitting := [one for one in self.held if one.party == party]):
            raise NothingHeld
        one = fitting[-1]
        one.count += self.step
        return asserted(one, self._client("get", options), self._data(one))

    def _client(self, verb: str, options: dict[str, Any]) -> bytes:
        """The client data of section 5.8.1, in the order of its fields there."""
        found = {
            "type": f"webauthn.{verb}",
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.framed,
        }
        return json.dumps(found, separators=(",", ":")).encode()

    def _data(self, one: Passkey, attested: bool = False) -> bytes:
        flags = _PRESENT * self.present | _VERIFIED * self.verified | _ATTESTED * attested
        start = sha256(one.party.encode()).digest() + struct.pack(">BI", flags, one.count)
        return start + (attested_data(one.id, cbor2.dumps(cose(one.key))) if attested else b"")


def attested_data(identifier: bytes, public_key: bytes) -> bytes:
    """Section 6.5.1: who made the device (nobody says), the credential's id and its key."""
    return bytes(16) + struct.pack(">H", len(identifier)) + identifier + public_key


def registered(one: Passkey, client: bytes, data: bytes, **changed: Any) -> dict[str, Any]:
    """RegistrationResponseJSON; ``changed`` are fields of the attestation object."""
    public = one.key.public_key()
    attestation = {"fmt": "none", "attStmt": {}, "authData": data} | changed
    response = {
        "clientDataJSON": wrap(client),
        "authenticatorData": wrap(data),
        "transports": ["internal", "hybrid"],
        "publicKey": wrap(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        "publicKeyAlgorithm": cose(one.key)[3],
        "attestationObject": wrap(cbor2.dumps(attestation)),
    }
    return _credential(one, response)


def asserted(one: Passkey, client: bytes, data: bytes) -> dict[str, Any]:
    """AuthenticationResponseJSON, signed as section 6.3.3 says."""
    response = {
        "clientDataJSON": wrap(client),
        "authenticatorData": wrap(data),
        "signature": wrap(one.sign(data + sha256(client).digest())),
        "userHandle": wrap(one.handle),
    }
    return _credential(one, response)


def _credential(one: Passkey, response: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": wrap(one.id),
        "rawId": wrap(one.id),
        "response": response,
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "type": "public-key",
    }


def private_key(algorithm: int) -> PrivateKey:
    """A new key for a COSE algorithm."""
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == RS256:
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.generate()


def cose(key: PrivateKey) -> dict[int, Any]:
    """The public half as a COSE_Key (RFC 9053 section 7, RFC 8230 section 4)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.public_key().public_numbers()
        size = (key.key_size + 7) // 8
        curve = {"secp256r1": 1, "secp384r1": 2}[key.curve.name]
        x, y = numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")
        return {1: 2, 3: ES256, -1: curve, -2: x, -3: y}
    if isinstance(key, rsa.RSAPrivateKey):
        modulus = key.public_key().public_numbers().n
        return {1: 3, 3: RS256, -1: modulus.to_bytes(key.key_size // 8, "big"), -2: b"\1\0\1"}
    return {1: 1, 3: EDDSA, -1: 6, -2: key.public_key().public_bytes_raw()}


def wrap(data: bytes) -> str:
    """Base64url without padding, as all bytes are told in these answers."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unwrap(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
