"""Where citizens report that they have seen a person sought, without an account."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from casa.answers import shown_once, uncached
from casa.database import database
from casa.documenting import Blueprint
from casa.missing_persons import sightings, uploads
from casa.missing_persons.media import MediaAway, media
from casa.missing_persons.models import MissingPerson, Sighting
from casa.missing_persons.photographs import Photograph
from casa.missing_persons.sighting_schemas import (
    NewSightingSchema,
    ReceiptSchema,
    SightingReportSchema,
    TakenSchema,
)
from casa.missing_persons.sightings import Report
from casa.missing_persons.standing import open_or_gone
from casa.problems import Problem, not_found
from casa.sealing import sealer

blueprint = Blueprint(
    "reporting", __name__, url_prefix="/v1", description="Reporting that a person was seen"
)
blueprint.url_value_preprocessor(uploads.make_room)
blueprint.register_error_handler(MediaAway, uploads.away)

_LARGEST = ("image/webp", 1600)

blueprint.after_request(uncached)


@blueprint.route("/missing-persons/<uuid:identifier>/sightings", methods=["POST"])
class Sightings(MethodView):
    @blueprint.arguments(NewSightingSchema)
    @blueprint.response(201, ReceiptSchema)
    @blueprint.alt_response(404, description="There is no such case, or it is not public")
    @blueprint.alt_response(410, description="The case is closed")
    def post(self, report: Report, identifier: Any) -> dict[str, str]:
        """Report that a person sought was seen; only the investigating agency reads it."""
        with database().writing() as session:
            record = _open(session, str(identifier))
            _, receipt = sightings.begin(session, sealer(), record, report)
            shown_once()
            return {"receipt": receipt}


@blueprint.route("/sightings/<receipt>/reports", methods=["POST"])
class Reports(MethodView):
    @blueprint.arguments(SightingReportSchema)
    @blueprint.response(201, TakenSchema)
    @blueprint.alt_response(409, description="It holds as much as it may")
    @blueprint.alt_response(410, description="The case is closed")
    def post(self, report: Report, receipt: str) -> dict[str, int]:
        """Add to what was reported, by its receipt."""
        with _refusals(), database().writing() as session:
            sighting = _by_receipt(session, receipt)
            sightings.add_report(session, sealer(), sighting, report)
            return _taken(session, sighting)


@blueprint.route("/sightings/<receipt>/photographs", methods=["POST"])
class Photographs(MethodView):
    @blueprint.doc(requestBody=uploads.BODY)
    @blueprint.response(201, TakenSchema)
    @blueprint.alt_response(409, description="It holds as much as it may")
    @blueprint.alt_response(410, description="The case is closed")
    @blueprint.alt_response(422, description="This is no picture that can be used; says why")
    def post(self, receipt: str) -> dict[str, int]:
        """Add a photograph to what was reported, by its receipt."""
        with _refusals(), database().reading() as session:
            sighting = _by_receipt(session, receipt)
            sightings.require_room(session, sighting)
            identity = sighting.id
        data = _largest(uploads.milled(uploads.received(), uploads.STRANGERS))
        token = sightings.keep_picture(media(), sealer(), identity, data)
        try:
            with _refusals(), database().writing() as session:
                sighting = _by_receipt(session, receipt)
                sightings.add_photograph(session, sighting, token)
                return _taken(session, sighting)
        except BaseException:
            media().delete(token)
            raise


def _largest(photograph: Photograph) -> bytes:
    return next(one.data for one in photograph.renditions if (one.mime_type, one.size) == _LARGEST)


def _taken(session: Session, sighting: Sighting) -> dict[str, int]:
    return {
        "reports": sightings.count_of_reports(session, sighting),
        "photographs": len(sightings.photographs_of(session, sighting)),
    }


def _by_receipt(session: Session, receipt: str) -> Sighting:
    sighting = sightings.by_receipt(session, receipt)
    _open(session, sighting.record_id)
    return sighting


def _open(session: Session, identifier: str) -> MissingPerson:
    thanks = "closed", "This case is closed. Thank you for looking out."
    return open_or_gone(session, identifier, what="such open case", closed=thanks)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sightings.UnknownReceipt:
        raise not_found("sighting with this receipt") from None
    except sightings.Enough as enough:
        raise Problem(409, "enough", str(enough)) from enough
