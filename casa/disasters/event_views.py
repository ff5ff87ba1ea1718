"""Hazard events as their agency sees them: JSON of events, advisories, texts and tracks."""

from collections.abc import Iterable, Sequence
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
from casa.disasters import speaking, wording
from casa.disasters.advisory import Advisory, decode, expected
from casa.disasters.edits import edit_of, languages_of
from casa.disasters.levels import GRAVEST_FIRST, Level
from casa.disasters.messages import Continuing, Ending, Said
from casa.disasters.models import HazardAdvisory, HazardEvent
from casa.disasters.parts import is_zone, named, parts_of
from casa.disasters.plausibility import Finding
from casa.disasters.proposal import Proposal
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
    published = advisory.state == State.PUBLISHED
    made = _made(session, advisory) if published else _to_make(session, caller, advisory)
    return {
        "number": advisory.number,
        "state": str(advisory.state),
        "created": advisory.created.isoformat(),
        "changed": advisory.changed.isoformat(),
        "issued": advisory.published and advisory.published.isoformat(),
        "rejection": advisory.note,
        "remarks": _remarks(decode(advisory.content)),
        "says": msgspec.to_builtins(decode(advisory.content)),
        "messages": list(made),
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


def _made(session: Session, advisory: HazardAdvisory) -> Iterable[Object]:
    given = decode(advisory.content)
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
            "edited": languages_of(given, (Level(one.level), _parts(one.places))),
        }


def _to_make(session: Session, caller: Caller, advisory: HazardAdvisory) -> Iterable[Object]:
    given = decode(advisory.content)
    planned = speaking.plan(session, caller, advisory.event, given, now())
    for said, text in planned.messages:
        yield {
            "identifier": None,
            "thread": said.thread if isinstance(said, Continuing | Ending) else None,
            "msg_type": _msg_type(said),
            "level": said.level.value,
            "places": list(named(said.places)),
            "told": speaking.is_told(said),
            "headline": text.info[0].headline,
            "onset": _moment(text.info[0].onset),
            "edited": languages_of(given, (said.level, sorted(said.places))),
        }


def _parts(places: Iterable[str]) -> list[str]:
    """The parts that these codes name."""
    return [part for code in places for part in ((code,) if is_zone(code) else parts_of(code))]


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _msg_type(said: Said) -> str:
    if isinstance(said, Ending):
        return "Cancel"
    return "Update" if isinstance(said, Continuing) else "Alert"


def texts_json(event: HazardEvent, given: Advisory, caller: Caller, language: str) -> Object:
    """The texts of an advisory for the places at each level, the gravest first."""
    found = []
    for level, codes in _groups(given, language):
        facts = wording.facts_of(event, given, caller, level, codes)
        said = wording.texts_of(event, given, facts, level, codes, language)
        found.append(
            {
                "level": level.value,
                "places": list(named(codes)),
                "edited": edit_of(given, (level, codes), language) is not None,
                **msgspec.to_builtins(said),
            }
        )
    return {"language": language, "texts": found}


def _groups(given: Advisory, language: str) -> Iterable[tuple[Level, list[str]]]:
    """The places at each level together, as far as their texts have one writer; each zone alone."""
    for level in (*GRAVEST_FIRST, Level.ALL_CLEAR):
        codes = sorted(code for code, one in given.by_part.items() if one is level)
        alike: dict[int, list[str]] = {}
        for code in codes:
            if not is_zone(code):
                edit = edit_of(given, (level, (code,)), language)
                alike.setdefault(given.edits.index(edit) if edit else -1, []).append(code)
        yield from ((level, places) for places in alike.values())
        yield from ((level, [code]) for code in codes if is_zone(code))


def tsunami_geojson(given: Advisory) -> Object:
    """A tsunami as a GeoJSON FeatureCollection: epicentre, rings, and the first wave at each place.

    Properties tell by ``role`` what a feature is. All times are the soonest that a wave can be
    there (``casa.disasters.tsunami``), but where the advisory's outlook gives another.
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
    rings = tsunami_rings(*where, speed(source.deepest_m), RING_MINUTES)
    for minutes, ring in zip(RING_MINUTES, rings, strict=True):
        reached = source.time + timedelta(minutes=minutes)
        features.append(_feature(ring, role="ring", minutes=minutes, time=reached.isoformat()))
    for code, level in sorted(given.by_part.items()):
        if level.stands:
            onset = _moment(expected(given, (code,)).arrival)
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
