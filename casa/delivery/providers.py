"""The push providers of a worker, by the name that devices give: made from the settings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from casa.alerts.message import Message
from casa.audience.matching import Addresses
from casa.audience.subscriptions import Subscription
from casa.database import now
from casa.delivery import fcm
from casa.delivery.credentials import AccessTokens
from casa.delivery.dispatch import Sender
from casa.delivery.encryption import Vapid
from casa.delivery.outcomes import Outcome, Refused
from casa.delivery.push import Transport
from casa.delivery.quota import LocalQuota, Quota, RedisQuota
from casa.delivery.webpush import WebPush
from casa.settings import Settings

_TEMPLATES = 256
# A body's time to live counts from when it was encoded, and is in whole seconds.
_FRESH = timedelta(seconds=1)


class FcmSender:
    """Pages over FCM: one encoded body for each message, language and platform."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._templates: dict[tuple[object, ...], fcm.Template] = {}
        self._since = now()

    def send(self, message: Message, page: Sequence[Addresses]) -> list[Outcome]:
        moment = now()
        if moment - self._since >= _FRESH:
            self._templates.clear()
            self._since = moment
        try:
            bodies = [body for group in page for body in self._bodies(message, group)]
        except fcm.TooLarge as error:
            return _too_large(error, page)
        return self._transport.send_page(bodies)

    def _bodies(self, message: Message, group: Addresses) -> list[bytes]:
        template = self._template(message, group)
        by_installation = group.token_kind == "fid"  # noqa: S105 (a kind, not a secret)
        splice = template.for_fid if by_installation else template.for_token
        return [splice(token) for token in group.tokens]

    def _template(self, message: Message, group: Addresses) -> fcm.Template:
        key = (message.identifier, group.languages, group.platform, group.departed)
        template = self._templates.get(key)
        if template is None:
            compose = fcm.departure if group.departed else fcm.body
            template = compose(
                message,
                languages=group.languages,
                platform=cast(fcm.Platform, group.platform),
                moment=self._since,
            )
            if len(self._templates) < _TEMPLATES:
                self._templates[key] = template
        return template


class WebPushSender:
    """Pages over Web Push: one text for each message and language, sealed for each browser."""

    def __init__(self, transport: WebPush) -> None:
        self._transport = transport

    def send(self, message: Message, page: Sequence[Addresses]) -> list[Outcome]:
        moment = now()
        letters = []
        try:
            for group in page:
                letter = fcm.letter(
                    message, languages=group.languages, departed=group.departed, moment=moment
                )
                letters += [(letter, Subscription.from_text(token)) for token in group.tokens]
        except fcm.TooLarge as error:
            return _too_large(error, page)
        return self._transport.send_page(letters)


def _too_large(error: fcm.TooLarge, page: Sequence[Addresses]) -> list[Outcome]:
    refused = Refused(f"too large for a push message: {error}")
    return [refused for group in page for _ in group.tokens]


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
