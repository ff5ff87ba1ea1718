"""The life of a message as a state machine. Free of Flask and of SQL.

draft → submitted → approved → published → updated | cancelled | expired, where what one officer may
publish alone goes from draft to published. Any edit of what was submitted or approved makes it a
draft again. A published message never changes; being updated or cancelled is done to it by a later
message of its thread, expiring by the clock. What has expired can be updated and cancelled: a case
goes on when its last message has run out, whoever was told of a child is to learn that it was found
however late that is, and CAP lets both refer to any earlier message.
"""

from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


UNPUBLISHED = (State.DRAFT, State.SUBMITTED, State.APPROVED)


class Action(StrEnum):
    """What can be done; ``update`` and ``cancel`` are done by publishing another message."""

    EDIT = "edit"
    DISCARD = "discard"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    PUBLISH = "publish"
    UPDATE = "update"
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[State, Action], State] = {
    **{(state, Action.EDIT): State.DRAFT for state in UNPUBLISHED},
    **{(state, Action.DISCARD): State.DRAFT for state in UNPUBLISHED},
    **{(state, Action.PUBLISH): State.PUBLISHED for state in UNPUBLISHED},
    (State.DRAFT, Action.SUBMIT): State.SUBMITTED,
    # Who approved it may have been shut out since: another officer is asked.
    (State.APPROVED, Action.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Action.APPROVE): State.APPROVED,
    (State.SUBMITTED, Action.REJECT): State.DRAFT,
    (State.APPROVED, Action.REJECT): State.DRAFT,
    (State.PUBLISHED, Action.UPDATE): State.UPDATED,
    (State.PUBLISHED, Action.CANCEL): State.CANCELLED,
    (State.EXPIRED, Action.UPDATE): State.UPDATED,
    (State.EXPIRED, Action.CANCEL): State.CANCELLED,
}

_WHY = {
    State.DRAFT: "it is still a draft",
    State.SUBMITTED: "it is submitted and waits for a second officer",
    State.APPROVED: "it is approved and waits to be published",
    State.PUBLISHED: "it is published, and a published message never changes: update or cancel it",
    State.UPDATED: "a later message of its thread has updated it: work on that one",
    State.CANCELLED: "it has been cancelled: publish a new alert",
    State.EXPIRED: "it has expired: update or cancel it, or publish a new alert",
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
