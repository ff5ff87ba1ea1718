"""What citizens reported, for the agency whose case it is: read, and weighed."""

import logging
from typing import Any

from flask import Response, json
from flask.views import MethodView
from marshmallow import RAISE
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies import audit
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.agencies.permissions import Verb, require
from casa.alerts import records
from casa.alerts.drafts import problems
from casa.answers import uncached
from casa.database import database
from casa.documenting import FILE, Blueprint
from casa.missing_persons import sightings, uploads
from casa.missing_persons.media import MediaAway, MediaMissing, media
from casa.missing_persons.models import MissingPerson, Sighting, SightingPhotograph
from casa.missing_persons.sighting_schemas import (
    SightingPageSchema,
    SightingQuerySchema,
    SightingSchema,
    StateSchema,
)
from casa.missing_persons.sightings import Report
from casa.problems import not_found
from casa.sealing import sealer

log = logging.getLogger(__name__)

blueprint = Blueprint(
    "sightings",
    __name__,
    url_prefix="/v1/missing-persons/<uuid:identifier>/sightings",
    description="What citizens reported on missing persons",
)
blueprint.before_request(require_agency)
blueprint.register_error_handler(MediaAway, uploads.away)
blueprint.after_request(uncached)


@blueprint.route("")
class Sightings(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(SightingQuerySchema, location="query", unknown=RAISE)
    @blueprint.response(200, SightingPageSchema)
    def get(self, query: dict[str, Any], identifier: Any) -> Response:
        """The sightings of the agency's own case, newest first, with all that was sent."""
        after = paging.row_of(query.get("cursor"))
        limit = query["limit"]
        with problems(), database().reading() as session:
            record = _case(session, identifier)
            rows = sightings.page(session, record, query.get("state"), after, limit + 1)
            shown = [_shown(session, row) for row in rows[:limit]]
        following = paging.following(rows, limit)
        body = json.dumps({"sightings": shown, "next": following})
        return Response(body, content_type="application/json")


@blueprint.route("/<uuid:sighting>")
class One(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(StateSchema)
    @blueprint.response(200, SightingSchema)
    def patch(self, data: dict[str, str], identifier: Any, sighting: Any) -> Response:
        """Say what the sighting is worth."""
        known = caller()
        with problems(), database().writing() as session:
            row = _of_case(session, _case(session, identifier), sighting)
            before, row.state = row.state, data["state"]
            audit.note(
                session, known, "sighting.weigh", f"sighting:{row.id}",
                before=before, after=row.state,
            )  # fmt: skip
            session.flush()
            body = json.dumps(_shown(session, row))
        return Response(body, content_type="application/json")


@blueprint.route("/<uuid:sighting>/photographs/<uuid:photograph>")
class Photograph(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, FILE, description="The picture as WebP", content_type="image/webp")
    def get(self, identifier: Any, sighting: Any, photograph: Any) -> Response:
        """A photograph that came with a sighting."""
        with problems(), database().reading() as session:
            row = _of_case(session, _case(session, identifier), sighting)
            found = session.get(SightingPhotograph, str(photograph))
            if found is None or found.sighting_id != row.id:
                raise not_found("such photograph")
        try:
            data = sightings.picture(media(), sealer(), found)
        except MediaMissing as missing:
            log.error("the photograph of a sighting is missing: %s", missing)
            raise not_found("such photograph") from missing
        return Response(data, content_type="image/webp")


def _case(session: Session, identifier: Any) -> MissingPerson:
    require(caller(), Verb.INVESTIGATE)
    return records.own(session, caller(), MissingPerson, str(identifier))


def _of_case(session: Session, record: MissingPerson, sighting: Any) -> Sighting:
    row = session.get(Sighting, str(sighting), with_for_update=True)
    if row is None or row.record_id != record.id:
        raise not_found("such sighting")
    return row


def _shown(session: Session, row: Sighting) -> dict[str, Any]:
    reports = sightings.reports_of(session, sealer(), row)
    photographs = sightings.photographs_of(session, row)
    return {
        "id": row.id,
        "state": row.state,
        "created": row.created.isoformat(),
        "changed": row.changed.isoformat(),
        "reports": [
            {"created": created.isoformat(), **_report(report)} for created, report in reports
        ],
        "photographs": [{"id": one.id, "created": one.created.isoformat()} for one in photographs],
    }


def _report(report: Report) -> dict[str, Any]:
    position = report.position and {
        "longitude": report.position[0],
        "latitude": report.position[1],
    }
    return {
        "text": report.text,
        "seen_at": report.seen_at and report.seen_at.isoformat(),
        "position": position,
        "contact": report.contact,
    }
