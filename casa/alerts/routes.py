"""Public reading of alerts: no account, cached by ETag."""

from datetime import datetime
from typing import Any

from flask import Response, json, request
from flask.views import MethodView
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies.authentication import SECURITY, optional_caller
from casa.agencies.mandates import SEVERITIES, rank
from casa.alerts import reading, sequence
from casa.alerts.drafts import draft_json, readable_alert
from casa.alerts.kinds import UnknownKind, kinds
from casa.alerts.renderers import wanted
from casa.alerts.schemas import (
    LANGUAGE,
    AlertPageSchema,
    AlertSchema,
    DraftSchema,
    PlaceCode,
    ThreadSchema,
    as_json,
)
from casa.alerts.withdrawal import Withdrawn
from casa.database import database, now
from casa.documenting import GEOJSON, TEXT, UNCHANGED, Blueprint
from casa.problems import FieldError, Problem, invalid, not_found

blueprint = Blueprint("alerts", __name__, url_prefix="/v1", description="Published alerts")


class BoundingBox(fields.String):
    """``west,south,east,north`` in degrees (RFC 7946 section 5)."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Any:
        parts: str = super()._deserialize(value, attr, data, **arguments)
        try:
            west, south, east, north = (float(part) for part in parts.split(","))
        except ValueError:
            raise ValidationError("must be four numbers: west,south,east,north") from None
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValidationError("must run from west to east and from south to north, in degrees")
        return west, south, east, north


class LanguageSchema(Schema):
    language = fields.String(
        validate=LANGUAGE, metadata={"description": "Only the block that suits it"}
    )


class FilterSchema(paging.PageSchema):
    place = PlaceCode(metadata={"description": "ISO 3166 code", "example": "JM-01"})
    bbox = BoundingBox(metadata={"description": "west,south,east,north"})
    kind = fields.String()
    min_severity = fields.String(validate=validate.OneOf(SEVERITIES))
    since = fields.Integer(
        validate=validate.Range(0),
        metadata={"description": "Only what came after this sequence number, oldest first"},
    )
    active = fields.Boolean(metadata={"description": "In force now (true) or no longer (false)"})
    language = fields.String(validate=LANGUAGE)


@blueprint.route("/alerts")
class Alerts(MethodView):
    @blueprint.arguments(FilterSchema, location="query", unknown=RAISE)
    @blueprint.response(200, AlertPageSchema)
    @blueprint.alt_response(304, description=UNCHANGED)
    def get(self, query: dict[str, Any]) -> Response:
        """Published alerts, newest first, or oldest first after `since`."""
        moment = now()
        with database().reading() as session:
            last = sequence.current(session)
            page = reading.page(session, _filter(query, moment), query["limit"])
        body = {
            "alerts": [as_json(item, query.get("language")) for item in page.items],
            "sequence": last,
            "next": _next(page) if page.more else None,
        }
        return conditional(Response(json.dumps(body), content_type="application/json"))


def _filter(query: dict[str, Any], moment: datetime) -> reading.Filter:
    try:
        kind = kinds()[query["kind"]].code if "kind" in query else None
    except UnknownKind as unknown:
        raise invalid([FieldError("/kind", str(unknown))]) from None
    least = rank(query["min_severity"]) if "min_severity" in query else None
    since = query.get("since")
    before = None
    if cursor := paging.decode(query.get("cursor"), int):
        since, before = (cursor[0], None) if since is not None else (None, cursor[0])
    return reading.Filter(
        moment=moment,
        place=query.get("place"),
        box=query.get("bbox"),
        kind=kind,
        severity=least,
        since=since,
        before=before,
        active=query.get("active"),
    )


def _next(page: reading.Page) -> str:
    return paging.encode([page.items[-1].message.sequence])


@blueprint.route("/alerts/<uuid:identifier>.<suffix>")
@blueprint.route("/alerts/<uuid:identifier>")
class Alert(MethodView):
    @blueprint.doc(security=[{}, *SECURITY])
    @blueprint.arguments(LanguageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, {"anyOf": [AlertSchema, DraftSchema]})
    @blueprint.alt_response(200, schema=GEOJSON, content_type="application/geo+json")
    @blueprint.alt_response(200, schema=TEXT, content_type="application/cap+xml")
    @blueprint.alt_response(200, schema=TEXT, content_type="application/jose")
    @blueprint.alt_response(304, description=UNCHANGED)
    @blueprint.alt_response(404, description="There is no such alert, or it is not public")
    @blueprint.alt_response(406, description="None of its forms is accepted")
    @blueprint.alt_response(410, description="It was public and has been withdrawn")
    def get(self, query: dict[str, str], identifier: Any, suffix: str | None = None) -> Response:
        """One alert as JSON, GeoJSON or CAP 1.2 XML, by suffix or Accept.

        A draft is there for the agency that wrote it alone.
        """
        renderer = wanted(request, suffix)
        languages = [query["language"]] if "language" in query else []
        with database().reading() as session:
            found = public_alert(session, identifier)
            if found is None:
                caller = optional_caller()
                if caller is None:
                    raise not_found("such alert")
                draft = readable_alert(session, caller, str(identifier))
                return Response(json.dumps(draft_json(draft)), content_type="application/json")
        if renderer is None:
            body = json.dumps(as_json(found, *languages)).encode()
            return conditional(Response(body, content_type="application/json"))
        try:
            body = renderer.render(found.message, languages)
        except ValueError as error:
            raise Problem(
                406, "not-acceptable", f"It cannot be had in this form: {error}"
            ) from error
        return conditional(Response(body, content_type=renderer.media_type))


@blueprint.route("/alerts/<uuid:identifier>/thread")
class Thread(MethodView):
    @blueprint.response(200, ThreadSchema)
    @blueprint.alt_response(304, description=UNCHANGED)
    @blueprint.alt_response(410, description="It was public and has been withdrawn")
    def get(self, identifier: Any) -> Response:
        """The alert and all that updated or cancelled it, oldest first."""
        with database().reading() as session:
            found = public_alert(session, identifier)
            if found is None:
                raise not_found("such alert")
            messages = reading.thread(session, found.message.thread, now())
        body = {"alerts": [as_json(item) for item in messages]}
        return conditional(Response(json.dumps(body), content_type="application/json"))


def public_alert(session: Session, identifier: Any) -> reading.Published | None:
    """A published alert; 410 for one that was withdrawn."""
    try:
        return reading.one(session, str(identifier), now())
    except Withdrawn:
        detail = "This alert was withdrawn when its case was closed: show it no longer."
        raise Problem(410, "withdrawn", detail) from None


def conditional(response: Response) -> Response:
    """``response`` with a strong ETag, or 304 when the client has it already."""
    response.add_etag()
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Vary"] = "Accept, Authorization"
    return response.make_conditional(request)  # type: ignore[return-value]
