"""Webhooks: addresses of radio stations, sirens and partners, to which alerts are posted.

They are a channel of the same engine that pushes to devices, with an audience, pages, retries and
supersession of their own. The signature is that of the Standard Webhooks specification (1.0): HMAC
with SHA-256 over the id, the time and the body, by a secret that is shown once and kept sealed.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from pyroaring import BitMap
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.mandates import rank
from casa.agencies.permissions import Verb, require
from casa.alerts.areas import target_of, untold_target
from casa.alerts.message import Message
from casa.alerts.states import WrongState
from casa.audience.filters import KINDS
from casa.database import now
from casa.delivery.channels import Matched
from casa.delivery.models import Webhook
from casa.delivery.outcomes import Outcome, Refused, Retry, Sent, Unregistered
from casa.geography.target import Target
from casa.problems import not_found
from casa.sealing import Sealer

MOST = 50
"""Webhooks of one agency."""
GONE = "410: it wants no more; enable it again when it does"
_PREFIX = "whsec_"
_SECRET_BYTES = 32
_PURPOSE = "webhook"


@dataclass(frozen=True)
class Endpoint:
    """Where one webhook's alerts go; ``secrets`` are sealed, the newest first.

    ``departed``: it is to be told that the alert no longer concerns the places that it is for.
    """

    number: int
    url: str
    secrets: tuple[bytes, ...]
    departed: bool
    provider: str = "webhook"

    @property
    def numbers(self) -> tuple[int]:
        return (self.number,)


class Webhooks:
    """The channel. There are some hundreds at most, so they are matched one by one."""

    name = "webhook"

    def matched(self, session: Session, message: Message) -> Matched:
        rows = session.scalars(select(Webhook).where(Webhook.enabled)).all()
        severity = message.info[0].severity
        area = _following(rows, message, target_of(message), severity)
        untold = BitMap()
        for some in message.untold:
            untold |= _following(rows, message, untold_target(message, some), some.severity)
        return Matched(area, untold)

    def recipients(
        self, session: Session, numbers: Iterable[int], departed: BitMap
    ) -> list[Endpoint]:
        query = select(Webhook).where(Webhook.number.in_(list(numbers)), Webhook.enabled)
        rows = session.scalars(query.order_by(Webhook.number)).all()
        return [
            Endpoint(row.number, row.url, _secrets(row), row.number in departed) for row in rows
        ]

    def settle(self, session: Session, outcomes: Mapping[int, Outcome]) -> None:
        moment = now()
        for row in session.scalars(select(Webhook).where(Webhook.number.in_(list(outcomes)))):
            if row.former_until is not None and row.former_until <= moment:
                row.former_secret = row.former_until = None
            match outcomes[row.number]:
                case Sent():
                    row.last_sent, row.last_fault = moment, None
                case Retry(reason) | Refused(reason):
                    row.last_fault = reason[:200]
                case Unregistered():
                    row.enabled, row.last_fault = False, GONE


WEBHOOKS = Webhooks()


def _secrets(row: Webhook) -> tuple[bytes, ...]:
    if row.former_secret and row.former_until and row.former_until > now():
        return row.secret, row.former_secret
    return (row.secret,)


def _following(rows: Iterable[Webhook], message: Message, target: Target, severity: str) -> BitMap:
    places = {place.code for place in target.places}
    exercise = message.status in ("Exercise", "Test")
    return BitMap(
        row.number
        for row in rows
        if message.kind in row.kinds
        and rank(severity) >= rank(row.min_severity)
        and (row.exercises or not exercise)
        and (not row.places or not places.isdisjoint(row.places))
    )


def add(
    session: Session, caller: Caller, sealer: Sealer, facts: Mapping[str, Any]
) -> tuple[Webhook, str]:
    """A new webhook, and its secret, which is nowhere else to be had.

    Raises:
        Forbidden, StepUpNeeded
        WrongState: the agency has as many as it may.
    """
    require(caller, Verb.ADMINISTER_AGENCY)
    own_ = select(func.count()).where(Webhook.agency_id == caller.agency_id)
    if (session.scalar(own_) or 0) >= MOST:
        raise WrongState(f"An agency has at most {MOST} webhooks: remove one first.")
    secret, sealed = _new_secret(sealer)
    row = Webhook(
        **{"kinds": list(KINDS), "places": [], "min_severity": "Unknown", "exercises": False}
        | dict(facts),
        id=str(uuid4()),
        agency_id=caller.agency_id,
        secret=sealed,
        enabled=True,
    )
    session.add(row)
    session.flush()
    _note(session, caller, "webhook.add", row)
    return row, secret


def rotate(
    session: Session, caller: Caller, sealer: Sealer, row: Webhook, overlap: timedelta
) -> str:
    """Another secret in place of the webhook's, which signs beside it for as long as ``overlap``.

    Raises:
        Forbidden, StepUpNeeded.
    """
    require(caller, Verb.ADMINISTER_AGENCY)
    secret, sealed = _new_secret(sealer)
    row.former_secret = row.secret if overlap else None
    row.former_until = now() + overlap if overlap else None
    row.secret, row.changed = sealed, now()
    session.flush()
    _note(session, caller, "webhook.rotate", row)
    return secret


def _new_secret(sealer: Sealer) -> tuple[str, bytes]:
    """As it is shown, and as it is kept."""
    made = secrets.token_bytes(_SECRET_BYTES)
    return _PREFIX + base64.b64encode(made).decode(), sealer.seal(made, _PURPOSE)


def change(session: Session, caller: Caller, row: Webhook, facts: Mapping[str, Any]) -> None:
    """Change what is given; the address and the secret stay.

    Raises:
        Forbidden, StepUpNeeded.
    """
    require(caller, Verb.ADMINISTER_AGENCY)
    for name, value in facts.items():
        setattr(row, name, value)
    row.changed = now()
    session.flush()
    _note(session, caller, "webhook.change", row)


def remove(session: Session, caller: Caller, row: Webhook) -> None:
    """Forget a webhook; what it had still to get is not sent.

    Raises:
        Forbidden, StepUpNeeded.
    """
    require(caller, Verb.ADMINISTER_AGENCY)
    _note(session, caller, "webhook.remove", row)
    session.delete(row)
    session.flush()


def own(session: Session, caller: Caller, identifier: str) -> Webhook:
    """One of the caller's webhooks.

    Raises:
        Forbidden
        Problem: 404.
    """
    require(caller, Verb.READ)
    row = session.scalars(select(Webhook).where(Webhook.id == identifier)).first()
    if row is None or row.agency_id != caller.agency_id:
        raise not_found("such webhook")
    return row


def listed(session: Session, caller: Caller, after: int, limit: int) -> Sequence[Webhook]:
    """At most ``limit`` of an agency's webhooks, oldest first, after that number."""
    require(caller, Verb.READ)
    query = select(Webhook).where(Webhook.agency_id == caller.agency_id, Webhook.number > after)
    return session.scalars(query.order_by(Webhook.number).limit(limit)).all()


def signed(
    sealer: Sealer, sealed: Iterable[bytes], identifier: str, seconds: int, body: bytes
) -> tuple[str, ...]:
    """The headers of a request, signed by each sealed secret; ``seconds`` since 1970."""
    content = f"{identifier}.{seconds}.".encode() + body
    found = (hmac.digest(sealer.open(one, _PURPOSE), content, hashlib.sha256) for one in sealed)
    signatures = " ".join(f"v1,{base64.b64encode(one).decode()}" for one in found)
    return (
        f"webhook-id: {identifier}",
        f"webhook-timestamp: {seconds}",
        f"webhook-signature: {signatures}",
    )


def _note(session: Session, caller: Caller, action: str, row: Webhook) -> None:
    after = None if action == "webhook.remove" else {"enabled": row.enabled}
    audit.note(session, caller, action, f"webhook:{row.id}", after=after)
