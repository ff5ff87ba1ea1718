"""What operators ask: is it alive, can it take work, how much does it do; and the API's page."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, json, render_template, send_from_directory
from flask.views import MethodView
from marshmallow import Schema, fields
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from swagger_ui_bundle import swagger_ui_path

from casa.alerts import sequence
from casa.alerts.models import Dispatch
from casa.audience.models import Device
from casa.database import Database, database, now
from casa.delivery.models import Shard
from casa.delivery.parking import open_alarms
from casa.documenting import FILE, TEXT, UNCHANGED, Blueprint

blueprint = Blueprint("operations", __name__, description="Operation")


class ReadinessSchema(Schema):
    status = fields.String()
    sequence = fields.Integer(metadata={"description": "The last public number there is"})
    reason = fields.String()


@blueprint.route("/healthz")
class Alive(MethodView):
    @blueprint.response(200, ReadinessSchema)
    def get(self) -> dict[str, Any]:
        """The process is alive."""
        return {"status": "alive"}


@blueprint.route("/readyz")
class Ready(MethodView):
    @blueprint.response(200, ReadinessSchema)
    @blueprint.alt_response(
        503, schema=ReadinessSchema, description="It cannot take work; the body says why"
    )
    def get(self) -> Response:
        """The service can take work: its database answers and holds its tables."""
        try:
            with database().reading() as session:
                body = {"status": "ready", "sequence": sequence.current(session)}
            status = 200
        except SQLAlchemyError:
            body, status = {"status": "not ready", "reason": "the database does not answer"}, 503
        return Response(json.dumps(body), status, content_type="application/json")


class _Collector:
    """Reads the figures from the database at the moment they are asked for."""

    def __init__(self, source: Database, clients: Callable[[], int]) -> None:
        self._source = source
        self._clients = clients

    def collect(self) -> Any:
        with self._source.reading() as session:
            last = sequence.current(session)
            devices = session.scalar(select(func.count()).select_from(Device)) or 0
            states = session.execute(
                select(Dispatch.channel, Dispatch.state, func.count()).group_by(
                    Dispatch.channel, Dispatch.state
                )
            ).all()
            alarms = open_alarms(session)
            oldest = session.scalar(
                select(func.min(Dispatch.created)).where(Dispatch.state == "waiting")
            )
            names = ("sent", "failed", "dropped", "forgotten")
            totals = session.execute(
                select(*(func.coalesce(func.sum(getattr(Shard, name)), 0) for name in names))
            ).one()
        yield GaugeMetricFamily("casa_sequence", "Last public sequence number", last)
        yield GaugeMetricFamily("casa_devices", "Registered devices", devices)
        dispatches = GaugeMetricFamily(
            "casa_dispatches", "Dispatches by state", labels=["channel", "state"]
        )
        for channel, state, number in states:
            dispatches.add_metric([channel, state], number)
        yield dispatches
        pushed = GaugeMetricFamily(
            "casa_push_messages", "Push messages by outcome", labels=["outcome"]
        )
        for name, number in zip(names, totals, strict=True):
            pushed.add_metric([name], int(number))
        yield pushed
        parked = GaugeMetricFamily(
            "casa_parked", "What was given up for now, by what it is", labels=["what"]
        )
        for sort in sorted({"chore", "dispatch", "socket"} | set(alarms)):
            parked.add_metric([sort], alarms.get(sort, 0))
        yield parked
        waited = 0.0 if oldest is None else (now() - oldest).total_seconds()
        yield GaugeMetricFamily(
            "casa_oldest_unplanned_seconds", "How long the oldest dispatch waits", max(waited, 0.0)
        )
        yield GaugeMetricFamily(
            "casa_socket_clients", "Socket.IO clients of this process", self._clients()
        )


@blueprint.route("/metrics")
class Metrics(MethodView):
    @blueprint.response(200, TEXT, description="Prometheus text format", content_type="text/plain")
    def get(self) -> Response:
        """Figures for Prometheus."""
        registry = CollectorRegistry()
        registry.register(_Collector(database(), current_app.extensions["casa.visitors"].__len__))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@blueprint.route("/")
class Page(MethodView):
    @blueprint.doc(summary="The description of this API as a page")
    @blueprint.response(200, TEXT, content_type="text/html")
    def get(self) -> Response:
        return Response(render_template("api.html"), content_type="text/html; charset=utf-8")


@blueprint.route("/api-page/<path:name>")
class PageFile(MethodView):
    @blueprint.doc(summary="A file of the page")
    @blueprint.response(200, FILE, content_type="*/*")
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, name: str) -> Response:
        return send_from_directory(swagger_ui_path, name, max_age=86_400)
