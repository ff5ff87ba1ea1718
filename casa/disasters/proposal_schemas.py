"""The wire form of what a forecast/advisory proposes."""

from marshmallow import Schema, fields, validate

from casa.alerts.schemas import PlaceCode
from casa.disasters.event_schemas import MOST_TCM, OutlookSchema
from casa.disasters.plausibility import CHECKS


class ProductSchema(Schema):
    tcm = fields.String(
        required=True,
        validate=validate.Length(1, MOST_TCM),
        metadata={"description": "The text of a forecast/advisory (TCM) of NHC"},
    )


class NoticeSchema(Schema):
    """An area of a watch or warning that is no place here, or only a part of one."""

    line = fields.Integer()
    area = fields.String()
    hazard = fields.String()
    level = fields.String(validate=validate.OneOf(("watch", "warning")))
    suggestions = fields.List(PlaceCode(), metadata={"description": "States that it names"})


class FindingSchema(Schema):
    check = fields.String(validate=validate.OneOf(tuple(CHECKS)))
    pointer = fields.String()
    detail = fields.String()


class ProposalSchema(Schema):
    """Levels and outlooks to be confirmed: post them as an advisory, with the text."""

    levels = fields.Dict(keys=fields.String(), values=fields.String())
    outlook = fields.List(fields.Nested(OutlookSchema))
    track = fields.Dict()
    unmatched = fields.List(fields.Nested(NoticeSchema))
    elsewhere = fields.List(
        fields.String(), metadata={"description": "Areas of states that are not CASA's"}
    )
    lifted = fields.List(
        PlaceCode(), metadata={"description": "Places at a level now that are not listed"}
    )
    remarks = fields.List(fields.String())
    findings = fields.List(
        fields.Nested(FindingSchema),
        metadata={"description": "What would be refused, as it is or until it is overridden"},
    )
