"""The wire form of devices. A position becomes its cell here, before anything else sees it."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa.audience.devices import MOST_PLACES, Push
from casa.audience.filters import KINDS, SEVERITIES, known_kinds
from casa.audience.subscriptions import SubscriptionField
from casa.geography.cells import InvalidCell, cell_at, parse_cell
from casa.geography.places import UnknownPlace, gazetteer, place_key

_LANGUAGE = validate.Regexp(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z",
    error="must be a BCP 47 language tag such as ht or en-JM",
)
_TOKEN = validate.Regexp(
    r"^[!-~]{1,4096}\Z", error="must be an FCM token: up to 4096 printable characters"
)
_FID = validate.Regexp(
    r"^[A-Za-z0-9_-]{22}\Z", error="must be a Firebase installation ID: 22 base64url characters"
)
_CELL = re.compile(r"[0-9A-Fa-f]{15,16}")
_FORMS = ({"code"}, {"cell"}, {"longitude", "latitude"})
_FORM_FAULT = "must have either a code, or a cell, or a longitude and a latitude"
_TOKEN_FIELDS = {"fcm": ("token", "fid"), "webpush": ("subscription",), "none": ()}


class Flag(fields.Boolean):
    """Exactly true or false."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class PushSchema(Schema):
    """How to push to a device: FCM (by token or installation ID), Web Push or not at all."""

    provider = fields.String(required=True, validate=validate.OneOf(list(_TOKEN_FIELDS)))
    token = fields.String(validate=_TOKEN)
    fid = fields.String(validate=_FID)
    subscription = SubscriptionField()

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        allowed = _TOKEN_FIELDS[data["provider"]]
        given = set(data) - {"provider"}
        if foreign := given - set(allowed):
            name = min(foreign)
            raise ValidationError(f"does not go with provider {data['provider']}", name)
        if allowed and len(given) != 1:
            raise ValidationError(
                f"provider {data['provider']} needs {' or '.join(allowed)}", allowed[0]
            )

    @post_load
    def as_value(self, data: dict[str, Any], **_: Any) -> Push:
        match data:
            case {"subscription": subscription}:
                return Push("webpush", "subscription", subscription.text, subscription.endpoint)
            case {"token": token}:
                return Push("fcm", "token", token, token)
            case {"fid": fid}:
                return Push("fcm", "fid", fid, fid)
        return Push()


def _languages(**arguments: Any) -> fields.List[str]:
    return fields.List(
        fields.String(validate=_LANGUAGE),
        validate=validate.Length(1, 10),
        metadata={"description": "BCP 47, the preferred first", "example": ["ht", "fr"]},
        **arguments,
    )


class RegistrationSchema(Schema):
    platform = fields.String(required=True, validate=validate.OneOf(["android", "ios", "web"]))
    push = fields.Nested(PushSchema, load_default=Push)
    languages = _languages(required=True)

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        if data["push"].provider == "webpush" and data["platform"] != "web":
            raise ValidationError("webpush goes with platform web only", "push")


class PreferencesSchema(Schema):
    kinds = fields.List(
        fields.String(validate=validate.OneOf(KINDS)),
        validate=validate.Length(1, len(KINDS)),
        metadata={"description": "Kinds of alert to be sent"},
    )
    min_severity = fields.String(
        validate=validate.OneOf(SEVERITIES), metadata={"description": "The least CAP severity"}
    )
    exercises = Flag(metadata={"description": "Whether to be sent exercises and tests too"})

    @post_load
    def in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"kinds": known_kinds(data["kinds"])} if "kinds" in data else data


class ChangeSchema(Schema):
    """What is left out stays as it is."""

    push = fields.Nested(PushSchema)
    languages = _languages()
    preferences = fields.Nested(PreferencesSchema)

    @validates_schema
    def not_empty(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("give push, languages or preferences as application/json")


class PlaceField(fields.Field[int]):
    """A place to follow, as its key: a named place, a cell or the cell of a position.

    A cell finer than resolution 7 and a position are coarsened here; what was sent is not kept.
    """

    def __init__(self, **arguments: Any) -> None:
        number = {"type": "number"}
        forms = (
            {"code": {"type": "string", "example": "JM-01"}},
            {"cell": {"type": "string", "description": "H3, resolution 7 or finer"}},
            {"longitude": number, "latitude": number},
        )
        schema = [{"type": "object", "properties": form, "required": list(form)} for form in forms]
        super().__init__(metadata={"oneOf": schema}, **arguments)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> int:
        if not isinstance(value, dict):
            raise ValidationError(f"must be an object that {_FORM_FAULT[5:]}")
        if set(value) not in _FORMS:
            known = set().union(*_FORMS)
            unknown = {name: ["Unknown field."] for name in value if name not in known}
            raise ValidationError(unknown or _FORM_FAULT)
        match value:
            case {"code": code}:
                return _named(code)
            case {"cell": cell}:
                return _cell(cell)
        for name, most in (("longitude", 180), ("latitude", 90)):
            if type(value[name]) not in (int, float) or not -most <= value[name] <= most:
                fault = f"must be a number of degrees from -{most} to {most}"
                raise ValidationError({name: [fault]})
        return cell_at(value["longitude"], value["latitude"])


def _named(code: Any) -> int:
    if not isinstance(code, str):
        raise ValidationError({"code": ["must be a place's code such as JM or JM-01"]})
    try:
        return place_key(gazetteer().place(code).code)
    except UnknownPlace as unknown:
        raise ValidationError({"code": [str(unknown)]}) from None


def _cell(text: Any) -> int:
    if not isinstance(text, str) or not _CELL.fullmatch(text):
        raise ValidationError({"cell": ["must be an H3 cell in hexadecimal"]})
    try:
        return parse_cell(text)
    except InvalidCell as invalid:
        raise ValidationError({"cell": [str(invalid)]}) from None


class FollowSchema(Schema):
    places = fields.List(
        PlaceField(),
        required=True,
        validate=validate.Length(
            max=MOST_PLACES, error=f"a device follows at most {MOST_PLACES} places"
        ),
    )


class RegisteredSchema(Schema):
    id = fields.UUID()
    secret = fields.String(metadata={"description": "The bearer token; shown this once"})
    sequence = fields.Integer(metadata={"description": "Last public sequence number"})


class FollowedSchema(Schema):
    code = fields.String()
    cell = fields.String()


class PlacesSchema(Schema):
    places = fields.List(fields.Nested(FollowedSchema))


class ProviderSchema(Schema):
    provider = fields.String()


class DeviceSchema(PlacesSchema):
    id = fields.UUID()
    platform = fields.String()
    push = fields.Nested(ProviderSchema)
    languages = fields.List(fields.String())
    preferences = fields.Nested(PreferencesSchema)
