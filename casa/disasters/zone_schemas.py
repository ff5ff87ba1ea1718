"""The wire form of danger zones: in advisories, and as maps in GeoJSON."""

from typing import Any

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    post_load,
    validate,
    validates_schema,
)

from casa.alerts.schemas import Moment, text
from casa.disasters.levels import Level
from casa.disasters.zones import rings_of
from casa.geography.shapes import WORLD, ShapeErrors, parse_shapes
from casa.problems import FieldError

LEVELS = tuple(level.value for level in Level)
MOST_ZONES = 50
_NAME = 60
CODE = validate.Regexp(
    r"^[a-z0-9][a-z0-9-]{0,39}\Z", error="must be small letters, digits and hyphens, at most 40"
)


def _rings(value: Any, pointer: str) -> Any:
    try:
        return rings_of(parse_shapes(value, pointer, WORLD))
    except ShapeErrors as errors:
        raise ValidationError(
            {"_schema": [FieldError(where, why) for where, why in errors.errors]}
        ) from None


class ZoneSchema(Schema):
    """A zone's level in an advisory: a zone of a map, or one that is drawn here."""

    name = text(_NAME, required=True)
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    map = fields.String(validate=CODE, metadata={"description": "Code of the zone map it is of"})
    shapes = fields.List(
        fields.Raw(),
        validate=validate.Length(1, 20),
        metadata={"description": "GeoJSON Polygon or MultiPolygon, or a Point with a radius"},
    )

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("map" in data) is ("shapes" in data):
            raise ValidationError("give the map that the zone is of, or its shapes", "map")

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        shapes = data.pop("shapes", None)
        return data if shapes is None else data | {"rings": _rings(shapes, "/shapes")}


class _ZonePropertiesSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    name = text(_NAME, required=True)


class ZoneFeatureSchema(Schema):
    """One zone: a GeoJSON Feature whose properties hold its `name`."""

    class Meta:
        unknown = EXCLUDE

    type = fields.String(required=True, validate=validate.Equal("Feature"))
    properties = fields.Nested(_ZonePropertiesSchema, required=True)
    geometry = fields.Raw(required=True, metadata={"description": "Polygon or MultiPolygon"})

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> tuple[str, Any]:
        try:
            rings = _rings([data["geometry"]], "")
        except ValidationError as error:
            # A list of one geometry was read: its number is no part of the way to it.
            faults = [
                FieldError("/geometry" + fault.pointer.removeprefix("/0"), fault.detail)
                for fault in error.messages_dict["_schema"]
            ]
            raise ValidationError({"_schema": faults}) from None
        return data["properties"]["name"], rings


class ZoneMapSchema(Schema):
    """A map of danger zones as a GeoJSON FeatureCollection."""

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    name = text(100, required=True)
    source = text(200, required=True)
    features = fields.List(
        fields.Nested(ZoneFeatureSchema),
        required=True,
        validate=validate.Length(1, MOST_ZONES),
        metadata={"description": "`source` says whose map it is and of when"},
    )

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        zones = dict(data["features"])
        if len(zones) < len(data["features"]):
            raise ValidationError("give each zone a name of its own", "features")
        return {"name": data["name"], "source": data["source"], "zones": zones}


class ShownZoneMapSchema(Schema):
    code = fields.String()
    name = fields.String()
    source = fields.String()
    zones = fields.List(fields.String(), metadata={"description": "Their names"})
    changed = Moment()


class ZoneMapPageSchema(Schema):
    zone_maps = fields.List(fields.Nested(ShownZoneMapSchema))
    next = fields.String(allow_none=True)
