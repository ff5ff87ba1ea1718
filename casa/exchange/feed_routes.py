"""Feeds: what is in force as Atom with CAP and as GeoJSON, and open cases as PFIF."""

from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import msgspec
from flask import Response, current_app
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.orm import Session

from casa.alerts import reading
from casa.alerts.message import Message
from casa.alerts.reading import Filter
from casa.alerts.routes import conditional
from casa.alerts.schemas import LANGUAGE, PlaceCode
from casa.database import database, now
from casa.documenting import GEOJSON, TEXT, UNCHANGED, Blueprint
from casa.exchange import atom, geojson, pfif, pfif_cases
from casa.exchange.pfif_records import text_of
from casa.missing_persons import entries
from casa.missing_persons.models import FeedEntry
from casa.settings import Settings

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds", description="Feeds")

MOST = 500
_TITLE = "CASA: alerts in force"


class FeedSchema(Schema):
    place = PlaceCode(metadata={"description": "ISO 3166 code", "example": "JM-01"})
    language = fields.String(validate=LANGUAGE)


class PfifSchema(Schema):
    """Where to begin and how much; the feed goes on at its link ``next``."""

    limit = fields.Integer(load_default=200, validate=validate.Range(1, MOST))
    max_results = fields.Integer(
        validate=validate.Range(1, MOST), metadata={"description": "PFIF's name of limit"}
    )
    skip = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))
    min_entry_date = fields.AwareDateTime(
        format="iso",
        metadata={"description": "Only what entered or changed then or later (RFC 3339)"},
    )


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
    def get(self, query: dict[str, Any]) -> Response:
        """Open cases and foreign records as PFIF 1.4, as they changed, the first first.

        Of what is over, only that it is. Follow `next`, and later ask from the last `entry_date`.
        """
        moment = now()
        with database().reading() as session:
            rows, more = _entries(session, "person", query)
            found = [pfif_cases.of_entry(session, row, moment) for row in rows]
        body = pfif.feed(
            [one for persons, _ in found for one in persons],
            [one for _, notes in found for one in notes],
            **_described("pfif.atom", "CASA: missing persons", rows, more, query),
        )
        return _cached(body, atom.MEDIA_TYPE)


@blueprint.route("/pfif-notes.atom")
class PfifNoteFeed(MethodView):
    @blueprint.arguments(PfifSchema, location="query", unknown=RAISE)
    @blueprint.response(200, TEXT, content_type=atom.MEDIA_TYPE)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, query: dict[str, Any]) -> Response:
        """Notes on these persons, as they changed; one that is public no longer says nothing."""
        moment = now()
        with database().reading() as session:
            rows, more = _entries(session, "note", query)
            notes = [pfif_cases.note_of_entry(session, row, moment) for row in rows]
        title = "CASA: notes on missing persons"
        body = pfif.note_feed(notes, **_described("pfif-notes.atom", title, rows, more, query))
        return _cached(body, atom.MEDIA_TYPE)


def _entries(session: Session, kind: str, query: dict[str, Any]) -> tuple[list[FeedEntry], bool]:
    limit = query.get("max_results", query["limit"])
    since = query.get("min_entry_date")
    rows = entries.page(session, kind, since, query["skip"], limit + 1)
    return rows[:limit], len(rows) > limit


def _described(
    name: str, title: str, rows: list[FeedEntry], more: bool, query: dict[str, Any]
) -> dict[str, Any]:
    """What a feed says of itself and of its next page."""
    address = f"{_base()}/feeds/{name}"
    following = ""
    if more:
        # Not by ``skip``: what changes while pages are read moves to the end.
        since = quote(text_of(entries.after(rows[-1])))
        limit = query.get("max_results", query["limit"])
        following = f"{address}?min_entry_date={since}&limit={limit}"
    return {
        "id": address,
        "title": title,
        "updated": rows[-1].at if rows else _BEGINNING,
        "self_url": address,
        "next_url": following,
    }


_BEGINNING = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
