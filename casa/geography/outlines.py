"""Outlines: a geometry as few simple rings, for payloads, maps and CAP's polygons without holes."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

Position = tuple[float, float]
Ring = tuple[Position, ...]

_LEAST_VERTICES = 5
_DECIMALS = 5
_GRID = 10.0**-_DECIMALS
_FIRST_TOLERANCE = 0.0005  # degrees, about 50 m
_STEP = 1.4


@lru_cache(maxsize=128)
def outline(geometry: BaseGeometry, max_vertices: int) -> tuple[Ring, ...]:
    """Closed rings of at most so many positions in all that together contain the geometry.

    For a polygonal geometry. Nobody inside the geometry is left out: holes are given up, and the
    rings run outside of it, by little more than twice a tolerance: 0.0005 degrees (50 m), raised
    until the vertices are few enough, and in the end its bounding box. No ring crosses itself or
    another, and all run anticlockwise. What has no holes and few enough vertices comes back as it
    is.

    Raises:
        ValueError: if max_vertices is below 5, what a box needs, or there is nothing to outline.
    """
    if max_vertices < _LEAST_VERTICES:
        raise ValueError(f"an outline needs at least {_LEAST_VERTICES} vertices")
    whole = _filled(geometry)
    if whole.is_empty:
        raise ValueError("there is no polygon to outline")
    found = next(
        one
        for one in _candidates(whole)
        if shapely.get_num_coordinates(one) <= max_vertices and one.covers(whole)
    )
    return tuple(_ring(one) for one in shapely.get_parts(found))


def _candidates(whole: BaseGeometry) -> Iterator[BaseGeometry]:
    """Ever coarser outlines: widened, then simplified by as much, then rounded.

    That should cut off nothing, but simplifying may move the end of a ring twice, so the same is
    tried with half as much, and whoever takes one checks it.
    """
    yield whole
    west, south, east, north = whole.bounds
    tolerance = _FIRST_TOLERANCE
    while tolerance < max(east - west, north - south):
        # A round corner of two segments lies up to 8% nearer than a circle.
        wide = shapely.buffer(whole, 1.1 * (tolerance + _GRID), quad_segs=2)
        for cut in (tolerance, tolerance / 2):
            found = _filled(shapely.set_precision(shapely.simplify(wide, cut), _GRID))
            yield shapely.transform(found, lambda at: np.round(at, _DECIMALS))
        tolerance *= _STEP
    yield shapely.box(west, south, east, north)


def _filled(geometry: BaseGeometry) -> BaseGeometry:
    polygons = [one for one in shapely.get_parts(geometry) if isinstance(one, shapely.Polygon)]
    return shapely.union_all([shapely.Polygon(one.exterior) for one in polygons])


def _ring(polygon: shapely.Polygon) -> Ring:
    return tuple((x, y) for x, y in orient(polygon).exterior.coords)
