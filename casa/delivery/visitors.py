"""How many may be connected, in all and from one address, how soon each must say what it came for,
and how much each may say. Pure."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum

# Slow networks take seconds; whoever takes longer is no phone.
_CONNECT_SECONDS = 15.0
_FOLLOW_SECONDS = 60.0
_AT_ONCE = 10.0
_A_SECOND = 1.0
# Whoever goes on asking this far beyond what is allowed is no phone.
_PATIENCE = 20.0
# What a client says of any kind, answers to pings included.
_WORDS, _WORDS_SECONDS = 100, 10.0


class Verdict(Enum):
    WELCOME = "welcome"
    TOO_OFTEN = "too often"
    OUT = "out"


class Visitors:
    """The sessions of one process, from their first request on. ``clock`` gives seconds."""

    def __init__(
        self, most: int, most_of_address: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._clock = clock
        self._address: dict[str, str] = {}
        self._of_address: Counter[str] = Counter()
        self._spent: dict[str, tuple[float, float]] = {}
        # By when each is to have connected, and then to follow; the earliest first.
        self._to_connect: dict[str, float] = {}
        self._to_follow: dict[str, float] = {}
        self._words: Counter[str] = Counter()
        self._words_until = 0.0

    def __len__(self) -> int:
        return len(self._address)

    def has_room(self, address: str) -> bool:
        full = len(self._address) >= self._most
        return not full and self._of_address[address] < self._most_of_address

    def enter(self, client: str, address: str) -> bool:
        """Whether there is room; if so the client is counted until it leaves."""
        if not self.has_room(address):
            return False
        self._address[client] = address
        self._of_address[address] += 1
        self._to_connect[client] = self._clock() + _CONNECT_SECONDS
        return True

    def connect(self, client: str) -> None:
        """It has said so much; what it follows is to come."""
        if self._to_connect.pop(client, None) is not None:
            self._to_follow[client] = self._clock() + _FOLLOW_SECONDS

    def follow(self, client: str) -> None:
        """It follows: nothing more is waited for."""
        self._to_follow.pop(client, None)

    def disconnect(self, client: str) -> None:
        """It has ceased to follow and is still there: it is to connect again."""
        self._to_follow.pop(client, None)
        if client in self._address:
            self._to_connect[client] = self._clock() + _CONNECT_SECONDS

    def overdue(self) -> Iterator[str]:
        """Who has not said in time what it came for; each is told of once."""
        moment = self._clock()
        for waited in (self._to_connect, self._to_follow):
            while waited and waited[client := next(iter(waited))] <= moment:
                del waited[client]
                yield client

    def leave(self, client: str) -> None:
        """Forget a client, also one that never entered."""
        for kept in (self._spent, self._to_connect, self._to_follow, self._words):
            kept.pop(client, None)
        address = self._address.pop(client, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def speak(self, client: str) -> bool:
        """Whether a client may say another thing. What is kept is of the last seconds only."""
        moment = self._clock()
        if moment >= self._words_until:
            self._words.clear()
            self._words_until = moment + _WORDS_SECONDS
        self._words[client] += 1
        return self._words[client] <= _WORDS

    def ask(self, client: str) -> Verdict:
        """Ten times at once, then once a second; what is refused counts too."""
        moment = self._clock()
        spent, at = self._spent.get(client, (0.0, moment))
        spent = max(spent - (moment - at) * _A_SECOND, 0.0) + 1
        self._spent[client] = spent, moment
        if spent > _AT_ONCE + _PATIENCE:
            return Verdict.OUT
        return Verdict.TOO_OFTEN if spent > _AT_ONCE else Verdict.WELCOME
