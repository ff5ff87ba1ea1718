"""How many connections a process keeps, so that no flood takes the descriptors of who publishes.

Requests and WebSockets have a share of the process's descriptors each, and some are left for
databases and files. A request's connection is the peer's business only until its request is read:
when the share is taken, those who have kept the service waiting longest are let go, of the address
that has most of them first.
"""

import resource
from collections import defaultdict
from typing import Protocol

# For databases, brokers, files, photographs' processes.
_OWN = 100
_MOST_REQUESTS = 2_000
_ENDLESS = 1_000_000
# So many of those who wait are let go at once, so that a flood is not searched for each.
_LET_GO_SHARE = 20


class Peer(Protocol):
    """A connection whose other end is waited for now and then."""

    address: str
    since: float  # by time.monotonic(): when what is waited for began

    def cut(self) -> None:
        """End it; whoever reads from it learns so."""


class Connections:
    """The connections of one process: those with requests, and the number of WebSockets."""

    def __init__(self, requests: int, websockets: int) -> None:
        """The most of either."""
        self.most = requests
        self.most_websockets = websockets
        self.websockets = 0
        self._peers: set[Peer] = set()
        self._waiting: defaultdict[str, set[Peer]] = defaultdict(set)

    @classmethod
    def of_process(cls) -> "Connections":
        """By the descriptors that the process may have."""
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if descriptors == resource.RLIM_INFINITY:
            descriptors = _ENDLESS
        requests = max(min((descriptors - _OWN) // 5, _MOST_REQUESTS), 20)
        return cls(requests, max(descriptors - _OWN - requests, 20))

    def __len__(self) -> int:
        """Those with requests."""
        return len(self._peers)

    def enter(self, peer: Peer) -> bool:
        """Whether there is room, or room was made; if so, ``peer`` is counted until it leaves."""
        if len(self._peers) >= self.most:
            self._let_go()
        if len(self._peers) >= self.most:
            return False
        self._peers.add(peer)
        return True

    def leave(self, peer: Peer) -> None:
        self._peers.discard(peer)
        self.goes_on(peer)

    def waits_for(self, peer: Peer) -> None:
        """Until ``goes_on``, the peer is what keeps its connection."""
        if peer in self._peers:
            self._waiting[peer.address].add(peer)

    def goes_on(self, peer: Peer) -> None:
        waiting = self._waiting.get(peer.address)
        if waiting is not None:
            waiting.discard(peer)
            if not waiting:
                del self._waiting[peer.address]

    def becomes_websocket(self, peer: Peer) -> bool:
        """Whether there is room for one; if so it is counted until ``end_websocket``."""
        if self.websockets >= self.most_websockets:
            return False
        self.leave(peer)
        self.websockets += 1
        return True

    def end_websocket(self) -> None:
        self.websockets -= 1

    def _let_go(self) -> None:
        if not self._waiting:
            return
        busiest = max(self._waiting, key=lambda address: len(self._waiting[address]))
        crowd = sorted(self._waiting[busiest], key=lambda peer: peer.since)
        for peer in crowd[: len(crowd) // _LET_GO_SHARE + 1]:
            self.leave(peer)
            peer.cut()
