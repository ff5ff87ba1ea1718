"""Named places: their codes, names and boundaries."""

from typing import Any

import shapely
from flask import Response, json, request
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from casa.documenting import GEOJSON, UNCHANGED, Blueprint
from casa.geography.places import Place, UnknownPlace, gazetteer
from casa.problems import FieldError, Problem, invalid

blueprint = Blueprint("places", __name__, url_prefix="/v1", description="Places and boundaries")

_KINDS = ("state", "subdivision", "waters")


class PlaceQuerySchema(Schema):
    state = fields.String(metadata={"description": "ISO 3166-1 code", "example": "JM"})
    kind = fields.String(validate=validate.OneOf(_KINDS))


class PlaceSchema(Schema):
    code = fields.String()
    name = fields.String()
    names = fields.Dict(keys=fields.String(), values=fields.String())
    kind = fields.String(validate=validate.OneOf(_KINDS))
    state = fields.String()
    languages = fields.List(fields.String())
    timezone = fields.String()
    bbox = fields.List(fields.Float())


class GazetteerSchema(Schema):
    places = fields.List(fields.Nested(PlaceSchema))


def described(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "names": dict(place.names),
        "kind": place.kind,
        "state": place.state,
        "languages": place.languages,
        "timezone": place.timezone,
        "bbox": [round(edge, 5) for edge in place.territory.bounds],
    }


@blueprint.route("/places")
class Places(MethodView):
    @blueprint.arguments(PlaceQuerySchema, location="query", unknown=RAISE)
    @blueprint.response(200, GazetteerSchema)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, query: dict[str, Any]) -> Response:
        """Every named place: states, their subdivisions and their near-shore waters."""
        if "state" in query:
            try:
                gazetteer().place(query["state"])
            except UnknownPlace as unknown:
                raise invalid([FieldError("/state", str(unknown))]) from unknown
        found = gazetteer().places(state=query.get("state"), kind=query.get("kind"))
        return _cached({"places": [described(place) for place in found]}, "application/json")


@blueprint.route("/places/<code>")
class OnePlace(MethodView):
    @blueprint.response(
        200,
        GEOJSON,
        content_type="application/geo+json",
        description="A GeoJSON Feature with the place's boundary",
    )
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, code: str) -> Response:
        """One place with its boundary, as a GeoJSON Feature."""
        try:
            place = gazetteer().place(code)
        except UnknownPlace as unknown:
            raise Problem(404, "not-found", str(unknown)) from unknown
        feature = {
            "type": "Feature",
            "id": place.code,
            "properties": described(place),
            "geometry": shapely.geometry.mapping(place.territory),
        }
        return _cached(feature, "application/geo+json")


def _cached(body: dict[str, Any], media_type: str) -> Response:
    response = Response(json.dumps(body), content_type=media_type)
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]
