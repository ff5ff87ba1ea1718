from datetime import UTC, datetime, timedelta

import pytest

from casa.alerts.states import Action, State, WrongState, after, at

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALLOWED = {
    ("draft", "edit"): "draft",
    ("draft", "discard"): "draft",
    ("draft", "submit"): "submitted",
    ("draft", "publish"): "published",
    ("submitted", "edit"): "draft",
    ("submitted", "discard"): "draft",
    ("approved", "submit"): "submitted",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "draft",
    ("submitted", "publish"): "published",
    ("approved", "edit"): "draft",
    ("approved", "discard"): "draft",
    ("approved", "reject"): "draft",
    ("approved", "publish"): "published",
    ("published", "update"): "updated",
    ("published", "cancel"): "cancelled",
    ("expired", "update"): "updated",
    ("expired", "cancel"): "cancelled",
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("action", list(Action))
def test_every_state_and_action(state: State, action: Action) -> None:
    expected = ALLOWED.get((state.value, action.value))
    if expected is None:
        with pytest.raises(WrongState, match=f"Cannot {action.value}"):
            after(state, action)
    else:
        assert after(state, action) == expected


def test_only_what_is_published_expires() -> None:
    past, future = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    assert at(State.PUBLISHED, past, NOW) is State.EXPIRED
    assert at(State.PUBLISHED, NOW, NOW) is State.EXPIRED
    assert at(State.PUBLISHED, future, NOW) is State.PUBLISHED
    assert at(State.CANCELLED, past, NOW) is State.CANCELLED
    assert at(State.DRAFT, None, NOW) is State.DRAFT
