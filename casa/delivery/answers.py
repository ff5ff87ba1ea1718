"""What an answer of FCM's HTTP v1 service means for the message.

Only FCM's own words count. What stands between may answer in its place, with any status: a page of
HTML condemns no message and no device, and says of none that it was taken.

Source: the reference of ``google.firebase.fcm.v1.ErrorCode``, and ``google.rpc.BadRequest``.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from casa.delivery.outcomes import Outcome, Refused, Retry, Unregistered

_LONGEST_PAUSE = 21_600.0  # seconds
# Answers that say that the project or the service, not this message, is at fault: the message
# keeps its place and goes when the operator or Google has mended it.
_OUTSIDE = {401, 403, 404, 408, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Failure:
    """An answer other than 200. ``code`` is FCM's, else Google's general one."""

    status: int
    code: str
    message: str
    fields: tuple[str, ...]


def failure(status: int, body: bytes) -> Failure:
    """Read an error; one that is not Google's JSON has an empty code."""
    try:
        error: dict[str, Any] = json.loads(body)["error"]
        details = [one for one in error.get("details", ()) if isinstance(one, dict)]
        codes = [one["errorCode"] for one in details if "errorCode" in one]
        fields = [one.get("field", "") for d in details for one in d.get("fieldViolations", ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Failure(status, "", "", ())
    code = codes[0] if codes else error.get("status", "")
    return Failure(status, str(code), str(error.get("message", "")), tuple(map(str, fields)))


def outcome(failed: Failure, retry_after: float | None) -> Outcome:
    """What to do about a failure; the reason never holds the device's token."""
    if not failed.code:
        return Retry(f"{failed.status} without a word of FCM's", retry_after)
    if failed.code == "UNREGISTERED" or _names_device(failed):
        return Unregistered()
    reason = f"{failed.status} {failed.code}".strip()
    if failed.code == "SENDER_ID_MISMATCH":
        return Refused(reason)
    if failed.status in _OUTSIDE:
        return Retry(reason, retry_after)
    return Refused(f"{reason} {', '.join(failed.fields)}".strip())


def is_taken(body: bytes) -> bool:
    """Whether an answer with status 200 names the message that FCM made of it."""
    try:
        return bool(msgspec.json.decode(body, type=_Taken).name)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


class _Taken(msgspec.Struct):
    name: str


def _names_device(failed: Failure) -> bool:
    """Whether an INVALID_ARGUMENT is about the token: else a fault of ours would forget devices."""
    if failed.code != "INVALID_ARGUMENT":
        return False
    if failed.fields:
        return all(name in ("message.token", "message.fid") for name in failed.fields)
    return "registration token" in failed.message


def retry_after(text: str | None, moment: datetime) -> float | None:
    """The seconds of a ``Retry-After`` that came at ``moment``: none, or six hours at most.

    Source: RFC 9110 section 10.2.3: a number of seconds, or a date.
    """
    seconds = 0.0
    if text and text.isascii() and text.isdigit():
        seconds = float(text)
    elif text:
        with suppress(ValueError, OverflowError):
            date = parsedate_to_datetime(text)
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - moment).total_seconds()
    return min(seconds, _LONGEST_PAUSE) if seconds > 0 else None
