"""The open cases that everybody may read: of each, what its latest published message says."""

from datetime import datetime
from typing import Any

from flask import Response, json

from casa import paging
from casa.alerts import reading
from casa.alerts.routes import conditional
from casa.alerts.schemas import as_json
from casa.database import database, now
from casa.missing_persons.standing import open_cases


def public_cases(query: dict[str, Any]) -> Response:
    """A page of open cases, the newest first.

    A case's ``id`` is where a sighting is reported; nothing else of the record is public.
    """
    limit, moment = query["limit"], now()
    with database().reading() as session:
        rows = open_cases(session, _decoded(query.get("cursor")), limit + 1)
        shown = [
            {"id": row.id, "alert": as_json(reading.thread(session, row.thread, moment)[-1])}
            for row in rows[:limit]
        ]
    last = rows[limit - 1] if len(rows) > limit else None
    following = paging.encode([last.created.isoformat(), last.id]) if last else None
    body = json.dumps({"records": shown, "next": following})
    response = conditional(Response(body, content_type="application/json"))
    response.headers["Vary"] = "Authorization, Cookie"
    return response


def _decoded(cursor: str | None) -> tuple[datetime, str] | None:
    if (values := paging.decode(cursor, str, str)) is None:
        return None
    return paging.moment(values[0]), values[1]
