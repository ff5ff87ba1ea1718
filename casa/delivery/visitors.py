"""How many may be connected, in all and from one address, and how often each may ask. Pure."""

import time
from collections import Counter
from collections.abc import Callable
from enum import Enum

_AT_ONCE = 10.0
_A_SECOND = 1.0
# Whoever goes on asking this far beyond what is allowed is no phone.
_PATIENCE = 20.0


class Verdict(Enum):
    WELCOME = "welcome"
    TOO_OFTEN = "too often"
    OUT = "out"


class Visitors:
    """The connections of one process. ``clock`` gives seconds."""

    def __init__(
        self, most: int, most_of_address: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._clock = clock
        self._address: dict[str, str] = {}
        self._of_address: Counter[str] = Counter()
        self._spent: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._address)

    def enter(self, client: str, address: str) -> bool:
        """Whether there is room; if so the client is counted until it leaves."""
        full = len(self._address) >= self._most
        if full or self._of_address[address] >= self._most_of_address:
            return False
        self._address[client] = address
        self._of_address[address] += 1
        return True

    def leave(self, client: str) -> None:
        """Forget a client, also one that never entered."""
        self._spent.pop(client, None)
        address = self._address.pop(client, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def ask(self, client: str) -> Verdict:
        """Ten times at once, then once a second; what is refused counts too."""
        moment = self._clock()
        spent, at = self._spent.get(client, (0.0, moment))
        spent = max(spent - (moment - at) * _A_SECOND, 0.0) + 1
        self._spent[client] = spent, moment
        if spent > _AT_ONCE + _PATIENCE:
            return Verdict.OUT
        return Verdict.TOO_OFTEN if spent > _AT_ONCE else Verdict.WELCOME
