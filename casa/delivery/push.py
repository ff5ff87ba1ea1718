"""The way to FCM: thousands of small HTTP/2 requests over a few connections, on libcurl.

The request path does as little Python as can be for each message: handles, header lists and
sinks are reused, libcurl frames and multiplexes. A message is sent twice only when FCM said that
it did not take it (401); one whose connection was lost comes back as ``Retry``.
"""

import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self

import certifi
import pycurl

from casa.delivery.answers import failure, outcome
from casa.delivery.credentials import TokenUnavailable
from casa.delivery.flight import Flight, Outcomes, give, new_handle, reason
from casa.delivery.multi import Multi
from casa.delivery.outcomes import Outcome, Retry, Sent
from casa.delivery.quota import Quota
from casa.delivery.window import Window

_SENT = Sent()
_STREAMS = 100  # requests that FCM answers at once on one connection
# After so many failures in a row the service is away: the rest of the page is not tried.
_HOPELESS = 200
# One answer in so many is timed, which is enough to see a service that slows down.
_TIMED = 8


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
        self._kept_headers: list[str] = []
        connections = -(-in_flight // _STREAMS)
        self._flight = Flight(self._window, partial(Multi, connections, _STREAMS), self._new_handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._flight.close()

    def send_page(self, bodies: Sequence[bytes]) -> list[Outcome]:
        """What became of each body, in their order.

        What the quota or a missing access token kept back is ``Retry`` without having been sent.
        """
        with self._lock:
            outcomes = Outcomes(len(bodies))
            try:
                token = self._tokens.current()
                page = _Page(bodies, self._headers(token), self._window, outcomes)
                self._run_within_quota(page)
                if page.unauthorized:
                    headers = self._headers(self._tokens.renew(token))
                    again = _Page(bodies, headers, self._window, outcomes)
                    self._flight.run(page.unauthorized, again)
            except TokenUnavailable as error:
                outcomes.fill(Retry(f"no access token: {error}"))
            except BaseException:
                self._flight.abandon()
                raise
            outcomes.fill(Retry("401 UNAUTHENTICATED"))
            return outcomes.results()

    def _run_within_quota(self, page: "_Page") -> None:
        deadline = time.monotonic() + self._patience
        start, total = 0, len(page.bodies)
        while start < total:
            allowance = self._quota.take(total - start)
            end = start + allowance.granted
            self._flight.run(range(start, end), page)
            start = end
            if start < total:
                if page.hopeless:
                    break
                if time.monotonic() + allowance.wait > deadline:
                    page.outcomes.fill(Retry("quota", allowance.wait), range(start, total))
                    break
                time.sleep(allowance.wait)

    def _headers(self, token: str) -> list[str]:
        """The same list as long as the token is the same, so that handles can keep it."""
        authorization = f"Authorization: Bearer {token}"
        if self._kept_headers[:1] != [authorization]:
            self._kept_headers = [authorization, "Content-Type: application/json", "Expect:"]
        return self._kept_headers

    def _new_handle(self) -> Any:
        handle = new_handle(self._timeout, self._ca)
        handle.sink = []
        handle.headers = None
        handle.setopt(pycurl.URL, self._url)
        handle.setopt(pycurl.WRITEFUNCTION, handle.sink.append)
        return handle


class _Page:
    """One page's conversation with FCM under one access token."""

    def __init__(
        self, bodies: Sequence[bytes], headers: list[str], window: Window, outcomes: Outcomes
    ) -> None:
        self.bodies = bodies
        self.outcomes = outcomes
        self.unauthorized: list[int] = []
        self._window = window
        self._headers = headers

    @property
    def hopeless(self) -> bool:
        return self.outcomes.failures_in_a_row >= _HOPELESS

    def ask(self, handle: Any, index: int) -> bool:
        if self.hopeless:
            self.outcomes.fill(self.outcomes.last_retry, (index,))
            return False
        if handle.headers is not self._headers:
            handle.setopt(pycurl.HTTPHEADER, self._headers)
            handle.headers = self._headers
        give(handle, self.bodies[index])
        return True

    def answered(self, handle: Any, index: int, status: int) -> None:
        if status == 200:
            if not index % _TIMED:
                self._window.answered(handle.getinfo(pycurl.TOTAL_TIME), _TIMED)
            self.outcomes.put(index, _SENT)
        else:
            self._failed(handle, index, status)
        handle.sink.clear()

    def _failed(self, handle: Any, index: int, status: int) -> None:
        failed = failure(status, b"".join(handle.sink))
        if failed.code == "UNAUTHENTICATED":
            self.unauthorized.append(index)
            return
        found = outcome(failed, float(handle.getinfo(pycurl.RETRY_AFTER)) or None)
        if isinstance(found, Retry):
            self._window.pushed_back()
        self.outcomes.put(index, found)

    def lost(self, handle: Any, index: int, number: int) -> None:
        self._window.pushed_back()
        self.outcomes.put(index, Retry(reason(number)))
