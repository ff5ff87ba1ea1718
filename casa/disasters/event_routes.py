"""``/v1/hazard-events``: named hazards and their advisories."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, json, request, url_for
from flask.views import MethodView
from marshmallow import RAISE
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies.authentication import SECURITY, caller, describe, require_agency
from casa.agencies.caller import Caller
from casa.agencies.models import Agency
from casa.alerts.agency_routes import PublishSchema
from casa.alerts.approval_routes import ReasonSchema, SeenSchema
from casa.alerts.drafts import problems
from casa.alerts.states import State
from casa.database import database, now
from casa.disasters import advisory_approval, event_views, events
from casa.disasters.advisory import Advisory, decode
from casa.disasters.event_schemas import (
    AdvisorySchema,
    EventPageSchema,
    HazardEventSchema,
    LanguageSchema,
    ShownAdvisorySchema,
    SpokenTextsSchema,
    TimelineSchema,
    forecast_of,
)
from casa.disasters.models import HazardAdvisory, HazardEvent
from casa.disasters.plausibility import Implausible
from casa.disasters.proposal_schemas import ProductSchema, ProposalSchema
from casa.disasters.routes import KIND
from casa.documenting import GEOJSON, Blueprint
from casa.problems import FieldError, Problem, not_found

blueprint = Blueprint(
    "hazard-events",
    __name__,
    url_prefix="/v1/hazard-events",
    description="Hazards with a name and their advisories",
)
blueprint.before_request(require_agency)

_ONE = "/<uuid:identifier>"
_ADVISORY = f"{_ONE}/advisories/<int:number>"
_TRACK = re.compile("/track(/|$)")
_GEOJSON = "application/geo+json"


@contextmanager
def _implausible() -> Iterator[None]:
    """What a check refuses as 422, with the names of the checks; where it stands as it was sent."""
    try:
        yield
    except Implausible as error:
        sent = request.get_json(silent=True)
        form = next((one for one in ("tcm", "adeck") if isinstance(sent, dict) and one in sent), "")
        errors = [
            FieldError(
                f"/{form}" if form and _TRACK.match(one.pointer) else one.pointer, one.detail
            )
            for one in error.findings
        ]
        checks = list(dict.fromkeys(one.check for one in error.findings))
        detail = f"The advisory cannot be true at {errors[0].pointer}: {errors[0].detail}"
        raise Problem(422, "implausible", detail, errors=errors, checks=checks) from error


@contextmanager
def _changing(identifier: Any) -> Iterator[tuple[Session, HazardEvent]]:
    """The caller's event, locked, in a transaction that all changes are in."""
    with problems(), _implausible(), database().writing() as session:
        yield session, events.own(session, caller(), str(identifier))


@contextmanager
def _reading(identifier: Any) -> Iterator[tuple[Session, HazardEvent]]:
    with problems(), database().reading() as session:
        yield session, events.readable(session, caller(), str(identifier))


def _speaker(session: Session, event: HazardEvent) -> Caller:
    """In whose name the event speaks: whoever reads it, what it is to say is its own agency's."""
    known = caller()
    if known.agency_id == event.agency_id:
        return known
    return describe(session.get_one(Agency, event.agency_id))


def _answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def _shown(session: Session, advisory: HazardAdvisory, status: int = 200) -> Response:
    """To be made while the session is open."""
    speaker = _speaker(session, advisory.event)
    return _answer(event_views.advisory_json(session, speaker, advisory), status)


@blueprint.route("")
class Events(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(HazardEventSchema)
    @blueprint.response(201, TimelineSchema)
    def post(self, event: HazardEvent) -> Response:
        """Begin a hazard event; its advisories are published one by one."""
        with problems(), database().writing() as session:
            events.begin(session, caller(), event)
            response = _answer(event_views.timeline_json(session, caller(), event), 201)
        response.headers["Location"] = url_for("hazard-events.One", identifier=event.id)
        return response

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(paging.PageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, EventPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """The agency's hazard events, newest first."""
        after = paging.row_of(query.get("cursor"))
        limit = query["limit"]
        with problems(), database().reading() as session:
            rows = events.listed(session, caller(), after, limit + 1)
            shown = [event_views.event_json(row) for row in rows[:limit]]
        following = paging.following(rows, limit)
        return _answer({"events": shown, "next": following})


@blueprint.route(_ONE)
class One(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, TimelineSchema)
    def get(self, identifier: Any) -> Response:
        """An event with its timeline: each advisory and the messages that it made."""
        with _reading(identifier) as (session, event):
            return _answer(event_views.timeline_json(session, _speaker(session, event), event))


@blueprint.route(f"{_ONE}/end", methods=["POST"])
class End(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, TimelineSchema)
    def post(self, identifier: Any) -> Response:
        """End an event: all clear wherever a level stands, published at once."""
        with _changing(identifier) as (session, event):
            events.end(session, caller(), KIND, event)
            return _answer(event_views.timeline_json(session, caller(), event))


@blueprint.route(f"{_ONE}/proposal", methods=["POST"])
class Propose(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ProductSchema)
    @blueprint.response(200, ProposalSchema)
    def post(self, product: dict[str, str], identifier: Any) -> Response:
        """What a forecast/advisory proposes: levels and outlooks by place; nothing is kept."""
        with _reading(identifier) as (_, event):
            track = forecast_of(product["tcm"])
            made, found = events.proposed(event, product["tcm"], track)
            return _answer(event_views.proposal_json(track, made, found))


@blueprint.route(f"{_ONE}/advisories", methods=["POST"])
class Advisories(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(AdvisorySchema)
    @blueprint.arguments(PublishSchema, location="query", unknown=RAISE)
    @blueprint.response(201, ShownAdvisorySchema)
    def post(self, given: Advisory, query: dict[str, Any], identifier: Any) -> Response:
        """Draft the next advisory; `?publish=true` publishes it and all of its alerts at once."""
        with _changing(identifier) as (session, event):
            advisory, planned = events.draft(session, caller(), KIND, event, given)
            if query["publish"]:
                events.go_on(session, caller(), KIND, advisory, planned)
            response = _shown(session, advisory, 201)
        where = url_for("hazard-events.Numbered", identifier=identifier, number=advisory.number)
        response.headers["Location"] = where
        return response


@blueprint.route(_ADVISORY)
class Numbered(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ShownAdvisorySchema)
    def get(self, identifier: Any, number: int) -> Response:
        """One advisory, with the messages that it made or, before that, is to make."""
        with _reading(identifier) as (session, event):
            return _shown(session, events.numbered(event, number))

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(AdvisorySchema)
    @blueprint.response(200, ShownAdvisorySchema)
    def put(self, given: Advisory, identifier: Any, number: int) -> Response:
        """Let an advisory that is not published say something else; it is a draft again."""
        with _changing(identifier) as (session, event):
            advisory = events.numbered(event, number)
            events.edit(session, caller(), KIND, advisory, given)
            return _shown(session, advisory)

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: Any, number: int) -> None:
        """Throw an advisory away that is not published."""
        with _changing(identifier) as (session, event):
            events.discard(session, caller(), events.numbered(event, number))


@blueprint.route(f"{_ADVISORY}/submit", methods=["POST"])
class Submit(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ShownAdvisorySchema)
    def post(self, identifier: Any, number: int) -> Response:
        """Freeze an advisory and ask a second officer for approval."""
        with _changing(identifier) as (session, event):
            advisory = events.numbered(event, number)
            advisory_approval.submit(session, caller(), advisory)
            return _shown(session, advisory)


@blueprint.route(f"{_ADVISORY}/approve", methods=["POST"])
class Approve(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(SeenSchema, location="query", unknown=RAISE)
    @blueprint.response(200, ShownAdvisorySchema)
    def post(self, query: dict[str, Any], identifier: Any, number: int) -> Response:
        """Approve exactly this advisory with all that it makes, as another than who wrote it."""
        with _changing(identifier) as (session, event):
            advisory = events.numbered(event, number)
            advisory_approval.approve(session, caller(), advisory, query["digest"])
            if query["publish"]:
                events.publish(session, caller(), KIND, advisory)
            return _shown(session, advisory)


@blueprint.route(f"{_ADVISORY}/reject", methods=["POST"])
class Reject(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, ShownAdvisorySchema)
    def post(self, data: dict[str, str], identifier: Any, number: int) -> Response:
        """Send an advisory back to its author, with the reason."""
        with _changing(identifier) as (session, event):
            advisory = events.numbered(event, number)
            advisory_approval.reject(session, caller(), advisory, data["reason"])
            return _shown(session, advisory)


@blueprint.route(f"{_ADVISORY}/publish", methods=["POST"])
class Publish(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ShownAdvisorySchema)
    def post(self, identifier: Any, number: int) -> Response:
        """Publish an advisory and all of its alerts, or none."""
        with _changing(identifier) as (session, event):
            advisory = events.numbered(event, number)
            events.publish(session, caller(), KIND, advisory)
            return _shown(session, advisory)


@blueprint.route(f"{_ADVISORY}/break-glass", methods=["POST"])
class BreakGlass(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, ShownAdvisorySchema)
    def post(self, data: dict[str, str], identifier: Any, number: int) -> Response:
        """In an emergency, as a regional administrator: publish any agency's advisory at once."""
        with problems(), database().writing() as session:
            event = events.in_emergency(session, caller(), str(identifier))
            advisory, agency = events.numbered(event, number), _speaker(session, event)
            events.break_glass(session, caller(), agency, KIND, advisory, data["reason"])
            return _shown(session, advisory)


@blueprint.route(f"{_ADVISORY}/texts")
class Texts(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(LanguageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, SpokenTextsSchema)
    def get(self, query: dict[str, Any], identifier: Any, number: int) -> Response:
        """What is said at each level of an advisory, with a short message and a radio script."""
        with _reading(identifier) as (session, event):
            advisory, speaker = events.numbered(event, number), _speaker(session, event)
            given, moment = decode(advisory.content), advisory.published or now()
            return _answer(event_views.texts_json(event, given, speaker, moment, query["language"]))


@blueprint.route(f"{_ONE}/track.geojson")
class StormTrack(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, GEOJSON, content_type=_GEOJSON)
    def get(self, identifier: Any) -> Response:
        """The track of the last published advisory that has one: points, cone and winds."""
        with _reading(identifier) as (_, event):
            for advisory in reversed(event.advisories):
                track = decode(advisory.content).storm_track
                if advisory.state == State.PUBLISHED and track is not None:
                    body = event_views.track_geojson(track)
                    return Response(json.dumps(body), content_type=_GEOJSON)
        raise not_found("track of this event")


@blueprint.route(f"{_ONE}/tsunami.geojson")
class Tsunami(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, GEOJSON, content_type=_GEOJSON)
    def get(self, identifier: Any) -> Response:
        """Epicentre, rings and first waves of the last published advisory that has an epicentre."""
        with _reading(identifier) as (_, event):
            for advisory in reversed(event.advisories):
                given = decode(advisory.content)
                if advisory.state == State.PUBLISHED and given.epicentre is not None:
                    moment = advisory.published or now()
                    body = event_views.tsunami_geojson(given, moment)
                    return Response(json.dumps(body), content_type=_GEOJSON)
        raise not_found("epicentre of this event")
