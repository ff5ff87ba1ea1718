"""The wire form of sightings: what citizens send, and what the investigating agency reads."""

from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa import paging
from casa.alerts.schemas import Moment
from casa.alerts.schemas import text as printable
from casa.database import now
from casa.missing_persons.sightings import STATES, Report


class PositionSchema(Schema):
    """Degrees in WGS 84."""

    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    latitude = fields.Float(required=True, validate=validate.Range(-90, 90))

    @post_load
    def compose(self, data: dict[str, float], **_: Any) -> tuple[float, float]:
        return data["longitude"], data["latitude"]


class SightingReportSchema(Schema):
    """What somebody saw. Only the investigating agency reads it; who sends it is not asked."""

    text = printable(2_000, required=True)
    seen_at = Moment()
    position = fields.Nested(PositionSchema)
    contact = printable(200)

    @validates_schema
    def consistent(self, data: dict[str, Any], **_: Any) -> None:
        if "seen_at" in data and data["seen_at"] > now():
            raise ValidationError("is in the future", "seen_at")

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Report:
        return msgspec.convert(data, Report)


class NewSightingSchema(SightingReportSchema):
    seen_at = Moment(required=True)


class ReceiptSchema(Schema):
    receipt = fields.String(
        metadata={"description": "Shown this once: the code that lets the sender add more"}
    )


class TakenSchema(Schema):
    reports = fields.Integer(metadata={"description": "How many there now are"})
    photographs = fields.Integer(metadata={"description": "How many there now are"})


class StateSchema(Schema):
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class SightingQuerySchema(paging.PageSchema):
    state = fields.String(validate=validate.OneOf(STATES))


class ShownReportSchema(SightingReportSchema):
    seen_at = Moment(allow_none=True)
    position = fields.Nested(PositionSchema, allow_none=True)
    contact = fields.String(allow_none=True)
    created = Moment()


class ShownPhotographSchema(Schema):
    id = fields.UUID()
    created = Moment()


class SightingSchema(Schema):
    id = fields.UUID()
    state = fields.String(validate=validate.OneOf(STATES))
    created = Moment()
    changed = Moment()
    reports = fields.List(fields.Nested(ShownReportSchema))
    photographs = fields.List(fields.Nested(ShownPhotographSchema))


class SightingPageSchema(Schema):
    sightings = fields.List(fields.Nested(SightingSchema))
    next = fields.String(allow_none=True)
