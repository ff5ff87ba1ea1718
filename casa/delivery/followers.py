"""Who follows what in this process, under the same keys as the devices' index."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from weakref import WeakValueDictionary

import numpy as np

from casa.agencies.mandates import rank
from casa.alerts.areas import target_of, untold_of
from casa.alerts.message import Message
from casa.geography.cells import Ranges, in_ranges


@dataclass(frozen=True, eq=False)
class Following:
    """What a client asked for. ``keys`` are named places (negative) and cells (positive).

    Compared by identity, which is quick; ``Followers`` keeps one for all who ask for the same.
    """

    keys: frozenset[int]
    languages: tuple[str, ...] = ("en",)
    kinds: frozenset[str] | None = None
    severity: int = 0
    exercises: bool = False

    @property
    def asked(self) -> object:
        """The same for all who ask for the same."""
        return self.keys, self.languages, self.kinds, self.severity, self.exercises

    def wants(self, message: Message) -> bool:
        """By kind, severity and exercise; where it is for is another question."""
        if message.status in ("Exercise", "Test") and not self.exercises:
            return False
        if self.kinds is not None and message.kind not in self.kinds:
            return False
        return rank(message.info[0].severity) >= self.severity

    def is_met(self, reach: "Reach") -> bool:
        if not self.keys.isdisjoint(reach.named):
            return True
        cells = [key for key in self.keys if key > 0]
        return bool(cells) and bool(in_ranges(reach.ranges, cells).any())


@dataclass(frozen=True, eq=False)
class Reach:
    """Where a message is for, ready to be held against keys."""

    named: frozenset[int]
    ranges: Ranges


@lru_cache(maxsize=256)
def _reach(identifier: str, message: "Hidden") -> Reach:
    target = target_of(message.value)
    return Reach(frozenset(target.keys), target.ranges)


@dataclass(frozen=True)
class Hidden:
    """A message that a cache's key does not compare: published messages never change."""

    value: Message = field(compare=False)


@lru_cache(maxsize=256)
def _untold(identifier: str, message: "Hidden") -> Reach:
    target = untold_of(message.value)
    return Reach(frozenset(target.keys), target.ranges)


def reach_of(message: Message) -> Reach:
    """Where ``message`` is for; kept, as later messages of its thread ask again."""
    return _reach(message.identifier, Hidden(message))


def untold_reach_of(message: Message) -> Reach:
    """Where those are who are not to be told of ``message``."""
    return _untold(message.identifier, Hidden(message))


class Followers:
    """The clients of one process by what they follow."""

    def __init__(self) -> None:
        self._following: dict[str, Following] = {}
        self._turn: dict[str, int] = {}
        self._turns = count()
        self._alike: WeakValueDictionary[object, Following] = WeakValueDictionary()
        self._by_key: dict[int, set[str]] = defaultdict(set)
        self._cells: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._following)

    def __getitem__(self, client: str) -> Following:
        return self._following[client]

    def turn(self, client: str) -> int | None:
        """A number that is another each time the client begins to follow; ``None``: it does not."""
        return self._turn.get(client)

    def put(self, client: str, following: Following) -> None:
        """Follow; what the client followed before is forgotten."""
        self.drop(client)
        following = self._alike.setdefault(following.asked, following)
        self._following[client] = following
        self._turn[client] = next(self._turns)
        for key in following.keys:
            self._by_key[key].add(client)
        self._cells = None

    def drop(self, client: str) -> None:
        following = self._following.pop(client, None)
        self._turn.pop(client, None)
        for key in following.keys if following else ():
            clients = self._by_key[key]
            clients.discard(client)
            if not clients:
                del self._by_key[key]
        self._cells = None

    def met_by(self, reach: Reach) -> set[str]:
        """The clients whose places or cells ``reach`` meets."""
        if self._cells is None:
            self._cells = np.array(sorted(key for key in self._by_key if key > 0), dtype=np.int64)
        met = self._cells[in_ranges(reach.ranges, self._cells)].tolist()
        return set().union(*(self._by_key[key] for key in self._keys(reach, met)))

    def _keys(self, reach: Reach, cells: list[int]) -> Iterator[int]:
        yield from (key for key in reach.named if key in self._by_key)
        yield from cells
