"""The wire form of a hazard event."""

from typing import Any, get_args

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate

from casa.alerts import content
from casa.alerts.phrases import LANGUAGES
from casa.alerts.schemas import AreasField, Moment, PublicUrl, by_language, text
from casa.disasters import hazards
from casa.disasters.facts import LEVELS, Facts, step_of
from casa.disasters.scales import NoSuchStep
from casa.disasters.texts.facts import Storm


class KnownHazard(validate.Validator):
    """One of the hazards that there are at the time of asking: they are data."""

    @property
    def choices(self) -> tuple[str, ...]:
        """For the interface's description."""
        return hazards.names()

    def __call__(self, value: str) -> str:
        if value not in self.choices:
            raise ValidationError(f"Must be one of: {', '.join(self.choices)}.")
        return value


class DisasterSchema(Schema):
    """A hazard at one level for some places."""

    hazard = fields.String(required=True, validate=KnownHazard())
    level = fields.String(required=True, validate=validate.OneOf(tuple(LEVELS)))
    area = AreasField(required=True)
    name = text(60)
    storm = fields.String(
        validate=validate.OneOf(get_args(Storm)),
        metadata={"description": "How strong a tropical cyclone is; its names follow"},
    )
    scale = fields.String(
        validate=validate.Length(1, 40),
        metadata={
            "description": "Code of a step of the states' own alert levels, where several are of "
            "this level"
        },
    )
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
        facts = msgspec.convert(data, Facts)
        strengths = hazards.hazard(facts.hazard).strengths
        if facts.storm and facts.storm not in strengths:
            raise ValidationError("is only for tropical cyclones: leave it out", "storm")
        try:
            step_of(facts)
        except NoSuchStep as fault:
            raise ValidationError(str(fault), "scale") from None
        return facts
