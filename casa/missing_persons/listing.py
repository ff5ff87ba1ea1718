"""Open cases as everybody may read them: of each, what its latest published message says.

Beside them stand the records of other registries, marked as ``foreign``.
"""

from datetime import datetime
from typing import Any

from flask import Response, json
from sqlalchemy.orm import Session

from casa import paging
from casa.alerts import reading
from casa.alerts.routes import conditional
from casa.alerts.schemas import as_json
from casa.database import database, now
from casa.missing_persons import foreign
from casa.missing_persons.addresses import page_url, resource_url
from casa.missing_persons.models import ForeignPerson, MissingPerson
from casa.missing_persons.standing import Standing, open_cases, open_or_gone, standing_of
from casa.problems import Problem, not_found


def public_cases(query: dict[str, Any]) -> Response:
    """A page of open cases and foreign records, the newest first.

    A case's ``id`` is where a sighting is reported; nothing else of the record is public.
    """
    limit, moment = query["limit"], now()
    after = paging.row_of(query.get("cursor"))
    with database().reading() as session:
        rows: list[MissingPerson | ForeignPerson] = [
            *open_cases(session, after, limit + 1),
            *foreign.page(session, moment, after, limit + 1),
        ]
        rows.sort(key=lambda row: (row.created, row.id), reverse=True)
        shown = [_listed(session, row, moment) for row in rows[:limit]]
    return _answer({"records": shown, "next": paging.following(rows, limit)})


def public_case(identifier: str) -> Response:
    """One open case, or one foreign record with what was said of the person.

    Raises:
        Problem: 404, and 410 for what was here and is over.
    """
    moment = now()
    with database().reading() as session:
        if (person := session.get(ForeignPerson, identifier)) is not None:
            return _answer(_foreign(session, person, moment))
        record = open_or_gone(session, identifier)
        shown = _listed(session, record, moment) | {
            "page": page_url(record.id),
            "poster": f"{resource_url(record.id)}/poster.pdf",
            "pfif": f"{resource_url(record.id)}.pfif",
            "sightings": f"{resource_url(record.id)}/sightings",
        }
    return _answer(shown)


def _foreign(session: Session, person: ForeignPerson, moment: datetime) -> dict[str, Any]:
    standing = standing_of(session, person, moment)
    if standing is Standing.PRIVATE:
        raise not_found("such record")
    if standing is Standing.CLOSED:
        raise Problem(410, "gone", "This record has expired: show it no longer.")
    notes = [foreign.shown_note(note) for note in foreign.released_notes_of(session, person)]
    pfif = f"{resource_url(person.id)}.pfif"
    return _listed(session, person, moment) | {"notes": notes, "pfif": pfif}


def _listed(
    session: Session, row: MissingPerson | ForeignPerson, moment: datetime
) -> dict[str, Any]:
    if isinstance(row, MissingPerson):
        latest = reading.thread(session, row.thread, moment)[-1]
        return {"id": row.id, "alert": as_json(latest)}
    told = foreign.shown(row) | {"same_as": foreign.links_of(session, row)}
    return {"id": row.id, "alert": None, "foreign": told}


def _answer(body: dict[str, Any]) -> Response:
    response = conditional(Response(json.dumps(body), content_type="application/json"))
    response.headers["Vary"] = "Authorization, Cookie"
    return response
