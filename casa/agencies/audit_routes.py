"""The audit trail over HTTP, and the refusals that belong in it."""

from flask import Response, g, request
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from casa.agencies import audit
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.permissions import Verb, require
from casa.agencies.refusals import refusals
from casa.answers import private
from casa.database import ASIDE, database
from casa.documenting import Blueprint

blueprint = Blueprint("audit", __name__, url_prefix="/v1", description="The audit trail")
blueprint.before_request(require_agency)


class AuditQuery(Schema):
    after = fields.Integer(load_default=0, validate=validate.Range(0))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1_000))


class TrailSchema(Schema):
    entries = fields.List(fields.Dict(), metadata={"description": "Each with its hash"})
    head = fields.String(metadata={"description": "The last entry's number and hash"})


@blueprint.route("/audit")
class Trail(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(AuditQuery, location="query", unknown=RAISE)
    @blueprint.response(200, TrailSchema)
    def get(self, query: dict[str, int]) -> Response:
        """The audit trail in order, from the entry behind `after` on; the head proves its end."""
        with refusals(), database().reading() as session:
            require(caller(), Verb.AUDIT)
            rows = []
            for entry in audit.entries(session, query["after"]):
                rows.append(audit.as_json(entry))
                if len(rows) == query["limit"]:
                    break
            return private({"entries": rows, "head": str(audit.head_of(session))})


def note_refusal(response: Response) -> Response:
    """Audit what a known caller tried to change and was refused; for ``after_request``."""
    known = g.get("caller")
    if known is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return response
    if response.status_code in (403, 404, 409):
        body = response.get_json(silent=True) or {}
        action = f"{request.method} {request.url_rule.rule if request.url_rule else '?'}"
        with database().writing() as session:
            session.info[ASIDE] = True
            audit.note(
                session,
                known,
                action[:40],
                f"path:{request.path}"[:120],
                outcome="refused",
                reason=str(body.get("type", response.status_code))[:500],
            )
    return response
