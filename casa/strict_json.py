"""JSON as this service takes it: I-JSON (RFC 7493), within bounds, and nothing that cannot be kept.

What parsers disagree about (a member that is there twice, NaN, half a surrogate pair) is refused,
as is what exhausts them: deep nesting and endless numbers. NUL is JSON, but PostgreSQL keeps none.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from flask.json.provider import DefaultJSONProvider

DEEPEST = 32
dumps = json.dumps
"""As the standard library's: with it this module is what Socket.IO asks of a JSON module."""

LARGEST = 2**63 - 1
_LONGEST_NUMBER = 100
# How NUL and halves of surrogate pairs can be written; whole pairs and \\u0000 look alike.
_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


class NotAccepted(ValueError):
    """This is no JSON that this service takes; the message says why to whoever sent it."""


def loads(text: str | bytes | bytearray, **_: Any) -> Any:
    """The value that ``text`` (bytes: UTF-8) holds.

    Raises:
        NotAccepted: with what is wrong.
    """
    try:
        plain = text if isinstance(text, str) else bytes(text).decode("utf-8-sig")
        value = json.loads(
            plain,
            object_pairs_hook=_members,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_number,
        )
    except NotAccepted:
        raise
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotAccepted(f"this is not JSON: {error.msg} at {where}") from None
    except UnicodeDecodeError:
        raise NotAccepted("JSON must be in UTF-8; these bytes are not") from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    if _SUSPICIOUS.search(plain) or isinstance(text, str):
        _check_texts(value)
    return value


class StrictProvider(DefaultJSONProvider):
    """Flask's JSON, with ``loads`` for whatever it reads."""

    sort_keys = False

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return loads(s)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotAccepted(f"the member {twice[:50]!r} is there twice in one object")
    return members


def _no_constant(name: str) -> Any:
    raise NotAccepted(f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER or abs(number := int(text)) > LARGEST:
        raise NotAccepted("a number has more digits than this service keeps (64 bits)")
    return number


def _number(text: str) -> float:
    if len(text) > _LONGEST_NUMBER or not math.isfinite(number := float(text)):
        raise NotAccepted("a number is larger or longer than this service keeps (64 bits)")
    return number


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = list(_inner(level))
        if not level:
            return
    raise _too_deep()


def _inner(containers: Iterable[Any]) -> Iterable[Any]:
    """The arrays and objects that stand directly in these."""
    for container in containers:
        if isinstance(container, list | dict):
            parts = container if isinstance(container, list) else container.values()
            yield from [part for part in parts if isinstance(part, list | dict)]


def _too_deep() -> NotAccepted:
    return NotAccepted(f"this is nested more than {DEEPEST} deep")


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if _UNKEEPABLE.search(value):
            raise NotAccepted("a text holds NUL or half of a surrogate pair")
    elif isinstance(value, list):
        for part in value:
            _check_texts(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_texts(name)
            _check_texts(part)
