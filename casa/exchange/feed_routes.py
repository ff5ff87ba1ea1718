"""Feeds: what is in force as Atom with CAP and as GeoJSON, and open cases as PFIF."""

from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

import msgspec
from flask import Response, current_app
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy import select

from casa.alerts import reading
from casa.alerts.message import Message
from casa.alerts.models import WithdrawnThread
from casa.alerts.reading import Filter
from casa.alerts.routes import conditional
from casa.alerts.schemas import LANGUAGE, PlaceCode
from casa.database import database, now
from casa.exchange import atom, geojson, pfif
from casa.exchange.pfif_records import Person
from casa.missing_persons import public
from casa.missing_persons.models import MissingPerson
from casa.missing_persons.standing import open_cases
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
    @blueprint.response(200, content_type=atom.MEDIA_TYPE)
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
    @blueprint.response(200, content_type=geojson.MEDIA_TYPE)
    def get(self, query: dict[str, str]) -> Response:
        """Alerts in force as one GeoJSON collection."""
        languages = [query["language"]] if "language" in query else []
        body = msgspec.json.encode(geojson.collection(_in_force(query), languages))
        return _cached(body, geojson.MEDIA_TYPE)


@blueprint.route("/pfif.atom")
class PfifFeed(MethodView):
    @blueprint.arguments(PfifSchema, location="query", unknown=RAISE)
    @blueprint.response(200, content_type=atom.MEDIA_TYPE)
    def get(self, query: dict[str, int]) -> Response:
        """Open cases as PFIF 1.4; of a closed one nothing but that its record has expired."""
        moment = now()
        with database().reading() as session:
            persons = [
                _person(public.of(session, record, moment), moment)
                for record in open_cases(session, None, query["limit"])
            ]
            closed = session.execute(
                select(MissingPerson.id, WithdrawnThread.at)
                .join(WithdrawnThread, WithdrawnThread.thread == MissingPerson.thread)
                .order_by(WithdrawnThread.at.desc())
                .limit(query["limit"])
            ).all()
            persons += [_placeholder(identifier, ended) for identifier, ended in closed]
        updated = max((one.entry_date or one.source_date for one in persons), default=_BEGINNING)
        address = f"{_base()}/feeds/pfif.atom"
        body = pfif.feed(
            persons, id=address, title="CASA: missing persons", updated=updated, self_url=address
        )
        return _cached(body, atom.MEDIA_TYPE)


def _record_id(identifier: str) -> str:
    return f"{urlsplit(_base()).hostname}/{identifier}"


def _person(case: public.PublicCase, moment: datetime) -> Person:
    """Section 4.1; the record expires with its message, as nothing may be told after that."""
    info = case.message.info[0]
    if info.expires <= moment:
        return _placeholder(case.id, info.expires)
    return Person(
        person_record_id=_record_id(case.id),
        entry_date=case.message.sent,
        expiry_date=info.expires,
        author_name=info.sender_name,
        source_name=info.sender_name,
        source_date=case.message.sent,
        source_url=f"{_base()}/v1/alerts/{case.message.identifier}",
        full_name=case.full_name,
        alternate_names="\n".join(case.known_as) or None,
        description=info.description,
        sex=case.sex,
        age=None if case.age is None else str(case.age),
    )


def _placeholder(identifier: str, ended: datetime) -> Person:
    """Section 3.3."""
    return Person(
        person_record_id=_record_id(identifier),
        entry_date=ended,
        expiry_date=ended,
        source_date=ended,
        full_name="",
    )


_BEGINNING = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
