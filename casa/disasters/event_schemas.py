"""The wire form of hazard events and their advisories."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import msgspec
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from casa.alerts.content import HEADLINE_LIMIT
from casa.alerts.phrases import LANGUAGES
from casa.alerts.schemas import Keyed, Moment, PlaceCode, text
from casa.database import now
from casa.disasters.advisory import EVERYBODY, Advisory
from casa.disasters.levels import Level
from casa.disasters.models import HazardEvent
from casa.disasters.parts import OverlappingPlaces, finest, is_zone
from casa.disasters.plausibility import CHECKS
from casa.disasters.schemas import KnownHazard
from casa.disasters.storm import atcf, tcm, track
from casa.disasters.storm.track import Track, TrackError
from casa.disasters.texts.facts import Storm
from casa.disasters.tsunami import DEEPEST
from casa.disasters.zone_schemas import LEVELS, MOST_ZONES, ZoneSchema
from casa.problems import FieldError, flatten, invalid

_STORMS = get_args(Storm)
_MOST_PLACES = 400
_MOST_POINTS = 100
MOST_TCM = 20_000
_LONGEST_TRACK = timedelta(days=15)
_FARTHEST = 70.0  # degrees of latitude: beyond, wind fields come too near to a pole
_LATEST = timedelta(days=10)
_FARTHEST_WAVE = 40.0  # degrees of latitude: four hours on, rings come too near to a pole
_DEEPEST_SEA = 11_000.0
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class HazardEventSchema(Schema):
    """A hazard with a name, of which advisories are to be published."""

    hazard = fields.String(required=True, validate=KnownHazard())
    name = text(60)
    identifiers = fields.List(
        fields.String(validate=validate.Regexp(r"^[^\s,<&]{1,40}$")),
        validate=validate.Length(0, 5),
        metadata={"description": "Others' for it: NHC storm number, GLIDE number"},
    )
    status = fields.String(load_default="Actual", validate=validate.OneOf(("Actual", "Exercise")))

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> HazardEvent:
        return HazardEvent(**({"name": None, "identifiers": []} | data))


def _amount(most: float, unit: str) -> fields.Float:
    return fields.Float(
        validate=validate.Range(0, most, min_inclusive=False), metadata={"description": unit}
    )


def _soon(**arguments: Any) -> Moment:
    """A moment that texts can be made of and that an alert can wait for."""

    def check(moment: Any) -> None:
        if abs(moment - now()) > _LATEST:
            raise ValidationError(f"must be within {_LATEST.days} days from now")

    return Moment(validate=check, **arguments)


class OutlookSchema(Schema):
    """What is expected at some places."""

    places = fields.List(PlaceCode(), required=True, validate=validate.Length(1, _MOST_PLACES))
    storm = fields.String(
        validate=validate.OneOf(_STORMS),
        metadata={"description": "The strength expected there, maybe less than the storm's own"},
    )
    arrival = _soon()
    wind_kmh = _amount(500, "Sustained wind, km/h")
    rain_mm = _amount(5_000, "Rain of the whole event, mm")
    surge_m = _amount(50, "Metres above the usual tide; of a tsunami the height of its waves")
    magnitude = _amount(10, "Of an earthquake")
    rivers = fields.List(
        text(60),
        validate=validate.Length(0, 10),
        metadata={"description": "Those that may flood, or whose slopes may slide"},
    )
    shelters = fields.List(text(100), validate=validate.Length(0, 20))


class EpicentreSchema(Schema):
    """Where and when a tsunami began: it tells the soonest that a wave can be at each place."""

    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    latitude = fields.Float(required=True, validate=validate.Range(-_FARTHEST_WAVE, _FARTHEST_WAVE))
    time = _soon(required=True)
    magnitude = _amount(10, "Of the earthquake")
    deepest_m = fields.Float(
        load_default=DEEPEST,
        validate=validate.Range(100, _DEEPEST_SEA),
        metadata={"description": "The deepest water on the way, metres; the deeper, the sooner"},
    )


class EditedPlace(PlaceCode):
    """A place's code, or ``zone:`` and a zone's name."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> str:
        if isinstance(value, str) and is_zone(value):
            return value
        return super()._deserialize(value, attr, data, **arguments)


class ToldPlace(EditedPlace):
    """The same, or ``all``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> str:
        if value == EVERYBODY:
            return EVERYBODY
        return super()._deserialize(value, attr, data, **arguments)


class EditSchema(Schema):
    """An officer's words in place of the composed ones; what is left out stays composed."""

    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    places = fields.List(
        EditedPlace(),
        validate=validate.Length(1, _MOST_PLACES),
        metadata={"description": "Of those at the level; left out: all of them"},
    )
    headline = text(HEADLINE_LIMIT)
    description = text(4_000)
    instruction = text(2_000)
    sms = fields.String(
        validate=validate.Length(1, 160),
        metadata={"description": "Left out, it follows the edited headline and instruction"},
    )
    radio = text(4_000)

    @validates_schema
    def something(self, data: dict[str, Any], **_: Any) -> None:
        if not data.keys() - {"level", "language", "places"}:
            raise ValidationError("give a headline, description, instruction, sms or radio")


_CHECKS = "; ".join(f"`{name}`: {what}" for name, what in CHECKS.items())


class OverrideSchema(Schema):
    """What an officer knows better than a check does."""

    check = fields.String(
        required=True,
        validate=validate.OneOf(tuple(CHECKS)),
        metadata={"description": f"By what it finds. {_CHECKS}"},
    )
    reason = text(200, required=True)


class AdvisorySchema(Schema):
    """All levels that are from now on: a place that is missing is at `none`."""

    levels = Keyed(
        keys=PlaceCode(),
        values=fields.String(validate=validate.OneOf(LEVELS)),
        required=True,
        validate=validate.Length(0, _MOST_PLACES),
        metadata={"example": {"BB": "warning", "VC-01": "watch"}},
    )
    zones = fields.List(
        fields.Nested(ZoneSchema),
        validate=validate.Length(0, MOST_ZONES),
        metadata={"description": "Drawn areas with levels of their own, such as a volcano's zones"},
    )
    epicentre = fields.Nested(EpicentreSchema, metadata={"description": "Of a tsunami"})
    outlook = fields.List(fields.Nested(OutlookSchema), validate=validate.Length(0, 50))
    next_update = _soon()
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), validate=validate.Length(1, 5)
    )
    contact = text(200)
    edits = fields.List(
        fields.Nested(EditSchema),
        validate=validate.Length(0, 50),
        metadata={"description": "Texts in an officer's own words"},
    )
    tell = fields.List(
        ToldPlace(),
        validate=validate.Length(1, _MOST_PLACES),
        metadata={
            "description": "Places, `zone:` and a zone's name, or `all`, to be told what they are "
            "to read though nothing of it is news",
            "example": ["JM-14"],
        },
    )
    track = fields.Dict(
        metadata={
            "description": "A storm's forecast: name, identifier, points (time, longitude, "
            "latitude, wind_kt, radii of winds of 34, 50 and 64 knots in nautical miles). The "
            "first point is where the storm is now, at most 12 hours ago"
        }
    )
    tcm = fields.String(
        validate=validate.Length(1, MOST_TCM),
        metadata={"description": "The same as the text of a forecast/advisory (TCM) of NHC"},
    )

    adeck = fields.String(
        validate=validate.Length(1, 900_000),
        metadata={"description": "The same as an a-deck, of which NHC's last forecast is taken"},
    )
    override = fields.List(
        fields.Nested(OverrideSchema),
        validate=validate.Length(0, len(CHECKS)),
        metadata={
            "description": "Checks that let what they find pass. It is shown to whoever approves "
            "the advisory, and audited"
        },
    )

    @validates_schema
    def fitting(self, data: dict[str, Any], **_: Any) -> None:
        forms = [form for form in ("track", "tcm", "adeck") if form in data]
        if len(forms) > 1:
            raise ValidationError(f"give {' or '.join(forms)}, not both", forms[-1])
        checks = [one["check"] for one in data.get("override", ())]
        for number, check in enumerate(checks):
            if checks.index(check) != number:
                raise ValidationError({"override": {number: {"check": ["is there twice"]}}})
        names = [zone["name"] for zone in data.get("zones", ())]
        for number, name in enumerate(names):
            if names.index(name) != number:
                raise ValidationError({"zones": {number: {"name": ["is there twice"]}}})
        try:
            finest({code: Level(level) for code, level in data.get("levels", {}).items()})
        except OverlappingPlaces as overlap:
            raise ValidationError({"levels": {overlap.code: [str(overlap)]}}) from None

    @post_load
    def compose(self, data: dict[str, Any], **_: Any) -> Advisory:
        if "tcm" in data:
            data["track"] = _read("/tcm", tcm.read, data.pop("tcm"))
        elif "adeck" in data:
            data["track"] = _read("/adeck", atcf.latest_forecast, data.pop("adeck"))
        elif "track" in data:
            data["track"] = _read("/track", track.from_mapping, data["track"])
        return msgspec.convert(data, Advisory)


def forecast_of(text: str) -> Track:
    """The track of a forecast/advisory.

    Raises:
        Problem: 422, saying where in the text, under ``/tcm``.
    """
    try:
        return track.from_mapping(_read("/tcm", tcm.read, text))
    except ValidationError as error:
        raise invalid(list(flatten(error.messages))) from None


def _read(where: str, read: Callable[[Any], Track], given: Any) -> dict[str, Any]:
    """The track in its one wire form; faults stand where the track has them."""
    try:
        found = read(given)
        _check(found)
    except OverflowError:
        raise ValidationError({"_schema": [FieldError(where, "has a time out of range")]}) from None
    except TrackError as error:
        in_track = error.where.startswith("$")
        inner = "".join(f"/{a or b}" for a, b in _STEP.findall(error.where)) if in_track else ""
        detail = error.detail if in_track else str(error)
        raise ValidationError({"_schema": [FieldError(where + inner, detail)]}) from None
    return track.to_mapping(found)


def _check(found: Track) -> None:
    first, last = found.points[0], found.points[-1]
    if any(point.wind_kt is None for point in found.points):
        raise TrackError("$.points", "Expected the wind at each point")
    if len(found.points) > _MOST_POINTS:
        raise TrackError("$.points", f"Expected at most {_MOST_POINTS} points")
    if last.time - first.time > _LONGEST_TRACK:
        raise TrackError("$.points", f"Expected at most {_LONGEST_TRACK.days} days")
    if last.time - now() > _LONGEST_TRACK:
        raise TrackError("$.points", f"Expected times of at most {_LONGEST_TRACK.days} days ahead")
    if any(abs(point.latitude) > _FARTHEST for point in found.points):
        raise TrackError("$.points", f"Expected latitudes of -{_FARTHEST:g} to {_FARTHEST:g}")


class ReadingSchema(Schema):
    """What a place is to read beside its level, rounded as it is told; unknown is left out."""

    storm = fields.String(
        validate=validate.OneOf(_STORMS), metadata={"description": "The strength expected there"}
    )
    named = fields.String(
        validate=validate.OneOf(_STORMS), metadata={"description": "The storm's own strength"}
    )
    arrival = Moment()
    is_here = fields.Boolean(metadata={"description": "It has arrived"})
    earliest = fields.Boolean(metadata={"description": "It cannot arrive sooner, but later"})
    near = fields.Boolean(metadata={"description": "A wave may be there within half an hour"})
    wind_kmh = fields.Float()
    rain_mm = fields.Float()
    surge_m = fields.Float()
    magnitude = fields.Float()
    rivers = fields.List(fields.String())
    shelters = fields.List(fields.String())
    next_update = Moment()
    clocks = fields.List(
        fields.Integer(), metadata={"description": "Minutes from UTC of the clocks of its times"}
    )
    languages = fields.List(fields.String())
    contact = fields.String()
    words = fields.String(metadata={"description": "Digest of an officer's own words"})
    scale = fields.String(
        metadata={"description": "A scale of alert levels of the state's own, and its step"}
    )


class LiftedSchema(Schema):
    """A place whose level ends with an advisory, and by what message those there are told."""

    place = fields.String()
    name = fields.String()
    was = fields.String(validate=validate.OneOf(LEVELS))
    level = fields.String(validate=validate.OneOf(("none", "all_clear")))
    told_by = fields.String(
        validate=validate.OneOf(("Alert", "Update", "Cancel")),
        allow_none=True,
        metadata={"description": "Null: nobody is told, its alert was over before"},
    )


class MadeSchema(Schema):
    """A message that an advisory made, or is to make."""

    identifier = fields.UUID(allow_none=True)
    thread = fields.UUID(allow_none=True)
    msg_type = fields.String(validate=validate.OneOf(("Alert", "Update", "Cancel")))
    level = fields.String(validate=validate.OneOf(LEVELS))
    places = fields.List(fields.String())
    told = fields.Boolean(
        metadata={"description": "False: it only changes or renews what is in force"}
    )
    headline = fields.String(metadata={"description": "In the first language"})
    onset = Moment(allow_none=True)
    facts = fields.Nested(ReadingSchema, allow_none=True)
    edited = fields.List(
        fields.String(), metadata={"description": "Languages with an officer's own words"}
    )


class ShownAdvisorySchema(Schema):
    """An advisory in its event's timeline."""

    number = fields.Integer()
    state = fields.String(validate=validate.OneOf(("draft", "submitted", "approved", "published")))
    digest = fields.String(
        allow_none=True, metadata={"description": "Of what it says; give it back when approving"}
    )
    created = Moment()
    changed = Moment()
    issued = Moment(allow_none=True)
    rejection = fields.String(allow_none=True)
    remarks = fields.List(
        fields.String(),
        metadata={"description": "What was passed over or strange in the track as it was sent"},
    )
    says = fields.Dict(metadata={"description": "As it was sent, a `tcm` as its `track`"})
    messages = fields.List(
        fields.Nested(MadeSchema),
        metadata={"description": "What it made; of the unpublished one what it is to make"},
    )
    derived = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(ReadingSchema),
        metadata={
            "description": "By part, what no outlook tells and was found by the track or the "
            "epicentre"
        },
    )
    lifted = fields.List(fields.Nested(LiftedSchema))


class ShownEventSchema(Schema):
    id = fields.UUID()
    hazard = fields.String()
    name = fields.String(allow_none=True)
    identifiers = fields.List(fields.String())
    status = fields.String()
    created = Moment()
    ended = Moment(allow_none=True)
    levels = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Those of the last published advisory"},
    )
    zones = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "The levels of its drawn zones, by their names"},
    )


class TimelineSchema(ShownEventSchema):
    """An event with all of its advisories, the first first."""

    advisories = fields.List(fields.Nested(ShownAdvisorySchema))


class EventPageSchema(Schema):
    events = fields.List(fields.Nested(ShownEventSchema))
    next = fields.String(allow_none=True)


class LanguageSchema(Schema):
    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))


class SpokenSchema(Schema):
    """What is said to the places at one level, for a telephone and for the radio."""

    level = fields.String(validate=validate.OneOf(LEVELS))
    places = fields.List(fields.String())
    edited = fields.Boolean(metadata={"description": "Whether in an officer's own words"})
    headline = fields.String()
    description = fields.String()
    instruction = fields.String()
    sms = fields.String(
        metadata={"description": "One short message: 160 characters of GSM-7, or 70 of UCS-2"}
    )
    radio = fields.String(metadata={"description": "Read aloud in at most 90 seconds"})


class SpokenTextsSchema(Schema):
    language = fields.String()
    texts = fields.List(fields.Nested(SpokenSchema))
