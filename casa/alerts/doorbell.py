"""The doorbell: it spares who follows the public sequence the wait for the next look.

It carries nothing and may be lost; the database alone says what is new. It rings in the process
that published, once the transaction is committed, and through PostgreSQL's NOTIFY in all others.
"""

import threading
from typing import Any

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from casa.database import on_postgresql

CHANNEL = "casa_sequence"

_waiting: list[threading.Event] = []


def listen() -> threading.Event:
    """An event that is set whenever this process has published; the caller clears it."""
    bell = threading.Event()
    _waiting.append(bell)
    return bell


def dismiss(bell: threading.Event) -> None:
    _waiting.remove(bell)


def announce(session: Session) -> None:
    """Ring when, and only if, the session's transaction is committed."""
    if on_postgresql(session):
        session.execute(select(func.pg_notify(CHANNEL, "")))
    event.listen(session, "after_commit", _ring, once=True)


def _ring(_: Any) -> None:
    for bell in _waiting:
        bell.set()
