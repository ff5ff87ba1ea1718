"""The wire form of shelters. Where somebody is becomes a cell here, before anything sees it."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from casa import paging
from casa.alerts.schemas import Moment, PlaceCode, text
from casa.disasters.shelters import FACILITIES, STATES
from casa.geography.cells import InvalidCell, cell_at, parse_cell

_MOST_PEOPLE = 100_000


class _FactsSchema(Schema):
    name = text(100, required=True)
    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    latitude = fields.Float(required=True, validate=validate.Range(-90, 90))
    capacity = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(1, _MOST_PEOPLE),
        metadata={"description": "People"},
    )
    state = fields.String(validate=validate.OneOf(STATES))
    facilities = fields.List(
        fields.String(validate=validate.OneOf(FACILITIES)),
        validate=validate.Length(0, len(FACILITIES)),
    )
    contact = fields.String(
        allow_none=True, validate=validate.Length(1, 200), metadata={"description": "Public"}
    )


class ShelterSchema(_FactsSchema):
    """A shelter as its agency keeps it."""

    event = fields.UUID(
        allow_none=True,
        metadata={"description": "The hazard event it is opened for; null: none"},
    )


class ShelterChangeSchema(ShelterSchema):
    """What is left out stays as it is; a state alone is a whole change."""

    name = text(100)
    longitude = fields.Float(validate=validate.Range(-180, 180))
    latitude = fields.Float(validate=validate.Range(-90, 90))

    @validates_schema
    def something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("give what is to change, such as a state")


class NearField(fields.String):
    """``longitude,latitude`` in degrees, read as the cell of some 5 km² that holds it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Any:
        try:
            longitude, latitude = (float(part) for part in str(value).split(","))
            return cell_at(longitude, latitude)
        except ValueError:
            # What was sent is somebody's position: it is not repeated.
            raise ValidationError("must be longitude,latitude in degrees") from None


class CellField(fields.String):
    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Any:
        try:
            return parse_cell(str(value))
        except InvalidCell:
            raise ValidationError("must be an H3 cell of resolution 7 or finer") from None


class ShelterQuerySchema(paging.PageSchema):
    near = NearField(
        metadata={"description": "longitude,latitude; only its cell is used. A phone that knows"
                  " cells gives `cell` and keeps its position to itself"}
    )  # fmt: skip
    cell = CellField(metadata={"description": "H3, in hexadecimal"})
    place = PlaceCode(metadata={"description": "ISO 3166 code", "example": "JM-01"})
    event = fields.UUID(metadata={"description": "As in a warning's link"})
    state = fields.String(validate=validate.OneOf(STATES))
    exercises = fields.Boolean(
        load_default=False, metadata={"description": "With those of events that are exercises"}
    )

    @validates_schema
    def one_origin(self, data: dict[str, Any], **_: Any) -> None:
        if "near" in data and "cell" in data:
            raise ValidationError("give near or cell, not both", "cell")


class ShelterEventSchema(Schema):
    id = fields.UUID()
    hazard = fields.String()
    name = fields.String(allow_none=True)
    status = fields.String()


class ShownShelterSchema(_FactsSchema):
    id = fields.UUID()
    place = fields.String(metadata={"description": "The finest named place it lies in"})
    event = fields.Nested(ShelterEventSchema, allow_none=True)
    changed = Moment()
    distance_m = fields.Integer(
        metadata={"description": "From the middle of the cell asked for, to 100 m"}
    )


class ShelterPageSchema(Schema):
    shelters = fields.List(fields.Nested(ShownShelterSchema))
    next = fields.String(allow_none=True)
