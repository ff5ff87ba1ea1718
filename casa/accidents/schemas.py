"""The wire form of an accident."""

from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa.accidents.facts import CASUALTIES, TYPES, VEHICLES, Facts
from casa.alerts import content
from casa.alerts.phrases import LANGUAGES
from casa.alerts.schemas import AreasField, Keyed, Moment, PublicUrl, by_language, text
from casa.database import now

_PEOPLE = validate.Range(0, 100_000)


class CasualtySchema(Schema):
    """How many people: from ``least`` to ``most``; without ``most``, at least so many."""

    least = fields.Integer(strict=True, required=True, validate=_PEOPLE)
    most = fields.Integer(strict=True, validate=_PEOPLE)

    @validates_schema
    def ordered(self, data: dict[str, Any], **_: Any) -> None:
        if "most" in data and data["most"] < data.get("least", 0):
            raise ValidationError("must not be less than least", "most")


class RoadSchema(Schema):
    name = text(60, required=True)
    start = text(60)
    end = text(60)


class SubstanceSchema(Schema):
    name = text(80, required=True)
    un_number = fields.String(
        validate=validate.Regexp(r"^\d{4}$", error="must be the four digits of a UN number")
    )
    isolate = fields.Integer(
        strict=True,
        validate=validate.Range(1, 50_000),
        metadata={"description": "Metres to keep away"},
    )


class InvolvedSchema(Schema):
    vehicle = fields.String(required=True, validate=validate.OneOf(VEHICLES))
    count = fields.Integer(strict=True, validate=validate.Range(1, 500))


class AccidentSchema(Schema):
    """An accident or a hazard from one; what is left out takes the defaults of its type."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    location = text(90, required=True)
    area = AreasField(required=True)
    status = fields.String(validate=validate.OneOf(content.STATUSES))
    occurred = Moment()
    casualties = Keyed(
        keys=fields.String(validate=validate.OneOf(CASUALTIES)),
        values=fields.Nested(CasualtySchema),
        metadata={"example": {"injured": {"least": 2, "most": 4}}},
    )
    involved = fields.List(fields.Nested(InvolvedSchema), validate=validate.Length(1, 15))
    roads_closed = fields.List(fields.Nested(RoadSchema), validate=validate.Length(1, 20))
    diversion = by_language(300, "Use the Old Harbour bypass.")
    substance = fields.Nested(SubstanceSchema)
    description = by_language(2_000, "A bus and a truck have collided.")
    advice = by_language(1_000, "Avoid the area.")
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), validate=validate.Length(1, 5)
    )
    urgency = fields.String(validate=validate.OneOf(content.URGENCIES))
    severity = fields.String(validate=validate.OneOf(content.SEVERITIES))
    certainty = fields.String(validate=validate.OneOf(content.CERTAINTIES))
    expires = Moment()
    contact = text(200)
    web = PublicUrl()

    @validates_schema
    def consistent(self, data: dict[str, Any], **_: Any) -> None:
        if "occurred" in data and data["occurred"] > now():
            raise ValidationError("is in the future", "occurred")
        if data.get("type") == "hazardous_material" and "substance" not in data:
            raise ValidationError("name the hazardous material (or 'unknown')", "substance")

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Facts:
        return msgspec.convert(data, Facts)
