"""``/v1/missing-persons``: cases, and how they end."""

import logging
from typing import Any

from flask import Response, json
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from casa.agencies import audit
from casa.agencies.authentication import SECURITY, caller
from casa.alerts import records
from casa.alerts.record_routes import blueprint_of, record_problems
from casa.database import database, now
from casa.missing_persons import album, redacting
from casa.missing_persons.closing import OUTCOMES
from casa.missing_persons.kind import KIND, WIRING
from casa.missing_persons.media import MediaAway, media
from casa.missing_persons.models import MissingPerson
from casa.missing_persons.shown_schemas import CaseSchema

log = logging.getLogger(__name__)

blueprint = blueprint_of(
    WIRING, "missing-persons", "missing_persons", "Missing and trafficked persons"
)


class EndSchema(Schema):
    outcome = fields.String(validate=validate.OneOf(OUTCOMES), load_default="withdrawn")


@blueprint.route("/<uuid:identifier>/end", methods=["POST"])
class End(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(EndSchema)
    @blueprint.response(200, CaseSchema)
    def post(self, data: dict[str, Any], identifier: Any) -> Response:
        """Close the case: from now on nothing public names or shows the person.

        What is in force is cancelled in words that repeat nothing; earlier messages and all
        photographs answer 410.
        """
        known = caller()
        with record_problems(), database().writing() as session:
            record = records.own(session, known, MissingPerson, str(identifier))
            records.end(session, known, KIND, record, {})
            record.outcome = data["outcome"]
            audit.note(
                session, known, "case.end", f"missing_person:{record.id}", after=data["outcome"]
            )
            session.flush()
            body = json.dumps(WIRING.shown(session, record))
        remove_photographs()
        return Response(body, content_type="application/json")


class RedactionSchema(Schema):
    facts = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(1, len(redacting.FACTS)),
        metadata={"description": f"Some of {', '.join(redacting.FACTS)}"},
    )


@blueprint.route("/<uuid:identifier>/redactions", methods=["POST"])
class Redactions(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(RedactionSchema)
    @blueprint.response(200, CaseSchema)
    def post(self, data: dict[str, Any], identifier: Any) -> Response:
        """Unsay facts: every message up to now is read without them at once, in every form.

        Hiding or removing a fact of the case does so by itself; this is for what was wrong.
        """
        known = caller()
        with record_problems(), database().writing() as session:
            record = records.own(session, known, MissingPerson, str(identifier))
            redacting.unsay(session, known, record, data["facts"])
            body = json.dumps(WIRING.shown(session, record))
        return Response(body, content_type="application/json")


def remove_photographs() -> None:
    """Delete the files of what was withdrawn; what cannot be now is left to the worker."""
    try:
        with database().writing() as session:
            album.remove_files(session, media(), now())
    except MediaAway as error:
        log.warning("withdrawn photographs cannot be deleted yet: %s", error)
