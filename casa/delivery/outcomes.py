"""What became of one message to one device; every provider answers in these words."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

log = logging.getLogger(__name__)


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
class Failed(Retry):
    """We failed, not the provider: it is tried again, but not for as long."""


@dataclass(frozen=True)
class Refused:
    """Never: trying again would change nothing."""

    reason: str


Outcome = Sent | Unregistered | Retry | Refused

SENT = Sent()


class Outcomes:
    """What became of each message of one page, as it comes in."""

    def __init__(self, count: int) -> None:
        self._found: list[Outcome | None] = [None] * count
        self.failures_in_a_row = 0
        self.last_retry = Retry("not tried")

    def open(self, index: int) -> bool:
        return self._found[index] is None

    def put(self, index: int, found: Outcome) -> None:
        self._found[index] = found
        if isinstance(found, Retry):
            self.failures_in_a_row += 1
            self.last_retry = found
        else:
            self.failures_in_a_row = 0

    def failed(self, index: int, error: Exception) -> None:
        """We failed with this message alone."""
        log.error("one message of a page failed", exc_info=error)
        self.put(index, Failed(f"{type(error).__name__}: {error}"[:300]))

    def sent(self, indices: Iterable[int]) -> None:
        found = self._found
        for index in indices:
            found[index] = SENT
        self.failures_in_a_row = 0

    def fill(self, found: Outcome, indices: Iterable[int] | None = None) -> None:
        """Give ``found`` to those of ``indices`` (all) that have no outcome yet."""
        for index in range(len(self._found)) if indices is None else indices:
            if self._found[index] is None:
                self._found[index] = found

    def results(self) -> list[Outcome]:
        return [one for one in self._found if one is not None]
