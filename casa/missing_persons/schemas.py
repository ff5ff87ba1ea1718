"""The wire form of a missing person's case."""

from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa.alerts import content
from casa.alerts.phrases import LANGUAGES
from casa.alerts.schemas import AreasField, Moment, by_language, text
from casa.database import now
from casa.missing_persons.facts import CATEGORIES, SEXES, Facts


class MissingPersonSchema(Schema):
    """A person sought, in PFIF's terms."""

    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    full_name = text(80, required=True)
    area = AreasField(required=True)
    status = fields.String(validate=validate.OneOf(content.STATUSES))
    age = fields.Integer(strict=True, validate=validate.Range(0, 120))
    sex = fields.String(validate=validate.OneOf(SEXES))
    last_seen = Moment()
    last_known_location = text(200)
    description = by_language(2_000, "Wearing a blue school uniform.")
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), validate=validate.Length(1, 5)
    )
    severity = fields.String(validate=validate.OneOf(content.SEVERITIES))
    expires = Moment()
    contact = text(200)

    @validates_schema
    def consistent(self, data: dict[str, Any], **_: Any) -> None:
        if "last_seen" in data and data["last_seen"] > now():
            raise ValidationError("is in the future", "last_seen")

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Facts:
        return msgspec.convert(data, Facts)
