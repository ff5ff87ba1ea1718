"""The keys of the FCM double: its TLS certificates, its service account, its access tokens."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import secrets
import ssl
import time
from pathlib import Path
from typing import Any

from certificates import make, new_key, pem
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

_SCOPES = {
    "https://www.googleapis.com/auth/firebase.messaging",
    "https://www.googleapis.com/auth/cloud-platform",
}
_GOOGLE = "https://oauth2.googleapis.com/token"  # what google-auth asserts, whatever the address


class Keys:
    """Made once in ``folder``, read from there afterwards. ``life`` of access tokens in seconds."""

    def __init__(self, folder: Path, life: float) -> None:
        self._folder = folder
        self._life = life
        self._revoked = folder / "revoked"
        if not (folder / "server.pem").exists():
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            make(folder, names)
            (folder / "account.key").write_bytes(pem(new_key()))
            (folder / "tokens.key").write_bytes(secrets.token_bytes(32))
        self._secret = (folder / "tokens.key").read_bytes()
        self._account: Any = serialization.load_pem_private_key(
            (folder / "account.key").read_bytes(), None
        )
        self._token_uri = ""

    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "server.pem")
        return context

    def write_account(self, project: str, url: str) -> None:
        """The service account file, as the Firebase console gives it."""
        self._token_uri = f"{url}/token"
        self._email = f"sender@{project}.iam.gserviceaccount.com"
        account = {
            "type": "service_account",
            "project_id": project,
            "private_key_id": "1",
            "private_key": (self._folder / "account.key").read_text(),
            "client_email": self._email,
            "client_id": "1",
            "token_uri": self._token_uri,
        }
        (self._folder / "account.json").write_text(json.dumps(account))

    def fault(self, assertion: str) -> str | None:
        """What is wrong with a JWT bearer assertion (RFC 7523 section 3)."""
        try:
            signed, _, signature = assertion.rpartition(".")
            header, claims = (json.loads(_decode(part)) for part in signed.split("."))
            self._account.public_key().verify(
                _decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (ValueError, binascii.Error):
            return "the assertion is not a JWT"
        except InvalidSignature:
            return "the signature is not the account's"
        moment = time.time()
        checks = {
            "alg must be RS256": header.get("alg") == "RS256",
            "iss must be the account": claims.get("iss") == self._email,
            "aud must be the token endpoint": claims.get("aud") in (_GOOGLE, self._token_uri),
            "exp must be within the hour to come": moment < claims.get("exp", 0) <= moment + 3700,
            "iat must not be in the future": claims.get("iat", moment + 999) <= moment + 60,
            "scope does not allow messaging": bool(_SCOPES & set(claims.get("scope", "").split())),
        }
        return next((text for text, holds in checks.items() if not holds), None)

    def access_token(self) -> tuple[str, int]:
        """A token and its life in whole seconds; it says itself from when to when it is good."""
        moment = time.time()
        claim = f"{moment:.6f}:{moment + self._life:.6f}:{secrets.token_hex(8)}"
        return f"{_encode(claim.encode())}.{self._mac(claim)}", int(self._life)

    def good(self, token: str) -> bool:
        try:
            text, _, mac = token.rpartition(".")
            claim = _decode(text).decode()
            issued, ends, _ = claim.split(":")
        except (ValueError, binascii.Error):
            return False
        revoked = float(self._revoked.read_text()) if self._revoked.exists() else 0.0
        genuine = hmac.compare_digest(mac, self._mac(claim))
        return genuine and float(issued) > revoked and time.time() < float(ends)

    def revoke(self) -> None:
        self._revoked.write_text(f"{time.time():.6f}")

    def _mac(self, claim: str) -> str:
        return hmac.new(self._secret, claim.encode(), hashlib.sha256).hexdigest()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
