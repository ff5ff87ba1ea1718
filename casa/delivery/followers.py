"""Who follows what in this process, under the same keys as the devices' index."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakValueDictionary

import numpy as np

from casa.agencies.mandates import rank
from casa.alerts.areas import target_of, untold_of
from casa.alerts.message import Message
from casa.delivery.outlet import Outlet
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


class Listener:
    """A client for as long as it follows one thing; another when it begins to follow another.

    ``outlet`` is for whoever sends to keep where the client's WebSocket is written to.
    """

    __slots__ = ("client", "listens", "outlet")

    def __init__(self, client: str) -> None:
        self.client = client
        self.listens = True
        self.outlet: Outlet | None = None


class Followers:
    """The clients of one process by what they follow. Those who ask for the same are one group."""

    def __init__(self) -> None:
        self._following: dict[str, Following] = {}
        self._groups: dict[Following, dict[str, Listener]] = {}
        self._alike: WeakValueDictionary[object, Following] = WeakValueDictionary()
        self._by_key: dict[int, set[Following]] = defaultdict(set)
        self._cells: np.ndarray | None = None

    def group(self, following: Following) -> Mapping[str, Listener]:
        """Who follows so, by client."""
        return self._groups[following]

    def put(self, client: str, following: Following) -> None:
        """Follow; what the client followed before is forgotten."""
        self.drop(client)
        following = self._alike.setdefault(following.asked, following)
        if following not in self._groups:
            self._groups[following] = {}
            self._cells = None
            for key in following.keys:
                self._by_key[key].add(following)
        self._following[client] = following
        self._groups[following][client] = Listener(client)

    def drop(self, client: str) -> None:
        following = self._following.pop(client, None)
        if following is None:
            return
        self._groups[following].pop(client).listens = False
        if not self._groups[following]:
            self._forget(following)

    def met_by(self, reach: Reach) -> set[Following]:
        """What is followed in places or cells that ``reach`` meets."""
        if self._cells is None:
            self._cells = np.array(sorted(key for key in self._by_key if key > 0), dtype=np.int64)
        met = self._cells[in_ranges(reach.ranges, self._cells)].tolist()
        return set().union(*(self._by_key[key] for key in self._keys(reach, met)))

    def _forget(self, following: Following) -> None:
        del self._groups[following]
        self._cells = None
        for key in following.keys:
            self._by_key[key].discard(following)
            if not self._by_key[key]:
                del self._by_key[key]

    def _keys(self, reach: Reach, cells: list[int]) -> Iterator[int]:
        yield from (key for key in reach.named if key in self._by_key)
        yield from cells
