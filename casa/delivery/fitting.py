"""Making a message fit where bytes are few: its area drawn coarser, its texts cut at a word.

Sizes are those of the UTF-8 JSON that carries a text, so quotes and line ends count as escaped.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from re import finditer
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from casa.alerts.areas import PLACE_CODES
from casa.alerts.message import Area, Circle

# Bytes that a text keeps before the next means is tried.
_FLOOR = 300
_TOLERANCES = (100, 250, 500, 1_000, 2_500, 5_000, 10_000)
_METRES = 111_195.0  # a degree of latitude
_ROUNDING = 80.0  # how far, in metres, three decimals of a degree can move a corner


class TooLarge(ValueError):
    """What may not be cut is alone more than the room that there is."""


def weight(text: str) -> int:
    """The bytes of ``text`` inside a JSON string."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def cut(text: str, room: int) -> str:
    """As many whole words of ``text`` as fit in ``room`` bytes, with … where words are missing."""
    if weight(text) <= room:
        return text
    ends = [space.start() for space in finditer(r"\s+", text) if space.start()]
    fitting = bisect_right(ends, room, key=lambda end: weight(text[:end] + "…"))
    return text[: ends[fitting - 1]] + "…" if fitting else ""


def fit(
    room: int, areas: Sequence[Area], description: str, instruction: str
) -> tuple[str, str, str]:
    """The area as JSON, the description and the instruction, together within ``room`` bytes.

    First the drawn area gets coarser, then the description shorter, then the instruction; then
    the area is but a bounding box, at last with states in place of their parts. Each coarser area
    holds the finer one, so that a phone may overshoot but never miss.

    Raises:
        TooLarge: not even the coarsest area fits.
    """
    texts = weight(description) + weight(instruction)
    coarsest = ""
    for coarsest in _drawings(areas):
        if weight(coarsest) + texts <= room:
            return coarsest, description, instruction
    for area in (coarsest, _box(areas, _codes(areas))):
        left = room - weight(area)
        if left >= min(_FLOOR, weight(description)) + min(_FLOOR, weight(instruction)):
            return area, *_shortened(left, description, instruction)
    area = _box(areas, sorted({code.split("-")[0] for code in _codes(areas)}))
    left = room - weight(area)
    if left < 0:
        raise TooLarge(f"{-left} bytes too many without description and instruction")
    return area, *_shortened(left, description, instruction)


def _shortened(room: int, description: str, instruction: str) -> tuple[str, str]:
    described = cut(description, min(room, max(room - weight(instruction), _FLOOR)))
    return described, cut(instruction, room - weight(described))


def _codes(areas: Sequence[Area]) -> list[str]:
    named = (code.value for area in areas for code in area.geocode if code.name in PLACE_CODES)
    return list(dict.fromkeys(named))


def _drawn(areas: Sequence[Area]) -> tuple[BaseGeometry, list[Circle]]:
    """What is drawn: an area with a place's code is that place, its outline mere illustration."""
    drawn = [a for a in areas if not any(code.name in PLACE_CODES for code in a.geocode)]
    rings = [shapely.make_valid(shapely.Polygon(ring)) for area in drawn for ring in area.polygon]
    return shapely.union_all(rings), [circle for area in drawn for circle in area.circle]


def _drawings(areas: Sequence[Area]) -> Iterator[str]:
    """The area as JSON, finest first: ``geocode``, ``shape`` (GeoJSON), ``circle``.

    A circle is [longitude, latitude, radius in metres].
    """
    shape, circles = _drawn(areas)
    fixed: dict[str, Any] = {}
    if codes := _codes(areas):
        fixed["geocode"] = codes
    if circles:
        fixed["circle"] = [
            [round(one.longitude, 5), round(one.latitude, 5), math.ceil(one.radius)]
            for one in circles
        ]
    if shape.is_empty:
        yield _dump(fixed)
        return
    yield _dump(fixed | {"shape": _geojson(shape, 5)})
    for tolerance in _TOLERANCES:
        yield _dump(fixed | {"shape": _geojson(_outward(shape, tolerance), 3)})


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _geojson(geometry: BaseGeometry, decimals: int) -> dict[str, Any]:
    polygons = [
        [np.round(ring.coords, decimals).tolist() for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(geometry)
        if isinstance(part, shapely.Polygon)
    ]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _outward(shape: BaseGeometry, tolerance: float) -> BaseGeometry:
    """``shape`` with fewer corners and without holes, nowhere smaller than it was.

    Simplifying moves an edge by up to ``tolerance`` metres (Douglas and Peucker, 1973); the shape
    is grown by as much before, on a plane that is true to scale at its middle latitude.
    """
    _, south, _, north = shape.bounds
    plane = np.array([_METRES * math.cos(math.radians(max(abs(south), abs(north)))), _METRES])
    grown = shapely.transform(shape, lambda corners: corners * plane)
    grown = grown.buffer(tolerance + _ROUNDING, join_style="mitre", mitre_limit=2.0)
    solid = shapely.union_all([shapely.Polygon(part.exterior) for part in _polygons(grown)])
    return shapely.transform(solid.simplify(tolerance), lambda corners: corners / plane)


def _polygons(geometry: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, shapely.Polygon)]


def _box(areas: Sequence[Area], codes: Sequence[str]) -> str:
    """The place codes, and ``bbox``: west, south, east, north of all that is drawn."""
    shape, circles = _drawn(areas)
    found: dict[str, Any] = {"geocode": list(codes)} if codes else {}
    boxes = [] if shape.is_empty else [shape.bounds]
    for one in circles:
        high = one.radius / _METRES
        wide = high / math.cos(math.radians(min(abs(one.latitude) + high, 89.0)))
        boxes.append(
            (one.longitude - wide, one.latitude - high, one.longitude + wide, one.latitude + high)
        )
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        least = [math.floor(100 * min(side)) / 100 for side in (west, south)]
        found["bbox"] = least + [math.ceil(100 * max(side)) / 100 for side in (east, north)]
    return _dump(found)
