"""The wire form of a missing person's case."""

from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa.alerts import content
from casa.alerts.phrases import LANGUAGES
from casa.alerts.schemas import AreasField, Keyed, Moment, by_language, text
from casa.database import now
from casa.missing_persons.facts import (
    BUILDS,
    CATEGORIES,
    CHOICES,
    CHOOSABLE,
    COLOURS,
    COMPLEXIONS,
    EYES,
    HAIR,
    SEXES,
    SPOKEN,
    Facts,
)


def _choice(of: tuple[str, ...]) -> fields.String:
    return fields.String(validate=validate.OneOf(of))


class SuspectSchema(Schema):
    """Who may have taken the person; told to the public in child abductions, the name never
    unless marked public."""

    name = text(80)
    description = by_language(300, "A man of about forty with a grey beard.")


class VehicleSchema(Schema):
    """What they may be in; told to the public in child abductions."""

    make = text(60)
    colour = _choice(COLOURS)
    plate = text(20)
    description = by_language(200, "The left mirror is missing.")


class LastSeenPointSchema(Schema):
    """Degrees in WGS 84; the public is told no finer than ``coarseness``."""

    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    latitude = fields.Float(required=True, validate=validate.Range(-90, 90))
    coarseness = fields.String(
        validate=validate.OneOf(CHOICES),
        metadata={"description": "For the public; left out, the point is withheld"},
    )


class ContactSchema(Schema):
    """A family member or an informant; never public, and refused in public texts."""

    name = text(80, required=True)
    relation = text(60)
    phone = text(40)
    email = fields.Email()


class AbductionSchema(Schema):
    """What an officer answers for before a child abduction alert."""

    reasonable_belief = fields.Boolean(
        metadata={"description": "There is reason to believe that the child was abducted"}
    )
    risk_of_serious_harm = fields.Boolean(
        metadata={"description": "The child is at risk of serious harm or death"}
    )


class MissingPersonSchema(Schema):
    """A person sought or found, in PFIF's terms where it has one."""

    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    full_name = text(80)
    area = AreasField(required=True)
    status = fields.String(validate=validate.OneOf(content.STATUSES))
    known_as = fields.List(text(80), validate=validate.Length(1, 5))
    age = fields.Integer(strict=True, validate=validate.Range(0, 120))
    date_of_birth = fields.Date(metadata={"description": "Never public; the age is, as of now"})
    sex = _choice(SEXES)
    height = fields.Integer(
        strict=True, validate=validate.Range(30, 250), metadata={"description": "Centimetres"}
    )
    build = _choice(BUILDS)
    complexion = _choice(COMPLEXIONS)
    hair = _choice(HAIR)
    eyes = _choice(EYES)
    marks = by_language(300, "A scar on the left cheek.")
    clothing = by_language(300, "A blue school uniform.")
    speaks = fields.List(_choice(SPOKEN), validate=validate.Length(1, 6))
    medical_need = by_language(300, "Needs insulin every day.")
    suspect = fields.Nested(SuspectSchema)
    vehicle = fields.Nested(VehicleSchema)
    last_seen = Moment()
    last_known_location = text(200)
    last_seen_point = fields.Nested(LastSeenPointSchema)
    description = by_language(2_000, "Carrying a red bag.")
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), validate=validate.Length(1, 5)
    )
    severity = fields.String(validate=validate.OneOf(content.SEVERITIES))
    expires = Moment()
    contact = text(200)
    case_number = text(40)
    contacts = fields.List(fields.Nested(ContactSchema), validate=validate.Length(1, 20))
    abduction = fields.Nested(AbductionSchema)
    public = Keyed(
        keys=fields.String(validate=validate.OneOf(CHOOSABLE)),
        values=fields.Boolean(truthy={True}, falsy={False}),
        metadata={
            "description": "Whether the public is told a fact, where that is not as usual: medical"
            " need, suspect and vehicle are not told but in child abductions, in which the first"
            " is not; of trafficking neither that nor the description",
            "example": {"medical_need": True, "hair": False},
        },
    )

    @validates_schema
    def consistent(self, data: dict[str, Any], **_: Any) -> None:
        if "last_seen" in data and data["last_seen"] > now():
            raise ValidationError("is in the future", "last_seen")
        if "date_of_birth" in data and not 0 <= _since(data["date_of_birth"].year) <= 120:
            raise ValidationError("is no birthday of a living person", "date_of_birth")
        if "full_name" not in data and data.get("category") != "unidentified":
            raise ValidationError(
                "is needed but for an unidentified person that was found", "full_name"
            )

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Facts:
        return msgspec.convert(data, Facts)


def _since(year: int) -> int:
    return now().year - year
