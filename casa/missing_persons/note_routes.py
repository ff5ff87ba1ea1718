"""``/v1/missing-persons/{id}/notes``: what officers write on a case for each other."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.alerts.drafts import problems
from casa.alerts.schemas import Moment, text
from casa.answers import private, uncached
from casa.database import database
from casa.documenting import Blueprint
from casa.missing_persons import notes
from casa.missing_persons.models import CaseNote
from casa.problems import Problem
from casa.sealing import sealer

MOST_TEXT = 4_000

blueprint = Blueprint(
    "case-notes",
    __name__,
    url_prefix="/v1/missing-persons/<uuid:identifier>/notes",
    description="Notes between officers",
)
blueprint.before_request(require_agency)
blueprint.after_request(uncached)


class NewNoteSchema(Schema):
    """Never public: sealed at rest, and erased with the case."""

    text = text(MOST_TEXT, required=True)


class AuthorSchema(Schema):
    actor = fields.String(metadata={"description": "As the audit trail names the author"})
    name = fields.String()
    agency = fields.String()


class NoteSchema(Schema):
    id = fields.UUID()
    created = Moment()
    author = fields.Nested(AuthorSchema)
    text = fields.String()


class NotePageSchema(Schema):
    notes = fields.List(fields.Nested(NoteSchema))
    next = fields.String(allow_none=True)


@blueprint.route("")
class Notes(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(NewNoteSchema)
    @blueprint.response(201, NoteSchema)
    @blueprint.alt_response(409, description="The case has ended")
    def post(self, data: dict[str, str], identifier: Any) -> Response:
        """Write a note for the officers who investigate; it can't be changed later."""
        known = caller()
        with problems(), database().writing() as session:
            record = notes.case_for(session, known, str(identifier))
            if record.ended is not None:
                raise Problem(409, "wrong-state", "The case has ended: its notes are closed.")
            note = notes.add(session, sealer(), known, record, data["text"])
            return private(_shown(session, note), 201)

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(paging.PageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, NotePageSchema)
    def get(self, query: dict[str, Any], identifier: Any) -> Response:
        """The notes on a case, newest first, for its agency and those that joined by consent."""
        after = paging.row_of(query.get("cursor"))
        limit = query["limit"]
        with problems(), database().reading() as session:
            record = notes.case_for(session, caller(), str(identifier))
            rows = notes.page(session, record, after, limit + 1)
            shown = [_shown(session, row) for row in rows[:limit]]
        following = paging.following(rows, limit)
        return private({"notes": shown, "next": following})


def _shown(session: Session, note: CaseNote) -> dict[str, Any]:
    name, agency = notes.author_of(session, note)
    return {
        "id": note.id,
        "created": note.created.isoformat(),
        "author": {"actor": note.actor, "name": name, "agency": agency},
        "text": notes.text_of(sealer(), note),
    }
