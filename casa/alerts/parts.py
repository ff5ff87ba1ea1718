"""An alert's parts in other states: laid before them with it, published by consent, ended with it.

Each part is an alert of its own in a thread of its own, tied to the alert at home by CAP
``incidents``. When home says something new, so does each part, again by consent; when home ends,
or no longer reaches a state, its part there ends at once, as ending never asks.
"""

from collections.abc import Iterable
from uuid import uuid4

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies.caller import Caller
from casa.alerts import approval
from casa.alerts.content import Content
from casa.alerts.models import Alert
from casa.alerts.states import UNPUBLISHED, State


def ask(session: Session, caller: Caller, home: Alert, parts: dict[str, Content]) -> list[Alert]:
    """Lay ``parts`` before the states that they lie in, in place of what waited there before."""
    before = _parts_of(session, home.thread)
    for old in before:
        if old.state in UNPUBLISHED:
            approval.note(session, caller, "consent.withdraw", old, old.state)
            session.delete(old)
    session.flush()
    standing = {old.border: old for old in before if _stands(old)}
    return [
        _lay(session, caller, home, state, text, standing.get(state))
        for state, text in parts.items()
    ]


def _lay(
    session: Session, caller: Caller, home: Alert, state: str, text: Content, old: Alert | None
) -> Alert:
    identifier = str(uuid4())
    incidents = tuple(dict.fromkeys((*text.incidents, home.thread)))
    part = Alert(
        identifier=identifier,
        thread=old.thread if old else identifier,
        agency_id=home.agency_id,
        kind=home.kind,
        msg_type="Update" if old else "Alert",
        state=State.SUBMITTED,
        replaces=old.identifier if old else None,
        content=msgspec.json.encode(msgspec.structs.replace(text, incidents=incidents)),
        editors=[*home.editors],
        border=state,
        home=home.thread,
    )
    session.add(part)
    session.flush()
    approval.note(session, caller, "consent.ask", part, None, border=state)
    return part


def standing(session: Session, home: Alert, but: Iterable[str] = ()) -> list[Alert]:
    """The last messages of ``home``'s published parts, but for those in some states.

    One that has run out stands too: what goes on at home goes on there in the same thread, and
    what it told of a person ends there as it does at home.
    """
    kept = set(but)
    return [
        part
        for part in _parts_of(session, home.thread)
        if _stands(part) and part.border not in kept
    ]


def waiting_in(session: Session, states: Iterable[str]) -> list[Alert]:
    """The parts that wait for consent in these states, the oldest first."""
    query = (
        select(Alert)
        .where(Alert.border.in_(list(states)), Alert.state == State.SUBMITTED)
        .order_by(Alert.created, Alert.identifier)
    )
    return list(session.scalars(query))


def _parts_of(session: Session, thread: str) -> list[Alert]:
    return list(session.scalars(select(Alert).where(Alert.home == thread)))


def _stands(part: Alert) -> bool:
    return part.state == State.PUBLISHED and part.msg_type != "Cancel"
