"""Which change of facts is news: told to whoever it is for, rather than only shown. Pure.

At the level that a place had, it is told when, since it was told last,

* the strength of the storm expected there is another,
* an amount grew by its step or more (one that nobody told before grew from nothing),
* the arrival came sooner by its step or more, or is told for the first time,
* the source of a wave proves to be near, or another river may flood,
* an officer's own words are others.

All else is shown: what falls, comes later or is not known any longer wakes nobody, nor does what
all places share (the storm's name, the next update, the contact, the languages), nor shelters, of
which there is a list. But the text in force is always the newest. What is told is compared as it is
told, rounded, with what was told last and not with what was shown meanwhile: small steps add up.
"""

from datetime import timedelta

import msgspec

from casa.disasters.readings import Reading


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """From how much more on each fact of a hazard is news; units as in ``Reading``."""

    wind_kmh: float = 25.0
    rain_mm: float = 50.0
    surge_m: float = 0.5
    magnitude: float = 0.5
    sooner: timedelta = timedelta(hours=3)


USUAL = Steps()
STEPS = {
    "tropical_cyclone": USUAL,
    "storm_surge": Steps(surge_m=0.3, sooner=timedelta(hours=2)),
    "flood": Steps(rain_mm=25.0, surge_m=0.3, sooner=timedelta(hours=1)),
    "landslide": Steps(rain_mm=25.0, sooner=timedelta(hours=1)),
    "tsunami": Steps(surge_m=0.5, sooner=timedelta(minutes=15)),
    "volcano": Steps(sooner=timedelta(hours=1)),
    "wildfire": Steps(sooner=timedelta(hours=1)),
}
"""By hazard; of any other hazard the steps are the usual ones."""

_AMOUNTS = ("wind_kmh", "rain_mm", "surge_m", "magnitude")
# Amounts are rounded to tenths, which no binary number is exactly.
_SLACK = 1e-6


def steps_of(hazard: str) -> Steps:
    return STEPS.get(hazard, USUAL)


def is_news(hazard: str, told: Reading, now: Reading) -> bool:
    """Whether a place that was told one reading last is to be told another now."""
    steps = steps_of(hazard)
    return (
        _is_other_strength(told, now)
        or any(_grew(name, steps, told, now) for name in _AMOUNTS)
        or _is_sooner(steps, told, now)
        or (now.near and not told.near)
        or not set(now.rivers) <= set(told.rivers)
        or now.words not in (None, told.words)
    )


def _is_other_strength(told: Reading, now: Reading) -> bool:
    """There, or of the storm itself where nobody tells how strong it is there."""
    if told.storm is None and now.storm is None:
        return now.named not in (None, told.named)
    return now.storm not in (None, told.storm)


def _grew(name: str, steps: Steps, told: Reading, now: Reading) -> bool:
    more = (getattr(now, name) or 0.0) - (getattr(told, name) or 0.0)
    return bool(more + _SLACK >= getattr(steps, name))


def _is_sooner(steps: Steps, told: Reading, now: Reading) -> bool:
    if now.arrival is None or told.is_here:
        return False
    return told.arrival is None or told.arrival - now.arrival >= steps.sooner
