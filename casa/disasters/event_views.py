"""Hazard events as their agency sees them: JSON of events, advisories, texts and tracks."""

from collections.abc import Iterable
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
from casa.disasters import speaking, texts, wording
from casa.disasters.advisory import Advisory, decode
from casa.disasters.levels import GRAVEST_FIRST, Level
from casa.disasters.messages import Continuing, Ending, Said
from casa.disasters.models import HazardAdvisory, HazardEvent
from casa.disasters.parts import named
from casa.disasters.storm.shapes import cone, wind_swath
from casa.disasters.storm.track import THRESHOLDS, Track

Object = dict[str, Any]
_DECIMALS = 4  # some ten metres, finer than any forecast


def event_json(event: HazardEvent) -> Object:
    """An event without its timeline."""
    published = [one for one in event.advisories if one.state == State.PUBLISHED]
    levels = decode(published[-1].content).levels if published else {}
    return {
        "id": event.id,
        "hazard": event.hazard,
        "name": event.name,
        "identifiers": event.identifiers,
        "status": event.status,
        "created": event.created.isoformat(),
        "ended": event.ended and event.ended.isoformat(),
        "levels": levels,
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
        "says": msgspec.to_builtins(decode(advisory.content)),
        "messages": list(made),
    }


def _made(session: Session, advisory: HazardAdvisory) -> Iterable[Object]:
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
        }


def _msg_type(said: Said) -> str:
    if isinstance(said, Ending):
        return "Cancel"
    return "Update" if isinstance(said, Continuing) else "Alert"


def texts_json(event: HazardEvent, given: Advisory, caller: Caller, language: str) -> Object:
    """The texts of an advisory for the places at each level, the gravest first."""
    found = []
    for level in (*GRAVEST_FIRST, Level.ALL_CLEAR):
        codes = sorted(code for code, one in given.by_part.items() if one is level)
        if codes:
            facts = wording.facts_of(event, given, caller, level, codes)
            said = texts.compose(event.hazard, level, facts, language)
            shown = msgspec.to_builtins(said)
            found.append({"level": level.value, "places": list(named(codes)), **shown})
    return {"language": language, "texts": found}


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
