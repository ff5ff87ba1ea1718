"""Posting alerts to webhooks over libcurl.

An address is a stranger's, as a push service is: only the public Internet, https alone, no
redirects, answers not kept, and deadlines. Webhooks have a worker of their own, so that none of
them delays what phones are to get. Whatever is answered but 2xx and 410 is tried again until the
alert has run out: a station whose server is broken for an hour is to get its alert when it is back.
"""

import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import certifi
import msgspec
import pycurl

from casa.alerts.areas import is_news
from casa.alerts.message import Message
from casa.delivery.egress import stranger
from casa.delivery.flight import Flight, give, reason
from casa.delivery.multi import Multi
from casa.delivery.outcomes import Outcome, Outcomes, Refused, Retry, Sent, Unregistered
from casa.delivery.spoken import spoken
from casa.delivery.webhooks import Endpoint, signed
from casa.delivery.window import Window
from casa.sealing import Sealer

_STREAMS = 10
_CONNECTIONS = 2
_encode = msgspec.json.Encoder().encode


class Poster:
    """Sends pages to webhooks; one page at a time, from any thread."""

    def __init__(
        self,
        sealer: Sealer,
        base_url: str,
        *,
        ca: Path | None = None,
        proxy: str = "",
        in_flight: int = 100,
        timeout: float = 10.0,
        patience: float = 15.0,
    ) -> None:
        """``base_url`` is the public address of the service; the others are as in ``WebPush``."""
        self._sealer = sealer
        self._base_url = base_url
        self._patience = patience
        self._lock = threading.Lock()
        make = partial(stranger, timeout, str(ca) if ca is not None else certifi.where(), proxy)
        self._flight = Flight(Window(in_flight), partial(Multi, _CONNECTIONS, _STREAMS), make)

    def close(self) -> None:
        with self._lock:
            self._flight.close()

    def send(self, message: Message, page: Sequence[Endpoint]) -> list[Outcome]:
        """What became of the message at each address, in their order."""
        with self._lock:
            outcomes = Outcomes(len(page))
            bodies = {
                gone: _body(message, self._base_url, gone)
                for gone in {endpoint.departed for endpoint in page}
            }
            deadline = time.monotonic() + self._patience
            talk = _Page(page, message.identifier, bodies, outcomes, self._sealer, deadline)
            try:
                self._flight.run(range(len(page)), talk)
            except BaseException:
                self._flight.abandon()
                raise
            return outcomes.results()


def _body(message: Message, base_url: str, departed: bool) -> bytes:
    """``departed``: the alert no longer concerns the places that the webhook is for."""
    alert: dict[str, Any] = msgspec.to_builtins(message)
    for own in ("untold", "spoken"):
        del alert[own]
    return _encode(
        {
            "type": "alert",
            "url": f"{base_url}/v1/alerts/{message.identifier}",
            "departed": departed,
            "news": is_news(message),
            "texts": spoken(message),
            "alert": alert,
        }
    )


class _Page:
    """One page's conversation with any number of webhooks."""

    def __init__(
        self,
        page: Sequence[Endpoint],
        identifier: str,
        bodies: dict[bool, bytes],
        outcomes: Outcomes,
        sealer: Sealer,
        deadline: float,
    ) -> None:
        self._page = page
        self._identifier = identifier
        self._bodies = bodies
        self._outcomes = outcomes
        self._sealer = sealer
        self._deadline = deadline

    def ask(self, handle: Any, index: int) -> bool:
        if time.monotonic() > self._deadline:
            self._outcomes.put(index, Retry("slow webhooks"))
            return False
        endpoint = self._page[index]
        body = self._bodies[endpoint.departed]
        # The same however often it is sent, so that a receiver can tell.
        identifier = f"{self._identifier}.departed" if endpoint.departed else self._identifier
        headers = signed(self._sealer, endpoint.secrets, identifier, int(time.time()), body)
        handle.read, handle.forbidden = 0, False
        handle.setopt(pycurl.URL, endpoint.url)
        handle.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:", *headers])
        give(handle, body)
        return True

    def answered(self, handle: Any, index: int, status: int) -> None:
        self._outcomes.put(index, meaning(status))

    def failed(self, index: int, error: Exception) -> None:
        self._outcomes.failed(index, error)

    def lost(self, handle: Any, index: int, number: int) -> None:
        if handle.forbidden:
            self._outcomes.put(index, Refused("the address is not on the public Internet"))
        else:
            self._outcomes.put(index, Retry(reason(number)))


def meaning(status: int) -> Outcome:
    """What a webhook's answer means."""
    if 200 <= status < 300:
        return Sent()
    if status == 410:
        return Unregistered()
    return Retry(f"{status} from the webhook")
