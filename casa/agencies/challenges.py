"""WebAuthn challenges: given out, good once and for five minutes."""

import base64
import hashlib
import json
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from casa.agencies.models import Challenge
from casa.agencies.passkeys import LIFETIME, PasskeyRefused
from casa.database import now


def keep(session: Session, challenge: bytes, officer_id: str | None = None) -> None:
    """Remember a challenge, given to this officer or to whoever wants to sign in."""
    session.execute(delete(Challenge).where(Challenge.expires <= now()))
    digest = hashlib.sha256(challenge).hexdigest()
    session.add(Challenge(digest=digest, officer_id=officer_id, expires=now() + LIFETIME))


def take(session: Session, answer: dict[str, Any], officer_id: str | None = None) -> bytes:
    """The challenge that ``answer`` says it answers, which is spent by that.

    Raises:
        PasskeyRefused: it was not given out, not to this officer, or too long ago.
    """
    try:
        told = answer["response"]["clientDataJSON"]
        client = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        text = client["challenge"]
        challenge = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused("the answer names no challenge") from error
    digest = hashlib.sha256(challenge).hexdigest()
    kept = session.get(Challenge, digest, with_for_update=True)
    if kept is None or kept.expires <= now() or kept.officer_id != officer_id:
        raise PasskeyRefused("the challenge is not one that was given out for this")
    session.delete(kept)
    session.flush()
    return challenge
