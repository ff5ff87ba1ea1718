"""Feeds: what is in force as Atom with CAP and as GeoJSON, and open cases as PFIF."""

from datetime import datetime
from typing import cast

import msgspec
from flask import Response, current_app
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from casa.alerts import reading
from casa.alerts.message import Message
from casa.alerts.reading import Filter
from casa.alerts.routes import conditional
from casa.alerts.schemas import LANGUAGE, PlaceCode
from casa.database import database, now
from casa.documenting import GEOJSON, TEXT, UNCHANGED, Blueprint
from casa.exchange import atom, geojson, pfif, pfif_cases
from casa.settings import Settings

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds", description="Feeds")

MOST = 500
_TITLE = "CASA: alerts in force"


class FeedSchema(Schema):
    place = PlaceCode(metadata={"description": "ISO 3166 code", "example": "JM-01"})
    language = fields.String(validate=LANGUAGE)


class PfifSchema(Schema):
    limit = fields.Integer(load_default=200, validate=validate.Range(1, MOST))


def _base() -> str:
    return cast(Settings, current_app.extensions["casa.settings"]).base_url


def _in_force(query: dict[str, str]) -> list[Message]:
    wanted = Filter(moment=now(), place=query.get("place"), active=True)
    with database().reading() as session:
        return [one.message for one in reading.page(session, wanted, MOST).items]


def _cached(body: bytes, media_type: str) -> Response:
    return conditional(Response(body, content_type=media_type))


@blueprint.route("/cap.atom")
class CapFeed(MethodView):
    @blueprint.arguments(FeedSchema, location="query", unknown=RAISE)
    @blueprint.response(200, TEXT, content_type=atom.MEDIA_TYPE)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, query: dict[str, str]) -> Response:
        """Alerts in force as Atom, each with a link to its CAP 1.2 document."""
        messages = _in_force(query)
        place = f"?place={query['place']}" if "place" in query else ""
        body = atom.feed(
            messages,
            self_url=f"{_base()}/feeds/cap.atom{place}",
            alert_url=lambda message: f"{_base()}/v1/alerts/{message.identifier}.xml",
            title=_TITLE,
            updated=max((one.sent for one in messages), default=_BEGINNING),
            languages=[query["language"]] if "language" in query else (),
        )
        return _cached(body, atom.MEDIA_TYPE)


@blueprint.route("/alerts.geojson")
class GeoJsonFeed(MethodView):
    @blueprint.arguments(FeedSchema, location="query", unknown=RAISE)
    @blueprint.response(200, GEOJSON, content_type=geojson.MEDIA_TYPE)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, query: dict[str, str]) -> Response:
        """Alerts in force as one GeoJSON collection."""
        languages = [query["language"]] if "language" in query else []
        body = msgspec.json.encode(geojson.collection(_in_force(query), languages))
        return _cached(body, geojson.MEDIA_TYPE)


@blueprint.route("/pfif.atom")
class PfifFeed(MethodView):
    @blueprint.arguments(PfifSchema, location="query", unknown=RAISE)
    @blueprint.response(200, TEXT, content_type=atom.MEDIA_TYPE)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, query: dict[str, int]) -> Response:
        """Open cases and foreign records as PFIF 1.4; of what is over, only that it has expired."""
        with database().reading() as session:
            persons, notes = pfif_cases.collected(session, now(), query["limit"])
        updated = max((one.entry_date or one.source_date for one in persons), default=_BEGINNING)
        address = f"{_base()}/feeds/pfif.atom"
        body = pfif.feed(
            persons,
            notes,
            id=address,
            title="CASA: missing persons",
            updated=updated,
            self_url=address,
        )
        return _cached(body, atom.MEDIA_TYPE)


_BEGINNING = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
