"""Passkeys: an officer signs in with a key that never leaves their own device (W3C WebAuthn).

The device asks for a finger, a face or a PIN before it signs, so one answer is both factors, and
it signs for one origin only, so a page that looks like ours gets nothing. The caller keeps each
challenge, takes one answer to it, and forgets it after ``LIFETIME``.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import webauthn
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, structs
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import PublicKeyCredentialDescriptor as Descriptor

Answer = dict[str, Any]  # as ``PublicKeyCredential.toJSON()`` gives it
LIFETIME = timedelta(minutes=5)  # what Level 3 section 15.1 recommends where a user is verified
ALGORITHMS = [Algorithm.ECDSA_SHA_256, Algorithm.RSASSA_PKCS1_v1_5_SHA_256, Algorithm.EDDSA]
_MILLISECONDS = LIFETIME // timedelta(milliseconds=1)
_DOMAIN = re.compile(r"([a-z0-9-]+\.)*[a-z][a-z0-9-]*")  # the last label of an IPv4 has no letter
_VERIFIED = structs.UserVerificationRequirement.REQUIRED
_SELECTION = structs.AuthenticatorSelectionCriteria(
    resident_key=structs.ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
)


class PasskeyRefused(Exception):
    """The answer is no proof of a passkey; the message says why, for the log alone."""


@dataclass(frozen=True)
class RelyingParty:
    """Whom passkeys are for: its domain, for good, what people call it, and where it asks from."""

    identifier: str
    name: str
    origin: str


@dataclass(frozen=True)
class Credential:
    """What is kept of a passkey: its id (base64url), its public key (COSE), how often it signed."""

    id: str
    public_key: bytes
    sign_count: int


def relying_party(base_url: str, name: str = "CASA") -> RelyingParty:
    """The relying party of a service that the public reaches at ``base_url``.

    Raises:
        ValueError: browsers make no passkeys for such an address. They want a domain, not an IP
            address (Level 2 section 5.1.3), and https, but for localhost (section 1.2.1).
    """
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port
    usable = parts.scheme == "https" or (parts.scheme, host) == ("http", "localhost")
    if not usable or not _DOMAIN.fullmatch(host):
        raise ValueError(f"Passkeys need https and a domain name in ASCII, unlike {base_url!r}.")
    usual = port is None or (parts.scheme, port) in (("https", 443), ("http", 80))
    return RelyingParty(host, name, f"{parts.scheme}://{host}" + ("" if usual else f":{port}"))


def registration_options(
    party: RelyingParty, officer_id: str, email: str, name: str, known: Sequence[str]
) -> tuple[dict[str, Any], bytes]:
    """What ``navigator.credentials.create`` is to be given, as JSON, and the challenge in it.

    ``known`` are the ids of the officer's passkeys: a device that holds one makes no second.

    Raises:
        ValueError: ``officer_id`` is not 1 to 64 bytes long (Level 2 section 5.4.3).
    """
    handle = officer_id.encode()
    if not 1 <= len(handle) <= 64:
        raise ValueError("An officer's id has 1 to 64 bytes.")
    options = webauthn.generate_registration_options(
        rp_id=party.identifier,
        rp_name=party.name,
        user_id=handle,
        user_name=email,
        user_display_name=name,
        timeout=_MILLISECONDS,
        authenticator_selection=_SELECTION,
        exclude_credentials=[Descriptor(base64url_to_bytes(one)) for one in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return json.loads(webauthn.options_to_json(options)), options.challenge


def register(party: RelyingParty, challenge: bytes, answer: Answer) -> Credential:
    """The passkey that ``answer`` brings (Level 2 section 7.1).

    The caller checks that no officer has one of its id; Level 3 says how long that may be.

    Raises:
        PasskeyRefused
    """
    with _refusing():
        found = webauthn.verify_registration_response(
            supported_pub_key_algs=ALGORITHMS, **_expected(party, challenge, answer)
        )
        _check_key(found.credential_public_key)
        identifier = bytes_to_base64url(found.credential_id)
        if identifier != answer["id"] or len(found.credential_id) > 1023:
            raise ValueError("the credential has another id than its answer, or too long a one")
        return Credential(identifier, found.credential_public_key, found.sign_count)


def sign_in_options(party: RelyingParty) -> tuple[dict[str, Any], bytes]:
    """What ``navigator.credentials.get`` is to be given, as JSON, and the challenge in it.

    No passkey is named, so nobody learns from it who has one: the device shows those it holds.
    """
    options = webauthn.generate_authentication_options(
        rp_id=party.identifier, timeout=_MILLISECONDS, user_verification=_VERIFIED
    )
    return json.loads(webauthn.options_to_json(options)), options.challenge


def answered(answer: Answer) -> tuple[str, str | None]:
    """The passkey's id and the officer's that ``answer`` names; nothing of it is verified.

    The officer's id is not signed: the caller finds the passkey by its own id, and refuses an
    answer without an officer or with another than the passkey's (Level 2 section 7.2, step 6).

    Raises:
        PasskeyRefused
    """
    with _refusing():
        identifier, handle = answer["id"], answer["response"].get("userHandle") or ""
        if any(bytes_to_base64url(base64url_to_bytes(one)) != one for one in (identifier, handle)):
            raise ValueError("an id of the answer is not base64url")
        return identifier, base64url_to_bytes(handle).decode() or None


def verify(
    party: RelyingParty, challenge: bytes, answer: Answer, public_key: bytes, sign_count: int
) -> int:
    """The new sign count of the passkey that made ``answer`` (Level 2 section 7.2).

    A count that stays or goes back tells of a copied key; 0 means that the device never counts.

    Raises:
        PasskeyRefused
    """
    with _refusing():
        return webauthn.verify_authentication_response(
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            **_expected(party, challenge, answer),
        ).new_sign_count


def _expected(party: RelyingParty, challenge: bytes, answer: Answer) -> dict[str, Any]:
    """What both ceremonies check; no frame in a page of others may ask (Level 3, 13.4.2)."""
    told = base64url_to_bytes(answer["response"]["clientDataJSON"])
    if webauthn.helpers.parse_client_data_json(told).cross_origin:
        raise ValueError("the answer was given in a frame of another origin")
    return {
        "credential": answer,
        "expected_challenge": challenge,
        "expected_rp_id": party.identifier,
        "expected_origin": party.origin,
        "require_user_verification": True,
    }


def _check_key(public_key: bytes) -> None:
    """Refuse a key that could never be used, or is weak; Level 2 section 5.8.5 has the pairs."""
    decoded = webauthn.helpers.decode_credential_public_key(public_key)
    match decoded.alg, webauthn.helpers.decoded_public_key_to_cryptography(decoded):
        case Algorithm.ECDSA_SHA_256, EllipticCurvePublicKey(curve=SECP256R1()):
            return
        case Algorithm.RSASSA_PKCS1_v1_5_SHA_256, RSAPublicKey(key_size=2048 | 3072 | 4096):
            return
        case Algorithm.EDDSA, Ed25519PublicKey():
            return
    raise ValueError("the public key is not of its algorithm, or too weak or too long")


@contextmanager
def _refusing() -> Iterator[None]:
    # The library reads what anybody may send and does not promise what it raises for it: errors of
    # base64, JSON, CBOR, X.509 and cryptography besides its own. They may quote the answer, so
    # what they say is cut short and kept to one line of the log.
    try:
        yield
    except Exception as error:
        raise PasskeyRefused(f"{type(error).__name__}: {str(error)[:200]!a}") from error
