"""The wire form of a hazard event."""

from typing import Any

import msgspec
from marshmallow import Schema, fields, post_load, validate

from casa.alerts import content
from casa.alerts.phrases import LANGUAGES
from casa.alerts.schemas import AreasField, Moment, PublicUrl, by_language, text
from casa.disasters.facts import HAZARDS, LEVELS, Facts


class DisasterSchema(Schema):
    """A hazard at one level for some places."""

    hazard = fields.String(required=True, validate=validate.OneOf(HAZARDS))
    level = fields.String(required=True, validate=validate.OneOf(tuple(LEVELS)))
    area = AreasField(required=True)
    name = text(60)
    status = fields.String(validate=validate.OneOf(content.STATUSES))
    onset = Moment()
    expires = Moment()
    description = by_language(4_000, "Winds of 150 km/h are expected.")
    instruction = by_language(2_000, "Go to a shelter now.")
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), validate=validate.Length(1, 5)
    )
    incidents = fields.List(
        fields.String(validate=validate.Regexp(r"^[^\s,<&]{1,100}$")),
        validate=validate.Length(0, 5),
        metadata={"description": "Names that tie messages of one event together"},
    )
    contact = text(200)
    web = PublicUrl()

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Facts:
        return msgspec.convert(data, Facts)
