"""The second pair of eyes over HTTP: submit, approve, reject, consent, and the emergency exit."""

from typing import Any

from flask import Response, json
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields

from casa.agencies.authentication import SECURITY, caller, describe, require_agency
from casa.agencies.models import Agency
from casa.agencies.permissions import Verb, require
from casa.alerts import approval, crossing, lifecycle, parts
from casa.alerts.agency_routes import PublishSchema, answer
from casa.alerts.drafts import draft_json, foreign_part, own_alert, problems, readable_alert
from casa.alerts.kinds import kinds
from casa.alerts.schemas import DraftSchema, text
from casa.database import database, now
from casa.documenting import Blueprint

blueprint = Blueprint(
    "approval", __name__, url_prefix="/v1", description="Approval by a second officer, and consent"
)
blueprint.before_request(require_agency)


class DigestSchema(Schema):
    digest = fields.String(
        required=True,
        metadata={"description": "Of the text that was read: 409 when it has changed since"},
    )


class SeenSchema(PublishSchema, DigestSchema):
    """To approve, and perhaps to publish."""


class ConsentsSchema(Schema):
    alerts = fields.List(fields.Nested(DraftSchema))


class ReasonSchema(Schema):
    reason = text(500, required=True, least=5)


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
    @blueprint.arguments(SeenSchema, location="query", unknown=RAISE)
    @blueprint.response(200, DraftSchema)
    def post(self, query: dict[str, Any], identifier: Any) -> Response:
        """Approve exactly this text, as another officer than who wrote it."""
        known = caller()
        with problems(), database().writing() as session:
            alert = own_alert(session, known, str(identifier))
            approval.approve(session, known, alert, query["digest"])
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


@blueprint.route("/consents")
class Consents(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ConsentsSchema)
    def get(self) -> Response:
        """The parts of other agencies' alerts that wait for consent in the caller's states."""
        known = caller()
        with problems(), database().reading() as session:
            require(known, Verb.READ)
            states = {code for mandate in known.mandates for code in mandate.places}
            found = [
                draft_json(part)
                for part in parts.waiting_in(session, states)
                if approval.may_read_waiting(known, part)
                and crossing.may_consent(known.mandates, part.kind, str(part.border), now())
            ]
        return Response(json.dumps({"alerts": found}), content_type="application/json")


@blueprint.route("/consents/<uuid:identifier>/approve", methods=["POST"])
class Consent(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(DigestSchema, location="query", unknown=RAISE)
    @blueprint.response(200, DraftSchema)
    def post(self, query: dict[str, Any], identifier: Any) -> Response:
        """Consent to the part in one's own state, which publishes it at once."""
        known = caller()
        with problems(), database().writing() as session:
            part = foreign_part(session, known, str(identifier))
            agency = describe(session.get_one(Agency, part.agency_id))
            lifecycle.consent(session, known, agency, kinds()[part.kind], part, query["digest"])
            return answer(part, 200)


@blueprint.route("/consents/<uuid:identifier>/reject", methods=["POST"])
class Refuse(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, DraftSchema)
    def post(self, data: dict[str, str], identifier: Any) -> Response:
        """Refuse the part in one's own state, with the reason."""
        known = caller()
        with problems(), database().writing() as session:
            part = foreign_part(session, known, str(identifier))
            approval.reject(session, known, part, data["reason"])
            return answer(part, 200)
