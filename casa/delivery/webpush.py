"""Web Push: messages to browsers by way of the push service that each has chosen (RFC 8030).

Anybody can register an endpoint, so a push service is a stranger: it may be slow, silent, endless
or hostile, and nothing that it does may delay or harm what others are to get. Requests are given
up soon, answers are not read, redirects not followed, and a page has a deadline. An endpoint that
asks for patience is left in peace by itself, and so is a service that does not answer.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import certifi
import pycurl

from casa.audience.subscriptions import Subscription
from casa.delivery.egress import stranger
from casa.delivery.encryption import Vapid, seal
from casa.delivery.flight import Flight, give, reason
from casa.delivery.multi import Multi
from casa.delivery.outcomes import Outcome, Outcomes, Refused, Retry, Sent, Unregistered
from casa.delivery.window import Window

_STREAMS = 100
_PER_SERVICE = 2  # connections
_LONGEST_PATIENCE = 3_600.0  # seconds, whatever Retry-After says
_SILENT = 10  # requests in a row without an answer, then the service is left for a while
_SILENT_SECONDS = 30.0
_MOST_HELD = 10_000


@dataclass(frozen=True)
class Letter:
    """What all browsers of one language get: the text (JSON) and the headers of RFC 8030."""

    text: bytes
    headers: tuple[str, ...]


class WebPush:
    """Sends pages of letters; one page at a time, from any thread."""

    def __init__(
        self,
        vapid: Vapid,
        *,
        ca: Path | None = None,
        proxy: str = "",
        in_flight: int = 200,
        timeout: float = 5.0,
        patience: float = 15.0,
    ) -> None:
        """``ca`` is a file of certificates to trust, ``proxy`` the only way out if it is given.

        A message without an answer after ``timeout`` seconds is given up. What a page has not
        begun to send after ``patience`` seconds is left for later.
        """
        self._vapid = vapid
        self._ca = str(ca) if ca is not None else certifi.where()
        self._proxy = proxy
        self._timeout = timeout
        self._patience = patience
        self._lock = threading.Lock()
        self._pauses = Pauses()
        # One service's failures tell nothing about the others: the window stays as it is.
        window = Window(in_flight)
        self._flight = Flight(window, partial(Multi, _PER_SERVICE, _STREAMS), self._new_handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._flight.close()

    def send_page(self, page: Sequence[tuple[Letter, Subscription | None]]) -> list[Outcome]:
        """What became of each letter, in their order; without a subscription it is refused."""
        with self._lock:
            outcomes = Outcomes(len(page))
            deadline = time.monotonic() + self._patience
            try:
                one = _Page(page, outcomes, self._vapid, self._pauses, deadline)
                self._flight.run(range(len(page)), one)
            except BaseException:
                self._flight.abandon()
                raise
            return outcomes.results()

    def _new_handle(self) -> Any:
        return stranger(self._timeout, self._ca, self._proxy)


class Pauses:
    """Endpoints and services that are to be left in peace for a while."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._silent: dict[str, int] = {}

    def hold(self, name: str, seconds: float) -> None:
        if len(self._until) >= _MOST_HELD:
            moment = time.monotonic()
            self._until = {key: until for key, until in self._until.items() if until > moment}
            if len(self._until) >= _MOST_HELD:
                self._until.clear()
        self._until[name] = time.monotonic() + min(seconds, _LONGEST_PATIENCE)

    def held(self, *names: str) -> bool:
        moment = time.monotonic()
        return any(self._until.get(name, 0.0) > moment for name in names)

    def answered(self, service: str) -> None:
        self._silent.pop(service, None)

    def unanswered(self, service: str) -> None:
        count = self._silent.get(service, 0) + 1
        if count < _SILENT:
            if len(self._silent) >= _MOST_HELD:
                self._silent.clear()
            self._silent[service] = count
        else:
            self._silent.pop(service, None)
            self.hold(service, _SILENT_SECONDS)


class _Page:
    """One page's conversation with any number of push services."""

    def __init__(
        self,
        page: Sequence[tuple[Letter, Subscription | None]],
        outcomes: Outcomes,
        vapid: Vapid,
        pauses: Pauses,
        deadline: float,
    ) -> None:
        self._page = page
        self._outcomes = outcomes
        self._vapid = vapid
        self._pauses = pauses
        self._deadline = deadline

    def ask(self, handle: Any, index: int) -> bool:
        letter, subscription = self._page[index]
        if subscription is None:
            self._outcomes.put(index, Refused("the subscription cannot be read"))
            return False
        service = origin(subscription.endpoint)
        if self._pauses.held(subscription.endpoint, service):
            self._outcomes.put(index, Retry("the push service asked for patience"))
            return False
        if time.monotonic() > self._deadline:
            self._outcomes.put(index, Retry("slow push services"))
            return False
        handle.endpoint, handle.service = subscription.endpoint, service
        handle.read, handle.forbidden = 0, False
        handle.setopt(pycurl.URL, subscription.endpoint)
        handle.setopt(
            pycurl.HTTPHEADER,
            [
                f"Authorization: {self._vapid.authorization(service)}",
                "Content-Encoding: aes128gcm",
                "Content-Type: application/octet-stream",
                "Expect:",
                *letter.headers,
            ],
        )
        give(handle, seal(letter.text, subscription.point, subscription.secret))
        return True

    def answered(self, handle: Any, index: int, status: int) -> None:
        self._pauses.answered(handle.service)
        self._outcomes.put(index, meaning(status))
        if status in (429, 503):
            wait = float(handle.getinfo(pycurl.RETRY_AFTER))
            # Too many is said of one subscription (RFC 8030 section 8.4), away of the service.
            self._pauses.hold(handle.endpoint if status == 429 else handle.service, wait)

    def failed(self, index: int, error: Exception) -> None:
        self._outcomes.failed(index, error)

    def lost(self, handle: Any, index: int, number: int) -> None:
        if handle.forbidden:
            self._outcomes.put(index, Refused("the endpoint is not on the public Internet"))
            return
        self._pauses.unanswered(handle.service)
        self._outcomes.put(index, Retry(reason(number)))


def origin(endpoint: str) -> str:
    """The push service of an endpoint, which is what a VAPID token is good for."""
    return f"https://{urlsplit(endpoint).hostname}"


def meaning(status: int) -> Outcome:
    """What a push service's answer means for the message (RFC 8030 sections 5, 7.3 and 8.4).

    401 and 403 are about the service's own key or clock, which the operator can mend.
    """
    if 200 <= status < 300:
        return Sent()
    if status in (404, 410):
        return Unregistered()
    if status in (401, 403, 408, 425, 429) or status >= 500:
        return Retry(f"{status} from the push service")
    return Refused(f"{status} from the push service")
