"""Sessions of officers: in the database, so that they can be ended at any moment.

A token is 160 random bits, shown once. Signing in and proving the second factor each make a new
token and end the old one, so a token that somebody planted before is worth nothing after.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session, joinedload

from casa.agencies.models import Agency, Officer, OfficerSession
from casa.database import now
from casa.settings import Settings

STEP_UP_LASTS = timedelta(minutes=5)
_FORM = re.compile(r"casas_[0-9a-f]{40}")
_NOTED_EVERY = timedelta(minutes=1)


class SessionRefused(Exception):
    """The token is of no session, or of one that has ended; which is not told."""


def begin(session: Session, officer: Officer, settings: Settings) -> str:
    """A new session of an officer who has shown both factors just now; its token."""
    moment = now()
    ends = moment + timedelta(hours=settings.session_hours)
    return _new(session, officer.id, moment, ends)


def renew(session: Session, token: str) -> str:
    """The same session under a new token, the second factor shown just now.

    Raises:
        SessionRefused
    """
    old = session.get(OfficerSession, _digest(token), with_for_update=True)
    if old is None:
        raise SessionRefused
    fresh = _new(session, old.officer_id, old.created, old.ends)
    session.delete(old)
    session.flush()
    return fresh


def _new(session: Session, officer_id: str, created: datetime, ends: datetime) -> str:
    token = f"casas_{secrets.token_hex(20)}"
    moment = now()
    session.add(
        OfficerSession(
            digest=_digest(token),
            officer_id=officer_id,
            created=created,
            seen=moment,
            proved=moment,
            ends=ends,
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, settings: Settings) -> OfficerSession:
    """The session of ``token``, with its officer, the agency and its mandates.

    Raises:
        SessionRefused
    """
    if not _FORM.fullmatch(token):
        raise SessionRefused
    agency = joinedload(OfficerSession.officer).joinedload(Officer.agency)
    found = session.get(
        OfficerSession, _digest(token), options=[agency.selectinload(Agency.mandates)]
    )
    if found is None or found.officer.disabled is not None or _is_over(found, settings):
        raise SessionRefused
    return found


def note_use(session: Session, found: OfficerSession) -> None:
    """Keep that the session is in use; it must be of this writing ``session`` or merged."""
    kept = session.get(OfficerSession, found.digest)
    if kept is not None:
        kept.seen = now()


def needs_note(found: OfficerSession) -> bool:
    return now() - found.seen >= _NOTED_EVERY


def is_stepped_up(found: OfficerSession) -> bool:
    return now() - found.proved < STEP_UP_LASTS


def end(session: Session, token: str) -> None:
    """End one session; it is no error when there is none."""
    session.execute(delete(OfficerSession).where(OfficerSession.digest == _digest(token)))


def end_all(session: Session, officer: Officer) -> None:
    """End every session of an officer: the password, the roles or the person has changed."""
    session.execute(delete(OfficerSession).where(OfficerSession.officer_id == officer.id))


def sweep(session: Session, moment: datetime) -> None:
    """Forget sessions that are over."""
    session.execute(delete(OfficerSession).where(OfficerSession.ends <= moment))


def csrf_token(token: str) -> str:
    """What a page must send beside the cookie: whoever can only make a browser send the cookie
    does not know it.
    """
    return hashlib.sha256(f"csrf:{token}".encode()).hexdigest()


def _is_over(found: OfficerSession, settings: Settings) -> bool:
    moment = now()
    idle = timedelta(minutes=settings.session_idle_minutes)
    return moment >= found.ends or moment - found.seen >= idle


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
