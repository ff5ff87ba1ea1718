"""Open cases for everybody: found by name, and as a poster to hang up."""

from typing import Any

from flask import Response, json
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from casa.alerts.phrases import LANGUAGES
from casa.alerts.routes import conditional
from casa.alerts.schemas import PlaceCode
from casa.database import database, now
from casa.missing_persons import public, uploads
from casa.missing_persons.kind import base_url
from casa.missing_persons.media import MediaAway, MediaMissing, media
from casa.missing_persons.models import MissingPerson
from casa.missing_persons.poster import poster
from casa.missing_persons.standing import Standing, standing_of
from casa.problems import Problem, not_found

blueprint = Blueprint(
    "public-cases", __name__, url_prefix="/v1/missing-persons", description="Open cases"
)
blueprint.register_error_handler(MediaAway, uploads.away)


class SearchSchema(Schema):
    name = fields.String(
        required=True,
        validate=validate.Length(2, 100),
        metadata={"description": "However it is spelt"},
    )
    place = PlaceCode(metadata={"description": "A code that the alert reaches"})
    age = fields.Integer(validate=validate.Range(0, 120), metadata={"description": "About"})


class PosterSchema(Schema):
    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))


@blueprint.route("/search")
class Search(MethodView):
    @blueprint.arguments(SearchSchema, location="query", unknown=RAISE)
    @blueprint.response(200)
    def get(self, query: dict[str, Any]) -> Response:
        """Open cases by a name, tolerant of accents and spelling, the likest first."""
        with database().reading() as session:
            found = public.search(
                session, now(), query["name"], query.get("place"), query.get("age")
            )
        shown = [
            {
                "id": case.id,
                "alert": case.message.identifier,
                "full_name": case.full_name,
                "age": case.age,
                "headline": case.message.info[0].headline,
            }
            for case in found[:50]
        ]
        return conditional(
            Response(json.dumps({"records": shown}), content_type="application/json")
        )


@blueprint.route("/<uuid:identifier>/poster.pdf")
class Poster(MethodView):
    @blueprint.arguments(PosterSchema, location="query", unknown=RAISE)
    @blueprint.response(200, content_type="application/pdf")
    @blueprint.alt_response(410, description="The case is closed")
    def get(self, query: dict[str, str], identifier: Any) -> Response:
        """One A4 page to print: photograph, facts, contact, and a code that leads back here."""
        with database().reading() as session:
            record = session.get(MissingPerson, str(identifier))
            standing = standing_of(session, record) if record else Standing.PRIVATE
            if record is None or standing is Standing.PRIVATE:
                raise not_found("such case")
            if standing is Standing.CLOSED:
                raise Problem(410, "gone", "The case is closed; take its posters down.")
            case = public.of(session, record, now())
        # A code on paper must lead to what holds now, so it leads to the poster itself.
        url = f"{base_url()}/v1/missing-persons/{case.id}/poster.pdf?language={query['language']}"
        facts = public.poster_facts(case, url, query["language"])
        page = poster(facts, _photograph(case), query["language"])
        response = Response(page, content_type="application/pdf")
        response.headers["Cache-Control"] = "public, max-age=300"
        return response


def _photograph(case: public.PublicCase) -> bytes | None:
    name = public.picture(case.message.info[0])
    try:
        return media().get(name) if name else None
    except MediaMissing:
        return None
