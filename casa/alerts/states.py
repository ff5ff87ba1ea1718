"""The life of a message as a state machine. Free of Flask and of SQL.

draft → published → updated | cancelled | expired. A published message never changes; being
updated or cancelled is done to it by a later message of its thread, expiring by the clock.
"""

from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Action(StrEnum):
    """What can be done; ``update`` and ``cancel`` are done by publishing another message."""

    EDIT = "edit"
    DISCARD = "discard"
    PUBLISH = "publish"
    UPDATE = "update"
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.DRAFT, Action.EDIT): State.DRAFT,
    (State.DRAFT, Action.DISCARD): State.DRAFT,
    (State.DRAFT, Action.PUBLISH): State.PUBLISHED,
    (State.PUBLISHED, Action.UPDATE): State.UPDATED,
    (State.PUBLISHED, Action.CANCEL): State.CANCELLED,
}

_WHY = {
    State.DRAFT: "it is still a draft",
    State.PUBLISHED: "it is published, and a published message never changes: update or cancel it",
    State.UPDATED: "a later message of its thread has updated it: work on that one",
    State.CANCELLED: "it has been cancelled: publish a new alert",
    State.EXPIRED: "it has expired: publish a new alert",
}


class WrongState(Exception):
    """The action does not fit the state; the message says why and what would."""


def after(state: State, action: Action) -> State:
    """The state that ``action`` leads to.

    Raises:
        WrongState: the action is not possible in this state.
    """
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise WrongState(f"Cannot {action} this alert: {_WHY[state]}.") from None


def at(state: State, expires: datetime | None, moment: datetime) -> State:
    """The state at ``moment``: a published message whose time is over has expired."""
    if state is State.PUBLISHED and expires is not None and expires <= moment:
        return State.EXPIRED
    return state
