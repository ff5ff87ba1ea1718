"""Drawn shapes: GeoJSON polygons and circles, checked and bounded.

Accepted are RFC 7946's Polygon and MultiPolygon, and as a circle a Point with the member
``radius`` in metres. Edges of polygons are straight in longitude and latitude, as in RFC 7946
section 3.1.1 and in CAP. Other members are ignored, as that RFC's section 6.1 asks.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from casa.geography.outlines import Position, Ring
from casa.geography.outlines import outline as outline

MAX_SHAPES = 20
MAX_VERTICES = 2_000
MAX_RADIUS = 2_000_000.0
"""Metres."""

_REASON = re.compile(r"(?P<what>[^\[]*)\[(?P<x>\S+) (?P<y>\S+)\]")

# Metres: the least radius of curvature of WGS 84, that of the meridian at the equator. A sphere
# of this radius nowhere understates the angle between two positions a distance apart.
_LEAST_RADIUS = 6_335_439.0
# A circle's edges are straight on the map; up to the latitude where circles end, they run inside
# of great circles by less than this part of the radius.
_STRAIGHT_EDGES = 1.0005
_LAST_LATITUDE = 85.0


class Bounds(NamedTuple):
    """A box in degrees that positions must lie in, and what it is called."""

    west: float
    south: float
    east: float
    north: float
    name: str

    def holds(self, position: Position) -> bool:
        x, y = position
        return self.west <= x <= self.east and self.south <= y <= self.north

    def __str__(self) -> str:
        return (
            f"{self.name} (longitude {self.west:g} to {self.east:g}, "
            f"latitude {self.south:g} to {self.north:g})"
        )


CARIBBEAN = Bounds(-92, 1, -50, 33.5, "the Caribbean region")
WORLD = Bounds(-180, -90, 180, 90, "the world")


class ShapeErrors(ValueError):
    """What is wrong: ``errors`` is a list of (JSON pointer, how to mend it)."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{pointer or '/'}: {detail}" for pointer, detail in errors))
        self.errors = errors


@dataclass(frozen=True)
class Polygon:
    """Closed rings without repeated positions: the outer one anticlockwise, then its holes."""

    rings: tuple[Ring, ...]

    @cached_property
    def geometry(self) -> BaseGeometry:
        return shapely.Polygon(self.rings[0], self.rings[1:])


@dataclass(frozen=True)
class Circle:
    """All within ``radius`` metres of a position."""

    longitude: float
    latitude: float
    radius: float

    @cached_property
    def geometry(self) -> BaseGeometry:
        """A polygon that contains the circle on the WGS 84 ellipsoid, at most 1.2% wider.

        It is drawn around the circle on the sphere whose radius is the ellipsoid's least radius
        of curvature, so that no distance is understated. CAP allows a radius of 0: a metre then.
        """
        count = 96 if self.radius <= 100_000 else 256
        angle = _STRAIGHT_EDGES * max(self.radius, 1.0) / _LEAST_RADIUS
        angle = math.atan(math.tan(angle) / math.cos(math.pi / count))
        bearing = np.linspace(0, -2 * np.pi, count, endpoint=False)
        here = math.radians(self.latitude)
        sine = math.sin(here) * math.cos(angle) + math.cos(here) * math.sin(angle) * np.cos(bearing)
        east = np.sin(bearing) * math.sin(angle) * math.cos(here)
        turn = np.degrees(np.arctan2(east, math.cos(angle) - math.sin(here) * sine))
        return shapely.Polygon(
            np.column_stack([self.longitude + turn, np.degrees(np.arcsin(sine))])
        )


Shape = Polygon | Circle


def parse_shapes(value: object, pointer: str = "", bounds: Bounds = CARIBBEAN) -> tuple[Shape, ...]:
    """Shapes of a decoded JSON list of geometries; a MultiPolygon gives one for each polygon.

    Repeated positions are dropped and rings turned the right way round; all else that is wrong
    is refused. ``pointer`` is where the list stands in the request.

    Raises:
        ShapeErrors: with the first fault of each shape.
    """
    members = _list(value, pointer, "a list of shapes")
    if not 0 < len(members) <= MAX_SHAPES:
        raise ShapeErrors([(pointer, f"has {len(members)} shapes: give 1 to {MAX_SHAPES}")])
    shapes: list[Shape] = []
    errors: list[tuple[str, str]] = []
    for at, member in enumerate(members):
        try:
            shapes += _shapes(member, f"{pointer}/{at}", bounds)
        except ShapeErrors as found:
            errors += found.errors
    if errors:
        raise ShapeErrors(errors)
    if len(shapes) > MAX_SHAPES:
        raise ShapeErrors([(pointer, f"has {len(shapes)} polygons: give at most {MAX_SHAPES}")])
    _check_vertices(sum(_vertices(shape) for shape in shapes), pointer)
    return tuple(shapes)


def _shapes(member: object, pointer: str, bounds: Bounds) -> list[Shape]:
    if not isinstance(member, dict):
        raise _error(pointer, "is not a GeoJSON geometry: give an object with type, coordinates")
    coordinates, inside = member.get("coordinates"), f"{pointer}/coordinates"
    kind = member.get("type")
    if kind == "Point":
        return [_circle(coordinates, member.get("radius"), pointer, bounds)]
    if kind not in ("Polygon", "MultiPolygon"):
        raise _error(
            f"{pointer}/type",
            f"is {_shown(kind)}: give a Polygon, a MultiPolygon or a Point with a radius",
        )
    if "radius" in member:
        raise _error(f"{pointer}/radius", "belongs to a Point: leave it out or give a Point")
    if kind == "Polygon":
        return [_polygon(coordinates, inside, bounds)]
    polygons = _list(coordinates, inside, "a list of polygons")
    if not polygons:
        raise _error(inside, "is empty: give at least one polygon")
    return [_polygon(one, f"{inside}/{at}", bounds) for at, one in enumerate(polygons)]


def _circle(coordinates: object, radius: object, pointer: str, bounds: Bounds) -> Circle:
    x, y = _position(coordinates, f"{pointer}/coordinates", bounds)
    number = _number(radius, f"{pointer}/radius", "metres, more than 0")
    if not 0 < number <= MAX_RADIUS:
        raise _error(
            f"{pointer}/radius",
            f"is {_shown(radius)}: give metres, more than 0 and at most {MAX_RADIUS:.0f}",
        )
    if abs(y) + math.degrees(number / _LEAST_RADIUS) > _LAST_LATITUDE:
        raise _error(
            f"{pointer}/radius",
            f"makes the circle reach beyond latitude {_LAST_LATITUDE:g}: give a polygon there",
        )
    circle = Circle(x, y, float(number))
    west, south, east, north = circle.geometry.bounds
    if not (bounds.holds((west, south)) and bounds.holds((east, north))):
        raise _error(f"{pointer}/radius", f"makes the circle leave {bounds}: make it smaller")
    return circle


def _polygon(coordinates: object, pointer: str, bounds: Bounds) -> Polygon:
    rings = _list(coordinates, pointer, "a list of rings")
    if not rings:
        raise _error(pointer, "is empty: give the outer ring, then any holes")
    _check_vertices(sum(len(ring) for ring in rings if isinstance(ring, list)), pointer)
    closed = [_ring(ring, f"{pointer}/{at}", bounds) for at, ring in enumerate(rings)]
    drawn = orient(shapely.Polygon(closed[0], closed[1:]))
    if not drawn.is_valid:
        raise _error(pointer, _fault(shapely.is_valid_reason(drawn)))
    return Polygon(tuple(_positions(ring) for ring in (drawn.exterior, *drawn.interiors)))


def _ring(value: object, pointer: str, bounds: Bounds) -> Ring:
    given = _list(value, pointer, "a list of positions")
    if len(given) < 4:
        raise _error(pointer, f"has {len(given)} positions: a ring has at least 4, the first twice")
    found = [_position(one, f"{pointer}/{at}", bounds) for at, one in enumerate(given)]
    if found[0] != found[-1]:
        raise _error(
            f"{pointer}/{len(found) - 1}",
            f"is {found[-1]}, not the ring's first position {found[0]}: end with that",
        )
    ring = tuple(at for at, before in zip(found, [None, *found], strict=False) if at != before)
    if len(ring) < 4:
        raise _error(pointer, "has fewer than 3 different corners: it encloses nothing")
    return ring


def _position(value: object, pointer: str, bounds: Bounds) -> Position:
    given = _list(value, pointer, "a position [longitude, latitude]")
    if len(given) not in (2, 3):  # RFC 7946 allows an altitude, which has no meaning here
        raise _error(pointer, f"has {len(given)} numbers: give [longitude, latitude]")
    x = _number(given[0], f"{pointer}/0", "degrees of longitude")
    y = _number(given[1], f"{pointer}/1", "degrees of latitude")
    if not bounds.holds((x, y)):
        turned = " It would lie inside with longitude first." if bounds.holds((y, x)) else ""
        raise _error(pointer, f"({x:g}, {y:g}) lies outside {bounds}.{turned}")
    return float(x), float(y)


def _number(value: object, pointer: str, wanted: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _error(pointer, f"is {_shown(value)}, not a number: give {wanted}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _error(pointer, f"is not a finite number: give {wanted}")
    return number


def _list(value: object, pointer: str, wanted: str) -> list[Any]:
    if not isinstance(value, list):
        raise _error(pointer, f"is {_shown(value)}: give {wanted}")
    return value


def _check_vertices(count: int, pointer: str) -> None:
    if count > MAX_VERTICES:
        raise _error(pointer, f"has {count} positions: simplify to at most {MAX_VERTICES}")


def _vertices(shape: Shape) -> int:
    return sum(map(len, shape.rings)) if isinstance(shape, Polygon) else 1


def _positions(ring: shapely.LinearRing) -> Ring:
    return tuple((x, y) for x, y in shapely.get_coordinates(ring).tolist())


def _fault(reason: str) -> str:
    """What GEOS finds wrong with a polygon, in words that say how to mend it."""
    found = _REASON.fullmatch(reason)
    what, where = (found["what"], f"({found['x']}, {found['y']})") if found else (reason, "there")
    if "elf-intersection" in what:
        return f"crosses or touches itself at {where}: draw an outline that does not"
    if "Hole lies outside" in what or "Nested holes" in what:
        return f"has a hole at {where} that is not within the outer ring alone: mend or drop it"
    if "Interior is disconnected" in what:
        return f"is cut in two by a hole at {where}: draw two polygons"
    return f"is not a valid polygon at {where} ({what}): draw it anew"


def _shown(value: object) -> str:
    """A value for a message, short and in JSON's words."""
    if value is None:
        return "missing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _error(pointer: str, detail: str) -> ShapeErrors:
    return ShapeErrors([(pointer, detail)])
