"""Passkeys: an officer adds them, signs in with one, and shows one again before publishing."""

import logging
from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit, challenges, passkeys, sessions
from casa.agencies.authentication import SECURITY, caller, presented_session
from casa.agencies.models import Officer, Passkey
from casa.agencies.passkeys import PasskeyRefused, RelyingParty
from casa.agencies.session_routes import (
    SessionSchema,
    current_settings,
    officer_of,
    origin,
    refused,
    signed_in,
)
from casa.answers import private
from casa.database import database
from casa.documenting import OBJECT, Blueprint
from casa.problems import Problem, not_found

log = logging.getLogger(__name__)

blueprint = Blueprint("passkeys", __name__, url_prefix="/v1", description="Officers' passkeys")

_ANSWER = {"description": "`PublicKeyCredential.toJSON()`"}


class AnswerSchema(Schema):
    answer = fields.Dict(required=True, metadata=_ANSWER)


class PasskeySchema(Schema):
    id = fields.String()
    name = fields.String()
    created = fields.AwareDateTime(format="iso")


class PasskeysSchema(Schema):
    passkeys = fields.List(fields.Nested(PasskeySchema))


class NewPasskeySchema(AnswerSchema):
    name = fields.String(required=True, validate=validate.Length(1, 100))


def _party() -> RelyingParty:
    try:
        return passkeys.relying_party(current_settings().base_url)
    except ValueError as error:
        raise Problem(404, "not-found", f"There are no passkeys here. {error}") from error


@blueprint.route("/passkeys/options", methods=["POST"])
class NewOptions(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, OBJECT, description="PublicKeyCredentialCreationOptions as JSON")
    @blueprint.alt_response(404, description="There are no passkeys here")
    def post(self) -> Response:
        """What to give to `navigator.credentials.create` in order to add a passkey."""
        identity, party = _stepped_up(), _party()
        with database().writing() as session:
            officer = session.get_one(Officer, identity)
            known = [row.id for row in _of(session, identity)]
            options, challenge = passkeys.registration_options(
                party, identity, officer.email, officer.name, known
            )
            challenges.keep(session, challenge, identity)
        return private(options)


@blueprint.route("/passkeys")
class Passkeys(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, PasskeysSchema)
    def get(self) -> Response:
        """One's own passkeys."""
        identity = officer_of(caller())
        with database().reading() as session:
            rows = _of(session, identity)
            shown = [
                {"id": row.id, "name": row.name, "created": row.created.isoformat()} for row in rows
            ]
        return private({"passkeys": shown})

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(NewPasskeySchema)
    @blueprint.response(201, PasskeySchema)
    @blueprint.alt_response(404, description="There are no passkeys here")
    @blueprint.alt_response(401, description="The answer is no proof of a new passkey")
    def post(self, data: dict[str, Any]) -> Response:
        """Add a passkey with the browser's answer to the options."""
        identity, party, answer = _stepped_up(), _party(), data["answer"]
        try:
            with database().writing() as session:
                challenge = challenges.take(session, answer, identity)
                made = passkeys.register(party, challenge, answer)
                if session.get(Passkey, made.id) is not None:
                    raise PasskeyRefused("the passkey is known already")
                session.add(
                    Passkey(
                        id=made.id,
                        officer_id=identity,
                        public_key=made.public_key,
                        sign_count=made.sign_count,
                        name=data["name"],
                    )
                )
                audit.note(session, caller(), "passkey.add", f"officer:{identity}")
        except PasskeyRefused as error:
            log.info("a passkey was not added: %s", error)
            raise refused() from error
        return private({"id": made.id, "name": data["name"]}, 201)


@blueprint.route("/passkeys/<identifier>", methods=["DELETE"])
class OnePasskey(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: str) -> Response:
        """Remove a passkey that is lost or not used any more."""
        officer = _stepped_up()
        with database().writing() as session:
            row = session.get(Passkey, identifier)
            if row is None or row.officer_id != officer:
                raise not_found("such passkey")
            session.delete(row)
            audit.note(session, caller(), "passkey.remove", f"officer:{officer}")
        return Response(status=204)


@blueprint.route("/session/passkey/options", methods=["POST"])
class SignInOptions(MethodView):
    @blueprint.response(200, OBJECT, description="PublicKeyCredentialRequestOptions as JSON")
    @blueprint.alt_response(404, description="There are no passkeys here")
    def post(self) -> Response:
        """What to give to `navigator.credentials.get`, to sign in or to show the passkey again."""
        options, challenge = passkeys.sign_in_options(_party())
        with database().writing() as session:
            challenges.keep(session, challenge)
        return private(options)


@blueprint.route("/session/passkey", methods=["POST"])
class SignIn(MethodView):
    @blueprint.arguments(AnswerSchema)
    @blueprint.response(201, SessionSchema)
    @blueprint.alt_response(404, description="There are no passkeys here")
    @blueprint.alt_response(401, description="Refused; what was wrong is not told")
    def post(self, data: dict[str, Any]) -> Response:
        """Sign in with a passkey, which is both factors. A session shown with it ends."""
        try:
            with database().writing() as session:
                officer = _proved(session, data["answer"])
                if old := presented_session():
                    sessions.end(session, old)
                token = sessions.begin(session, officer, current_settings())
                audit.note(session, origin(), "session.begin", f"officer:{officer.id}")
        except PasskeyRefused as error:
            log.info("a passkey was refused: %s", error)
            raise refused() from error
        return signed_in(token, 201)


@blueprint.route("/session/step-up/passkey", methods=["POST"])
class StepUp(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(AnswerSchema)
    @blueprint.response(200, SessionSchema)
    @blueprint.alt_response(404, description="There are no passkeys here")
    def post(self, data: dict[str, Any]) -> Response:
        """Show one's passkey again, which publishing asks for; the session's token changes."""
        identity, token = officer_of(caller()), presented_session() or ""
        try:
            with database().writing() as session:
                if _proved(session, data["answer"]).id != identity:
                    raise PasskeyRefused("the passkey is another officer's")
                fresh = sessions.renew(session, token)
        except (PasskeyRefused, sessions.SessionRefused) as error:
            log.info("a passkey was refused: %s", error)
            raise refused() from error
        return signed_in(fresh, 200)


def _stepped_up() -> str:
    """The calling officer, who has shown the second factor just now."""
    known = caller()
    identity = officer_of(known)
    if not known.stepped_up:
        raise Problem(403, "step-up-needed", "To change passkeys, show your second factor again.")
    return identity


def _of(session: Session, officer_id: str) -> list[Passkey]:
    query = select(Passkey).where(Passkey.officer_id == officer_id).order_by(Passkey.created)
    return list(session.scalars(query))


def _proved(session: Session, answer: dict[str, Any]) -> Officer:
    """The officer whose passkey made ``answer``; the challenge is spent, the count kept.

    Raises:
        PasskeyRefused
    """
    party, challenge = _party(), challenges.take(session, answer)
    identifier, named = passkeys.answered(answer)
    row = session.get(Passkey, identifier, with_for_update=True)
    if row is None or row.officer_id != named:
        raise PasskeyRefused("the passkey is not known, or another officer's")
    officer = session.get_one(Officer, row.officer_id)
    if officer.disabled is not None or officer.password is None:
        raise PasskeyRefused("the officer is shut out, or invited again")
    row.sign_count = passkeys.verify(party, challenge, answer, row.public_key, row.sign_count)
    return officer
