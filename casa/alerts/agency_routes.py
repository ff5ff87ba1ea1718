"""The agencies' side of alerts: draft, edit, publish, update, cancel, and their own list."""

from typing import Any

from flask import Response, json, url_for
from flask.views import MethodView
from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from casa import paging
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts import cancelling, lifecycle, reading
from casa.alerts.cancellation import READY_REASONS
from casa.alerts.cancelling import Reason
from casa.alerts.drafts import draft_json, own_alert, problems
from casa.alerts.kinds import UnknownKind, kinds
from casa.alerts.models import Alert
from casa.alerts.schemas import (
    ContentSchema,
    DraftSchema,
    InfoSchema,
    Keyed,
    Moment,
    OwnPageSchema,
    content_of,
    text,
)
from casa.alerts.states import State
from casa.database import database, now
from casa.documenting import Blueprint

blueprint = Blueprint(
    "publishing", __name__, url_prefix="/v1", description="Publishing: an agency's own alerts"
)

blueprint.before_request(require_agency)


class NewInfoSchema(InfoSchema):
    expires = Moment(
        metadata={"description": "Left out: after the time that alerts of its kind usually live"}
    )


class NewAlertSchema(ContentSchema):
    kind = fields.String(required=True)
    info = fields.List(fields.Nested(NewInfoSchema), required=True, validate=validate.Length(1, 12))

    @pre_load
    def usual_end(self, data: Any, **_: Any) -> Any:
        """Give an end to blocks that have none, so that what follows finds one in each."""
        try:
            end = (now() + kinds()[data["kind"]].policy.lifetime).isoformat()
            return data | {"info": [{"expires": end, **block} for block in data["info"]]}
        except (KeyError, TypeError, UnknownKind):
            return data  # what is wrong with it is found out field by field

    @validates_schema
    def known(self, data: dict[str, Any], **_: Any) -> None:
        try:
            kinds()[data["kind"]]
        except UnknownKind as unknown:
            raise ValidationError(str(unknown), "kind") from None


class PublishSchema(Schema):
    publish = fields.Boolean(
        load_default=False,
        metadata={"description": "Publish at once where policy allows, else submit for approval"},
    )


class NewSchema(PublishSchema):
    cross_border = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Publish what lies in the mandate, and ask other states for consent to"
            " the parts that lie there; without it an alert must lie in the mandate"
        },
    )


class ReasonField(fields.Field[Reason]):
    """Why an alert ends: the name of a ready reason, or words by language."""

    _words = Keyed(keys=fields.String(validate=validate.Length(2, 20)), values=text(2_000))

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Reason:
        if not isinstance(value, str):
            words: dict[str, str] = self._words.deserialize(value, attr, data, **arguments)
            return words
        if value not in READY_REASONS:
            names = ", ".join(READY_REASONS)
            raise ValidationError(f"must be one of {names}, or your own words by language")
        return value


class CancelSchema(Schema):
    reason = ReasonField(
        load_default="",
        metadata={
            "description": "Why: a ready reason, whose words stand ready in every language; or your"
            " own words by language, for which policy may ask a second officer",
            "oneOf": [
                {"type": "string", "enum": list(READY_REASONS)},
                {"type": "object", "additionalProperties": {"type": "string", "maxLength": 2_000}},
            ],
            "example": "over",
        },
    )


class OwnSchema(paging.PageSchema):
    state = fields.String(
        validate=validate.OneOf([s.value for s in State if s is not State.EXPIRED]),
        metadata={"description": "As kept; an alert that ran out is still `published` here"},
    )


def answer(alert: Alert, status: int) -> Response:
    """The alert as its agency sees it; to be made while the session is open."""
    response = Response(json.dumps(draft_json(alert)), status, content_type="application/json")
    if status == 201:
        response.headers["Location"] = url_for("alerts.Alert", identifier=alert.identifier)
    return response


@blueprint.route("/alerts", methods=["POST"])
class NewAlert(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(NewAlertSchema)
    @blueprint.arguments(NewSchema, location="query", unknown=RAISE)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], query: dict[str, Any]) -> Response:
        """Draft an alert from CAP as JSON; `?publish=true` publishes it at once."""
        kind = kinds()[data.pop("kind")]
        known = caller()
        with problems(), database().writing() as session:
            alert = lifecycle.draft(
                session, known, kind, content_of(data), crosses=query["cross_border"]
            )
            if query["publish"]:
                lifecycle.go_on(session, known, kind, alert)
            return answer(alert, 201)


@blueprint.route("/alerts/<uuid:identifier>", methods=["PUT", "DELETE"])
class Draft(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ContentSchema)
    @blueprint.response(200, DraftSchema)
    def put(self, data: dict[str, Any], identifier: Any) -> Response:
        """Give a draft another content."""
        known = caller()
        with problems(), database().writing() as session:
            alert = own_alert(session, known, str(identifier))
            lifecycle.edit(session, known, kinds()[alert.kind], alert, content_of(data))
            return answer(alert, 200)

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: Any) -> None:
        """Throw a draft away."""
        known = caller()
        with problems(), database().writing() as session:
            lifecycle.discard(session, known, own_alert(session, known, str(identifier)))


@blueprint.route("/alerts/<uuid:identifier>/publish", methods=["POST"])
class Publish(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, DraftSchema)
    def post(self, identifier: Any) -> Response:
        """Publish a draft."""
        known = caller()
        with problems(), database().writing() as session:
            alert = own_alert(session, known, str(identifier))
            lifecycle.publish(session, known, kinds()[alert.kind], alert)
            return answer(alert, 200)


@blueprint.route("/alerts/<uuid:identifier>/update", methods=["POST"])
class Update(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ContentSchema)
    @blueprint.arguments(NewSchema, location="query", unknown=RAISE)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], query: dict[str, Any], identifier: Any) -> Response:
        """Draft an Update of a published alert; `?publish=true` publishes it at once."""
        known = caller()
        with problems(), database().writing() as session:
            old = own_alert(session, known, str(identifier))
            kind = kinds()[old.kind]
            crosses = query["cross_border"] or old.crosses
            text = content_of(data)
            alert = lifecycle.draft(session, known, kind, text, old, crosses=crosses)
            if query["publish"]:
                lifecycle.go_on(session, known, kind, alert)
            return answer(alert, 201)


@blueprint.route("/alerts/<uuid:identifier>/cancel", methods=["POST"])
class Cancel(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(CancelSchema)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], identifier: Any) -> Response:
        """Cancel a published alert at once in ready words; own words may need a second officer,
        for whom it is submitted then."""
        known = caller()
        with problems(), database().writing() as session:
            old = own_alert(session, known, str(identifier))
            alert = cancelling.cancel(session, known, kinds()[old.kind], old, data["reason"])
            return answer(alert, 201)


class OwnMandateSchema(Schema):
    kinds = fields.List(fields.String())
    places = fields.List(fields.String())
    max_severity = fields.String()
    open_sea = fields.Boolean()
    valid_from = Moment(allow_none=True)
    valid_to = Moment(allow_none=True)


class OwnAgencySchema(Schema):
    code = fields.String()
    name = fields.String()
    sender = fields.String()
    mandates = fields.List(fields.Nested(OwnMandateSchema))


@blueprint.route("/agencies/me")
class Me(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, OwnAgencySchema)
    def get(self) -> Response:
        """The calling agency and its mandates."""
        return _described(caller())


def _described(known: Caller) -> Response:
    mandates = [
        {
            "kinds": mandate.kinds,
            "places": mandate.places,
            "max_severity": mandate.max_severity,
            "open_sea": mandate.open_sea,
            "valid_from": mandate.valid_from and mandate.valid_from.isoformat(),
            "valid_to": mandate.valid_to and mandate.valid_to.isoformat(),
        }
        for mandate in known.mandates
    ]
    body = {"code": known.code, "name": known.name, "sender": known.sender, "mandates": mandates}
    return Response(json.dumps(body), content_type="application/json")


@blueprint.route("/agencies/me/alerts")
class Own(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(OwnSchema, location="query", unknown=RAISE)
    @blueprint.response(200, OwnPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """The agency's own alerts, drafts included, newest first."""
        after = paging.row_of(query.get("cursor"))
        limit = query["limit"]
        with problems(), database().reading() as session:
            require(caller(), Verb.READ)
            rows = reading.own(
                session,
                caller().agency_id,
                state=query.get("state"),
                after=after,
                limit=limit + 1,
            )
            shown = [draft_json(row) for row in rows[:limit]]
        following = paging.following(rows, limit, "identifier")
        body = {"alerts": shown, "next": following}
        return Response(json.dumps(body), content_type="application/json")
