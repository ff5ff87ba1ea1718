"""The agencies' side of alerts: draft, edit, publish, update, cancel, and their own list."""

from typing import Any

from flask import Response, json, url_for
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from casa import paging
from casa.agencies.authentication import SECURITY, caller, describe, require_agency
from casa.agencies.caller import Caller
from casa.agencies.models import Agency
from casa.agencies.permissions import Verb, require
from casa.alerts import approval, lifecycle, reading
from casa.alerts.cancellation import cancellation
from casa.alerts.drafts import draft_json, own_alert, problems, readable_alert
from casa.alerts.kinds import UnknownKind, kinds
from casa.alerts.models import Alert
from casa.alerts.schemas import (
    ContentSchema,
    DraftSchema,
    Keyed,
    OwnPageSchema,
    content_of,
    text,
)
from casa.alerts.states import State, WrongState
from casa.database import database, now

blueprint = Blueprint(
    "publishing", __name__, url_prefix="/v1", description="Publishing: an agency's own alerts"
)

blueprint.before_request(require_agency)


class NewAlertSchema(ContentSchema):
    kind = fields.String(required=True)

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


class ReasonSchema(Schema):
    reason = text(500, required=True, least=5)


class CancelSchema(Schema):
    reason = Keyed(
        keys=fields.String(validate=validate.Length(2, 20)),
        values=text(2_000),
        load_default=dict,
        metadata={"description": "Why, by language", "example": {"en": "The road is open again."}},
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
    @blueprint.arguments(PublishSchema, location="query", unknown=RAISE)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], query: dict[str, Any]) -> Response:
        """Draft an alert from CAP as JSON; `?publish=true` publishes it at once."""
        kind = kinds()[data.pop("kind")]
        known = caller()
        with problems(), database().writing() as session:
            alert = lifecycle.draft(session, known, kind, content_of(data))
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


@blueprint.route("/alerts/<uuid:identifier>/submit", methods=["POST"])
class Submit(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, DraftSchema)
    def post(self, identifier: Any) -> Response:
        """Freeze a draft and ask a second officer for approval."""
        known = caller()
        with problems(), database().writing() as session:
            alert = own_alert(session, known, str(identifier))
            approval.submit(session, known, alert)
            return answer(alert, 200)


@blueprint.route("/alerts/<uuid:identifier>/approve", methods=["POST"])
class Approve(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(PublishSchema, location="query", unknown=RAISE)
    @blueprint.response(200, DraftSchema)
    def post(self, query: dict[str, Any], identifier: Any) -> Response:
        """Approve exactly this text, as another officer than who wrote it."""
        known = caller()
        with problems(), database().writing() as session:
            alert = own_alert(session, known, str(identifier))
            approval.approve(session, known, alert)
            if query["publish"]:
                lifecycle.publish(session, known, kinds()[alert.kind], alert)
            return answer(alert, 200)


@blueprint.route("/alerts/<uuid:identifier>/reject", methods=["POST"])
class Reject(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, DraftSchema)
    def post(self, data: dict[str, str], identifier: Any) -> Response:
        """Send a submitted or approved text back to its author, with the reason."""
        known = caller()
        with problems(), database().writing() as session:
            alert = own_alert(session, known, str(identifier))
            approval.reject(session, known, alert, data["reason"])
            return answer(alert, 200)


@blueprint.route("/alerts/<uuid:identifier>/break-glass", methods=["POST"])
class BreakGlass(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, DraftSchema)
    def post(self, data: dict[str, str], identifier: Any) -> Response:
        """In an emergency, as a regional administrator: publish any agency's draft at once."""
        known = caller()
        with problems(), database().writing() as session:
            require(known, Verb.BREAK_GLASS)
            alert = readable_alert(session, known, str(identifier))
            agency = describe(session.get_one(Agency, alert.agency_id))
            kind = kinds()[alert.kind]
            lifecycle.break_glass(session, known, agency, kind, alert, data["reason"])
            return answer(alert, 200)


@blueprint.route("/alerts/<uuid:identifier>/update", methods=["POST"])
class Update(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ContentSchema)
    @blueprint.arguments(PublishSchema, location="query", unknown=RAISE)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], query: dict[str, Any], identifier: Any) -> Response:
        """Draft an Update of a published alert; `?publish=true` publishes it at once."""
        known = caller()
        with problems(), database().writing() as session:
            old = own_alert(session, known, str(identifier))
            kind = kinds()[old.kind]
            alert = lifecycle.draft(session, known, kind, content_of(data), replaces=old)
            if query["publish"]:
                lifecycle.go_on(session, known, kind, alert)
            return answer(alert, 201)


@blueprint.route("/alerts/<uuid:identifier>/cancel", methods=["POST"])
class Cancel(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(CancelSchema)
    @blueprint.response(201, DraftSchema)
    def post(self, data: dict[str, Any], identifier: Any) -> Response:
        """Cancel a published alert at once, with a ready text or the reasons given."""
        known = caller()
        with problems(), database().writing() as session:
            old = own_alert(session, known, str(identifier))
            message = lifecycle.message_of(old)
            if message is None:
                raise WrongState("Cannot cancel a draft: throw it away with DELETE.")
            kind = kinds()[old.kind]
            text = cancellation(kind, message, now(), data["reason"])
            alert, _ = lifecycle.cancel(session, known, kind, old, text)
            return answer(alert, 201)


@blueprint.route("/agencies/me")
class Me(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200)
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
        before = paging.decode(query.get("cursor"), str, str)
        limit = query["limit"]
        with problems(), database().reading() as session:
            require(caller(), Verb.READ)
            rows = reading.own(
                session,
                caller().agency_id,
                state=query.get("state"),
                before=before,
                limit=limit + 1,
            )
            shown = [draft_json(row) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        following = paging.encode([last.created.isoformat(), last.identifier]) if last else None
        body = {"alerts": shown, "next": following}
        return Response(json.dumps(body), content_type="application/json")
