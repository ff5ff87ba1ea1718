"""What would be, and what was, delivered: the preview of an alert and the report on it."""

from typing import Any

import msgspec
from flask import Response, json
from flask.views import MethodView
from marshmallow import Schema, fields
from sqlalchemy import func, select

from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.mandates import rank
from casa.alerts import areas, lifecycle
from casa.alerts.agency_routes import NewAlertSchema
from casa.alerts.drafts import problems, readable_alert
from casa.alerts.kinds import kinds
from casa.alerts.models import Dispatch
from casa.alerts.schemas import Moment, content_of
from casa.audience.matching import Wanted, count
from casa.database import database
from casa.delivery.models import Shard
from casa.documenting import Blueprint

blueprint = Blueprint(
    "delivery", __name__, url_prefix="/v1", description="Previews and delivery reports"
)
blueprint.before_request(require_agency)


class PreviewSchema(Schema):
    info = fields.List(fields.Dict(), metadata={"description": "The texts in each language"})
    severity = fields.String()
    expires = Moment()
    reaches = fields.List(fields.String(), metadata={"description": "Codes of the places reached"})
    audience = fields.Integer(metadata={"description": "Devices that it would be for now"})


class DispatchSchema(Schema):
    """One channel's delivery; ``dropped`` were not sent as the message had run out."""

    channel = fields.String()
    state = fields.String()
    reason = fields.String(allow_none=True)
    matched = fields.Integer(allow_none=True)
    sent = fields.Integer()
    failed = fields.Integer()
    dropped = fields.Integer()
    forgotten = fields.Integer()
    created = Moment()
    planned = Moment(allow_none=True)
    first = Moment(allow_none=True)
    last = Moment(allow_none=True)
    finished = Moment(allow_none=True)


class ReportSchema(Schema):
    dispatches = fields.List(fields.Nested(DispatchSchema))


@blueprint.route("/alerts/preview", methods=["POST"])
class Preview(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(NewAlertSchema)
    @blueprint.response(200, PreviewSchema)
    def post(self, data: dict[str, Any]) -> dict[str, Any]:
        """What an alert would say, where, and to how many devices; nothing is kept."""
        kind = kinds()[data.pop("kind")]
        content = content_of(data)
        with problems():
            lifecycle.check(caller(), kind, content)
        target = areas.target(content.area)
        wanted = Wanted(
            kind=kind.code,
            severity_rank=rank(content.severity),
            exercise=content.status in ("Exercise", "Test"),
        )
        with database().reading() as session:
            audience = count(session, target.keys, target.ranges, wanted)
        return {
            "info": msgspec.to_builtins(content.info),
            "severity": content.severity,
            "expires": content.expires,
            "reaches": [place.code for place in target.places],
            "audience": audience,
        }


@blueprint.route("/alerts/<uuid:identifier>/delivery")
class Report(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ReportSchema)
    def get(self, identifier: Any) -> Response | dict[str, Any]:
        """How far the delivery of one's own published alert has come, channel by channel."""
        with database().reading() as session:
            alert = readable_alert(session, caller(), str(identifier))
            sequence = alert.published.sequence if alert.published else None
            query = select(Dispatch).where(Dispatch.sequence == sequence)
            rows = session.scalars(query.order_by(Dispatch.channel))
            reports = [_report(row, session.execute(_totals(row.id)).one()) for row in rows]
        return Response(json.dumps({"dispatches": reports}), content_type="application/json")


def _totals(dispatch_id: int) -> Any:
    counted = [func.coalesce(func.sum(getattr(Shard, name)), 0).label(name) for name in _COUNTS]
    ends = func.min(Shard.first_at).label("first"), func.max(Shard.last_at).label("last")
    return select(*counted, *ends).where(Shard.dispatch_id == dispatch_id)


_COUNTS = ("sent", "failed", "dropped", "forgotten")


def _report(row: Dispatch, totals: Any) -> dict[str, Any]:
    moments = {
        "created": row.created,
        "planned": row.planned,
        "first": totals.first,
        "last": totals.last,
        "finished": row.finished,
    }
    return {
        "channel": row.channel,
        "state": row.state,
        "reason": row.reason,
        "matched": row.matched,
        **{name: int(getattr(totals, name)) for name in _COUNTS},
        **{name: moment and moment.isoformat() for name, moment in moments.items()},
    }
