"""libcurl's many transfers at once, driven by its sockets and its clock."""

import selectors
import time
from collections.abc import Iterator
from typing import Any

import pycurl

_EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_READY = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    selectors.EVENT_READ | selectors.EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}

# libcurl (8.23) can miss that a stream was answered before its request was wholly sent, and then
# sleeps until a timer of its own, seconds later, although nothing more will come. After so many
# seconds without an event it is made to look at every transfer.
_QUIET = 0.1


class Multi:
    """Transfers over at most ``connections`` to a host, ``streams`` on each with HTTP/2.

    libcurl says which sockets to watch and when to be called again, so a turn costs what has
    happened and not what is under way.
    """

    def __init__(self, connections: int, streams: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._due: float | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, streams)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._call_in)
        self.add = self._multi.add_handle
        self.remove = self._multi.remove_handle

    def close(self) -> None:
        self._multi.close()
        self._selector.close()

    def turn(self, longest: float) -> None:
        """Wait at most ``longest`` seconds for something to happen, and let libcurl see to it."""
        wait = min(longest, _QUIET)
        if self._due is not None:
            wait = min(wait, max(self._due - time.monotonic(), 0.0))
        ready = self._selector.select(wait)
        for key, mask in ready:
            self._multi.socket_action(key.fd, _READY[mask])
        if not ready and wait == _QUIET:
            self._multi.perform()
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def ended(self) -> Iterator[tuple[Any, int]]:
        """Each transfer that has ended, removed, with libcurl's error number (0: answered)."""
        more = 1
        while more:
            more, answered, failed = self._multi.info_read()
            for handle in answered:
                self.remove(handle)
                yield handle, 0
            for handle, number, _ in failed:
                self.remove(handle)
                yield handle, number

    def _watch(self, event: int, descriptor: int, multi: Any, data: Any) -> None:
        known = descriptor in self._selector.get_map()
        if event == pycurl.POLL_REMOVE:
            if known:
                self._selector.unregister(descriptor)
        elif known:
            self._selector.modify(descriptor, _EVENTS[event])
        else:
            self._selector.register(descriptor, _EVENTS[event])

    def _call_in(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000
