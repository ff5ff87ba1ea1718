"""Sign-in with a ministry's identity provider: there and back."""

import hmac
import json
import logging
from dataclasses import astuple
from typing import cast

from cryptography.exceptions import InvalidTag
from flask import Response, current_app, redirect, request
from flask.views import MethodView
from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy import select

from casa.agencies import audit, sessions
from casa.agencies.models import Agency, Officer
from casa.agencies.oidc import OidcRefused, Pending, Provider
from casa.agencies.session_routes import (
    SessionSchema,
    current_settings,
    origin,
    refused,
    signed_in,
)
from casa.database import database
from casa.documenting import Blueprint
from casa.problems import not_found
from casa.sealing import sealer

log = logging.getLogger(__name__)

blueprint = Blueprint(
    "oidc", __name__, url_prefix="/v1/session/oidc", description="Sign-in by OpenID Connect"
)

_COOKIE = "casa-oidc"
_PATH = "/v1/session/oidc"
_MINUTES = 10


class BackSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    code = fields.String(load_default="")
    state = fields.String(load_default="")


def _provider() -> Provider:
    found = cast(Provider | None, current_app.extensions["casa.oidc"])
    if found is None:
        raise not_found("identity provider here")
    return found


@blueprint.route("")
class There(MethodView):
    @blueprint.response(302, description="To the identity provider")
    @blueprint.alt_response(401, description="The provider cannot be asked")
    @blueprint.alt_response(404, description="There is no identity provider")
    def get(self) -> Response:
        """Begin to sign in with the ministry's identity provider."""
        try:
            address, pending = _provider().begin()
        except OidcRefused as error:
            log.warning("no sign-in by OpenID Connect: %s", error)
            raise refused() from error
        response = cast(Response, redirect(address))
        # Sealed, as it holds what proves that the answer is to this browser's question.
        kept = sealer().seal(json.dumps(astuple(pending)).encode(), _COOKIE).hex()
        response.set_cookie(
            _COOKIE,
            kept,
            max_age=_MINUTES * 60,
            path=_PATH,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
        return response


@blueprint.route("/callback")
class Back(MethodView):
    @blueprint.arguments(BackSchema, location="query")
    @blueprint.response(200, SessionSchema)
    @blueprint.alt_response(404, description="There is no identity provider")
    @blueprint.alt_response(401, description="Refused; what was wrong is not told")
    def get(self, query: dict[str, str]) -> Response:
        """Where the identity provider sends the browser back to."""
        provider = _provider()
        try:
            pending = _pending()
            if not hmac.compare_digest(pending.state.encode(), query["state"].encode()):
                raise OidcRefused("the answer is to another browser's question")
            token = _session_of(provider, provider.finish(pending, query["code"]))
        except OidcRefused as error:
            log.info("a sign-in by OpenID Connect was refused: %s", error)
            raise refused() from error
        response = signed_in(token, 200)
        response.delete_cookie(_COOKIE, path=_PATH)
        return response


def _pending() -> Pending:
    try:
        kept = bytes.fromhex(request.cookies.get(_COOKIE, ""))
        return Pending(*json.loads(sealer().open(kept, _COOKIE)))
    except (InvalidTag, ValueError) as error:
        raise OidcRefused("the browser did not begin here") from error


def _session_of(provider: Provider, email: str) -> str:
    with database().writing() as session:
        officer = session.scalar(
            select(Officer)
            .join(Agency)
            .where(Officer.email == email, Agency.code.in_(provider.agencies))
        )
        if officer is None or officer.disabled is not None:
            raise OidcRefused("nobody whom the provider may vouch for has this address")
        audit.note(session, origin(), "session.begin", f"officer:{officer.id}")
        return sessions.begin(session, officer, current_settings())
