"""``/v1/shelters``: for everybody who needs one, and for the agencies that keep them."""

from typing import Any

from flask import Response, json, url_for
from flask.views import MethodView
from marshmallow import RAISE

from casa import paging
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.alerts.drafts import problems
from casa.alerts.routes import conditional
from casa.answers import private
from casa.database import database
from casa.disasters import shelters
from casa.disasters.models import Shelter
from casa.disasters.routes import KIND
from casa.disasters.shelter_schemas import (
    ShelterChangeSchema,
    ShelterPageSchema,
    ShelterQuerySchema,
    ShelterSchema,
    ShownShelterSchema,
)
from casa.disasters.shelters import Found, Wanted
from casa.documenting import Blueprint

public = Blueprint("shelters", __name__, url_prefix="/v1", description="Shelters in force")
blueprint = Blueprint(
    "shelter-keeping", __name__, url_prefix="/v1", description="An agency's shelters"
)
blueprint.before_request(require_agency)

_TO_100_M = -2


@public.route("/shelters")
class Shelters(MethodView):
    @public.arguments(ShelterQuerySchema, location="query", unknown=RAISE)
    @public.response(200, ShelterPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Shelters of events in force and their state now, the nearest first where asked."""
        wanted, limit = _wanted(query), query["limit"]
        types = (str, str) if wanted.cell is None else (int, str)
        after = paging.decode(query.get("cursor"), *types)
        with database().reading() as session:
            found = shelters.public(session, wanted, after, limit + 1)
            page = [shown(one) for one in found[:limit]]
        last = found[limit - 1] if len(found) > limit else None
        body = {"shelters": page, "next": _cursor(last) if last else None}
        if wanted.cell is not None:
            return private(body)  # no cache on the way keeps who asked from where
        return conditional(Response(json.dumps(body), content_type="application/json"))


def _wanted(query: dict[str, Any]) -> Wanted:
    event = query.get("event")
    return Wanted(
        cell=query.get("near") or query.get("cell"),
        place=query.get("place"),
        event=str(event) if event else None,
        state=query.get("state"),
        exercises=query["exercises"],
    )


def _cursor(last: Found) -> str:
    first = last.shelter.place if last.distance is None else last.distance
    return paging.encode([first, last.shelter.id])


@blueprint.route("/shelters", methods=["POST"])
class NewShelter(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ShelterSchema)
    @blueprint.response(201, ShownShelterSchema)
    def post(self, facts: dict[str, Any]) -> Response:
        """Keep a shelter; it is closed until a state is given, and public with an event."""
        with problems(), database().writing() as session:
            made = shelters.add(session, caller(), KIND, facts)
            response = private(shown(Found(made, None)), 201)
        response.headers["Location"] = url_for("shelter-keeping.OneShelter", identifier=made.id)
        return response


@blueprint.route("/shelters/<uuid:identifier>")
class OneShelter(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ShownShelterSchema)
    def get(self, identifier: Any) -> Response:
        """One of the agency's own shelters."""
        with problems(), database().reading() as session:
            return _answer(shelters.own(session, caller(), str(identifier)))

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ShelterChangeSchema)
    @blueprint.response(200, ShownShelterSchema)
    def patch(self, facts: dict[str, Any], identifier: Any) -> Response:
        """Change a shelter, such as `{"state": "full"}`; everybody sees it at once."""
        with problems(), database().writing() as session:
            shelter = shelters.own(session, caller(), str(identifier))
            shelters.change(session, caller(), KIND, shelter, facts)
            return _answer(shelter)

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: Any) -> None:
        """Forget a shelter."""
        with problems(), database().writing() as session:
            shelters.remove(session, caller(), shelters.own(session, caller(), str(identifier)))


@blueprint.route("/agencies/me/shelters")
class OwnShelters(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(paging.PageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, ShelterPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """The agency's own shelters by name, whatever their state."""
        after, limit = paging.decode(query.get("cursor"), str, str), query["limit"]
        with problems(), database().reading() as session:
            rows = shelters.listed(session, caller(), after, limit + 1)
            page = [shown(Found(row, None)) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        following = paging.encode([last.name, last.id]) if last else None
        return private({"shelters": page, "next": following})


def _answer(shelter: Shelter) -> Response:
    return private(shown(Found(shelter, None)))


def shown(found: Found) -> dict[str, Any]:
    """A shelter as JSON; to be made while the session is open."""
    shelter, event = found.shelter, found.shelter.event
    distance = {} if found.distance is None else {"distance_m": round(found.distance, _TO_100_M)}
    return {
        "id": shelter.id,
        "name": shelter.name,
        "place": shelter.place,
        "longitude": shelter.longitude,
        "latitude": shelter.latitude,
        "capacity": shelter.capacity,
        "state": shelter.state,
        "facilities": shelter.facilities,
        "contact": shelter.contact,
        "changed": shelter.changed.isoformat(),
        "event": event
        and {
            "id": event.id,
            "hazard": event.hazard,
            "name": event.name,
            "status": event.status,
        },
        **distance,
    }
