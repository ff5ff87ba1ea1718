"""Messages as GeoJSON (RFC 7946).

A message is one Feature, with all it covers as a Polygon or MultiPolygon: a map shows it as it is.
GeoJSON has no circles: they are drawn as polygons that contain them, and each area's own circles
stand under ``properties.area``. A message whose areas are only codes has a null geometry.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import shapely

from casa.alerts.message import Area, Circle, Message, Position
from casa.geography import shapes

MEDIA_TYPE = "application/geo+json"

_DECIMALS = 6

Object = dict[str, Any]
Coordinates = list[list[list[float]]]


def feature(message: Message, languages: Sequence[str] = ()) -> Object:
    """A Feature whose properties are the message's and those of the best ``info``.

    ``languages`` are BCP 47 tags, best first. Names are those of ``Message``; times are RFC 3339,
    distances metres. What is not said is not there.
    """
    told: Object = msgspec.to_builtins(message)
    blocks, areas = told.pop("info"), told.pop("area")
    del told["spoken"]
    if blocks:
        told |= msgspec.to_builtins(message.info_for(tuple(languages)))
        told["languages"] = [block["language"] for block in blocks]
    for area in areas:
        del area["polygon"]
    told["area"] = [_said(area) for area in areas]
    return {
        "type": "Feature",
        "id": message.identifier,
        "geometry": _geometry(message.area),
        "properties": _said(told),
    }


def collection(messages: Iterable[Message], languages: Sequence[str] = ()) -> Object:
    """A FeatureCollection in the order given."""
    return {
        "type": "FeatureCollection",
        "features": [feature(message, languages) for message in messages],
    }


def render(message: Message, languages: Sequence[str] = ()) -> bytes:
    """The Feature as JSON in UTF-8."""
    return msgspec.json.encode(feature(message, languages))


def _geometry(areas: Iterable[Area]) -> Object | None:
    polygons: list[Coordinates] = []
    for area in areas:
        polygons += [[_anticlockwise(ring)] for ring in area.polygon]
        polygons += [[_outline(circle)] for circle in area.circle]
    if not polygons:
        return None
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _anticlockwise(ring: Sequence[Position]) -> list[list[float]]:
    """RFC 7946 section 3.1.6: an exterior ring runs anticlockwise."""
    doubled_area = sum(
        (x - ring[0][0]) * (next_y - ring[0][1]) - (next_x - ring[0][0]) * (y - ring[0][1])
        for (x, y), (next_x, next_y) in pairwise(ring)
    )
    return [list(position) for position in (ring if doubled_area >= 0 else ring[::-1])]


def _outline(circle: Circle) -> list[list[float]]:
    drawn = shapes.Circle(circle.longitude, circle.latitude, circle.radius).geometry
    ring = shapely.get_coordinates(drawn).round(_DECIMALS).tolist()
    return _anticlockwise([(x, y) for x, y in ring])


def _said(members: Object) -> Object:
    return {name: value for name, value in members.items() if value not in (None, [], ())}
