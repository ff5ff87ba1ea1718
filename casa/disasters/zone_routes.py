"""``/v1/zone-maps``: an agency's maps of danger zones."""

from typing import Any

from flask import Response, json
from flask.views import MethodView
from marshmallow import RAISE

from casa import paging
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.alerts.drafts import problems
from casa.answers import private, uncached
from casa.database import database
from casa.disasters import zones
from casa.disasters.models import ZoneMap
from casa.disasters.zone_schemas import ZoneMapPageSchema, ZoneMapSchema
from casa.documenting import GEOJSON, Blueprint

blueprint = Blueprint(
    "zone-maps", __name__, url_prefix="/v1/zone-maps", description="Maps of danger zones"
)
blueprint.before_request(require_agency)

_GEOJSON = "application/geo+json"


@blueprint.route("")
class ZoneMaps(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(paging.PageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, ZoneMapPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """The agency's maps by code."""
        after, limit = paging.decode(query.get("cursor"), str), query["limit"]
        with problems(), database().reading() as session:
            rows = zones.listed(session, caller(), after[0] if after else "", limit + 1)
        following = paging.encode([rows[limit - 1].code]) if len(rows) > limit else None
        return private({"zone_maps": [_shown(row) for row in rows[:limit]], "next": following})


@blueprint.route("/<code>")
class OneZoneMap(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, GEOJSON, content_type=_GEOJSON)
    def get(self, code: str) -> Response:
        """One map as GeoJSON, as it was loaded; holes are cut open."""
        with problems(), database().reading() as session:
            return _geojson(zones.own(session, caller(), code))

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ZoneMapSchema)
    @blueprint.response(200, GEOJSON, content_type=_GEOJSON)
    def put(self, facts: dict[str, Any], code: str) -> Response:
        """Load a map, in place of the one of that code; published advisories keep their shapes."""
        with problems(), database().writing() as session:
            return _geojson(zones.keep(session, caller(), code, facts))

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, code: str) -> None:
        """Forget a map."""
        with problems(), database().writing() as session:
            zones.remove(session, caller(), code)


def _geojson(found: ZoneMap) -> Response:
    return uncached(Response(json.dumps(zones.as_geojson(found)), content_type=_GEOJSON))


def _shown(found: ZoneMap) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "source": found.source,
        "zones": list(found.zones),
        "changed": found.changed.isoformat(),
    }
