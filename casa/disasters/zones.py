"""Danger zones: named areas that have a level of their own in an advisory.

A volcano's zones are drawn once, by who studies it, and loaded as a map: which of them are at what
level changes with its unrest. A flood's or a landslide's are drawn when it comes. Either way the
advisory holds the shapes themselves, so what a second officer approves is what goes out, and no
later map changes it. CASA ships no map: only the agencies know where the zones are.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts.content import Fault, InvalidContent
from casa.disasters.advisory import Advisory, Ring, Zone
from casa.disasters.models import ZoneMap
from casa.geography.places import gazetteer
from casa.geography.shapes import Shape
from casa.problems import not_found

Object = dict[str, Any]


def keep(session: Session, caller: Caller, code: str, facts: Object) -> ZoneMap:
    """Keep a map under its code, in place of the one that was there.

    Raises:
        Forbidden
    """
    require(caller, Verb.PREPARE)
    found = _find(session, caller, code)
    if found is None:
        found = ZoneMap(agency_id=caller.agency_id, code=code)
        session.add(found)
    found.name, found.source, found.zones = facts["name"], facts["source"], facts["zones"]
    session.flush()
    audit.note(session, caller, "zone_map.write", f"zone_map:{code}")
    return found


def own(session: Session, caller: Caller, code: str) -> ZoneMap:
    """One of the caller's maps.

    Raises:
        Forbidden
        Problem: 404.
    """
    require(caller, Verb.READ)
    if (found := _find(session, caller, code)) is None:
        raise not_found("such zone map")
    return found


def listed(session: Session, caller: Caller, after: str, limit: int) -> list[ZoneMap]:
    """At most ``limit`` of an agency's maps, by code, behind ``after``."""
    require(caller, Verb.READ)
    query = select(ZoneMap).where(ZoneMap.agency_id == caller.agency_id, ZoneMap.code > after)
    return list(session.scalars(query.order_by(ZoneMap.code).limit(limit)))


def remove(session: Session, caller: Caller, code: str) -> None:
    """Forget a map; advisories keep the shapes that they took from it.

    Raises:
        as ``own``.
    """
    require(caller, Verb.PREPARE)
    session.delete(own(session, caller, code))
    audit.note(session, caller, "zone_map.remove", f"zone_map:{code}")


def resolved(session: Session, caller: Caller, given: Advisory) -> Advisory:
    """The advisory with the shapes of its zones, as the caller's maps have them now.

    Raises:
        InvalidContent: there is no such map or zone, or a zone meets no place.
    """
    faults: list[Fault] = []
    found = []
    for number, zone in enumerate(given.zones):
        try:
            found.append(_resolved(session, caller, zone))
        except LookupError as error:
            faults.append((f"/zones/{number}/{error.args[0]}", error.args[1]))
    if faults:
        raise InvalidContent(faults)
    return msgspec.structs.replace(given, zones=tuple(found))


def _resolved(session: Session, caller: Caller, zone: Zone) -> Zone:
    if zone.map is not None:
        kept = _find(session, caller, zone.map)
        if kept is None:
            raise LookupError("map", f"there is no zone map {zone.map}: load it first")
        if zone.name not in kept.zones:
            names = ", ".join(sorted(kept.zones))
            raise LookupError("name", f"the map {zone.map} has no such zone; it has {names}")
        rings = msgspec.convert(kept.zones[zone.name], tuple[Ring, ...])
        zone = msgspec.structs.replace(zone, rings=rings)
    if not gazetteer().meeting(zone.shape):
        raise LookupError("name", "the zone meets no place known here; longitude comes first")
    return zone


def rings_of(shapes: Sequence[Shape]) -> tuple[Ring, ...]:
    """Shapes as rings without holes, closed: CAP knows no holes, and a hole is to stay one."""
    return tuple(
        tuple((x, y) for x, y in part.exterior.coords)
        for shape in shapes
        for part in _without_holes(shape.geometry)
    )


def _without_holes(geometry: BaseGeometry) -> Iterator[shapely.Polygon]:
    """The same area in polygons without holes: cut in two through the middle of each hole."""
    for part in shapely.get_parts(geometry):
        if not isinstance(part, shapely.Polygon):
            continue
        if not part.interiors:
            yield part
            continue
        west, south, east, north = part.bounds
        middle = shapely.Polygon(part.interiors[0]).centroid.x
        for half in ((west, south, middle, north), (middle, south, east, north)):
            yield from _without_holes(shapely.intersection(part, shapely.box(*half)))


def as_geojson(found: ZoneMap) -> Object:
    """A map as a GeoJSON FeatureCollection: one feature for each zone, with its name."""
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]},
        }
        for name, rings in found.zones.items()
    ]
    return {
        "type": "FeatureCollection",
        "code": found.code,
        "name": found.name,
        "source": found.source,
        "changed": found.changed.isoformat(),
        "features": features,
    }


def _find(session: Session, caller: Caller, code: str) -> ZoneMap | None:
    query = select(ZoneMap).where(ZoneMap.agency_id == caller.agency_id, ZoneMap.code == code)
    return session.scalars(query).first()
