"""API keys: ``casa_<id>_<secret>``, shown once, kept as a SHA-256 digest.

The secret has 160 random bits, so a plain digest is as good as a slow one (there is nothing to
guess); the id finds the row, and the digests are compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casa.agencies.models import Agency, ApiKey
from casa.database import now

PREFIX = "casa"
_FORM = re.compile(r"casa_([0-9a-f]{12})_([0-9a-f]{40})")


class KeyRefused(Exception):
    """The key is malformed, unknown or revoked; which of them is not told."""


def issue(session: Session, agency: Agency, name: str) -> str:
    """A new key of ``agency``; the text returned is nowhere kept."""
    identifier, secret = secrets.token_hex(6), secrets.token_hex(20)
    session.add(ApiKey(id=identifier, agency_id=agency.id, name=name, digest=_digest(secret)))
    session.flush()
    return f"{PREFIX}_{identifier}_{secret}"


def revoke(session: Session, identifier: str, moment: datetime | None = None) -> bool:
    """Make a key worthless from now on; whether there was one to revoke."""
    key = session.get(ApiKey, identifier)
    if key is None or key.revoked is not None:
        return False
    key.revoked = moment or now()
    return True


def agency_of(session: Session, text: str) -> Agency:
    """The agency whose key ``text`` is.

    Raises:
        KeyRefused: it is no agency's valid key.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise KeyRefused
    query = select(ApiKey).where(ApiKey.id == form[1], ApiKey.revoked.is_(None))
    key = session.scalar(query.options(joinedload(ApiKey.agency).selectinload(Agency.mandates)))
    # An unknown key costs the same comparison as a known one.
    kept = key.digest if key else _digest("")
    if not hmac.compare_digest(kept, _digest(form[2])) or key is None:
        raise KeyRefused
    return key.agency


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
