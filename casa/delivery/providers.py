"""The push providers of a worker, by the name that devices give: made from the settings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import cast

import redis
from pyroaring import BitMap
from redis.backoff import NoBackoff
from redis.retry import Retry

from casa.alerts.message import Message
from casa.audience.matching import Recipient
from casa.audience.subscriptions import Subscription
from casa.database import now
from casa.delivery import fcm
from casa.delivery.credentials import AccessTokens
from casa.delivery.dispatch import Sender
from casa.delivery.encryption import Vapid
from casa.delivery.outcomes import Outcome, Refused
from casa.delivery.push import Transport
from casa.delivery.quota import LocalQuota, Quota, RedisQuota
from casa.delivery.webpush import Letter, WebPush
from casa.settings import Settings

_TEMPLATES = 64


class FcmSender:
    """Pages over FCM: one encoded body for each message, language and platform."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._templates: dict[tuple[object, ...], fcm.Template] = {}

    def send(
        self, message: Message, recipients: Sequence[Recipient], departed: BitMap
    ) -> list[Outcome]:
        self._templates.clear()  # a page's time to live counts from now
        try:
            bodies = [self._body(message, one, one.number in departed) for one in recipients]
        except fcm.TooLarge as error:
            return [Refused(f"too large for a push message: {error}")] * len(recipients)
        return self._transport.send_page(bodies)

    def _body(self, message: Message, one: Recipient, departed: bool) -> bytes:
        key = (tuple(one.languages), one.platform, departed)
        template = self._templates.get(key)
        if template is None:
            compose = fcm.departure if departed else fcm.body
            template = compose(
                message,
                languages=one.languages,
                platform=cast(fcm.Platform, one.platform),
                moment=now(),
            )
            if len(self._templates) < _TEMPLATES:
                self._templates[key] = template
        by_installation = one.token_kind == "fid"  # noqa: S105 (a kind, not a secret)
        return (template.for_fid if by_installation else template.for_token)(one.token)


class WebPushSender:
    """Pages over Web Push: one text for each message and language, sealed for each browser."""

    def __init__(self, transport: WebPush) -> None:
        self._transport = transport

    def send(
        self, message: Message, recipients: Sequence[Recipient], departed: BitMap
    ) -> list[Outcome]:
        letters: dict[tuple[object, ...], Letter] = {}
        moment = now()
        page = []
        try:
            for one in recipients:
                key = (tuple(one.languages), one.number in departed)
                if key not in letters:
                    letters[key] = fcm.letter(
                        message, languages=one.languages, departed=key[1], moment=moment
                    )
                page.append((letters[key], Subscription.from_text(one.token)))
        except fcm.TooLarge as error:
            return [Refused(f"too large for a push message: {error}")] * len(recipients)
        return self._transport.send_page(page)


def _quota(settings: Settings) -> Quota:
    """One bucket for all workers where they share a Redis, else one for this process."""
    if not settings.shared_redis:
        return LocalQuota(settings.push_per_minute)
    client = redis.Redis.from_url(
        settings.shared_redis, socket_timeout=2, retry=Retry(NoBackoff(), 1)
    )
    return RedisQuota(client, settings.push_per_minute, f"{settings.broker_queue}:push:quota")


@contextmanager
def senders(settings: Settings) -> Iterator[Mapping[str, Sender]]:
    """The providers that the settings give credentials for; none of them: push is off."""
    with ExitStack() as stack:
        found: dict[str, Sender] = {}
        if settings.firebase_credentials is not None:
            tokens = AccessTokens(settings.firebase_credentials, settings.fcm_ca)
            stack.callback(tokens.close)
            transport = Transport(
                settings.fcm_url,
                tokens.project_id,
                tokens,
                _quota(settings),
                ca=settings.fcm_ca,
                in_flight=settings.push_in_flight,
            )
            stack.callback(transport.close)
            found["fcm"] = FcmSender(transport)
        if settings.webpush_contact:
            browsers = WebPush(
                Vapid(settings.webpush_key_file, settings.webpush_contact),
                ca=settings.webpush_ca,
                proxy=settings.webpush_proxy,
                # Another worker takes over when the lease runs out: a page must end before.
                patience=settings.lease_seconds / 2,
            )
            stack.callback(browsers.close)
            found["webpush"] = WebPushSender(browsers)
        yield found
