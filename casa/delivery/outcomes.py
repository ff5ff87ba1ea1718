"""What became of one message to one device; every provider answers in these words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """The provider has taken it."""


@dataclass(frozen=True)
class Unregistered:
    """The token is dead: forget it."""


@dataclass(frozen=True)
class Retry:
    """Not now: try again, not before ``after`` seconds when the provider says so."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Refused:
    """Never: trying again would change nothing."""

    reason: str


Outcome = Sent | Unregistered | Retry | Refused
