"""``/v1/missing-persons/{id}/photographs``, and ``/media/{name}`` where the public sees them."""

import logging
from typing import Any

from flask import Response, json, request
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts import publication, records
from casa.alerts.agency_routes import PublishSchema
from casa.alerts.drafts import problems
from casa.alerts.record_routes import record_problems
from casa.alerts.schemas import DraftSchema, Moment
from casa.alerts.states import UNPUBLISHED, State, WrongState
from casa.database import database, now
from casa.documenting import FILE, UNCHANGED, Blueprint
from casa.missing_persons import album, uploads
from casa.missing_persons.addresses import base_url
from casa.missing_persons.kind import WIRING
from casa.missing_persons.media import MediaAway, MediaMissing, media, new_token
from casa.missing_persons.models import CasePhotograph, MissingPerson
from casa.missing_persons.photographs import SIZES
from casa.missing_persons.routes import remove_photographs
from casa.problems import Problem, not_found

log = logging.getLogger(__name__)

blueprint = Blueprint(
    "photographs",
    __name__,
    url_prefix="/v1/missing-persons/<uuid:identifier>/photographs",
    description="Photographs of missing persons",
)
blueprint.before_request(require_agency)
blueprint.url_value_preprocessor(uploads.make_room)
blueprint.register_error_handler(MediaAway, uploads.away)

files = Blueprint("media", __name__, url_prefix="/media", description="Public photographs")
files.register_error_handler(MediaAway, uploads.away)

# What is under a name never changes, but no cache is to show a child longer than this after the
# child was found.
_CACHED = "public, max-age=60"


class AddSchema(PublishSchema):
    public = fields.Boolean(
        load_default=False, metadata={"description": "Whether the alert is to show it"}
    )


class RenditionSchema(Schema):
    uri = fields.Url(metadata={"description": "Where the public has it while it is public"})
    size = fields.Integer(metadata={"description": "The box in pixels that it fits"})
    mime_type = fields.String()
    width = fields.Integer()
    height = fields.Integer()
    bytes = fields.Integer()
    sha1 = fields.String()
    sha256 = fields.String()


class PhotographSchema(Schema):
    id = fields.UUID()
    public = fields.Boolean()
    created = Moment()
    renditions = fields.List(fields.Nested(RenditionSchema))


class ListSchema(Schema):
    photographs = fields.List(fields.Nested(PhotographSchema))
    alert = fields.Nested(
        DraftSchema, allow_none=True, metadata={"description": "The case's latest message"}
    )


class SizeSchema(Schema):
    size = fields.Integer(load_default=640, validate=validate.OneOf(SIZES))


@blueprint.route("")
class Photographs(MethodView):
    @blueprint.doc(security=SECURITY, requestBody=uploads.BODY)
    @blueprint.arguments(AddSchema, location="query", unknown=RAISE)
    @blueprint.response(201, ListSchema)
    @blueprint.alt_response(409, description="The case has ended, or has as many as it may")
    @blueprint.alt_response(422, description="This is no picture that can be used; says why")
    def post(self, query: dict[str, Any], identifier: Any) -> Response:
        """Add a photograph; a public one is shown by the case's draft or drafts an Update."""
        known = caller()
        with problems(), database().reading() as session:
            _open_case(session, known, identifier)
        token, store = new_token(), media()
        photograph = uploads.milled(uploads.received(), uploads.OFFICERS)
        renditions = album.keep(store, token, photograph)
        try:
            with record_problems(), database().writing() as session:
                record = _open_case(session, known, identifier)
                row = CasePhotograph(record_id=record.id, token=token, public=query["public"])
                row.renditions = renditions
                session.add(row)
                session.flush()
                _note(session, known, "photograph.add", row)
                if row.public:
                    WIRING.change(session, known, record, record.facts, publish=query["publish"])
                body = json.dumps(_shown(session, record))
        except BaseException:
            album.delete_files(store, renditions)
            raise
        return Response(body, 201, content_type="application/json")

    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ListSchema)
    def get(self, identifier: Any) -> Response:
        """The case's photographs, oldest first, public or not."""
        with problems(), database().reading() as session:
            record = records.own(session, caller(), MissingPerson, str(identifier))
            body = json.dumps(_shown(session, record))
        return Response(body, content_type="application/json")


@blueprint.route("/<uuid:photograph>")
class One(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(SizeSchema, location="query", unknown=RAISE)
    @blueprint.response(200, FILE, description="The picture as WebP", content_type="image/webp")
    @blueprint.alt_response(410, description="It was withdrawn, or the case has ended")
    def get(self, query: dict[str, Any], identifier: Any, photograph: Any) -> Response:
        """A photograph for the agency itself, before or without it being public."""
        with problems(), database().reading() as session:
            record = records.own(session, caller(), MissingPerson, str(identifier))
            row = _own_photograph(session, record, photograph)
            wanted = (query["size"], "image/webp")
            name = next(
                one["name"] for one in row.renditions if (one["size"], one["mime_type"]) == wanted
            )
            if row.withdrawn or record.ended:
                raise _gone()
        response = Response(_read(name), content_type="image/webp")
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(PublishSchema, location="query", unknown=RAISE)
    @blueprint.response(200, ListSchema)
    def delete(self, query: dict[str, Any], identifier: Any, photograph: Any) -> Response:
        """Withdraw a photograph: its addresses answer 410 at once, whatever else becomes of this.

        A draft that shows it is edited; where the last alert shows it, an Update is drafted.
        """
        known = caller()
        with problems(), database().writing() as session:
            require(known, Verb.DRAFT)
            record = records.own(session, known, MissingPerson, str(identifier))
            row = _own_photograph(session, record, photograph)
            if row.withdrawn is None:
                row.withdrawn = now()
                _note(session, known, "photograph.withdraw", row)
        remove_photographs()
        with record_problems(), database().writing() as session:
            record = records.own(session, known, MissingPerson, str(identifier))
            if row.public and _can_change(session, record):
                WIRING.change(session, known, record, record.facts, publish=query["publish"])
            body = json.dumps(_shown(session, record))
        return Response(body, content_type="application/json")


@files.route("/<name>")
class File(MethodView):
    @files.response(200, FILE, description="A picture", content_type="image/*")
    @files.alt_response(304, description=UNCHANGED)
    @files.alt_response(404, description="There is no such picture")
    @files.alt_response(410, description="It was withdrawn")
    def get(self, name: str) -> Response:
        """A public photograph of an open case, under the name that its alert gives."""
        try:
            with database().reading() as session:
                found = album.public_file(session, name)
        except album.NoPhotograph:
            raise not_found("such picture") from None
        except album.PhotographGone:
            raise _gone() from None
        response = Response(_read(name), content_type=found["mime_type"])
        response.headers["Cache-Control"] = _CACHED
        response.set_etag(found["sha256"])
        return response.make_conditional(request)  # type: ignore[return-value]


def _open_case(session: Session, known: Caller, identifier: Any) -> MissingPerson:
    require(known, Verb.DRAFT)
    record = records.own(session, known, MissingPerson, str(identifier))
    if record.ended is not None:
        raise WrongState("It has ended: open a new record.")
    try:
        album.require_room(session, record.id)
    except album.AlbumFull as full:
        raise Problem(409, "album-full", str(full)) from full
    return record


def _can_change(session: Session, record: MissingPerson) -> bool:
    """Whether there is a draft, or something that an Update can follow."""
    alert = records.head(session, record)
    if record.ended is not None or alert is None:
        return False
    said = publication.state_now(alert) in (State.PUBLISHED, State.EXPIRED)
    cancels = alert.msg_type == "Cancel"
    return alert.state in UNPUBLISHED or (said and not cancels)


def _own_photograph(session: Session, record: MissingPerson, photograph: Any) -> CasePhotograph:
    row = session.get(CasePhotograph, str(photograph))
    if row is None or row.record_id != record.id:
        raise not_found("such photograph")
    return row


def _note(session: Session, known: Caller, action: str, row: CasePhotograph) -> None:
    after = {"photograph": row.id, "public": row.public}
    audit.note(session, known, action, f"missing_person:{row.record_id}", after=after)


def _shown(session: Session, record: MissingPerson) -> dict[str, Any]:
    rows = album.photographs_of(session, record.id)
    return {
        "photographs": [_described(row) for row in rows],
        "alert": WIRING.shown(session, record)["alert"],
    }


def _described(row: CasePhotograph) -> dict[str, Any]:
    shown = [
        {"uri": f"{base_url()}/media/{one['name']}"} | {k: v for k, v in one.items() if k != "name"}
        for one in row.renditions
    ]
    created = row.created.isoformat()
    return {"id": row.id, "public": row.public, "created": created, "renditions": shown}


def _read(name: str) -> bytes:
    try:
        return media().get(name)
    except MediaMissing as missing:
        log.error("the file of a photograph is missing: %s", missing)
        raise not_found("such picture") from missing


def _gone() -> Problem:
    return Problem(410, "withdrawn", "This photograph was withdrawn: show it no longer.")
