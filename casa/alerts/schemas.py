"""The wire form of alerts: marshmallow schemas that read requests and describe answers."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa import public_text
from casa.alerts import areas, content
from casa.alerts.content import Content
from casa.alerts.message import Area, Info, Message
from casa.alerts.phrases import LANGUAGES
from casa.alerts.reading import Published
from casa.alerts.states import State
from casa.geography.places import UnknownPlace, gazetteer
from casa.geography.shapes import WORLD, ShapeErrors, parse_shapes
from casa.problems import FieldError

LANGUAGE = validate.Regexp(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
    error="must be a BCP 47 language tag such as ht or en-JM",
)
_WORD = validate.Regexp(r"^[^\s,<&]+$", error="must not hold spaces, commas, < or & (CAP 1.2)")
MOST_AREAS = 50
MOST_SHAPES = 20
MOST_VERTICES = 2_000


class Moment(fields.AwareDateTime):
    """An RFC 3339 moment with its offset; UTC inside."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(format="iso", **arguments)

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> datetime:
        if not isinstance(value, str) or "T" not in value:
            raise ValidationError(
                "must be an RFC 3339 time with its offset: 2026-08-01T14:00:00-05:00"
            )
        try:
            return super()._deserialize(value, attr, data, **arguments).astimezone(UTC)
        except (ValidationError, OverflowError):
            raise ValidationError(
                "must be an RFC 3339 time with its offset: 2026-08-01T14:00:00-05:00"
            ) from None


class PublicText(fields.String):
    """A text that shows what it says (``public_text``), in one spelling."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> str:
        kept = public_text.normal(super()._deserialize(value, attr, data, **arguments))
        if (fault := public_text.fault(kept)) is not None:
            raise ValidationError(fault)
        return kept


class PublicUrl(fields.Url):
    """A web address that shows where it leads."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(schemes={"http", "https"}, **arguments)

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> str:
        try:
            return public_text.address(super()._deserialize(value, attr, data, **arguments))
        except ValueError as error:
            raise ValidationError(getattr(error, "messages", str(error))) from None


def text(most: int, *, required: bool = False, least: int = 1) -> fields.String:
    """A line or paragraph that may become public."""
    return PublicText(required=required, validate=validate.Length(least, most))


class Keyed(fields.Dict):
    """A mapping whose faults stand under their keys, where a JSON pointer finds them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **arguments)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            found = {key: one.get("key") or one["value"] for key, one in error.messages.items()}
            raise ValidationError(found) from None


def by_language(most: int, example: str) -> Keyed:
    """A text in one or several of the languages that CASA writes."""
    return Keyed(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=text(most),
        metadata={"example": {"en": example}},
    )


class PlaceCode(fields.String):
    """The code of a named place, ISO 3166-1 or 3166-2."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **arguments)
        try:
            return gazetteer().place(code).code
        except UnknownPlace as unknown:
            raise ValidationError(str(unknown)) from None


class ValueSchema(Schema):
    name = text(100, required=True)
    value = text(1_000, required=True)


class ResourceSchema(Schema):
    resource_desc = text(200, required=True)
    mime_type = text(100, required=True)
    size = fields.Integer(strict=True, validate=validate.Range(0))
    uri = PublicUrl()
    digest = fields.String(validate=validate.Regexp(r"^[0-9a-f]{40}$"))


class AreaSchema(Schema):
    """Named places, drawn shapes or both."""

    area_desc = text(500)
    places = fields.List(PlaceCode(), validate=validate.Length(1, 300))
    shapes = fields.List(
        fields.Raw(),
        validate=validate.Length(1, MOST_SHAPES),
        metadata={
            "description": "GeoJSON Polygon or MultiPolygon, or a Point with a radius in metres",
            "example": [{"type": "Point", "coordinates": [-77.1, 17.97], "radius": 3000}],
        },
    )
    altitude = fields.Float(validate=validate.Range(-500, 30_000))
    ceiling = fields.Float(validate=validate.Range(-500, 30_000))

    @validates_schema
    def something(self, data: dict[str, Any], **_: Any) -> None:
        if not data.get("places") and not data.get("shapes"):
            raise ValidationError("give places (codes), shapes (GeoJSON) or both")
        if "ceiling" in data and "altitude" not in data:
            raise ValidationError("a ceiling needs an altitude (CAP 1.2)", "ceiling")

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> tuple[Area, ...]:
        found = areas.of_places(data.get("places", ()))
        if "shapes" in data:
            try:
                drawn = parse_shapes(data["shapes"], "/shapes", WORLD)
            except ShapeErrors as errors:
                raise ValidationError(
                    {"_schema": [FieldError(where, why) for where, why in errors.errors]}
                ) from None
            found += (areas.of_shapes(data.get("area_desc") or areas.describe(drawn), drawn),)
        levels = {key: data[key] for key in ("altitude", "ceiling") if key in data}
        return tuple(msgspec.structs.replace(area, **levels) for area in found)


class InfoSchema(Schema):
    """One language's block, as CAP 1.2 section 3.2.2 has it."""

    language = fields.String(load_default="en", validate=LANGUAGE)
    category = fields.List(
        fields.String(validate=validate.OneOf(content.CATEGORIES)), required=True,
        validate=validate.Length(1, 12),
    )  # fmt: skip
    event = text(200, required=True)
    response_type = fields.List(
        fields.String(validate=validate.OneOf(content.RESPONSE_TYPES)),
        validate=validate.Length(0, 9),
    )
    urgency = fields.String(required=True, validate=validate.OneOf(content.URGENCIES))
    severity = fields.String(required=True, validate=validate.OneOf(content.SEVERITIES))
    certainty = fields.String(required=True, validate=validate.OneOf(content.CERTAINTIES))
    event_code = fields.List(fields.Nested(ValueSchema), validate=validate.Length(0, 20))
    effective = Moment()
    onset = Moment()
    expires = Moment(required=True)
    sender_name = text(200)
    headline = text(content.HEADLINE_LIMIT, required=True)
    description = text(content.TEXT_LIMIT)
    instruction = text(content.TEXT_LIMIT)
    web = PublicUrl()
    contact = text(200)
    parameter = fields.List(fields.Nested(ValueSchema), validate=validate.Length(0, 50))
    resource = fields.List(fields.Nested(ResourceSchema), validate=validate.Length(0, 10))

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Info:
        return msgspec.convert(data, Info)


class AreasField(fields.List[Any]):
    """Areas, bounded together: at most 20 shapes and 2,000 vertices; loads to CAP areas."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(fields.Nested(AreaSchema), **arguments)

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Any:
        if isinstance(value, list) and not 1 <= len(value) <= MOST_AREAS:
            raise ValidationError(f"give 1 to {MOST_AREAS} areas, not {len(value)}")
        groups: Any = super()._deserialize(value, attr, data, **arguments)
        found: tuple[Area, ...] = tuple(area for group in groups for area in group)
        drawn = [area for area in found if not area.geocode]
        count = sum(len(area.polygon) + len(area.circle) for area in drawn)
        vertices = sum(len(ring) for area in drawn for ring in area.polygon)
        if count > MOST_SHAPES:
            raise ValidationError(f"at most {MOST_SHAPES} shapes in all, not {count}")
        if vertices > MOST_VERTICES:
            raise ValidationError(f"at most {MOST_VERTICES} vertices in all, not {vertices}")
        return found


class ContentSchema(Schema):
    """What an agency says: CAP as JSON, less what the service itself sets."""

    status = fields.String(validate=validate.OneOf(content.STATUSES))
    sent = Moment(metadata={"description": "When it was written; left out, the time of publishing"})
    source = text(200)
    note = text(2_000)
    code = fields.List(text(200), validate=validate.Length(0, 20))
    incidents = fields.List(
        fields.String(validate=[validate.Length(1, 100), _WORD]), validate=validate.Length(0, 20)
    )
    info = fields.List(fields.Nested(InfoSchema), required=True, validate=validate.Length(1, 12))
    area = AreasField(required=True)


class CircleSchema(Schema):
    longitude = fields.Float()
    latitude = fields.Float()
    radius = fields.Float(metadata={"description": "Metres"})


class ShownAreaSchema(Schema):
    """A CAP area; positions are longitude, latitude."""

    area_desc = fields.String()
    polygon = fields.List(fields.List(fields.List(fields.Float())))
    circle = fields.List(fields.Nested(CircleSchema))
    geocode = fields.List(fields.Nested(ValueSchema))
    altitude = fields.Float(allow_none=True)
    ceiling = fields.Float(allow_none=True)


class ReferenceSchema(Schema):
    sender = fields.String()
    identifier = fields.String()
    sent = Moment()


class UntoldSchema(Schema):
    """Places whose followers are not notified of a message."""

    places = fields.List(fields.String())
    severity = fields.String(metadata={"description": "Of the message that tells them"})
    zones = fields.List(fields.String(), metadata={"description": "Drawn areas of the message"})


class ShownResourceSchema(Schema):
    resource_desc = fields.String()
    mime_type = fields.String()
    size = fields.Integer(allow_none=True)
    uri = fields.String(allow_none=True)
    digest = fields.String(allow_none=True)


class ShownInfoSchema(InfoSchema):
    """One language's block as it was published; what was left out is null or empty."""

    category = fields.List(fields.String(validate=validate.OneOf(content.CATEGORIES)))
    response_type = fields.List(fields.String(validate=validate.OneOf(content.RESPONSE_TYPES)))
    event_code = fields.List(fields.Nested(ValueSchema))
    effective = Moment(allow_none=True)
    onset = Moment(allow_none=True)
    sender_name = fields.String(allow_none=True)
    headline = fields.String()
    description = fields.String(allow_none=True)
    instruction = fields.String(allow_none=True)
    web = PublicUrl(allow_none=True)
    contact = fields.String(allow_none=True)
    parameter = fields.List(fields.Nested(ValueSchema))
    resource = fields.List(fields.Nested(ShownResourceSchema))


class AlertSchema(Schema):
    """A published message and the state that it is in now."""

    identifier = fields.UUID()
    thread = fields.UUID()
    kind = fields.String()
    sequence = fields.Integer()
    sender = fields.String()
    sent = Moment()
    status = fields.String(validate=validate.OneOf(content.STATUSES))
    msg_type = fields.String(validate=validate.OneOf(["Alert", "Update", "Cancel"]))
    scope = fields.String()
    source = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    code = fields.List(fields.String())
    references = fields.List(fields.Nested(ReferenceSchema))
    incidents = fields.List(fields.String())
    info = fields.List(fields.Nested(ShownInfoSchema))
    area = fields.List(fields.Nested(ShownAreaSchema))
    untold = fields.List(fields.Nested(UntoldSchema))
    state = fields.String(validate=validate.OneOf([state.value for state in State]))


class AlertPageSchema(Schema):
    alerts = fields.List(fields.Nested(AlertSchema))
    sequence = fields.Integer(metadata={"description": "The last public number there is"})
    next = fields.String(allow_none=True, metadata={"description": "Cursor of the next page"})


class ThreadSchema(Schema):
    alerts = fields.List(fields.Nested(AlertSchema))


class OwnSpokenSchema(Schema):
    language = fields.String()
    sms = fields.String()
    radio = fields.String()


class DraftSchema(AlertSchema):
    """An alert as its own agency sees it."""

    sent = Moment(allow_none=True)
    spoken = fields.List(
        fields.Nested(OwnSpokenSchema), metadata={"description": "For telephones and radios"}
    )
    sequence = fields.Integer(allow_none=True)
    replaces = fields.UUID(allow_none=True)
    cross_border = fields.Boolean(metadata={"description": "Asks other states for consent"})
    border = fields.String(
        allow_none=True, metadata={"description": "The state whose consent this part needs"}
    )
    home = fields.UUID(allow_none=True, metadata={"description": "The thread it is a part of"})
    digest = fields.String(
        allow_none=True, metadata={"description": "Of its text; give it back when approving"}
    )
    rejection = fields.String(allow_none=True, metadata={"description": "Why it was rejected"})
    safeguarding = fields.Boolean(
        allow_none=True,
        metadata={"description": "Of a draft: its approver needs the safeguarding role"},
    )
    prepared_end = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata={"description": "Of a draft: what its Cancel is to say, from its template"},
    )
    created = Moment()
    changed = Moment()
    reaches = fields.List(
        fields.String(), metadata={"description": "Codes of the named places that it reaches"}
    )


class OwnPageSchema(Schema):
    alerts = fields.List(fields.Nested(DraftSchema))
    next = fields.String(allow_none=True)


def content_of(data: dict[str, Any]) -> Content:
    return msgspec.convert(data, Content)


def as_json(published: Published, language: str | None = None) -> dict[str, Any]:
    """A published message for a client; with ``language`` only the block that suits it."""
    message = published.message
    if language:
        message = msgspec.structs.replace(message, info=(message.info_for([language]),))
    return {**_builtins(message), "state": published.state.value}


def _builtins(message: Message | Content) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(message)
    del built["spoken"]
    return built
