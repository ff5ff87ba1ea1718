"""Devices: registration, their secret and push token, what they follow, and forgetting them.

A device's row is held (locked) before its keys are written, so that two requests of one device
never leave keys whose bits contradict its preferences.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    any_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from casa.audience.filters import PUSH, Preferences, bits
from casa.audience.models import AudienceKey, Device
from casa.database import now, on_postgresql

MOST_PLACES = 50

_SECRET = re.compile(r"casad_[0-9a-f]{40}")

Provider = Literal["fcm", "webpush", "none"]
TokenKind = Literal["token", "fid", "subscription"]


class SecretRefused(Exception):
    """The text is no device's secret; whether it is malformed or unknown is not told."""


@dataclass(frozen=True)
class Push:
    """Where a device's push messages go: through which provider, to which token.

    ``unique`` is what no two devices may share: the token, or a subscription's endpoint.
    """

    provider: Provider = "none"
    kind: TokenKind | None = None
    token: str | None = None
    unique: str | None = None


def register(
    session: Session, platform: str, push: Push, languages: Sequence[str]
) -> tuple[Device, str]:
    """A new device that follows nothing yet, and its secret, which is nowhere kept.

    The push token leaves the device that had it before, so that nobody is sent twice.
    """
    secret = f"casad_{secrets.token_hex(20)}"
    default, day = Preferences(), today()
    device = Device(
        id=str(uuid4()),
        secret_digest=_digest(secret),
        platform=platform,
        provider="none",
        languages=list(languages),
        kinds=list(default.kinds),
        min_severity=default.min_severity,
        exercises=default.exercises,
        created=day,
        changed=day,
        seen=day,
    )
    session.add(device)
    _give_token(session, device, push)
    session.flush()
    return device, secret


def find(session: Session, secret: str) -> Device:
    """The device whose secret this is.

    Raises:
        SecretRefused
    """
    return _one(session, secret, select(Device))


def hold(session: Session, secret: str, push: Push | None = None) -> Device:
    """The same, locked until the transaction ends, and noted as seen today.

    ``push`` is what the device is about to be given: whoever has that token is locked with it.
    """
    if push is not None and push.unique is not None:
        _lock_with_holder(session, _digest(secret), _digest(push.unique))
    device = _one(session, secret, select(Device).with_for_update())
    device.seen = today()
    return device


def change(
    session: Session,
    device: Device,
    *,
    push: Push | None = None,
    languages: Sequence[str] | None = None,
    preferences: Preferences | None = None,
) -> None:
    """Change what is given of a held device; its keys' bits follow."""
    if push is not None:
        _give_token(session, device, push)
    if languages is not None:
        device.languages = list(languages)
    if preferences is not None:
        device.kinds = list(preferences.kinds)
        device.min_severity = preferences.min_severity
        device.exercises = preferences.exercises
    device.changed = today()
    session.flush()
    session.execute(
        update(AudienceKey)
        .where(AudienceKey.device == device.number)
        .values(bits=_bits(device))
        .execution_options(synchronize_session=False)
    )


def follow(session: Session, device: Device, keys: Iterable[int]) -> None:
    """Make a held device follow exactly these places and cells."""
    _unfollow(session, device)
    packed = _bits(device)
    rows = [{"key": key, "device": device.number, "bits": packed} for key in sorted(set(keys))]
    if rows:
        session.execute(insert(AudienceKey), rows)
    device.changed = today()


def followed(session: Session, device: Device) -> list[int]:
    """The keys that a device follows: named places (negative) first."""
    query = select(AudienceKey.key).where(AudienceKey.device == device.number)
    return list(session.scalars(query.order_by(AudienceKey.key)))


def remove(session: Session, device: Device) -> None:
    """Forget everything of a device; only its number is not given again."""
    _unfollow(session, device)
    session.delete(device)


def preferences_of(device: Device) -> Preferences:
    return Preferences(tuple(device.kinds), device.min_severity, device.exercises)


def today() -> date:
    return now().date()


def _one(session: Session, secret: str, query: Select[Any]) -> Device:
    # The digest of 160 random bits is looked up as it is: there is no part of it to guess by time.
    if _SECRET.fullmatch(secret):
        device: Device | None = session.scalar(query.where(Device.secret_digest == _digest(secret)))
        if device is not None:
            return device
    raise SecretRefused


def _give_token(session: Session, device: Device, push: Push) -> None:
    digest = _digest(push.unique) if push.unique is not None else None
    if digest is not None:
        _take_token(session, digest)
    device.provider, device.token_kind, device.token = push.provider, push.kind, push.token
    device.token_digest = digest


def _lock_with_holder(session: Session, secret_digest: str, token_digest: str) -> None:
    """Lock a token, then its holder and the device that brings it in order of number.

    Always in this order, so that two devices that swap tokens never wait for each other.
    """
    _lock_token(session, token_digest)
    either = or_(Device.secret_digest == secret_digest, Device.token_digest == token_digest)
    session.execute(select(Device.number).where(either).order_by(Device.number).with_for_update())


def _lock_token(session: Session, digest: str) -> None:
    """Two devices that bring one token at the same moment take turns, as SQLite's writers do."""
    if on_postgresql(session):
        session.execute(select(func.pg_advisory_xact_lock(int(digest[:15], 16))))


def _take_token(session: Session, digest: str) -> None:
    """Take a token from whoever has it."""
    _lock_token(session, digest)
    with session.no_autoflush:
        holder = session.scalar(
            select(Device).where(Device.token_digest == digest).with_for_update()
        )
    if holder is not None:
        forget(session, [holder.number])


def forget(session: Session, numbers: Iterable[int]) -> None:
    """Forget these devices' tokens; they follow what they did, and their secrets work."""
    chosen = list(numbers)
    if not chosen:
        return
    # In order of number, as everyone else locks devices.
    session.execute(
        select(Device.number)
        .where(among(session, Device.number, chosen))
        .order_by(Device.number)
        .with_for_update()
    )
    session.execute(
        update(Device)
        .where(among(session, Device.number, chosen))
        .values(provider="none", token_kind=None, token=None, token_digest=None, changed=today())
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(AudienceKey)
        .where(among(session, AudienceKey.device, chosen))
        .values(bits=AudienceKey.bits.bitwise_and(~PUSH))
        .execution_options(synchronize_session=False)
    )


def among(
    session: Session, column: InstrumentedAttribute[int], numbers: Iterable[int]
) -> ColumnElement[bool]:
    """That a column holds one of these numbers, which are one parameter however many they are."""
    chosen = list(numbers)
    if on_postgresql(session):
        return column == any_(literal(chosen, ARRAY(Integer)))
    listed = func.json_each(json.dumps(chosen)).table_valued("value")
    return column.in_(select(listed.c.value))


def _unfollow(session: Session, device: Device) -> None:
    session.execute(
        delete(AudienceKey)
        .where(AudienceKey.device == device.number)
        .execution_options(synchronize_session=False)
    )


def _bits(device: Device) -> int:
    return bits(preferences_of(device), device.provider)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
