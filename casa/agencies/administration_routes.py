"""Administration: officers, keys, mandates."""

from datetime import datetime, timedelta
from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit, grants, keys, officers
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.caller import Caller
from casa.agencies.mandates import SEVERITIES, STATUSES
from casa.agencies.models import Agency, ApiKey, MandateRow, Officer
from casa.agencies.permissions import (
    ROLES,
    SCOPES,
    Role,
    Verb,
    allows,
    require,
)
from casa.agencies.refusals import refusals
from casa.agencies.session_routes import current_settings
from casa.answers import private, secret
from casa.database import database, now
from casa.documenting import Blueprint
from casa.geography.places import UnknownPlace, gazetteer
from casa.problems import FieldError, Problem, invalid, not_found

blueprint = Blueprint("administration", __name__, url_prefix="/v1", description="Administration")
blueprint.before_request(require_agency)


def _several(values: tuple[str, ...], **options: Any) -> fields.List[str]:
    """At least one of ``values``."""
    one = fields.String(validate=validate.OneOf([str(value) for value in values]))
    return fields.List(one, validate=validate.Length(1, len(values)), **options)


class AgencyQuery(Schema):
    agency = fields.String(metadata={"description": "Code; by default the caller's own"})


class InviteSchema(Schema):
    email = fields.Email(required=True, validate=validate.Length(3, 254))
    name = fields.String(required=True, validate=validate.Length(1, 200))
    roles = _several(ROLES, required=True)


class ChangeOfficerSchema(Schema):
    roles = _several(ROLES)
    disabled = fields.Boolean()


class OfficerSchema(Schema):
    id = fields.UUID()
    agency = fields.String()
    email = fields.String()
    name = fields.String()
    roles = fields.List(fields.String())
    waiting = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Roles that wait to be confirmed, with when they hold anyhow"},
    )
    disabled = fields.Boolean()
    enrolled = fields.Boolean()
    invitation = fields.String(metadata={"description": "Shown once, when it is made"})


class OfficersSchema(Schema):
    officers = fields.List(fields.Nested(OfficerSchema))


class NewKeySchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 100))
    scopes = _several(SCOPES, required=True)
    days = fields.Integer(validate=validate.Range(1, 3_650))
    networks = fields.List(fields.String(), load_default=list, validate=validate.Length(0, 20))


_STARTS = fields.AwareDateTime(
    format="iso",
    allow_none=True,
    metadata={"description": "Until then it waits for another administrator; null: it may be used"},
)


class ShownKeySchema(Schema):
    """A key without its secret."""

    id = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    networks = fields.List(fields.String())
    makers = fields.List(
        fields.String(),
        metadata={"description": "Who issued or rotated it, and so wrote its drafts"},
    )
    created = fields.AwareDateTime(format="iso")
    expires = fields.AwareDateTime(format="iso", allow_none=True)
    revoked = fields.AwareDateTime(format="iso", allow_none=True)
    used = fields.Date(allow_none=True, metadata={"description": "The last day of use"})
    starts = _STARTS


class KeysSchema(Schema):
    keys = fields.List(fields.Nested(ShownKeySchema))


class IssuedSchema(Schema):
    id = fields.String()
    key = fields.String(metadata={"description": "Shown this once"})
    starts = _STARTS


class RotateSchema(Schema):
    hours = fields.Integer(load_default=24, validate=validate.Range(0, 720))


class MandateSchema(Schema):
    kinds = fields.List(fields.String(), required=True, validate=validate.Length(1, 10))
    places = fields.List(fields.String(), required=True, validate=validate.Length(1, 100))
    max_severity = fields.String(load_default="Extreme", validate=validate.OneOf(SEVERITIES))
    statuses = _several(STATUSES, load_default=lambda: list(STATUSES))
    open_sea = fields.Boolean(load_default=False)
    beyond_region = fields.Boolean(load_default=False)
    valid_from = fields.AwareDateTime(load_default=None, format="iso")
    valid_to = fields.AwareDateTime(load_default=None, format="iso")


class GrantedSchema(MandateSchema):
    id = fields.Integer()


def _agency(session: Session, known: Caller, code: str | None) -> Agency:
    """The agency to look after: one's own, or any for who looks after the region."""
    require(known, Verb.ADMINISTER_AGENCY)
    if code in (None, known.code):
        return session.get_one(Agency, known.agency_id)
    found = session.scalar(select(Agency).where(Agency.code == code))
    if found is None or not allows(known, Verb.ADMINISTER_REGION):
        raise not_found("such agency")
    return found


def _shown(officer: Officer, **more: str) -> dict[str, Any]:
    return {
        "id": officer.id,
        "agency": officer.agency.code,
        "email": officer.email,
        "name": officer.name,
        "roles": officer.roles,
        "waiting": officer.waiting,
        "disabled": officer.disabled is not None,
        "enrolled": officer.password is not None,
        **more,
    }


@blueprint.route("/officers")
class Officers(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(AgencyQuery, location="query", unknown=RAISE)
    @blueprint.alt_response(404, description="There is no such agency")
    @blueprint.response(200, OfficersSchema)
    def get(self, query: dict[str, str]) -> Response:
        """The agency's officers."""
        with refusals(), database().reading() as session:
            agency = _agency(session, caller(), query.get("agency"))
            rows = session.scalars(
                select(Officer).where(Officer.agency_id == agency.id).order_by(Officer.email)
            )
            return private({"officers": [_shown(row) for row in rows]})

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(InviteSchema)
    @blueprint.arguments(AgencyQuery, location="query", unknown=RAISE)
    @blueprint.alt_response(404, description="There is no such agency")
    @blueprint.response(201, OfficerSchema)
    def post(self, data: dict[str, Any], query: dict[str, str]) -> Response:
        """Invite an officer; the answer holds the invitation, good once and for three days."""
        with refusals(), database().writing() as session:
            known = caller()
            agency = _agency(session, known, query.get("agency"))
            roles = [Role(role) for role in data["roles"]]
            try:
                officer, token = officers.invite(
                    session, known, agency, data["email"], data["name"], roles, _cooling()
                )
            except officers.Conflict as error:
                raise Problem(409, "conflict", str(error)) from error
            return secret(_shown(officer, invitation=token), 201)


@blueprint.route("/officers/<uuid:identifier>")
class OneOfficer(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ChangeOfficerSchema)
    @blueprint.response(200, OfficerSchema)
    def patch(self, data: dict[str, Any], identifier: Any) -> Response:
        """Change roles, shut out or let in; the officer's sessions end."""
        roles = [Role(role) for role in data["roles"]] if "roles" in data else None
        with refusals(), database().writing() as session:
            officer = _officer(session, str(identifier))
            officers.change(
                session, caller(), officer, roles=roles, disabled=data.get("disabled"),
                cooling=_cooling(),
            )  # fmt: skip
            return private(_shown(officer))


@blueprint.route("/officers/<uuid:identifier>/invite", methods=["POST"])
class InviteAgain(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, OfficerSchema)
    def post(self, identifier: Any) -> Response:
        """A new invitation for who lost it or both factors, which become worthless."""
        with refusals(), database().writing() as session:
            officer = _officer(session, str(identifier))
            token = officers.invite_again(session, caller(), officer, _cooling())
            return secret(_shown(officer, invitation=token))


def _officer(session: Session, identifier: str) -> Officer:
    """An officer whom the caller may look after; another agency's is not told from none."""
    known = caller()
    require(known, Verb.ADMINISTER_AGENCY)
    found = session.get(Officer, identifier, with_for_update=True)
    others = found is not None and found.agency_id != known.agency_id
    if found is None or (others and not allows(known, Verb.ADMINISTER_REGION)):
        raise not_found("such officer")
    return found


@blueprint.route("/keys")
class Keys(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(AgencyQuery, location="query", unknown=RAISE)
    @blueprint.alt_response(404, description="There is no such agency")
    @blueprint.response(200, KeysSchema)
    def get(self, query: dict[str, str]) -> Response:
        """The agency's keys, without their secrets."""
        with refusals(), database().reading() as session:
            agency = _agency(session, caller(), query.get("agency"))
            rows = session.scalars(
                select(ApiKey).where(ApiKey.agency_id == agency.id).order_by(ApiKey.created)
            )
            return private({"keys": [_key(row) for row in rows]})

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(NewKeySchema)
    @blueprint.arguments(AgencyQuery, location="query", unknown=RAISE)
    @blueprint.alt_response(404, description="There is no such agency")
    @blueprint.response(201, IssuedSchema)
    def post(self, data: dict[str, Any], query: dict[str, str]) -> Response:
        """A new key; the answer is the only place where it stands."""
        expires = now() + timedelta(days=data["days"]) if "days" in data else None
        with refusals(), database().writing() as session:
            known = caller()
            agency = _agency(session, known, query.get("agency"))
            rights = grants.of_consequence(data["scopes"])
            starts = now() + _cooling() if rights else None
            try:
                text = keys.issue(
                    session, agency, data["name"], expires, data["networks"], data["scopes"],
                    [known.actor], starts,
                )  # fmt: skip
            except ValueError as error:
                raise invalid([FieldError("/networks", str(error))]) from None
            identifier = text.split("_")[1]
            after = {"agency": agency.code, "scopes": data["scopes"]}
            audit.note(session, known, "key.issue", f"key:{identifier}", after=after)
            if rights:
                subject = f"key:{identifier}"
                grants.ask(session, known, agency, "key.issue", subject, rights, _cooling())
            return secret(_new_key(identifier, text, starts), 201)


@blueprint.route("/keys/<identifier>/rotate", methods=["POST"])
class Rotate(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(RotateSchema)
    @blueprint.response(200, IssuedSchema)
    def post(self, data: dict[str, int], identifier: str) -> Response:
        """A new key in the old one's place, which goes on for some hours."""
        with refusals(), database().writing() as session:
            row = _own_key(session, identifier)
            rights, undo = grants.of_consequence(row.scopes), _expiry(row)
            starts = now() + _cooling() if rights else None
            overlap = timedelta(hours=data["hours"])
            text = keys.rotate(session, row.id, overlap, [caller().actor], starts)
            if text is None:
                raise Problem(409, "wrong-state", "The key is not valid any more: issue another.")
            fresh = text.split("_")[1]
            audit.note(session, caller(), "key.rotate", f"key:{row.id}", after={"key": fresh})
            if rights:
                agency, subject = session.get_one(Agency, row.agency_id), f"key:{fresh}"
                grants.ask(
                    session, caller(), agency, "key.rotate", subject, rights, _cooling(), undo
                )
            return secret(_new_key(fresh, text, starts))


@blueprint.route("/keys/<identifier>", methods=["DELETE"])
class Revoke(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: str) -> Response:
        """Revoke a key."""
        with refusals(), database().writing() as session:
            row = _own_key(session, identifier)
            keys.revoke(session, row.id)
            grants.supersede(session, caller(), f"key:{row.id}")
            audit.note(session, caller(), "key.revoke", f"key:{row.id}")
        return Response(status=204)


def _own_key(session: Session, identifier: str) -> ApiKey:
    known = caller()
    require(known, Verb.ADMINISTER_AGENCY)
    row = session.get(ApiKey, identifier)
    others = row is not None and row.agency_id != known.agency_id
    if row is None or (others and not allows(known, Verb.ADMINISTER_REGION)):
        raise not_found("such key")
    return row


def _expiry(row: ApiKey) -> dict[str, Any]:
    return {"key": row.id, "expires": row.expires and row.expires.isoformat()}


def _new_key(identifier: str, text: str, starts: datetime | None) -> dict[str, Any]:
    return {"id": identifier, "key": text, "starts": starts and starts.isoformat()}


def _cooling() -> timedelta:
    """How long a right of consequence waits where no second administrator confirms it."""
    return timedelta(hours=current_settings().grant_hours)


def _key(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "networks": row.networks,
        "makers": row.makers,
        "created": row.created.isoformat(),
        "starts": row.starts and row.starts.isoformat(),
        "expires": row.expires and row.expires.isoformat(),
        "revoked": row.revoked and row.revoked.isoformat(),
        "used": row.used and row.used.isoformat(),
    }


@blueprint.route("/agencies/<code>/mandates", methods=["POST"])
class Mandates(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(MandateSchema)
    @blueprint.response(201, GrantedSchema)
    def post(self, data: dict[str, Any], code: str) -> Response:
        """Let an agency publish these kinds in these places, once another administrator confirms
        it."""
        known = caller()
        with refusals(), database().writing() as session:
            require(known, Verb.ADMINISTER_REGION)
            agency = _agency(session, known, code)
            _check_places(data["places"])
            asked = _plain(data)
            begins = max(data["valid_from"] or now(), now() + _cooling())
            row = MandateRow(agency_id=agency.id, **(data | {"valid_from": begins}))
            session.add(row)
            session.flush()
            audit.note(session, known, "mandate.grant", f"agency:{code}", after=asked)
            grants.ask(
                session, known, agency, "mandate.grant", f"mandate:{row.id}", asked, _cooling(),
                {"valid_from": asked["valid_from"]},
            )  # fmt: skip
            return private({"id": row.id, **asked, "valid_from": begins.isoformat()}, 201)


@blueprint.route("/agencies/<code>/mandates/<int:number>", methods=["DELETE"])
class Mandate(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, code: str, number: int) -> Response:
        """Take a mandate back."""
        known = caller()
        with refusals(), database().writing() as session:
            require(known, Verb.ADMINISTER_REGION)
            agency = _agency(session, known, code)
            row = session.get(MandateRow, number)
            if row is None or row.agency_id != agency.id:
                raise not_found("such mandate")
            before = {"kinds": row.kinds, "places": row.places}
            audit.note(session, known, "mandate.withdraw", f"agency:{code}", before=before)
            grants.supersede(session, known, f"mandate:{row.id}")
            session.delete(row)
        return Response(status=204)


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in data.items()}


def _check_places(codes: list[str]) -> None:
    try:
        for code in codes:
            gazetteer().place(code)
    except UnknownPlace as error:
        raise invalid([FieldError("/places", str(error))]) from None
