"""The audit trail: every decision, chained so that no entry can change or vanish unseen.

Each entry's hash is the SHA-256 of the entry before it and of its own columns as canonical JSON
(RFC 8785 for what stands here: sorted names, no spaces, UTF-8). The head (the last number and
hash) stands in a table of its own and is to be noted elsewhere too: against such a note even a
trail that was cut short and had its head rewritten is found out.

Entries are gathered in the session and written just before it commits, behind the lock of the
head: they are in the transaction of what they tell of, and nobody waits for that lock with
another to take.

Source: Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics" (1999), section 3.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from casa.agencies.caller import Caller, Origin
from casa.agencies.models import AuditEntry, AuditHead
from casa.database import now

START = "0" * 64
_WAITING = "casa.audit"
_HASHED = (
    "number", "at", "actor", "agency", "address", "request_id", "action", "subject", "outcome",
    "before", "after", "reason", "previous",
)  # fmt: skip


def note(
    session: Session,
    caller: Caller | Origin,
    action: str,
    subject: str,
    *,
    before: Any = None,
    after: Any = None,
    outcome: str = "done",
    reason: str | None = None,
) -> None:
    """Keep a decision with the transaction of ``session``.

    ``subject`` is ``alert:…``, ``officer:…`` and the like. ``before`` and ``after`` are small JSON
    values that tell states and digests, never texts, secrets or what is said of persons.
    """
    waiting = session.info.setdefault(_WAITING, [])
    waiting.append(
        {
            "at": now(),
            "actor": caller.actor if isinstance(caller, Caller) else "nobody",
            "agency": caller.code if isinstance(caller, Caller) else None,
            "address": caller.address,
            "request_id": caller.request_id,
            "action": action,
            "subject": subject,
            "outcome": outcome,
            "before": before,
            "after": after,
            "reason": reason,
        }
    )


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    waiting = session.info.pop(_WAITING, None)
    if not waiting:
        return
    head = session.scalars(select(AuditHead).with_for_update()).one()
    for columns in waiting:
        columns |= {"number": head.number + 1, "previous": head.hash}
        columns["hash"] = digest(columns)
        session.add(AuditEntry(**columns))
        head.number, head.hash = columns["number"], columns["hash"]
    session.flush()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_WAITING, None)


def digest(columns: dict[str, Any]) -> str:
    """The hash of an entry's columns, in hexadecimal."""
    plain = {name: columns[name] for name in _HASHED}
    plain["at"] = plain["at"].astimezone(UTC).isoformat(timespec="milliseconds")
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Head:
    """The end of a trail: its last number (0: none) and that entry's hash."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """The head that ``str`` gave.

        Raises:
            ValueError
        """
        number, _, found = text.strip().partition(":")
        if not number.isdigit() or len(found) != 64:
            raise ValueError(f"{text!r} is no head: it must be NUMBER:HASH, as 'casa audit head'")
        return cls(int(number), found)


class Broken(Exception):
    """The trail does not hold; ``number`` is the first bad entry's."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"Entry {number}: {why}.")
        self.number = number


def head_of(session: Session) -> Head:
    row = session.scalars(select(AuditHead)).one()
    return Head(row.number, row.hash)


def verify(session: Session, noted: Iterable[Head] = ()) -> Head:
    """Follow the chain from its start; ``noted`` are heads that were kept elsewhere.

    Raises:
        Broken: naming the first entry that was changed, removed, moved or put in.
    """
    kept = {head.number: head.hash for head in noted}
    number, previous = 0, START
    for entry in entries(session):
        number += 1
        if entry.number != number:
            raise Broken(number, f"it is missing; entry {entry.number} follows")
        if entry.previous != previous:
            raise Broken(number, "it does not follow from the entry before it")
        if digest({name: getattr(entry, name) for name in _HASHED}) != entry.hash:
            raise Broken(number, "it was changed")
        previous = entry.hash
        if kept.pop(number, previous) != previous:
            raise Broken(number, "it is not the entry that was noted elsewhere")
    head = head_of(session)
    if (head.number, head.hash) != (number, previous):
        raise Broken(min(number, head.number) + 1, "the trail's end is not the one that is kept")
    if kept:
        raise Broken(number + 1, "it is missing, though a later end was noted elsewhere")
    return head


def entries(session: Session, after: int = 0) -> Iterator[AuditEntry]:
    """The trail in order, from the entry behind ``after`` on."""
    query = select(AuditEntry).where(AuditEntry.number > after).order_by(AuditEntry.number)
    yield from session.scalars(query, execution_options={"yield_per": 500})


def as_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as it is shown and exported; with it anybody can follow the chain."""
    shown = {name: getattr(entry, name) for name in (*_HASHED, "hash")}
    moment: datetime = shown["at"]
    return shown | {"at": moment.astimezone(UTC).isoformat(timespec="milliseconds")}
