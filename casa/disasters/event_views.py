"""Hazard events as their agency sees them: JSON of events, advisories, texts and tracks."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from casa.agencies.caller import Caller
from casa.alerts import publication
from casa.alerts.models import Alert
from casa.alerts.states import State
from casa.database import now
from casa.disasters import advisory_approval, plans, wording
from casa.disasters.advisory import Advisory, decode
from casa.disasters.edits import edit_of, languages_of
from casa.disasters.levels import Level
from casa.disasters.messages import Continuing, Ending, Said
from casa.disasters.models import HazardAdvisory, HazardEvent
from casa.disasters.parts import all_parts, is_zone, named
from casa.disasters.plausibility import Finding
from casa.disasters.proposal import Proposal
from casa.disasters.readings import WAVE, Reading, Readings, readings
from casa.disasters.storm.shapes import cone, wind_swath
from casa.disasters.storm.track import THRESHOLDS, Track, to_mapping
from casa.disasters.tsunami import speed, tsunami_rings
from casa.geography.places import gazetteer

Object = dict[str, Any]
RING_MINUTES = (15, 30, 60, 90, 120, 180, 240)
_DECIMALS = 4  # some ten metres, finer than any forecast


def event_json(event: HazardEvent) -> Object:
    """An event without its timeline."""
    published = [one for one in event.advisories if one.state == State.PUBLISHED]
    last = decode(published[-1].content) if published else Advisory(levels={})
    return {
        "id": event.id,
        "hazard": event.hazard,
        "name": event.name,
        "identifiers": event.identifiers,
        "status": event.status,
        "created": event.created.isoformat(),
        "ended": event.ended and event.ended.isoformat(),
        "levels": last.levels,
        "zones": {zone.name: zone.level for zone in last.zones},
    }


def timeline_json(session: Session, caller: Caller, event: HazardEvent) -> Object:
    """An event with each of its advisories and what they made."""
    shown = [advisory_json(session, caller, one) for one in event.advisories]
    return {**event_json(event), "advisories": shown}


def advisory_json(session: Session, caller: Caller, advisory: HazardAdvisory) -> Object:
    """An advisory with what it made, or would make now."""
    given = decode(advisory.content)
    shown = {
        "number": advisory.number,
        "state": str(advisory.state),
        "digest": None if advisory.published else advisory_approval.digest(advisory),
        "created": advisory.created.isoformat(),
        "changed": advisory.changed.isoformat(),
        "issued": advisory.published and advisory.published.isoformat(),
        "rejection": advisory.note,
        "remarks": _remarks(given),
        "says": msgspec.to_builtins(given),
    }
    if advisory.published is not None:
        told = readings(advisory.event.hazard, given, advisory.published, {})
        messages, lifted = _made(session, advisory, given), advisory.lifted or []
    else:
        planned = plans.plan(session, caller, advisory.event, given, now())
        told, messages, lifted = planned.readings, _to_make(given, planned), list(planned.lifted)
    return shown | {
        "messages": list(messages),
        "derived": _derived_json(told),
        "lifted": list(lifted),
    }


def proposal_json(track: Track, made: Proposal, found: Sequence[Finding]) -> Object:
    """What a forecast/advisory proposes, as an officer confirms it."""
    unmatched = [one._asdict() | {"suggestions": list(one.suggestions)} for one in made.unmatched]
    return {
        "levels": {code: level.value for code, level in made.levels.items()},
        "outlook": msgspec.to_builtins(made.outlook),
        "track": to_mapping(track),
        "unmatched": [
            {name: one[name] for name in ("line", "area", "hazard", "level", "suggestions")}
            for one in unmatched
        ],
        "elsewhere": list(made.elsewhere),
        "lifted": list(made.lifted),
        "remarks": list(track.remarks),
        "findings": [one._asdict() for one in found],
    }


def _remarks(given: Advisory) -> list[str]:
    return list((given.track or {}).get("remarks", ()))


def _made(session: Session, advisory: HazardAdvisory, given: Advisory) -> Iterator[Object]:
    for one in advisory.messages:
        message = publication.message_of(session.get_one(Alert, one.identifier))
        yield {
            "identifier": one.identifier,
            "thread": one.thread,
            "msg_type": one.msg_type,
            "level": one.level,
            "places": one.places,
            "told": one.told,
            "headline": message.info[0].headline if message else "",
            "onset": _moment(message.info[0].onset) if message else None,
            "facts": one.facts,
            "edited": languages_of(given, (Level(one.level), sorted(all_parts(one.places)))),
        }


def _to_make(given: Advisory, planned: plans.Plan) -> Iterator[Object]:
    for said, text, reading in planned.messages:
        yield {
            "identifier": None,
            "thread": said.thread if isinstance(said, Continuing | Ending) else None,
            "msg_type": _msg_type(said),
            "level": said.level.value,
            "places": list(named(said.places)),
            "told": plans.is_told(said),
            "headline": text.info[0].headline,
            "onset": _moment(text.info[0].onset),
            "facts": msgspec.to_builtins(reading),
            "edited": languages_of(given, (said.level, sorted(said.places))),
        }


def _derived_json(told: Readings) -> Object:
    """By part, what no outlook told and was found by track or epicentre."""
    return {
        code: {name: value for name, value in facts.items() if name in names}
        for code, names in sorted(told.derived.items())
        if (facts := msgspec.to_builtins(told.by_part[code]))
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _msg_type(said: Said) -> str:
    if isinstance(said, Ending):
        return "Cancel"
    return "Update" if isinstance(said, Continuing) else "Alert"


def texts_json(
    event: HazardEvent, given: Advisory, caller: Caller, moment: datetime, language: str
) -> Object:
    """The texts of an advisory at a moment for all that read the same, the gravest first."""
    found = []
    for level, reading, codes in _groups(event, given, moment):
        statement = wording.Statement(level, frozenset(codes), reading, moment)
        facts = wording.facts_of(event, given, caller, statement)
        said = wording.texts_of(event, given, facts, statement.group, language)
        found.append(
            {
                "level": level.value,
                "places": list(named(codes)),
                "edited": edit_of(given, statement.group, language) is not None,
                **msgspec.to_builtins(said),
            }
        )
    return {"language": language, "texts": found}


def _groups(
    event: HazardEvent, given: Advisory, moment: datetime
) -> Iterator[tuple[Level, Reading, list[str]]]:
    """The places that read the same together, each zone alone; then where it is all clear."""
    yield from plans.alike(given, readings(event.hazard, given, moment, {}))
    clear = sorted(code for code, one in given.by_part.items() if one is Level.ALL_CLEAR)
    nothing = Reading(contact=given.contact)
    if places := [code for code in clear if not is_zone(code)]:
        yield Level.ALL_CLEAR, nothing, places
    yield from ((Level.ALL_CLEAR, nothing, [code]) for code in clear if is_zone(code))


def tsunami_geojson(given: Advisory, moment: datetime) -> Object:
    """A tsunami as a GeoJSON FeatureCollection: epicentre, rings, and the first wave at each place.

    Properties tell by ``role`` what a feature is. All times are the soonest that a wave can be
    there (``casa.disasters.tsunami``) as it is told at a moment, but where the advisory's outlook
    gives another.
    """
    source = given.epicentre
    if source is None:
        raise LookupError("the advisory has no epicentre")
    where = source.longitude, source.latitude
    features = [
        _feature(
            shapely.Point(*where),
            role="epicentre",
            time=source.time.isoformat(),
            magnitude=source.magnitude,
            deepest_m=source.deepest_m,
        )
    ]
    told = readings(WAVE, given, moment, {})
    rings = tsunami_rings(*where, speed(source.deepest_m), RING_MINUTES)
    for minutes, ring in zip(RING_MINUTES, rings, strict=True):
        reached = source.time + timedelta(minutes=minutes)
        features.append(_feature(ring, role="ring", minutes=minutes, time=reached.isoformat()))
    for code, level in sorted(given.by_part.items()):
        if level.stands:
            onset = _moment(told.by_part[code].arrival)
            point = _middle(given, code)
            features.append(
                _feature(point, role="arrival", place=code, level=level.value, time=onset)
            )
    return {"type": "FeatureCollection", "features": features}


def _middle(given: Advisory, code: str) -> BaseGeometry:
    """A position inside a part."""
    if is_zone(code):
        shape = next(zone.shape for zone in given.zones if zone.code == code)
    else:
        shape = gazetteer().place(code).territory
    return shapely.point_on_surface(shape)


def track_geojson(track: Track) -> Object:
    """A track as a GeoJSON FeatureCollection: its points, its cone, where winds may blow.

    Properties tell by ``role`` what a feature is; winds in knots, distances in nautical miles.
    """
    features = [
        _feature(
            shapely.Point(point.longitude, point.latitude),
            role="point",
            time=point.time.isoformat(),
            wind_kt=point.wind_kt,
            gust_kt=point.gust_kt,
            uncertainty_nm=point.uncertainty_nm,
        )
        for point in track.points
    ]
    features.append(_feature(cone(track), role="cone"))
    for threshold in THRESHOLDS:
        swath = wind_swath(track, threshold)
        if not swath.is_empty:
            features.append(_feature(swath, role="winds", wind_kt=threshold))
    named_ = {"name": track.name, "identifier": track.identifier, "advisory": track.advisory}
    return {"type": "FeatureCollection", "features": features, **named_}


def _feature(geometry: BaseGeometry, **properties: Any) -> Object:
    rounded = shapely.set_precision(geometry, 10**-_DECIMALS)
    drawn = shapely.geometry.mapping(shapely.orient_polygons(rounded))
    return {"type": "Feature", "geometry": drawn, "properties": properties}
