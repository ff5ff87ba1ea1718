"""Many requests at once over libcurl, and what became of each, to one service or any number.

Nothing is ever repeated here. libcurl by itself repeats a request whose connection died before an
answer came, although the message may have been taken; it must rewind the request's body for that,
so the body is handed to it through a reader that cannot be rewound and it gives up instead.
"""

from collections import deque
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Protocol

import pycurl

from casa.delivery.multi import Multi
from casa.delivery.window import Window

_REASONS = {
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_COULDNT_RESOLVE_HOST: "host not found",
    pycurl.E_COULDNT_CONNECT: "no connection",
    pycurl.E_PEER_FAILED_VERIFICATION: "certificate not trusted",
    pycurl.E_SEND_FAIL_REWIND: "connection lost",
}


def reason(number: int) -> str:
    """What libcurl's error means to an operator."""
    return _REASONS.get(number, f"connection lost ({number})")


def give(handle: Any, body: bytes) -> None:
    """Make ``body`` the request's, in a way that cannot be sent twice."""
    handle.setopt(pycurl.POSTFIELDSIZE, len(body))
    handle.setopt(pycurl.READFUNCTION, BytesIO(body).read)


def new_handle(timeout: float, ca: str) -> Any:
    """A POST over HTTP/2 where the other side speaks it, given up after ``timeout`` seconds.

    ``ca`` is a file of certificates to trust.
    """
    handle: Any = pycurl.Curl()
    handle.setopt(pycurl.POST, 1)
    handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    handle.setopt(pycurl.PIPEWAIT, 1)
    handle.setopt(pycurl.CAINFO, ca)
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.TIMEOUT_MS, int(timeout * 1000))
    handle.setopt(pycurl.CONNECTTIMEOUT_MS, int(timeout * 500))
    return handle


class Conversation(Protocol):
    """What is asked for each message of a page, and what its answer means."""

    def ask(self, handle: Any, index: int) -> bool:
        """Prepare the request for message ``index``; false: it is not to be sent after all."""
        ...

    def answered(self, handle: Any, index: int, status: int) -> None: ...

    def lost(self, handle: Any, index: int, number: int) -> None:
        """No answer: whether the message was taken is not known."""
        ...

    def failed(self, index: int, error: Exception) -> None:
        """One of the above failed: it is the affair of that message alone."""
        ...


class Flight:
    """Connections and handles that are kept from page to page; for one thread at a time."""

    def __init__(
        self, window: Window, new_multi: Callable[[], Multi], new_handle: Callable[[], Any]
    ) -> None:
        self._window = window
        self._new_multi = new_multi
        self._new_handle = new_handle
        self._multi = new_multi()
        self._idle: list[Any] = []

    def close(self) -> None:
        for handle in self._idle:
            handle.close()
        self._idle.clear()
        self._multi.close()

    def abandon(self) -> None:
        """Drop what is under way: it must not be answered in the next page."""
        self._multi.close()
        self._multi = self._new_multi()

    def run(self, indices: Iterable[int], conversation: Conversation) -> None:
        """Ask for each index, as many at once as the window allows, until all have an answer."""
        multi, window, idle = self._multi, self._window, self._idle
        waiting = deque(indices)
        active = 0
        while waiting or active:
            while waiting and active < window.size:
                handle = idle.pop() if idle else self._new_handle()
                index = waiting.popleft()
                try:
                    asked = conversation.ask(handle, index)
                except Exception as error:
                    handle.close()
                    conversation.failed(index, error)
                    continue
                if asked:
                    handle.index = index
                    multi.add(handle)
                    active += 1
                else:
                    idle.append(handle)
            if active:
                multi.turn(1.0)
            for handle, number in multi.ended():
                active -= 1
                self._ended(handle, number, conversation)

    def _ended(self, handle: Any, number: int, conversation: Conversation) -> None:
        status = 0 if number else handle.getinfo(pycurl.RESPONSE_CODE)
        try:
            if status:
                conversation.answered(handle, handle.index, status)
            else:
                conversation.lost(handle, handle.index, number or pycurl.E_SEND_FAIL_REWIND)
        except Exception as error:
            conversation.failed(handle.index, error)
            status = 0
        if status:
            self._idle.append(handle)
        else:
            handle.close()
