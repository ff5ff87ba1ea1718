"""What differs between the channels of delivery: whom, where to, and what came of it.

An audience is a bitmap of numbers whatever the channel: of devices, or of webhooks. All else is the
engine's: planning, shards, pages, leases, retries and supersession are the same for all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pyroaring import BitMap
from sqlalchemy.orm import Session

from casa.alerts.message import Message
from casa.delivery.outcomes import Outcome


@dataclass(frozen=True)
class Matched:
    """Whom the places of a message match: those of its area, and those that it leaves untold."""

    area: BitMap
    untold: BitMap


class Channel(Protocol):
    """One way to reach people; ``name`` is its dispatches'."""

    @property
    def name(self) -> str: ...

    def matched(self, session: Session, message: Message) -> Matched:
        """Who follows the places of ``message`` and wants what it says."""
        ...

    def recipients(
        self, session: Session, numbers: Iterable[int], departed: BitMap
    ) -> Sequence[Any]:
        """Where each goes who can still be sent to: groups with a ``provider`` and ``numbers``.

        Those of ``departed`` are to be told that the alert no longer concerns them.
        """
        ...

    def settle(self, session: Session, outcomes: Mapping[int, Outcome]) -> None:
        """Note what became of each number of a page."""
        ...
