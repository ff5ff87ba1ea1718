"""A message as FCM's HTTP v1 body: encoded once, the device's token spliced in for each.

Every platform carries the same ``data`` (see ``_data``), from which an app draws and decides for
itself. What differs:

* Android gets data only, at high priority. A notification would be shown by the system without
  waking the app; data wakes it, so that it can compare the alert's area with its own exact
  position, sound its alarm channel and replace what it showed before. It also reaches a phone
  that restarted and was not unlocked yet (direct boot), and one on a thin or satellite link.
* iOS gets an alert that needs no code of the app, ``mutable-content`` for an app that decides
  for itself, and for real Extreme and Severe alerts an interruption level that breaks through
  silence (Apple grants *critical* to an app on request).
* The web gets a notification that stays until it is dealt with when the alert is grave.

All messages of a thread share one collapse key, so what a phone missed while it was away comes
as the latest only, and what is sent twice shows once. FCM keeps four such keys for a phone that
is away; the app catches up on any others by ``sequence`` over HTTP.

Source: the REST reference of FCM v1 ``projects.messages``, RFC 8030 section 5, Apple's
"Generating a remote notification".
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import Any, Literal

from firebase_admin import messaging

from casa.alerts.message import Info, Message
from casa.alerts.phrases import LANGUAGES, phrases
from casa.delivery.fitting import TooLarge, cut, fit
from casa.delivery.webpush import Letter

__all__ = ["Platform", "Template", "TooLarge", "body", "collapse_key", "departure", "letter"]

Platform = Literal["android", "ios", "web"]

# FCM takes 4,096 bytes. APNs counts FCM's own fields too, and an encrypted Web Push message holds
# 3,993 bytes of plain text (RFC 8291 section 4), of which FCM's envelope takes some.
_LIMIT = {"android": 4_000, "ios": 3_700, "web": 3_700}
_LONGEST_TTL = 2_419_200  # seconds: four weeks, FCM's most
_SHOWN = 240  # bytes of text below the headline, what a lock screen shows


@dataclass(frozen=True, slots=True)
class Template:
    """A body that lacks only the device."""

    tail: bytes

    def for_token(self, token: str) -> bytes:
        """The body for a registration token."""
        return b'{"message":{"token":' + encode_basestring_ascii(token).encode() + self.tail

    def for_fid(self, fid: str) -> bytes:
        """The body for a Firebase installation ID, which takes the place of tokens."""
        return b'{"message":{"fid":' + encode_basestring_ascii(fid).encode() + self.tail


@dataclass(frozen=True)
class _Notice:
    """What a person sees without the app. ``level`` is an interruption level of iOS."""

    title: str
    body: str
    language: str
    level: Literal["critical", "time-sensitive", "active"]


def body(
    message: Message, *, languages: Sequence[str], platform: Platform, moment: datetime
) -> Template:
    """``message`` for devices of one platform that read ``languages``, sent at ``moment``.

    Raises:
        TooLarge: headline and identifiers alone exceed what FCM takes.
    """
    return _template(_alert(message, languages, platform, moment))


def departure(
    message: Message, *, languages: Sequence[str], platform: Platform, moment: datetime
) -> Template:
    """For devices that were told of the thread and that ``message`` no longer reaches.

    It says so in ``description`` and has ``departed`` = ``true`` and no area.
    """
    return _template(_departure(message, languages, platform, moment))


def letter(
    message: Message, *, languages: Sequence[str], departed: bool, moment: datetime
) -> Letter:
    """The same for a browser's own push service: what FCM would have handed to it."""
    compose = _departure if departed else _alert
    encoded = compose(message, languages, "web", moment)
    headers = encoded["webpush"]["headers"]
    return Letter(
        _dump(_carried(encoded, "web")), tuple(f"{name}: {headers[name]}" for name in headers)
    )


def _alert(
    message: Message, languages: Sequence[str], platform: Platform, moment: datetime
) -> dict[str, Any]:
    info = message.info_for(tuple(languages))
    description, instruction = info.description or "", info.instruction or ""
    notice = _Notice(
        info.headline, cut(instruction or description, _SHOWN), info.language,
        _level(message, info),
    )  # fmt: skip
    data = _data(message, info) | {"description": "", "instruction": "", "area": ""}
    empty = _encoded(message, info, data, notice, platform, moment)
    room = _LIMIT[platform] - _size(empty, platform)
    area, description, instruction = fit(room, message.area, description, instruction)
    data |= {"description": description, "instruction": instruction, "area": area}
    return _encoded(message, info, data, notice, platform, moment)


def _departure(
    message: Message, languages: Sequence[str], platform: Platform, moment: datetime
) -> dict[str, Any]:
    info = message.info_for(tuple(languages))
    text = _words(info.language)["departed"]
    notice = _Notice(info.headline, text, info.language, "active")
    data = _data(message, info) | {"description": text, "departed": "true"}
    payload = _encoded(message, info, data, notice, platform, moment)
    if _size(payload, platform) > _LIMIT[platform]:
        raise TooLarge(f"{_size(payload, platform)} bytes")
    return payload


def collapse_key(thread: str) -> str:
    """A thread's key, the same for ever: 24 characters of base64url, which suits every platform.

    Web Push allows 32 such characters (RFC 8030 section 5.4), APNs 64 bytes.
    """
    return base64.urlsafe_b64encode(hashlib.sha256(thread.encode()).digest()[:18]).decode()


def _data(message: Message, info: Info) -> dict[str, str]:
    """What an app reads, but for the parts that may be cut."""
    return {
        "sequence": "" if message.sequence is None else str(message.sequence),
        "identifier": message.identifier,
        "thread": message.thread,
        "msg_type": message.msg_type,
        "status": message.status,
        "kind": message.kind,
        "severity": info.severity,
        "urgency": info.urgency,
        "certainty": info.certainty,
        "language": info.language,
        "expires": info.expires.isoformat(),
        "headline": info.headline,
        **({"thumbnail": info.thumbnail} if info.thumbnail else {}),
    }


def _words(language: str) -> dict[str, str]:
    primary = language.split("-")[0].lower()
    return phrases("casa.delivery", primary if primary in LANGUAGES else "en")


def _level(message: Message, info: Info) -> Literal["critical", "time-sensitive", "active"]:
    """Only a real danger that is still there breaks through silence."""
    if message.status == "Actual" and message.msg_type != "Cancel":
        if info.severity == "Extreme":
            return "critical"
        if info.severity == "Severe":
            return "time-sensitive"
    return "active"


def _encoded(
    message: Message,
    info: Info,
    data: dict[str, str],
    notice: _Notice,
    platform: Platform,
    moment: datetime,
) -> dict[str, Any]:
    """The message as firebase-admin checks and encodes it, without a device."""
    key = collapse_key(message.thread)
    ttl = min(max(int((info.expires - moment).total_seconds()), 0), _LONGEST_TTL)
    config: dict[str, Any]
    if platform == "android":
        config = {"android": _android(key, ttl)}
    elif platform == "ios":
        config = {"apns": _apns(key, info.expires, notice)}
    else:
        config = {"webpush": _webpush(key, ttl, notice)}
    # The encoder wants a device; this one is taken off again.
    encoded = json.loads(str(messaging.Message(data=data, fid="device", **config)))
    del encoded["fid"]
    return dict(encoded)


def _android(key: str, ttl: int) -> messaging.AndroidConfig:
    return messaging.AndroidConfig(
        priority="high",
        collapse_key=key,
        ttl=ttl,
        direct_boot_ok=True,
        bandwidth_constrained_ok=True,
        restricted_satellite_ok=True,
    )


def _apns(key: str, expires: datetime, notice: _Notice) -> messaging.APNSConfig:
    critical = messaging.CriticalSound("default", critical=True, volume=1.0)
    aps = messaging.Aps(
        alert=messaging.ApsAlert(title=notice.title, body=notice.body),
        sound=critical if notice.level == "critical" else "default",
        thread_id=key,
        mutable_content=True,
        custom_data={"interruption-level": notice.level},
    )
    headers = {
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-collapse-id": key,
        "apns-expiration": str(int(expires.timestamp())),
    }
    return messaging.APNSConfig(headers=headers, payload=messaging.APNSPayload(aps))


def _webpush(key: str, ttl: int, notice: _Notice) -> messaging.WebpushConfig:
    shown = messaging.WebpushNotification(
        title=notice.title,
        body=notice.body,
        language=notice.language,
        tag=key,
        renotify=True,
        require_interaction=notice.level != "active",
    )
    headers = {"Urgency": "high", "TTL": str(ttl), "Topic": key}
    return messaging.WebpushConfig(headers=headers, notification=shown)


def _size(encoded: dict[str, Any], platform: Platform) -> int:
    """The bytes of the payload as JSON, which is never less than FCM's count of keys and values."""
    return len(_dump(_carried(encoded, platform)))


def _carried(encoded: dict[str, Any], platform: Platform) -> dict[str, Any]:
    """What reaches the device."""
    payload: dict[str, Any] = encoded["data"]
    if platform == "ios":
        return {**payload, **encoded["apns"]["payload"]}
    if platform == "web":
        return {"data": payload, "notification": encoded["webpush"]["notification"]}
    return payload


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _template(encoded: dict[str, Any]) -> Template:
    return Template(b"," + _dump(encoded)[1:] + b"}")
