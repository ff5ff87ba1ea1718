"""Rights that wait for another administrator: seen by all of the agency, confirmed or stopped."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import grants
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.caller import Caller
from casa.agencies.models import Agency, Grant
from casa.agencies.permissions import Verb, allows, require
from casa.agencies.refusals import refusals
from casa.answers import private
from casa.database import database
from casa.documenting import Blueprint
from casa.problems import Problem, not_found

blueprint = Blueprint(
    "grants", __name__, url_prefix="/v1", description="Rights that wait for confirmation"
)
blueprint.before_request(require_agency)


class GrantQuery(Schema):
    agency = fields.String(metadata={"description": "Code; by default the caller's own"})


class GrantSchema(Schema):
    """A right of consequence, and who asked for it, confirmed it or stopped it."""

    id = fields.UUID()
    action = fields.String(metadata={"description": "What was done, as `officer.invite`"})
    subject = fields.String(metadata={"description": "Who or what is to have it, as `key:…`"})
    rights = fields.Raw(metadata={"description": "Roles, scopes, or what a mandate holds"})
    state = fields.String(metadata={"enum": ["waiting", "in effect", "cancelled"]})
    asked_by = fields.String()
    asked = fields.String()
    effective = fields.String(metadata={"description": "When it takes effect by itself"})
    confirmed_by = fields.String(allow_none=True)
    cancelled_by = fields.String(allow_none=True)


class GrantsSchema(Schema):
    grants = fields.List(fields.Nested(GrantSchema))


def grant_json(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "action": grant.action,
        "subject": grant.subject,
        "rights": grant.rights,
        "state": grants.state(grant),
        "asked_by": grant.asked_by,
        "asked": grant.asked.isoformat(),
        "effective": grant.effective.isoformat(),
        "confirmed_by": grant.confirmed_by,
        "cancelled_by": grant.cancelled_by,
    }


@blueprint.route("/grants")
class Grants(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(GrantQuery, location="query", unknown=RAISE)
    @blueprint.response(200, GrantsSchema)
    def get(self, query: dict[str, str]) -> Response:
        """What waits for another administrator of the agency; everybody there sees it."""
        known = caller()
        with refusals(), database().reading() as session:
            agency_id = _agency(session, known, query.get("agency"))
            found = [grant_json(grant) for grant in grants.waiting(session, agency_id)]
        return private({"grants": found})


@blueprint.route("/grants/<uuid:identifier>/confirm", methods=["POST"])
class Confirm(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, GrantSchema)
    def post(self, identifier: Any) -> Response:
        """Let it take effect now, as another administrator than who asked for it or has it."""
        return _settled(str(identifier), grants.confirm)


@blueprint.route("/grants/<uuid:identifier>/cancel", methods=["POST"])
class Cancel(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, GrantSchema)
    def post(self, identifier: Any) -> Response:
        """Stop it, as an approver or an administrator of the agency, or for the region."""
        return _settled(str(identifier), grants.cancel)


def _settled(identifier: str, settle: Any) -> Response:
    known = caller()
    with refusals(), database().writing() as session:
        grant = session.get(Grant, identifier, with_for_update=True)
        others = grant is not None and grant.agency_id != known.agency_id
        if grant is None or (others and not allows(known, Verb.ADMINISTER_REGION)):
            raise not_found("such grant")
        try:
            settle(session, known, grant)
        except grants.Settled as error:
            raise Problem(409, "wrong-state", str(error)) from error
        return private(grant_json(grant))


def _agency(session: Session, known: Caller, code: str | None) -> int:
    require(known, Verb.READ)
    if code in (None, known.code):
        return known.agency_id
    found = session.scalar(select(Agency.id).where(Agency.code == code))
    if found is None or not allows(known, Verb.READ_ALL):
        raise not_found("such agency")
    return found
