"""The wire form of webhooks."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from casa.alerts.schemas import Moment, PlaceCode, text
from casa.audience.filters import KINDS, SEVERITIES
from casa.audience.subscriptions import is_public_https


def _public(url: str) -> None:
    if not is_public_https(url):
        raise ValidationError("must be an https address with a public name and no port of its own")


class WebhookChangeSchema(Schema):
    """What is left out stays as it is."""

    name = text(100)
    kinds = fields.List(
        fields.String(validate=validate.OneOf(KINDS)), validate=validate.Length(1, len(KINDS))
    )
    places = fields.List(
        PlaceCode(),
        validate=validate.Length(0, 400),
        metadata={"description": "Those that it is for; none: all"},
    )
    min_severity = fields.String(validate=validate.OneOf(SEVERITIES))
    exercises = fields.Boolean()
    enabled = fields.Boolean()

    @validates_schema
    def something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("give what is to change, such as enabled")


class WebhookSchema(WebhookChangeSchema):
    class Meta:
        exclude = ("enabled",)

    name = text(100, required=True)
    url = fields.String(
        required=True,
        validate=_public,
        metadata={"description": "https; each alert is posted to it as JSON", "format": "uri"},
    )


class ShownWebhookSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    url = fields.String()
    kinds = fields.List(fields.String())
    places = fields.List(fields.String())
    min_severity = fields.String()
    exercises = fields.Boolean()
    enabled = fields.Boolean(metadata={"description": "False after a 410, too"})
    last_sent = Moment(allow_none=True)
    last_fault = fields.String(
        allow_none=True, metadata={"description": "Why it failed, since it last went well"}
    )
    created = Moment()


class NewWebhookSchema(ShownWebhookSchema):
    secret = fields.String(
        metadata={"description": "Signs what is posted (Standard Webhooks 1.0); shown this once"}
    )


class RotationSchema(Schema):
    """How long the former secret goes on signing beside the new one."""

    overlap_hours = fields.Integer(
        load_default=24,
        strict=True,
        validate=validate.Range(0, 168),
        metadata={"description": "0: not at all, for a secret that others may have"},
    )


class WebhookPageSchema(Schema):
    webhooks = fields.List(fields.Nested(ShownWebhookSchema))
    next = fields.String(allow_none=True)


class SaidSchema(Schema):
    language = fields.String()
    sms = fields.String(
        metadata={"description": "One short message: 160 characters of GSM-7, or 70 of UCS-2"}
    )
    radio = fields.String(metadata={"description": "Read aloud in at most 90 seconds"})


class SaidPageSchema(Schema):
    texts = fields.List(fields.Nested(SaidSchema))
