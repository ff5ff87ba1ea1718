"""What waits of other registries' records, its release by a second officer, and trusted sources."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import INCLUDE, RAISE, Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts.drafts import problems
from casa.alerts.schemas import Moment
from casa.alerts.states import WrongState
from casa.answers import private
from casa.database import database, now
from casa.documenting import Blueprint
from casa.exchange.pfif_routes import law
from casa.missing_persons import foreign, releasing, sources
from casa.missing_persons.models import ForeignPerson, ForeignSource
from casa.problems import not_found

blueprint = Blueprint(
    "pfif-release", __name__, url_prefix="/v1/pfif", description="Releasing foreign records"
)
blueprint.before_request(require_agency)


class WaitingSchema(paging.PageSchema):
    waiting = fields.Boolean(
        load_default=True, metadata={"description": "False: also what is public or over"}
    )


class ReleaseSchema(Schema):
    """What is to be public beside the usual facts; what is not named here is so no longer."""

    digest = fields.String(
        metadata={"description": "Of what was read: 409 when it has changed since"}
    )
    facts = fields.List(fields.String(), load_default=list, validate=validate.Length(0, 30))
    notes = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String(), validate=validate.Length(1, 10)),
        load_default=dict,
        metadata={"description": "Facts of notes, by note_record_id"},
    )


class SourceSchema(Schema):
    trusted = fields.Boolean(
        load_default=False, metadata={"description": "Its records of adults need no second officer"}
    )
    statuses = fields.List(
        fields.String(validate=validate.OneOf(sources.STATUSES)),
        load_default=lambda: list(sources.UNGRAVE),
        metadata={"description": "What its notes may say of persons"},
    )
    keys = fields.List(
        fields.String(validate=validate.Length(1, 16)),
        load_default=list,
        validate=validate.Length(0, 20),
        metadata={"description": "Ids of the keys that bring its records; officers may besides"},
    )


def _facts(about: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": about}
    )


class HeldNoteSchema(Schema):
    """What was said of a person, with PFIF's other fields of it as they came.

    ``entitled``: its source is registered for what it says.
    """

    class Meta:
        unknown = INCLUDE

    note_record_id = fields.String()
    person_record_id = fields.String()
    linked_person_record_id = fields.String(allow_none=True)
    public = fields.List(fields.String())
    entitled = fields.Boolean()


class HeldRecordSchema(Schema):
    """All that is kept of a foreign record."""

    id = fields.UUID()
    person_record_id = fields.String()
    content = _facts("PFIF's fields as they came")
    public = _facts("What of it everybody reads")
    notes = fields.List(fields.Nested(HeldNoteSchema))
    place = fields.String(metadata={"description": "Whose it is; empty: of no known state"})
    guarded = fields.Boolean(metadata={"description": "Its release needs the safeguarding role"})
    released = Moment(allow_none=True)
    over = fields.Boolean()
    digest = fields.String(metadata={"description": "Of all this; give it back when releasing"})


class HeldRecordsSchema(Schema):
    records = fields.List(fields.Nested(HeldRecordSchema))
    next = fields.String(allow_none=True)


class KnownSourceSchema(Schema):
    domain = fields.String()
    trusted = fields.Boolean()
    statuses = fields.List(fields.String())
    keys = fields.List(fields.String())
    registered_by = fields.String()


class KnownSourcesSchema(Schema):
    sources = fields.List(fields.Nested(KnownSourceSchema))


@blueprint.route("")
class Records(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(WaitingSchema, location="query", unknown=RAISE)
    @blueprint.response(200, HeldRecordsSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Foreign records that wait for a release by the caller's agency, newest first."""
        known, limit = caller(), query["limit"]
        after = paging.row_of(query.get("cursor"))
        with problems(), database().reading() as session:
            require(known, Verb.INVESTIGATE)
            rows = _held(session, known, query["waiting"], after, limit + 1)
            shown = [_shown(session, row) for row in rows[:limit]]
        return private({"records": shown, "next": paging.following(rows, limit)})


@blueprint.route("/<uuid:identifier>")
class Record(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, HeldRecordSchema)
    def get(self, identifier: Any) -> Response:
        """All that is kept of a foreign record and what was said of the person, for officers."""
        known = caller()
        with problems(), database().reading() as session:
            require(known, Verb.INVESTIGATE)
            return private(_shown(session, _one(session, known, identifier)))


@blueprint.route("/<uuid:identifier>/release", methods=["POST", "DELETE"])
class Release(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ReleaseSchema)
    @blueprint.response(200, HeldRecordSchema)
    def post(self, data: dict[str, Any], identifier: Any) -> Response:
        """Make a foreign record public, as another officer than who brought it."""
        known = caller()
        with problems(), database().writing() as session:
            person = _one(session, known, identifier)
            read = releasing.digest(person, foreign.notes_of(session, person))
            if data.get("digest", read) != read:
                raise WrongState("The record has changed since you read it: read it again.")
            releasing.release(
                session, known, person, law(), now(), facts=data["facts"], notes=data["notes"]
            )
            return private(_shown(session, person))

    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, HeldRecordSchema)
    def delete(self, identifier: Any) -> Response:
        """Take a release back: the record is hidden at once and waits again."""
        known = caller()
        with problems(), database().writing() as session:
            person = _one(session, known, identifier)
            releasing.hide(session, known, person, now())
            return private(_shown(session, person))


@blueprint.route("/sources")
class Sources(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, KnownSourcesSchema)
    def get(self) -> Response:
        """The registries that the agency knows, and what each may."""
        known = caller()
        with problems(), database().reading() as session:
            require(known, Verb.READ)
            found = [_source(row) for row in sources.listed(session, known.agency_id)]
        return private({"sources": found})


@blueprint.route("/sources/<domain>")
class Source(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(SourceSchema)
    @blueprint.response(200, KnownSourceSchema)
    def put(self, data: dict[str, Any], domain: str) -> Response:
        """Register a registry by its domain. In the hands of who does so it is not trusted."""
        known = caller()
        with problems(), database().writing() as session:
            return private(_source(sources.register(session, known, domain[:255], **data)))

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, domain: str) -> None:
        """Know a registry no longer: what it sends waits for a second officer again."""
        known = caller()
        with problems(), database().writing() as session:
            if not sources.forget(session, known, domain):
                raise not_found("such source")


def _held(
    session: Session, known: Caller, waiting: bool, after: paging.Row | None, limit: int
) -> list[ForeignPerson]:
    query = select(ForeignPerson).where(releasing.may_read(known, now()))
    if waiting:
        query = query.where(ForeignPerson.released.is_(None), ForeignPerson.gone.is_(None))
    query = paging.newest_first(query, ForeignPerson.created, ForeignPerson.id, after, limit)
    return list(session.scalars(query))


def _one(session: Session, known: Caller, identifier: Any) -> ForeignPerson:
    query = select(ForeignPerson).where(
        ForeignPerson.id == str(identifier), releasing.may_read(known, now())
    )
    person = session.scalars(query.with_for_update()).first()
    if person is None:
        raise not_found("such foreign record")
    return person


def _shown(session: Session, person: ForeignPerson) -> dict[str, Any]:
    notes = foreign.notes_of(session, person)
    return {
        "id": person.id,
        "person_record_id": person.person_record_id,
        "content": person.content,
        "public": person.shown,
        "notes": [foreign.whole_note(note) for note in notes],
        "place": person.place,
        "guarded": person.guarded,
        "released": person.released and person.released.isoformat(),
        "over": bool(person.gone or person.withdrawn),
        "digest": releasing.digest(person, notes),
    }


def _source(row: ForeignSource) -> dict[str, Any]:
    names = ("domain", "trusted", "statuses", "keys", "registered_by")
    return {name: getattr(row, name) for name in names}
