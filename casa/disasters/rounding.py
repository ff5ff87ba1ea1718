"""How exactly a time is told: no more exactly than it is known. Pure."""

from datetime import UTC, datetime, timedelta

_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_SOON = timedelta(hours=6)
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def told_time(instant: datetime, now: datetime, *, earliest: bool = False) -> datetime:
    """The time as it is told: to the quarter hour within six hours from now, else to the hour.

    The soonest that something can be is never told later than it is. What is still to come is not
    told as past: it is the next quarter hour then.
    """
    step = _QUARTER if instant - now < _SOON else _HOUR
    rounded = _floor(instant if earliest else instant + step / 2, step)
    if earliest or rounded > now or instant <= now:
        return rounded
    return _floor(now, _QUARTER) + _QUARTER


def _floor(instant: datetime, step: timedelta) -> datetime:
    return instant - (instant - _ZERO) % step
