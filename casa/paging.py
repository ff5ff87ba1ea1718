"""Cursors: opaque to the client, a short JSON list inside."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from casa.problems import FieldError, Problem, invalid

DEFAULT_LIMIT = 50
MOST = 200


class PageSchema(Schema):
    """The two parameters of every list."""

    cursor = fields.String(metadata={"description": "`next` of the page before"})
    limit = fields.Integer(
        load_default=DEFAULT_LIMIT, validate=validate.Range(1, MOST), metadata={"example": 50}
    )


def encode(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def decode(cursor: str | None, *types: type) -> list[Any] | None:
    """What ``encode`` was given, held against ``types``; ``None`` without a cursor.

    Raises:
        Problem: 422, this is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded))
        if isinstance(values, list) and [type(value) for value in values] == list(types):
            return values
    except ValueError:
        pass
    raise _no_cursor()


def moment(value: str) -> datetime:
    """A moment that a cursor held.

    Raises:
        Problem: 422, the cursor is none of ours.
    """
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_cursor() from None


def _no_cursor() -> Problem:
    return invalid([FieldError("/cursor", "is not a cursor of this list; leave it out to start")])
