"""Times are told no more exactly than they are known, and never as past while they are to come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa.disasters.rounding import told_time

NOW = datetime(2026, 7, 3, 12, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "earliest", "told"),
    [
        ((15, 8), False, (15, 15)),
        ((15, 7), False, (15, 0)),
        ((15, 14), True, (15, 0)),
        ((20, 29), False, (20, 0)),
        ((20, 31), False, (21, 0)),
        ((20, 59), True, (20, 0)),
        ((12, 5), False, (12, 15)),
        ((11, 50), False, (11, 45)),
    ],
)
def test_times(instant: tuple[int, int], earliest: bool, told: tuple[int, int]) -> None:
    given_time = NOW.replace(hour=instant[0], minute=instant[1])
    expected = NOW.replace(hour=told[0], minute=told[1])
    assert told_time(given_time, NOW, earliest=earliest) == expected


@given(st.integers(-3_000, 10_000), st.booleans())
def test_what_is_to_come_is_told_so_and_the_soonest_not_too_late(ahead: int, soonest: bool) -> None:
    instant = NOW + timedelta(minutes=ahead)
    told = told_time(instant, NOW, earliest=soonest)
    assert abs(told - instant) <= timedelta(hours=1)
    if soonest:
        assert told <= instant
    elif ahead > 0:
        assert told > NOW
    assert told.minute % 15 == 0
