"""The way to FCM: thousands of small HTTP/2 requests over a few connections, on libcurl.

The request path does as little Python as can be for each message: handles, header lists and
sinks are reused, libcurl frames and multiplexes.

Nothing is ever repeated here unless FCM said that it did not take it (401). libcurl by itself
repeats a request whose connection died before an answer came, although the message may have been
taken; it must rewind the request's body for that, so the body is handed to it through a reader
that cannot be rewound and it gives up instead. Such a message comes back as ``Retry``.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, Self

import certifi
import pycurl

from casa.delivery.answers import failure, outcome
from casa.delivery.credentials import TokenUnavailable
from casa.delivery.multi import Multi
from casa.delivery.outcomes import Outcome, Retry, Sent
from casa.delivery.quota import Quota
from casa.delivery.window import Window

_SENT = Sent()
_STREAMS = 100  # requests that FCM answers at once on one connection
# After so many failures in a row the service is away: the rest of the page is not tried.
_HOPELESS = 200
_REASONS = {
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_COULDNT_RESOLVE_HOST: "host not found",
    pycurl.E_COULDNT_CONNECT: "no connection",
    pycurl.E_PEER_FAILED_VERIFICATION: "certificate not trusted",
    pycurl.E_SEND_FAIL_REWIND: "connection lost",
}


class Tokens(Protocol):
    """Whatever gives access tokens; raises ``TokenUnavailable``."""

    def current(self) -> str: ...

    def renew(self, refused: str | None) -> str: ...


class Transport:
    """Sends pages of ready bodies (see ``fcm.Template``); one page at a time, from any thread."""

    def __init__(
        self,
        url: str,
        project_id: str,
        tokens: Tokens,
        quota: Quota,
        *,
        ca: Path | None = None,
        in_flight: int = 400,
        timeout: float = 10.0,
        patience: float = 5.0,
    ) -> None:
        """``url`` is FCM's without a path, ``ca`` a file of certificates to trust for it.

        A message without an answer after ``timeout`` seconds is given up; a page waits at most
        ``patience`` seconds for the quota.
        """
        self._url = f"{url.rstrip('/')}/v1/projects/{project_id}/messages:send"
        self._tokens = tokens
        self._quota = quota
        self._ca = str(ca) if ca is not None else certifi.where()
        self._timeout = timeout
        self._patience = patience
        self._window = Window(in_flight)
        self._lock = threading.Lock()
        self._new_multi = partial(Multi, -(-in_flight // _STREAMS), _STREAMS)
        self._multi = self._new_multi()
        self._idle: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            for handle in self._idle:
                handle.close()
            self._idle.clear()
            self._multi.close()

    def send_page(self, bodies: Sequence[bytes]) -> list[Outcome]:
        """What became of each body, in their order.

        What the quota or a missing access token kept back is ``Retry`` without having been sent.
        """
        with self._lock:
            page = _Page(bodies)
            try:
                token = self._tokens.current()
                self._run_within_quota(page, token)
                if page.unauthorized:
                    again, page.unauthorized = page.unauthorized, []
                    self._run(page, again, self._tokens.renew(token))
            except TokenUnavailable as error:
                page.fill(Retry(f"no access token: {error}"))
            except BaseException:
                # What is under way belongs to this page and must not be answered in the next.
                self._multi.close()
                self._multi = self._new_multi()
                raise
            page.fill(Retry("401 UNAUTHENTICATED"))
            return page.results()

    def _run_within_quota(self, page: "_Page", token: str) -> None:
        deadline = time.monotonic() + self._patience
        start, total = 0, len(page.bodies)
        while start < total:
            allowance = self._quota.take(total - start)
            end = start + allowance.granted
            self._run(page, range(start, end), token)
            start = end
            if start < total:
                if page.hopeless:
                    break
                if time.monotonic() + allowance.wait > deadline:
                    page.fill(Retry("quota", allowance.wait), range(start, total))
                    break
                time.sleep(allowance.wait)

    def _run(self, page: "_Page", indices: Iterable[int], token: str) -> None:
        """Send these bodies, as many at once as the window allows, until all have an answer."""
        headers = [f"Authorization: Bearer {token}", "Content-Type: application/json", "Expect:"]
        multi, window, idle = self._multi, self._window, self._idle
        waiting = deque(indices)
        active = 0
        while waiting or active:
            while waiting and active < window.size:
                index = waiting.popleft()
                handle = idle.pop() if idle else self._new_handle()
                if handle.headers != headers:
                    handle.setopt(pycurl.HTTPHEADER, headers)
                    handle.headers = headers
                body = page.bodies[index]
                handle.index = index
                handle.setopt(pycurl.POSTFIELDSIZE, len(body))
                handle.setopt(pycurl.READFUNCTION, BytesIO(body).read)
                multi.add(handle)
                active += 1
            multi.turn(1.0)
            for handle, number in multi.ended():
                active -= 1
                if number:
                    self._lost(page, handle, number)
                else:
                    self._settle(page, handle)
            if page.hopeless and waiting:
                page.fill(page.last_retry, waiting)
                waiting.clear()

    def _settle(self, page: "_Page", handle: Any) -> None:
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        if status == 200:
            self._window.answered(handle.getinfo(pycurl.TOTAL_TIME))
            page.put(handle.index, _SENT)
        elif status == 0:
            self._lost(page, handle, pycurl.E_SEND_FAIL_REWIND)
            return
        else:
            failed = failure(status, b"".join(handle.sink))
            if failed.code == "UNAUTHENTICATED":
                page.unauthorized.append(handle.index)
            else:
                found = outcome(failed, float(handle.getinfo(pycurl.RETRY_AFTER)) or None)
                if isinstance(found, Retry):
                    self._window.pushed_back()
                page.put(handle.index, found)
        handle.sink.clear()
        self._idle.append(handle)

    def _lost(self, page: "_Page", handle: Any, number: int) -> None:
        """No answer: whether FCM took the message is not known."""
        self._window.pushed_back()
        page.put(handle.index, Retry(_REASONS.get(number, f"connection lost ({number})")))
        handle.close()

    def _new_handle(self) -> Any:
        handle: Any = pycurl.Curl()
        handle.sink = []
        handle.headers = None
        handle.setopt(pycurl.URL, self._url)
        handle.setopt(pycurl.POST, 1)
        handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        handle.setopt(pycurl.PIPEWAIT, 1)
        handle.setopt(pycurl.CAINFO, self._ca)
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.TIMEOUT_MS, int(self._timeout * 1000))
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, int(self._timeout * 500))
        handle.setopt(pycurl.WRITEFUNCTION, handle.sink.append)
        return handle


class _Page:
    """The outcomes of one page as they come in."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self.bodies = bodies
        self.unauthorized: list[int] = []
        self.last_retry = Retry("not tried")
        self._outcomes: list[Outcome | None] = [None] * len(bodies)
        self._streak = 0

    @property
    def hopeless(self) -> bool:
        return self._streak >= _HOPELESS

    def put(self, index: int, found: Outcome) -> None:
        self._outcomes[index] = found
        if isinstance(found, Retry):
            self._streak += 1
            self.last_retry = found
        else:
            self._streak = 0

    def fill(self, found: Outcome, indices: Iterable[int] | None = None) -> None:
        """Give ``found`` to those of ``indices`` (all) that have no outcome yet."""
        for index in range(len(self._outcomes)) if indices is None else indices:
            if self._outcomes[index] is None:
                self._outcomes[index] = found

    def results(self) -> list[Outcome]:
        return [one for one in self._outcomes if one is not None]
