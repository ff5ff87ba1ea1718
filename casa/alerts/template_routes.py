"""An agency's templates: kept, tried, and filled into drafts."""

from typing import Any

import msgspec
from flask import Response
from flask.views import MethodView
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts import lifecycle, templates
from casa.alerts.agency_routes import NewAlertSchema, NewSchema, answer
from casa.alerts.content import STATUSES
from casa.alerts.drafts import problems
from casa.alerts.kinds import kinds
from casa.alerts.models import Template
from casa.alerts.schemas import ContentSchema, DraftSchema, InfoSchema, Keyed, content_of, text
from casa.answers import private
from casa.database import database, now
from casa.documenting import Blueprint
from casa.problems import flatten, invalid, not_found

blueprint = Blueprint("templates", __name__, url_prefix="/v1", description="Prepared texts")
blueprint.before_request(require_agency)


class BlankSchema(Schema):
    type = fields.String(required=True, validate=validate.OneOf(templates.TYPES))
    least = fields.Float()
    most = fields.Float()


class TemplateInfoSchema(InfoSchema):
    """A block whose texts may hold blanks as `{name}`; it expires `lasts` minutes after filling."""

    class Meta:
        exclude = ("expires", "effective", "onset")


class TemplateSchema(Schema):
    name = text(100, required=True)
    kind = NewAlertSchema._declared_fields["kind"]
    status = fields.String(load_default="Actual", validate=validate.OneOf(STATUSES))
    lasts = fields.Integer(
        required=True, validate=validate.Range(1, 20_160), metadata={"description": "Minutes"}
    )
    info = fields.List(fields.Dict(), required=True, validate=validate.Length(1, 12))
    area = fields.List(fields.Dict(), validate=validate.Length(1, 50))
    blanks = Keyed(
        keys=fields.String(validate=validate.Regexp(r"^[a-z_]{1,30}\Z")),
        values=fields.Nested(BlankSchema),
        load_default=dict,
    )
    cancellation = Keyed(
        keys=fields.String(validate=validate.Length(2, 20)),
        values=text(2_000),
        required=True,
        metadata={"description": "The text of its end, by language"},
    )


class FillSchema(Schema):
    blanks = fields.Dict(load_default=dict)
    area = fields.List(fields.Dict(), metadata={"description": "In place of the template's"})


class ShownTemplateSchema(TemplateSchema):
    id = fields.UUID()


class TemplatesSchema(Schema):
    templates = fields.List(fields.Nested(ShownTemplateSchema))


@blueprint.route("/templates")
class Templates(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, TemplatesSchema)
    def get(self) -> Response:
        """The agency's templates."""
        known = caller()
        with problems(), database().reading() as session:
            require(known, Verb.READ)
            rows = session.scalars(
                select(Template)
                .where(Template.agency_id == known.agency_id)
                .order_by(Template.name, Template.id)
            )
            return private({"templates": [_shown(row) for row in rows]})

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(TemplateSchema)
    @blueprint.response(201, ShownTemplateSchema)
    def post(self, data: dict[str, Any]) -> Response:
        """Keep a prepared text; it is tried with sample values before it is taken."""
        known = caller()
        with problems(), database().writing() as session:
            require(known, Verb.PREPARE)
            row = Template(agency_id=known.agency_id)
            _write(row, known, data)
            session.add(row)
            session.flush()
            audit.note(session, known, "template.write", f"template:{row.id}")
            return private(_shown(row), 201)


@blueprint.route("/templates/<uuid:identifier>")
class OneTemplate(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ShownTemplateSchema)
    def get(self, identifier: Any) -> Response:
        """One template."""
        known = caller()
        with problems(), database().reading() as session:
            require(known, Verb.READ)
            return private(_shown(_own(session, known, identifier)))

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(TemplateSchema)
    @blueprint.response(200, ShownTemplateSchema)
    def put(self, data: dict[str, Any], identifier: Any) -> Response:
        """Write a template anew."""
        known = caller()
        with problems(), database().writing() as session:
            require(known, Verb.PREPARE)
            row = _own(session, known, identifier)
            _write(row, known, data)
            audit.note(session, known, "template.write", f"template:{row.id}")
            return private(_shown(row))

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: Any) -> Response:
        """Throw a template away."""
        known = caller()
        with problems(), database().writing() as session:
            require(known, Verb.PREPARE)
            row = _own(session, known, identifier)
            audit.note(session, known, "template.remove", f"template:{row.id}")
            session.delete(row)
        return Response(status=204)


@blueprint.route("/templates/<uuid:identifier>/fill", methods=["POST"])
class Fill(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(FillSchema)
    @blueprint.arguments(NewSchema, location="query", unknown=RAISE)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], query: dict[str, Any], identifier: Any) -> Response:
        """Draft an alert from a template; its status is the template's and cannot be changed."""
        known = caller()
        with problems(), database().writing() as session:
            row = _own(session, known, identifier)
            kind = kinds()[row.kind]
            content = row.content | ({"area": data["area"]} if "area" in data else {})
            loaded = _filled(content, row.blanks, data["blanks"])
            text = msgspec.structs.replace(content_of(loaded), prepared_end=row.cancellation)
            alert = lifecycle.draft(session, known, kind, text, crosses=query["cross_border"])
            if query["publish"]:
                lifecycle.go_on(session, known, kind, alert)
            return answer(alert, 201)


def _write(row: Template, known: Caller, data: dict[str, Any]) -> None:
    content: dict[str, Any] = {
        name: data[name] for name in ("status", "lasts", "info", "area") if name in data
    }
    _check_blocks(content)
    row.name, row.kind, row.content = data["name"], data["kind"], content
    row.blanks, row.cancellation = data["blanks"], data["cancellation"]
    if found := list(templates.faults(content, row.blanks, row.cancellation)):
        raise invalid(found)
    place = next((code for one in known.mandates for code in one.places), "JM")
    tried = {"area": [{"places": [place]}]} | content
    _filled(tried, row.blanks, templates.sample(row.blanks, place))


def _check_blocks(content: dict[str, Any]) -> None:
    """Name the blocks' faults, and keep them as they were sent."""
    content["info"] = [{"language": "en", **one} for one in content["info"]]
    if found := TemplateInfoSchema(many=True).validate(content["info"]):
        raise invalid(list(flatten({"info": found})))


def _filled(
    content: dict[str, Any], blanks: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    try:
        wire = templates.fill(content, blanks, values, now())
        return dict(ContentSchema().load(wire))
    except templates.BadFill as error:
        raise invalid(error.errors) from error
    except ValidationError as error:
        raise invalid(list(flatten(error.messages))) from error


def _own(session: Session, known: Caller, identifier: Any) -> Template:
    row = session.get(Template, str(identifier))
    if row is None or row.agency_id != known.agency_id:
        raise not_found("such template")
    return row


def _shown(row: Template) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        **row.content,
        "blanks": row.blanks,
        "cancellation": row.cancellation,
    }
