"""Pages of lists, and their cursors: opaque to the client, a short JSON list inside."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from marshmallow import Schema, fields, validate
from sqlalchemy import Select

from casa import strict_json
from casa.problems import FieldError, Problem, invalid

DEFAULT_LIMIT = 50
MOST = 200

T = TypeVar("T")
Row = tuple[datetime, str]
"""Of a row in a list by time: when it was made, and its identifier."""


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
        values = strict_json.loads(base64.urlsafe_b64decode(padded))
        if isinstance(values, list) and [type(value) for value in values] == list(types):
            return values
    except ValueError:
        pass
    raise _no_cursor()


def row_of(cursor: str | None) -> Row | None:
    """The row that a list by time goes on after.

    Raises:
        Problem: 422, this is no cursor of ours.
    """
    if (values := decode(cursor, str, str)) is None:
        return None
    try:
        return datetime.fromisoformat(values[0]).astimezone(UTC), values[1]
    except (ValueError, OverflowError):
        raise _no_cursor() from None


def following(rows: Sequence[Any], limit: int, identifier: str = "id") -> str | None:
    """The cursor after the first ``limit`` of ``rows``, if there are more."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return encode([last.created.isoformat(), getattr(last, identifier)])


def newest_first(
    query: Select[T], created: Any, identifier: Any, after: Row | None, limit: int
) -> Select[T]:
    """At most ``limit`` of what ``query`` finds, by these columns, after that row."""
    if after is not None:
        moment, last = after
        query = query.where((created < moment) | ((created == moment) & (identifier < last)))
    return query.order_by(created.desc(), identifier.desc()).limit(limit)


def _no_cursor() -> Problem:
    return invalid([FieldError("/cursor", "is not a cursor of this list; leave it out to start")])
