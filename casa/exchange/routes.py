"""What other systems need in order to trust what they are given."""

from flask import Response, current_app, json, request
from flask.views import MethodView

from casa.documenting import OBJECT, UNCHANGED, Blueprint

blueprint = Blueprint("exchange", __name__, description="Exchange with other systems")


@blueprint.route("/.well-known/jwks.json")
class Keys(MethodView):
    @blueprint.response(
        200, OBJECT, description="A JWK set (RFC 7517)", content_type="application/jwk-set+json"
    )
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self) -> Response:
        """The public keys of signed alerts (`/v1/alerts/{identifier}.jws`), the newest first."""
        body = json.dumps(current_app.extensions["casa.signing"].public())
        response = Response(body, content_type="application/jwk-set+json")
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.add_etag()
        return response.make_conditional(request)  # type: ignore[return-value]
