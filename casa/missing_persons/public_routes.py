"""Open cases for everybody: found by name, and as a poster to hang up."""

from typing import Any

from flask import Response, current_app, json
from flask.views import MethodView
from marshmallow import (
    RAISE,
    Schema,
    ValidationError,
    fields,
    post_load,
    validate,
    validates_schema,
)

from casa.alerts.phrases import LANGUAGES
from casa.alerts.routes import conditional
from casa.alerts.schemas import PlaceCode
from casa.database import database, now
from casa.documenting import FILE, UNCHANGED, Blueprint
from casa.missing_persons import foreign, public, uploads
from casa.missing_persons.addresses import page_url
from casa.missing_persons.media import MediaAway, MediaMissing, media
from casa.missing_persons.models import ForeignPerson
from casa.missing_persons.poster import poster
from casa.missing_persons.search import Wanted, search
from casa.missing_persons.standing import open_or_gone
from casa.settings import Settings

blueprint = Blueprint(
    "public-cases", __name__, url_prefix="/v1/missing-persons", description="Open cases"
)
blueprint.register_error_handler(MediaAway, uploads.away)


class SearchSchema(Schema):
    """At least one; all that is given must fit."""

    name = fields.String(
        validate=validate.Length(1, 100), metadata={"description": "However it is spelt"}
    )
    place = PlaceCode(
        metadata={"description": "A code that the alert reaches, or where a foreign person lives"}
    )
    age = fields.Integer(validate=validate.Range(0, 120), metadata={"description": "About"})
    since = fields.Date(metadata={"description": "Last seen on this day or later, local time"})
    until = fields.Date(metadata={"description": "Last seen on this day or before, local time"})

    @validates_schema
    def something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("give a name, a place, an age or a day", "name")
        if "since" in data and "until" in data and data["since"] > data["until"]:
            raise ValidationError("is before since", "until")

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Wanted:
        return Wanted(**data)


class HitSchema(Schema):
    """An open case, or with `foreign` a record of another registry."""

    id = fields.UUID()
    alert = fields.UUID(allow_none=True)
    full_name = fields.String()
    age = fields.Raw(allow_none=True, metadata={"description": "Of a foreign record: as it says"})
    headline = fields.String(allow_none=True)
    foreign = fields.Dict(allow_none=True, metadata={"description": "Under PFIF's names"})


class HitsSchema(Schema):
    records = fields.List(fields.Nested(HitSchema))


class PosterSchema(Schema):
    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))


@blueprint.route("/search")
class Search(MethodView):
    @blueprint.arguments(SearchSchema, location="query", unknown=RAISE)
    @blueprint.response(200, HitsSchema)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, wanted: Wanted) -> Response:
        """Open cases and foreign records by name (tolerant of spelling), place, age and day."""
        settings: Settings = current_app.extensions["casa.settings"]
        hits = search(database(), now(), wanted, settings.states_without_name_search)
        body = json.dumps({"records": [_found(one) for one in hits]})
        return conditional(Response(body, content_type="application/json"))


def _found(one: public.PublicCase | ForeignPerson) -> dict[str, Any]:
    if isinstance(one, ForeignPerson):
        return {
            "id": one.id,
            "alert": None,
            "full_name": one.shown.get("full_name"),
            "age": one.shown.get("age"),
            "headline": None,
            "foreign": foreign.shown(one),
        }
    return {
        "id": one.id,
        "alert": one.message.identifier,
        "full_name": one.full_name,
        "age": one.age,
        "headline": one.message.info[0].headline,
        "foreign": None,
    }


@blueprint.route("/<uuid:identifier>/poster.pdf")
class Poster(MethodView):
    @blueprint.arguments(PosterSchema, location="query", unknown=RAISE)
    @blueprint.response(200, FILE, content_type="application/pdf")
    @blueprint.alt_response(410, description="The case is closed")
    def get(self, query: dict[str, str], identifier: Any) -> Response:
        """One A4 page to print: photograph, facts, contact, and a code to the live page."""
        with database().reading() as session:
            case = public.of(session, open_or_gone(session, str(identifier)), now())
        url = f"{page_url(case.id)}?language={query['language']}"
        facts = public.poster_facts(case, url, query["language"])
        page = poster(facts, _photograph(case), query["language"])
        response = Response(page, content_type="application/pdf")
        response.headers["Cache-Control"] = "public, max-age=60"
        return response


def _photograph(case: public.PublicCase) -> bytes | None:
    name = public.picture(case.message.info[0])
    try:
        return media().get(name) if name else None
    except MediaMissing:
        return None
