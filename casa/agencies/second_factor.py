"""The second factor: codes by time (TOTP, RFC 6238), and recovery codes that are good once."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime

import pyotp

_ISSUER = "CASA"
_PERIOD = 30  # seconds
_DRIFT = 1  # steps that a phone's clock may be off
_CODES = 10
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True)
class Proof:
    """What a good code leaves behind: the last step used and the recovery codes that remain."""

    step: int
    recovery: tuple[str, ...]


def new_secret() -> str:
    """A TOTP secret of 160 bits, base32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def new_recovery_codes() -> tuple[list[str], list[str]]:
    """Codes to be kept on paper, and their digests to be kept here."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(12)) for _ in range(_CODES)]
    return codes, [_digest(code) for code in codes]


def prove(
    code: str,
    secret: str,
    last_step: int,
    recovery: tuple[str, ...],
    moment: datetime | None = None,
) -> Proof | None:
    """What remains after ``code`` was used, ``None`` when it is not good (any more).

    A code is good once: its time step must be later than ``last_step``.
    """
    text = code.replace(" ", "").replace("-", "").upper()
    current = int(moment.timestamp() if moment else time.time()) // _PERIOD
    totp = pyotp.TOTP(secret)
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        good = hmac.compare_digest(totp.generate_otp(step), text) if text.isascii() else False
        if good and step > last_step:
            return Proof(step, recovery)
    digest = _digest(text)
    if digest in recovery:
        return Proof(last_step, tuple(one for one in recovery if one != digest))
    return None


def _digest(code: str) -> str:
    # Sixty random bits behind a limit on attempts need no slow hash.
    return hashlib.sha256(code.encode()).hexdigest()
