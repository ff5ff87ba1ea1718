"""Officers sign in and out, take up invitations, and show their second factor again."""

from typing import Any, cast

from flask import Response, current_app, g, request
from flask.views import MethodView
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from casa.agencies import grants, officers, passwords, sessions
from casa.agencies.authentication import (
    COOKIE,
    SECURITY,
    caller,
    presented_session,
)
from casa.agencies.caller import Caller, Origin
from casa.agencies.grant_routes import GrantSchema, grant_json
from casa.answers import secret
from casa.database import database
from casa.documenting import Blueprint
from casa.problems import FieldError, Problem, invalid
from casa.sealing import sealer
from casa.settings import Settings

blueprint = Blueprint("session", __name__, url_prefix="/v1", description="Officers' sign-in")

_WAITING = fields.List(
    fields.Nested(GrantSchema),
    metadata={"description": "Rights in the agency that wait to be confirmed: are they right?"},
)
_TEXT = validate.Length(1, 300)
_CODE = {"description": "From the authenticator, or a recovery code"}


class SignInSchema(Schema):
    email = fields.String(required=True, validate=_TEXT)
    password = fields.String(required=True, validate=_TEXT)
    code = fields.String(required=True, validate=_TEXT, metadata=_CODE)


class CodeSchema(Schema):
    code = fields.String(required=True, validate=_TEXT, metadata=_CODE)


class EnrolSchema(Schema):
    invitation = fields.String(required=True, validate=_TEXT)
    password = fields.String(required=True, validate=_TEXT)
    code = fields.String(validate=_TEXT, metadata={"description": "From the authenticator"})


class EnrolledSchema(Schema):
    uri = fields.String(
        allow_none=True, metadata={"description": "For an authenticator, as a QR code"}
    )
    recovery = fields.List(
        fields.String(), metadata={"description": "Codes for a lost authenticator, each good once"}
    )


class SessionSchema(Schema):
    session = fields.String(metadata={"description": "A bearer token; a browser has it as cookie"})
    csrf = fields.String(metadata={"description": "X-CSRF-Token of requests with the cookie"})
    waiting_grants = _WAITING


class OfficerSelfSchema(Schema):
    officer = fields.String()
    agency = fields.String()
    roles = fields.List(fields.String())
    stepped_up = fields.Boolean(
        metadata={"description": "The second factor was shown in the last five minutes"}
    )
    waiting_grants = _WAITING


def current_settings() -> Settings:
    return cast(Settings, current_app.extensions["casa.settings"])


def origin() -> Origin:
    return Origin(request.remote_addr, g.get("request_id"))


def signed_in(token: str, status: int) -> Response:
    """A session as the answer's body and as the browser's cookie."""
    with database().reading() as session:
        agency_id = sessions.find(session, token, current_settings()).officer.agency_id
        told = _waiting_grants(session, agency_id)
    csrf = sessions.csrf_token(token)
    response = secret({"session": token, "csrf": csrf, "waiting_grants": told}, status)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(current_settings().session_hours * 3600),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def _waiting_grants(session: Session, agency_id: int) -> list[dict[str, Any]]:
    return [grant_json(grant) for grant in grants.waiting(session, agency_id)]


def refused(wait: float = 0.0) -> Problem:
    """What anybody whose sign-in failed is told."""
    if wait:
        detail = "Too many attempts went wrong: wait before the next."
        return Problem(429, "locked", detail, headers={"Retry-After": str(int(wait) + 1)})
    return Problem(401, "sign-in-refused", "The address, the password or the code is not right.")


@blueprint.route("/invitations/accept", methods=["POST"])
class Accept(MethodView):
    @blueprint.arguments(EnrolSchema)
    @blueprint.response(200, EnrolledSchema)
    @blueprint.alt_response(410, description="The invitation is unknown, used or expired")
    def post(self, data: dict[str, str]) -> Response:
        """Take up an invitation, in two steps.

        Without `code` it gives the authenticator's address; with a code of that authenticator it
        sets the password and gives the recovery codes.
        """
        try:
            with database().writing() as session:
                found = officers.enrol(
                    session,
                    sealer(),
                    data["invitation"],
                    data["password"],
                    data.get("code"),
                    origin(),
                )
        except officers.InvitationRefused:
            detail = "The invitation is unknown, used or expired: ask for a new one."
            raise Problem(410, "invitation-refused", detail) from None
        except passwords.WeakPassword as error:
            raise invalid([FieldError("/password", str(error))]) from None
        except officers.SignInRefused:
            fault = "is not the authenticator's: check the phone's clock"
            raise invalid([FieldError("/code", fault)]) from None
        return secret({"uri": found.uri, "recovery": list(found.recovery)})


@blueprint.route("/session")
class OwnSession(MethodView):
    @blueprint.arguments(SignInSchema)
    @blueprint.response(201, SessionSchema)
    @blueprint.alt_response(401, description="Refused; what was wrong is not told")
    @blueprint.alt_response(429, description="Too many attempts; see Retry-After")
    def post(self, data: dict[str, str]) -> Response:
        """Sign in with a password and a second factor. A session shown with it ends."""
        try:
            token = officers.sign_in(
                database(), current_settings(), sealer(), origin=origin(), **data
            )
        except officers.SignInRefused as error:
            raise refused(error.wait) from None
        if old := presented_session():
            with database().writing() as session:
                sessions.end(session, old)
        return signed_in(token, 201)

    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, OfficerSelfSchema)
    def get(self) -> dict[str, Any]:
        """Who is signed in."""
        known = caller()
        with database().reading() as session:
            told = _waiting_grants(session, known.agency_id)
        return {
            "waiting_grants": told,
            "officer": known.actor,
            "agency": known.code,
            "roles": sorted(known.roles),
            "stepped_up": known.stepped_up,
        }

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self) -> Response:
        """Sign out."""
        caller()
        if token := presented_session():
            with database().writing() as session:
                sessions.end(session, token)
        response = Response(status=204)
        response.delete_cookie(COOKIE)
        return response


@blueprint.route("/session/step-up", methods=["POST"])
class StepUp(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(CodeSchema)
    @blueprint.response(200, SessionSchema)
    @blueprint.alt_response(401, description="Refused; what was wrong is not told")
    @blueprint.alt_response(429, description="Too many attempts in this session; see Retry-After")
    def post(self, data: dict[str, str]) -> Response:
        """Show the second factor again, which publishing asks for; the session's token changes."""
        officer, token = officer_of(caller()), presented_session() or ""
        try:
            fresh = officers.step_up(database(), sealer(), officer, token, data["code"])
        except officers.SignInRefused as error:
            raise refused(error.wait) from None
        except sessions.SessionRefused:
            raise refused() from None
        return signed_in(fresh, 200)


def officer_of(known: Caller) -> str:
    """The id of the officer who calls.

    Raises:
        Problem: 403, it is a key.
    """
    kind, _, identifier = known.actor.partition(":")
    if kind != "officer":
        raise Problem(403, "forbidden", "A key has no second factor: this is for officers.")
    return identifier
