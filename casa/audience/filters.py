"""What a device wants to hear of, as the bits that stand beside each of its keys.

The layout is a stored format: bits 0–7 are the kinds wanted (one bit each, in the order of
``KINDS``), bits 8–10 the rank of the least severity, bit 11 is set when exercises are wanted and
bit 12 when there is a push provider to send through. New kinds take the next bit; none moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("accident", "missing_person", "disaster")
SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")

_SEVERITY_SHIFT = 8
SEVERITY_MASK = 0b111 << _SEVERITY_SHIFT
_EXERCISES = 1 << 11
PUSH = 1 << 12


@dataclass(frozen=True)
class Preferences:
    """What a device wants; by default everything that is real."""

    kinds: tuple[str, ...] = KINDS
    min_severity: str = "Unknown"
    exercises: bool = False


def bits(preferences: Preferences, provider: str) -> int:
    """The bits of a device with these preferences and this push provider (or ``none``)."""
    packed = SEVERITIES.index(preferences.min_severity) << _SEVERITY_SHIFT
    for kind in preferences.kinds:
        packed |= _kind(kind)
    if preferences.exercises:
        packed |= _EXERCISES
    if provider != "none":
        packed |= PUSH
    return packed


@dataclass(frozen=True)
class Wanted:
    """What must be wanted of a device for an alert to go to it.

    ``severity_rank`` is the alert's, 0 (Unknown) to 4 (Extreme); ``exercise`` is set for one
    that is not real.
    """

    kind: str
    severity_rank: int
    exercise: bool

    @property
    def required(self) -> int:
        """The bits that must all be set; a push provider is always one of them."""
        return _kind(self.kind) | PUSH | (_EXERCISES if self.exercise else 0)

    @property
    def most(self) -> int:
        """The greatest value of ``bits & SEVERITY_MASK`` that lets the alert through."""
        return self.severity_rank << _SEVERITY_SHIFT


def lets_through(packed: int, wanted: Wanted) -> bool:
    """Whether a device with these bits is to be sent the alert: what ``matching`` asks in SQL."""
    needed = wanted.required
    return packed & needed == needed and packed & SEVERITY_MASK <= wanted.most


def _kind(kind: str) -> int:
    return 1 << KINDS.index(kind)


def known_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """The kinds in the order of ``KINDS``, each once."""
    return tuple(kind for kind in KINDS if kind in kinds)
