"""The way to FCM: thousands of small HTTP/2 requests over a few connections.

``streams`` carries them where FCM is reached directly and speaks HTTP/2, which it does. Behind a
proxy, or one that opens TLS to look inside and speaks HTTP/1.1, libcurl does, at three times the
cost. Either way a message is sent twice only when FCM said that it did not take it (401, or a
request that it did not look at); one whose connection was lost comes back as ``Retry``.
"""

import logging
import threading
import time
import urllib.request
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import certifi
import pycurl

from casa.database import now
from casa.delivery.answers import failure, is_taken, outcome, retry_after
from casa.delivery.credentials import TokenUnavailable
from casa.delivery.flight import Flight, give, new_handle, reason
from casa.delivery.http2 import Answer, Headers, Unsuited
from casa.delivery.multi import Multi
from casa.delivery.outcomes import Outcome, Outcomes, Retry
from casa.delivery.quota import Quota
from casa.delivery.secure import Channel, dial, trusting
from casa.delivery.streams import Streams
from casa.delivery.window import Window

log = logging.getLogger(__name__)

_PROTOCOLS = ["h2", "http/1.1"]
_STREAMS = 100  # requests that FCM answers at once on one connection
# After so many failures in a row the service is away: the rest of the page is not tried.
_HOPELESS = 200


class Tokens(Protocol):
    """Whatever gives access tokens; raises ``TokenUnavailable``."""

    def current(self) -> str: ...

    def renew(self, refused: str | None) -> str: ...


class Way(Protocol):
    """A way to the service: asks for each index of a page and tells the page what became of it."""

    def run(self, indices: Iterable[int], page: "_Page", token: str) -> None: ...

    def close(self) -> None: ...

    def abandon(self) -> None:
        """Drop what is under way: it must not be answered in the next page."""
        ...


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
        in_flight: int = 2_000,
        timeout: float = 10.0,
        patience: float = 5.0,
    ) -> None:
        """``url`` is FCM's without a path, ``ca`` a file of certificates to trust for it.

        A message without an answer after ``timeout`` seconds is given up; a page waits at most
        ``patience`` seconds for the quota.
        """
        address = f"{url.rstrip('/')}/v1/projects/{project_id}/messages:send"
        trusted = str(ca) if ca is not None else certifi.where()
        connections = -(-in_flight // _STREAMS)
        self._tokens = tokens
        self._quota = quota
        self._patience = patience
        self._window = Window(in_flight)
        self._lock = threading.Lock()
        self._by_libcurl = partial(_ByLibcurl, address, self._window, connections, trusted, timeout)
        self._way: Way
        if _is_direct(address):
            self._way = _Directly(address, self._window, connections, trusted, timeout)
        else:
            self._way = self._by_libcurl()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._way.close()

    def send_page(self, bodies: Sequence[bytes]) -> list[Outcome]:
        """What became of each body, in their order.

        What the quota or a missing access token kept back is ``Retry`` without having been sent.
        """
        with self._lock:
            page = _Page(bodies, self._window)
            try:
                token = self._tokens.current()
                self._run_within_quota(page, token)
                if page.unauthorized:
                    refused, page.unauthorized = page.unauthorized, []
                    self._run(refused, page, self._tokens.renew(token))
            except TokenUnavailable as error:
                page.outcomes.fill(Retry(f"no access token: {error}"))
            except BaseException:
                self._way.abandon()
                raise
            page.outcomes.fill(Retry("401 UNAUTHENTICATED"))
            return page.outcomes.results()

    def _run_within_quota(self, page: "_Page", token: str) -> None:
        deadline = time.monotonic() + self._patience
        start, total = 0, len(page.bodies)
        while start < total:
            allowance = self._quota.take(total - start)
            end = start + allowance.granted
            self._run(range(start, end), page, token)
            start = end
            if start < total:
                if page.hopeless:
                    page.outcomes.fill(page.outcomes.last_retry, range(start, total))
                    break
                if time.monotonic() + allowance.wait > deadline:
                    page.outcomes.fill(Retry("quota", allowance.wait), range(start, total))
                    break
                time.sleep(allowance.wait)

    def _run(self, indices: Sequence[int], page: "_Page", token: str) -> None:
        try:
            self._way.run(indices, page, token)
        except Unsuited as error:
            log.warning("libcurl sends to FCM from now on: %s", error)
            self._way.close()
            self._way = self._by_libcurl()
            self._way.run(page.open(indices), page, token)


def _is_direct(address: str) -> bool:
    """Whether nothing stands between: not TLS that somebody else adds, and not a proxy of the
    environment (``HTTPS_PROXY``, ``NO_PROXY``).
    """
    parts, proxies = urlsplit(address), urllib.request.getproxies()
    proxied = parts.scheme in proxies or "all" in proxies
    by_proxy = proxied and not urllib.request.proxy_bypass(parts.hostname or "")
    return parts.scheme == "https" and not by_proxy


class _Directly:
    """Our own connections."""

    def __init__(
        self, address: str, window: Window, connections: int, ca: str, timeout: float
    ) -> None:
        self._address = urlsplit(address)
        self._context = trusting(ca, _PROTOCOLS)
        self._timeout = timeout
        self._token: str | None = None
        self._headers: Headers = ()
        self._streams = Streams(
            self._dial,
            window,
            connections=connections,
            streams=_STREAMS,
            timeout=timeout,
        )

    def run(self, indices: Iterable[int], page: "_Page", token: str) -> None:
        if token != self._token:
            self._token, self._headers = token, self._with(token)
        self._streams.run(indices, page.bodies, self._headers, page)

    def close(self) -> None:
        self._streams.close()

    def abandon(self) -> None:
        self._streams.abandon()

    def _dial(self) -> Channel:
        channel = dial(self._address.geturl(), self._context, self._timeout / 2)
        if channel.protocol != "h2":
            channel.close()
            raise Unsuited("it speaks no HTTP/2")
        return channel

    def _with(self, token: str) -> Headers:
        """Each request's, the same object as long as the token is the same."""
        return (
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", self._address.netloc),
            (":path", self._address.path),
            ("authorization", f"Bearer {token}"),
            ("content-type", "application/json"),
        )


class _ByLibcurl:
    """libcurl's connections, over HTTP/1.1 where there is no HTTP/2 and by way of proxies."""

    def __init__(
        self, address: str, window: Window, connections: int, ca: str, timeout: float
    ) -> None:
        self._address = address
        self._window = window
        self._ca = ca
        self._timeout = timeout
        self._flight = Flight(window, partial(Multi, connections, _STREAMS), self._new_handle)

    def run(self, indices: Iterable[int], page: "_Page", token: str) -> None:
        self._flight.run(indices, _Handles(page, token, self._window))

    def close(self) -> None:
        self._flight.close()

    def abandon(self) -> None:
        self._flight.abandon()

    def _new_handle(self) -> Any:
        handle = new_handle(self._timeout, self._ca)
        handle.sink = []
        handle.token = None
        handle.setopt(pycurl.URL, self._address)
        handle.setopt(pycurl.WRITEFUNCTION, handle.sink.append)
        return handle


class _Page:
    """One page: its bodies, and what FCM's answers mean for them."""

    def __init__(self, bodies: Sequence[bytes], window: Window) -> None:
        self.bodies = bodies
        self.outcomes = Outcomes(len(bodies))
        self.unauthorized: list[int] = []
        self._window = window

    @property
    def hopeless(self) -> bool:
        return self.outcomes.failures_in_a_row >= _HOPELESS

    def open(self, indices: Iterable[int]) -> list[int]:
        """Those that have no outcome yet and were not refused for their access token."""
        told = set(self.unauthorized)
        return [one for one in indices if self.outcomes.open(one) and one not in told]

    def taken(self, indices: Iterable[int]) -> None:
        self.outcomes.sent(indices)

    def answered(self, index: int, answer: Answer) -> None:
        try:
            self._answered(index, answer)
        except Exception as error:
            self.outcomes.failed(index, error)

    def _answered(self, index: int, answer: Answer) -> None:
        failed = failure(answer.status, answer.body)
        if failed.code == "UNAUTHENTICATED":
            self.unauthorized.append(index)
            return
        found = outcome(failed, retry_after(answer.headers.get("retry-after"), now()))
        if isinstance(found, Retry):
            self._window.pushed_back()
        self.outcomes.put(index, found)

    def lost(self, index: int, reason: str) -> None:
        self.outcomes.put(index, Retry(reason))

    def untried(self, indices: Iterable[int], reason: str) -> None:
        self.outcomes.fill(self.outcomes.last_retry if self.hopeless else Retry(reason), indices)


class _Handles:
    """A page as libcurl's handles ask for it."""

    def __init__(self, page: _Page, token: str, window: Window) -> None:
        self._page = page
        self._token = token
        self._window = window
        self._headers = [
            f"Authorization: Bearer {token}",
            "Content-Type: application/json",
            "Expect:",
        ]

    def ask(self, handle: Any, index: int) -> bool:
        if self._page.hopeless:
            self._page.untried((index,), "hopeless")
            return False
        if handle.token != self._token:
            handle.setopt(pycurl.HTTPHEADER, self._headers)
            handle.token = self._token
        give(handle, self._page.bodies[index])
        return True

    def answered(self, handle: Any, index: int, status: int) -> None:
        body = b"".join(handle.sink)
        if status == 200 and is_taken(body):
            self._window.answered(handle.getinfo(pycurl.TOTAL_TIME))
            self._page.taken((index,))
        else:
            wait = handle.getinfo(pycurl.RETRY_AFTER)
            headers = {"retry-after": str(wait)} if wait else {}
            self._page.answered(index, Answer(index, status, headers, body))
        handle.sink.clear()

    def failed(self, index: int, error: Exception) -> None:
        self._page.outcomes.failed(index, error)

    def lost(self, handle: Any, index: int, number: int) -> None:
        self._window.pushed_back()
        self._page.lost(index, reason(number))
