"""The push providers of a worker, by the name that devices give: made from the settings."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast

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
from casa.delivery.outcomes import Failed, Outcome, Refused
from casa.delivery.parking import reason_of
from casa.delivery.push import Transport
from casa.delivery.quota import LocalQuota, Quota, RedisQuota
from casa.delivery.webpush import Letter, WebPush
from casa.settings import Settings, SettingsError

log = logging.getLogger(__name__)

Item = TypeVar("Item")

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
        return _send_composed(
            page, lambda group: self._bodies(message, group), self._transport.send_page
        )

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

        def compose(group: Addresses) -> list[tuple[Letter, Subscription | None]]:
            letter = fcm.letter(
                message, languages=group.languages, departed=group.departed, moment=moment
            )
            return [(letter, _subscription(token)) for token in group.tokens]

        return _send_composed(page, compose, self._transport.send_page)


def _subscription(token: str) -> Subscription | None:
    try:
        return Subscription.from_text(token)
    except (ValueError, KeyError, TypeError):
        return None


def _send_composed(
    page: Sequence[Addresses],
    compose: Callable[[Addresses], list[Item]],
    send: Callable[[list[Item]], list[Outcome]],
) -> list[Outcome]:
    """Send to the groups whose message could be made, one item for each of their tokens; the
    others fail by themselves.
    """
    items: list[Item] = []
    failed: list[Outcome | None] = []
    for group in page:
        try:
            composed = compose(group)
            items += composed
            failed += [None] * len(composed)
        except fcm.TooLarge as error:
            refused = Refused(f"too large for a push message: {error}")
            failed += [refused] * len(group.tokens)
        except Exception as error:
            log.exception("a message in %s cannot be made", "/".join(group.languages))
            failed += [Failed(reason_of(error))] * len(group.tokens)
    outcomes = iter(send(items) if items else ())
    return [next(outcomes) if one is None else one for one in failed]


def _quota(settings: Settings) -> Quota:
    """One bucket for all workers where they share a Redis, else one for this process."""
    if not settings.shared_redis:
        return LocalQuota(settings.push_per_minute)
    client = redis.Redis.from_url(
        settings.shared_redis, socket_timeout=2, retry=Retry(NoBackoff(), 1)
    )
    return RedisQuota(client, settings.push_per_minute, f"{settings.broker_queue}:push:quota")


def _access_tokens(account: Path, ca: Path | None) -> AccessTokens:
    try:
        return AccessTokens(account, ca)
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"CASA_FIREBASE_CREDENTIALS: {account} is no service account file: {error}. Firebase's "
            "console makes one (project settings, service accounts)."
        ) from error


@contextmanager
def senders(settings: Settings) -> Iterator[Mapping[str, Sender]]:
    """The providers that the settings give credentials for; none of them: push is off.

    Raises:
        SettingsError: the credentials cannot be used.
    """
    with ExitStack() as stack:
        found: dict[str, Sender] = {}
        if settings.firebase_credentials is not None:
            tokens = _access_tokens(settings.firebase_credentials, settings.fcm_ca)
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
