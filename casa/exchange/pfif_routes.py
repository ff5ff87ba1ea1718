"""PFIF for programs: single records out, other registries' documents in, copies taken down."""

from typing import Any, cast

import msgspec
from flask import Response, current_app, json, request
from flask.views import MethodView
from marshmallow import Schema, fields

from casa.agencies import audit
from casa.agencies.authentication import SECURITY, caller
from casa.agencies.permissions import Verb, require
from casa.alerts import records
from casa.alerts.drafts import problems
from casa.alerts.routes import conditional
from casa.answers import private
from casa.database import database, now
from casa.documenting import TEXT, UNCHANGED, Blueprint
from casa.exchange import pfif, pfif_cases, pfif_import
from casa.exchange.pfif_records import Fault, PfifError
from casa.missing_persons import foreign, releasing
from casa.missing_persons.models import FeedEntry, ForeignPerson, MissingPerson
from casa.missing_persons.releasing import Law
from casa.problems import Problem, not_found

blueprint = Blueprint("pfif", __name__, url_prefix="/v1", description="Missing persons as PFIF 1.4")

MOST_BYTES = 8_000_000
_ACCEPTED = (pfif.MEDIA_TYPE, "application/atom+xml", "application/xml", "text/xml")
_XML = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "description": f"PFIF 1.1 to 1.4, or an Atom feed of it, in UTF-8; at most {MOST_BYTES} bytes "
    f"and {pfif_import.MOST_RECORDS} records",
    "content": dict.fromkeys(_ACCEPTED, _XML),
}


def law() -> Law:
    """Which facts of foreign records each state lets be public."""
    return cast(Law, current_app.extensions["casa.foreign_law"])


@blueprint.url_value_preprocessor
def make_room(endpoint: str | None, _values: Any) -> None:
    """Let a document be larger than other requests, before anything reads the body."""
    if request.method == "POST":
        request.max_content_length = MOST_BYTES


class FaultSchema(Schema):
    record = fields.String(metadata={"description": "The identifier, or where in the document"})
    field = fields.String()
    detail = fields.String()


class OutcomeSchema(Schema):
    record = fields.String()
    kind = fields.String(metadata={"description": "person or note"})
    outcome = fields.String(
        metadata={
            "description": "new, replaced or unchanged: it is kept; expired: at most its "
            "identifier and times are; withdrawn: it was taken down here, or its case is closed; "
            "own: it came from here; stranger: a note of nobody who is known"
        }
    )
    waits = fields.String(
        allow_none=True, metadata={"description": "Whose release it waits for before it is public"}
    )


class ImportSchema(Schema):
    persons = fields.Dict(metadata={"description": "How many had which outcome"})
    notes = fields.Dict()
    outcomes = fields.List(fields.Nested(OutcomeSchema))
    faults = fields.List(
        fields.Nested(FaultSchema), metadata={"description": "What was left out, and why"}
    )


class ForeignNotesSchema(Schema):
    notes = fields.List(fields.Dict())


@blueprint.route("/pfif", methods=["POST"])
class Import(MethodView):
    @blueprint.doc(security=SECURITY, requestBody=_BODY)
    @blueprint.response(200, ImportSchema)
    @blueprint.alt_response(422, description="It is no PFIF, or nothing of it can be kept")
    def post(self) -> Response:
        """Take in records of another registry: foreign, waiting for another officer, never pushed.

        Those of adults from a source that is registered as trusted do not wait. All that can be
        kept is kept in one transaction; the report names the rest. What was sent before changes
        nothing, what is newer replaces, what has expired is wiped.
        """
        known = caller()
        with problems():
            require(known, Verb.IMPORT)
        if request.mimetype not in _ACCEPTED:
            raise Problem(415, "unsupported-media-type", f"Send it as one of {_ACCEPTED}.")
        try:
            document = pfif.read(request.get_data(), most=pfif_import.MOST_RECORDS)
        except PfifError as error:
            raise _refused(error.faults) from error
        if document.faults and not (document.persons or document.notes):
            raise _refused(document.faults)
        with problems(), database().writing() as session:
            report = pfif_import.take_in(
                session, known, document, pfif_cases.domain(), now(), law()
            )
        return private(
            {
                "persons": report.counts("person"),
                "notes": report.counts("note"),
                "outcomes": msgspec.to_builtins(report.outcomes),
                "faults": msgspec.to_builtins(report.faults),
            }
        )


@blueprint.route("/pfif/<uuid:identifier>", methods=["DELETE"])
class Copy(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: Any) -> None:
        """Take a foreign record down for good: no later import brings it back.

        For who brought it here, and for who speaks for its state.
        """
        known = caller()
        with problems(), database().writing() as session:
            require(known, Verb.CANCEL)
            person = session.get(ForeignPerson, str(identifier), with_for_update=True)
            if person is None:
                raise not_found("such foreign record")
            releasing.require_hold(known, person, now())
            foreign.withdraw(session, person, now())
            audit.note(session, known, "pfif.withdraw", f"foreign_person:{person.id}")


@blueprint.route("/missing-persons/<uuid:identifier>.pfif")
class Single(MethodView):
    @blueprint.response(200, TEXT, content_type=pfif.MEDIA_TYPE)
    @blueprint.alt_response(304, description=UNCHANGED)
    @blueprint.alt_response(410, description="It is shown here no longer")
    def get(self, identifier: Any) -> Response:
        """One open case or foreign record; of what is over, only that it is."""
        with database().reading() as session:
            entry = session.get(FeedEntry, str(identifier))
            if entry is None:
                raise not_found("such record as PFIF: of an exercise, for one, there is none")
            persons, notes = pfif_cases.of_entry(session, entry, now())
        body = pfif.write(persons, notes)
        return conditional(Response(body, content_type=pfif.MEDIA_TYPE))


@blueprint.route("/missing-persons/<uuid:identifier>/foreign-notes")
class ForeignNotes(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ForeignNotesSchema)
    def get(self, identifier: Any) -> Response:
        """What other registries say of the agency's own case, or tie to it; never public."""
        known = caller()
        with problems(), database().reading() as session:
            require(known, Verb.INVESTIGATE)
            record = records.own(session, known, MissingPerson, str(identifier))
            told = [foreign.whole_note(note) for note in foreign.said_of_case(session, record)]
        return private({"notes": told})


def _refused(faults: tuple[Fault, ...]) -> Problem:
    detail = f"This can't be taken in: {faults[0]}."
    return Problem(422, "invalid-pfif", detail, faults=json.loads(msgspec.json.encode(faults)))
