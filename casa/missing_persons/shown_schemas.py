"""How cases are shown: to their agency, and to everybody."""

from marshmallow import Schema, fields, validate

from casa.alerts.record_routes import RecordSchema
from casa.alerts.schemas import AlertSchema
from casa.missing_persons.closing import OUTCOMES


class CaseSchema(RecordSchema):
    outcome = fields.String(
        allow_none=True,
        validate=validate.OneOf(OUTCOMES),
        metadata={
            "description": "For the agency alone; the public is told that the case is closed"
        },
    )
    criteria = fields.Dict(
        allow_none=True,
        metadata={"description": "Of a child abduction: which were met, when, and who said so"},
    )
    guarded = fields.Boolean(
        metadata={"description": "Its alerts need an approver with the safeguarding role"}
    )


class PublicCaseSchema(Schema):
    """An open case, or with `foreign` a record of another registry."""

    id = fields.UUID()
    alert = fields.Nested(AlertSchema, allow_none=True)
    foreign = fields.Dict(metadata={"description": "Under PFIF's names"})
    notes = fields.List(fields.Dict(), metadata={"description": "What was said of the person"})
    page = fields.String(metadata={"description": "For people"})
    poster = fields.String()
    pfif = fields.String()
    sightings = fields.String(metadata={"description": "Where sightings are reported"})
