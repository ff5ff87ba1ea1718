"""What a web page needs in order to subscribe to Web Push."""

from flask import current_app
from flask.views import MethodView
from marshmallow import Schema, fields

from casa.delivery.encryption import Vapid
from casa.documenting import Blueprint
from casa.problems import Problem

blueprint = Blueprint(
    "webpush", __name__, url_prefix="/v1/webpush", description="Web Push of browsers"
)


class KeySchema(Schema):
    key = fields.String(
        metadata={"description": "`applicationServerKey` of `pushManager.subscribe`: base64url"}
    )


@blueprint.route("/key")
class Key(MethodView):
    @blueprint.response(200, KeySchema, headers={"Cache-Control": {"schema": {"type": "string"}}})
    @blueprint.alt_response(404, description="Web Push is off")
    def get(self) -> tuple[dict[str, str], dict[str, str]]:
        """The public key that a browser subscribes for (VAPID, RFC 8292)."""
        vapid: Vapid | None = current_app.extensions["casa.vapid"]
        if vapid is None:
            raise Problem(404, "not-found", "Web Push is off here: the operator has not set it up.")
        return {"key": vapid.public}, {"Cache-Control": "public, max-age=3600"}
