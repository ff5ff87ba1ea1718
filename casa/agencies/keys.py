"""API keys: ``casa_<id>_<secret>``, shown once, kept as a SHA-256 digest.

The secret has 160 random bits, so a plain digest is as good as a slow one (there is nothing to
guess); the id finds the row, and the digests are compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casa.agencies.models import Agency, ApiKey
from casa.agencies.permissions import SCOPES
from casa.database import now

PREFIX = "casa"
_FORM = re.compile(r"casa_([0-9a-f]{12})_([0-9a-f]{40})")


class KeyRefused(Exception):
    """The key is malformed, unknown, revoked, expired or used from elsewhere; which is not told.

    ``known`` is the id of a key whose secret was right: somebody else may have it.
    """

    def __init__(self, known: str | None = None) -> None:
        super().__init__()
        self.known = known


class KeyWaits(Exception):
    """The key is right, and good from a later moment on."""

    def __init__(self, starts: datetime) -> None:
        super().__init__()
        self.starts = starts


def issue(
    session: Session,
    agency: Agency,
    name: str,
    expires: datetime | None = None,
    networks: Sequence[str] = (),
    scopes: Sequence[str] = SCOPES,
    makers: Iterable[str] = (),
    starts: datetime | None = None,
) -> str:
    """A new key of ``agency``; the text returned is nowhere kept.

    ``networks`` (CIDR) are those from which alone it is good, ``scopes`` what it may do, ``makers``
    the officers whose hands it goes through; it is good from ``starts`` on.
    """
    identifier, secret = secrets.token_hex(6), secrets.token_hex(20)
    session.add(
        ApiKey(
            id=identifier,
            agency_id=agency.id,
            name=name,
            digest=_digest(secret),
            expires=expires,
            networks=[str(ip_network(one)) for one in networks],
            scopes=list(scopes),
            makers=sorted(set(makers)),
            starts=starts,
        )
    )
    session.flush()
    return f"{PREFIX}_{identifier}_{secret}"


def rotate(
    session: Session,
    identifier: str,
    overlap: timedelta,
    makers: Iterable[str] = (),
    starts: datetime | None = None,
) -> str | None:
    """A new key, good from ``starts`` on, in place of one that goes on for ``overlap`` beyond that;
    ``None``: there is no valid one.

    It is those officers' who made the old one, and ``makers``'.
    """
    old = session.get(ApiKey, identifier, with_for_update=True)
    moment = now()
    if old is None or not _is_good(old, moment):
        return None
    agency = session.get_one(Agency, old.agency_id)
    makers = {*old.makers, *makers}
    text = issue(session, agency, old.name, old.expires, old.networks, old.scopes, makers, starts)
    end = (starts or moment) + overlap
    old.expires = end if old.expires is None else min(old.expires, end)
    return text


def revoke(session: Session, identifier: str, moment: datetime | None = None) -> bool:
    """Make a key worthless from now on; whether there was one to revoke."""
    key = session.get(ApiKey, identifier)
    if key is None or key.revoked is not None:
        return False
    key.revoked = moment or now()
    return True


def key_of(session: Session, text: str, address: str | None) -> ApiKey:
    """The valid key that ``text`` is, with its agency; ``address`` is whence it came.

    Raises:
        KeyRefused, KeyWaits.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise KeyRefused
    query = select(ApiKey).where(ApiKey.id == form[1])
    key = session.scalar(query.options(joinedload(ApiKey.agency).selectinload(Agency.mandates)))
    # An unknown key costs the same comparison as a known one.
    kept = key.digest if key else _digest("")
    if not hmac.compare_digest(kept, _digest(form[2])) or key is None:
        raise KeyRefused
    if not (_is_good(key, now()) and _is_from(key, address)):
        raise KeyRefused(key.id)
    if key.starts is not None and now() < key.starts:
        raise KeyWaits(key.starts)
    return key


def note_use(session: Session, identifier: str) -> None:
    """Keep the day of use: whoever looks after keys sees which are not needed any more."""
    session.get_one(ApiKey, identifier).used = now().date()


def _is_good(key: ApiKey, moment: datetime) -> bool:
    return key.revoked is None and (key.expires is None or moment < key.expires)


def _is_from(key: ApiKey, address: str | None) -> bool:
    if not key.networks:
        return True
    try:
        source = ip_address(address or "")
    except ValueError:
        return False
    return any(source in ip_network(one) for one in key.networks)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
