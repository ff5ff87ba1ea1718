"""What FCM's HTTP v1 service documents of a message, checked strictly.

Source: the REST reference of ``projects.messages`` and of ErrorCode; RFC 8030 for Web Push
headers; Apple's reference for APNs headers. Field names are taken in either of protobuf's two
JSON spellings, as FCM does.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Violation = tuple[str, str]
Check = Callable[[str, Any], Iterator[Violation]]

LIMIT = 4096
_LONGEST_TTL = 2_419_200
_RESERVED = re.compile(r"^(from|gcm|message_type|google\..*|gcm\..*)$")
_APNS_HEADERS = {
    "authorization", "apns-id", "apns-expiration", "apns-priority", "apns-topic",
    "apns-collapse-id", "apns-push-type",
}  # fmt: skip


def violations(message: Any) -> list[Violation]:
    """All that is wrong with a message as (field, description)."""
    if not isinstance(message, dict):
        return [("message", "must be an object")]
    found = list(_object(_MESSAGE)("message", message))
    devices = [name for name in ("token", "fid", "topic", "condition") if name in message]
    if len(devices) != 1:
        found.append(("message", f"exactly one of token, fid, topic, condition; got {devices}"))
    if not found and (size := payload_size(message)) > LIMIT:
        found.append(("message", f"payload of {size} bytes is more than {LIMIT}"))
    return found


def payload_size(message: dict[str, Any]) -> int:
    """The largest payload that the message makes on any platform that it speaks to, in bytes."""
    data = message.get("data", {})
    notification = message.get("notification", {})
    android = message.get("android", {})
    sizes = [_keys_and_values({**data, **android.get("data", {})}, notification,
                              android.get("notification", {}))]  # fmt: skip
    if "apns" in message:
        sizes.append(len(_compact(data | message["apns"].get("payload", {}))))
    if "webpush" in message:
        web = message["webpush"]
        shown = notification | web.get("notification", {})
        sizes.append(len(_compact({"data": data | web.get("data", {}), "notification": shown})))
    return max(sizes)


def _keys_and_values(*parts: dict[str, Any]) -> int:
    return sum(
        len(key.encode()) + len(value.encode() if isinstance(value, str) else _compact(value))
        for part in parts
        for key, value in part.items()
    )


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _string(path: str, value: Any) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield path, f"Invalid value at '{path}' (TYPE_STRING), {json.dumps(value)[:80]}"


def _filled(path: str, value: Any) -> Iterator[Violation]:
    yield from _string(path, value)
    if value == "":
        yield path, "must not be empty"


def _boolean(path: str, value: Any) -> Iterator[Violation]:
    if not isinstance(value, bool):
        yield path, f"Invalid value at '{path}' (TYPE_BOOL)"


def _any(path: str, value: Any) -> Iterator[Violation]:
    yield from ()


def _strings(path: str, value: Any) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield path, "must be a map of strings"
        return
    for number, one in enumerate(value.values()):
        yield from _string(f"{path}[{number}].value", one)


def _data(path: str, value: Any) -> Iterator[Violation]:
    yield from _strings(path, value)
    for number, key in enumerate(value if isinstance(value, dict) else ()):
        if _RESERVED.match(key):
            yield f"{path}[{number}].key", f"Invalid data payload key: {key}"


def _duration(path: str, value: Any) -> Iterator[Violation]:
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d{1,9})?s", value):
        yield path, "Illegal duration format; duration must end with 's'"
    elif float(value[:-1]) > _LONGEST_TTL:
        yield path, "TTL must be at most four weeks"


def _priority(path: str, value: Any) -> Iterator[Violation]:
    if str(value).lower() not in ("normal", "high"):
        yield path, f"Invalid value at '{path}' (type.googleapis.com/AndroidMessagePriority)"


def _apns_headers(path: str, value: Any) -> Iterator[Violation]:
    yield from _strings(path, value)
    if not isinstance(value, dict):
        return
    for name in value:
        if name not in _APNS_HEADERS:
            yield f"{path}.{name}", "is not an APNs header"
    if len(value.get("apns-collapse-id", "").encode()) > 64:
        yield f"{path}.apns-collapse-id", "is longer than 64 bytes"
    if value.get("apns-priority", "10") not in ("1", "5", "10"):
        yield f"{path}.apns-priority", "must be 1, 5 or 10"
    if not value.get("apns-expiration", "0").isdigit():
        yield f"{path}.apns-expiration", "must be seconds since 1970"


def _apns_payload(path: str, value: Any) -> Iterator[Violation]:
    if not isinstance(value, dict) or not isinstance(value.get("aps", {}), dict):
        yield path, "must be an object with aps"


def _webpush_headers(path: str, value: Any) -> Iterator[Violation]:
    yield from _strings(path, value)
    if not isinstance(value, dict):
        return
    if not value.get("TTL", "0").isdigit():
        yield f"{path}.TTL", "must be seconds"
    if value.get("Urgency", "normal") not in ("very-low", "low", "normal", "high"):
        yield f"{path}.Urgency", "must be very-low, low, normal or high"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", value.get("Topic", "x")):
        yield f"{path}.Topic", "must be at most 32 characters of base64url"


def _link(path: str, value: Any) -> Iterator[Violation]:
    if not str(value).startswith("https://"):
        yield path, "must be an HTTPS URL"


def _object(fields: dict[str, Check]) -> Check:
    def check(path: str, value: Any) -> Iterator[Violation]:
        if not isinstance(value, dict):
            yield path, "must be an object"
            return
        for name, one in value.items():
            rule = fields.get(re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name))
            if rule is None:
                yield f"{path}.{name}", f"Unknown name \"{name}\" at '{path}': Cannot find field."
            else:
                yield from rule(f"{path}.{name}", one)

    return check


_OPTIONS = _object({"analytics_label": _string})
_NOTIFICATION = _object({"title": _string, "body": _string, "image": _string})
_ANDROID_NOTIFICATION = _object(
    dict.fromkeys(
        (
            "title", "body", "icon", "color", "sound", "tag", "click_action", "body_loc_key",
            "title_loc_key", "channel_id", "ticker", "image", "notification_priority",
            "visibility", "event_time", "proxy",
        ),
        _string,
    )
    | dict.fromkeys(
        (
            "sticky", "local_only", "default_sound", "default_vibrate_timings",
            "default_light_settings",
        ),
        _boolean,
    )
    | dict.fromkeys(
        (
            "body_loc_args", "title_loc_args", "vibrate_timings", "light_settings",
            "notification_count",
        ),
        _any,
    )
)  # fmt: skip
_MESSAGE: dict[str, Check] = {
    "name": _string,
    "data": _data,
    "notification": _NOTIFICATION,
    "android": _object(
        {
            "collapse_key": _filled,
            "priority": _priority,
            "ttl": _duration,
            "restricted_package_name": _string,
            "data": _data,
            "notification": _ANDROID_NOTIFICATION,
            "fcm_options": _OPTIONS,
            "direct_boot_ok": _boolean,
            "bandwidth_constrained_ok": _boolean,
            "restricted_satellite_ok": _boolean,
        }
    ),
    "webpush": _object(
        {
            "headers": _webpush_headers,
            "data": _data,
            "notification": _any,
            "fcm_options": _object({"link": _link, "analytics_label": _string}),
        }
    ),
    "apns": _object(
        {
            "headers": _apns_headers,
            "payload": _apns_payload,
            "fcm_options": _object({"analytics_label": _string, "image": _string}),
            "live_activity_token": _string,
        }
    ),
    "fcm_options": _OPTIONS,
    "token": _filled,
    "fid": _filled,
    "topic": _filled,
    "condition": _filled,
}
