"""How cells lie to a shape: by circles around their centres, exactly where that is needed."""

from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

_Cells = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]

_FINEST = 7
_EARTH_RADIUS = 6371.0088  # km, H3's

# Radians. Of all cells of the coarse resolutions and 16,000 of the finest, no vertex was farther
# from its cell's centre than 1.101 mean edges, no child's centre than 0.720, no edge nearer than
# 0.534 at resolution 7.
_MEAN_EDGE = [h3.average_hexagon_edge_length(r, "km") / _EARTH_RADIUS for r in range(_FINEST + 1)]
INNER = 0.52 * _MEAN_EDGE[_FINEST]
"""All that is nearer to the centre of a resolution 7 cell lies in the cell."""

OUTER = [
    0.73 * sum(_MEAN_EDGE[resolution:_FINEST]) + 1.11 * _MEAN_EDGE[_FINEST]
    for resolution in range(_FINEST + 1)
]
"""For each resolution: all descendants at resolution 7 lie nearer to the cell's centre."""

# Degrees at the equator, 10 cm. A cell's edges are great circles, a shape's are straight in
# longitude and latitude; along an edge as short as a cell's they part by a few centimetres.
_TOLERANCE = 1e-6

_dwithin: Any = shapely.dwithin  # its published types know no array of distances


class PreparedShape:
    """A geometry made ready for many questions."""

    def __init__(self, geometry: BaseGeometry) -> None:
        polygonal = isinstance(geometry, shapely.Polygon | shapely.MultiPolygon)
        self._geometry = geometry
        self._edge = geometry.boundary if polygonal else geometry
        _, self._south, _, self._north = geometry.bounds
        shapely.prepare(self._geometry)
        shapely.prepare(self._edge)

    def split(self, cells: _Cells, radius: float) -> tuple[_Mask, _Mask]:
        """Of circles of so many radians around cells: which an edge crosses, which lie inside."""
        x, y = _centres(cells)
        crossed = self._within(self._edge, x, y, radius)
        inside = ~crossed & shapely.intersects_xy(self._geometry, x, y)
        return crossed, inside

    def meets(self, cells: _Cells) -> _Mask:
        """Which resolution 7 cells meet the geometry."""
        x, y = _centres(cells)
        meets: _Mask = shapely.intersects_xy(self._geometry, x, y)
        left = np.flatnonzero(~meets)
        left = left[self._within(self._edge, x[left], y[left], OUTER[_FINEST])]
        surely = _dwithin(self._edge, shapely.points(x[left], y[left]), np.degrees(INNER))
        meets[left[surely]] = True
        left = left[~surely]
        meets[left] = self._meets_exactly(cells[left], y[left])
        return meets

    def _within(self, one: BaseGeometry, x: _Floats, y: _Floats, radius: float) -> _Mask:
        """Which circles of so many radians around positions hold some of a geometry, or may.

        A circle on the ground is as high as its radius on the map, and wider the farther from the
        equator; a circle on the map of that width stands for it.
        """
        found = np.zeros(len(x), bool)
        height = np.degrees(radius)
        near = np.flatnonzero((y + height >= self._south) & (y - height <= self._north))
        x, y = x[near], y[near]
        width = _width(y, radius)
        found[near] = _dwithin(one, shapely.points(x, y), width)
        over = np.flatnonzero(np.abs(x) + width > 180)  # the antimeridian, or a pole
        other_side = shapely.points(x[over] - np.copysign(360, x[over]), y[over])
        found[near[over]] |= _dwithin(one, other_side, width[over])
        return found

    def _meets_exactly(self, cells: _Cells, y: _Floats) -> _Mask:
        outlines = [h3.cell_to_boundary(cell) for cell in cells.tolist()]
        corners = np.array([corner for outline in outlines for corner in outline]).reshape(-1, 2)
        owner = np.repeat(np.arange(len(cells)), [len(outline) for outline in outlines])
        x, y_corners = corners[:, 1], corners[:, 0]
        wraps = np.zeros(len(cells), bool)
        np.logical_or.at(wraps, owner, np.abs(x) > 170)
        eastern = np.where(wraps[owner] & (x < 0), x + 360, x)
        tolerance = _TOLERANCE / np.cos(np.radians(y)) ** 2
        meets: _Mask = _width(y, OUTER[_FINEST]) >= 360  # around a pole there is no outline to draw
        for turn in (0, -360):
            drawn = shapely.linearrings(eastern + turn, y_corners, indices=owner)
            meets |= _dwithin(self._geometry, shapely.polygons(drawn), tolerance)
            if not wraps.any():
                break
        return meets


def _centres(cells: _Cells) -> tuple[_Floats, _Floats]:
    """Longitudes and latitudes of the cells' centres, degrees."""
    centres = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()]).reshape(-1, 2)
    return centres[:, 1], centres[:, 0]


def _width(y: _Floats, radius: float) -> _Floats:
    """Degrees of longitude from the centre of a circle to its sides; 360 if it holds a pole."""
    sine = np.sin(radius) / np.maximum(np.cos(np.radians(y)), 1e-12)
    return np.where(sine < 1, np.degrees(np.arcsin(np.minimum(sine, 1))), 360.0)
