"""H3 cells as positive 64-bit integers, and covering a geometry with ranges of them.

An H3 index holds, from the top: mode and resolution, the base cell (7 bits) and fifteen digits
of three bits, one for each finer resolution; digits beyond the resolution are all sevens. See
https://h3geo.org/docs/core-library/h3Indexing.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from casa.geography.nearness import OUTER, PreparedShape
from casa.geography.places import Gazetteer, gazetteer

RESOLUTION = 7

_CELL_TEXT = re.compile(r"[0-9a-fA-F]{15}")  # mode 1 leaves the highest four bits 0

Ranges = npt.NDArray[np.int64]
"""Shape (n, 2): first and last cell of each range, both in it; sorted, no cell between two."""

_Cells = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]

_RESOLUTION_SHIFT = 52
_BASE_CELL_SHIFT = 45
_HEAD = np.int64(1 << 59 | RESOLUTION << _RESOLUTION_SHIFT)  # mode 1: a cell
_UNUSED_DIGITS = np.int64((1 << 3 * (15 - RESOLUTION)) - 1)
_PENTAGON_BASE_CELLS = np.array([4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117])


class InvalidCell(ValueError):
    """The text is no H3 cell of resolution 7 or finer."""


def cell_at(longitude: float, latitude: float) -> int:
    """The cell of a position in degrees."""
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(f"({longitude}, {latitude}) is not a longitude and a latitude")
    return int(h3.latlng_to_cell(latitude, longitude, RESOLUTION))


def centre_around(longitude: float, latitude: float, resolution: int) -> tuple[float, float]:
    """The centre, as longitude and latitude, of the cell of that resolution around a position."""
    return centre_of(h3.latlng_to_cell(latitude, longitude, resolution))


def parse_cell(text: str) -> int:
    """A cell from its hexadecimal text; a finer one is coarsened to resolution 7.

    Raises:
        InvalidCell: if it is none or is coarser.
    """
    if not _CELL_TEXT.fullmatch(text) or not h3.is_valid_cell(cell := int(text, 16)):
        raise InvalidCell(f"{text[:20]!r} is not an H3 cell in hexadecimal")
    if h3.get_resolution(cell) < RESOLUTION:
        raise InvalidCell(f"{text!r} is coarser than resolution {RESOLUTION}")
    return int(h3.cell_to_parent(cell, RESOLUTION))


def cell_text(cell: int) -> str:
    """The hexadecimal text of a cell, as H3 libraries write it."""
    return str(h3.int_to_str(cell))


def centre_of(cell: int) -> tuple[float, float]:
    """The longitude and latitude of a cell's middle, degrees."""
    latitude, longitude = h3.cell_to_latlng(cell)
    return float(longitude), float(latitude)


def cover(geometry: BaseGeometry) -> Ranges:
    """The resolution 7 cells that meet a valid geometry in longitude and latitude degrees.

    A shape's edges are straight in longitude and latitude, as CAP's are. Every position inside
    has its cell in the cover, and no cell of the cover is farther from the shape than 10 cm (at
    the equator; the few cells around a pole excepted): where rounding leaves doubt a cell is in.

    From the coarsest cells down: a cell whose descendants must all lie inside is taken whole, one
    whose descendants must all lie outside is dropped, the others are replaced by their children.
    As children stick out of their parent, "descendants" means a circle that holds them all. Only
    cells of resolution 7 with an edge near and their centre outside are compared exactly.
    """
    if isinstance(geometry, shapely.GeometryCollection):
        return merge([cover(part) for part in shapely.get_parts(geometry)])
    if geometry.is_empty:
        return np.empty((0, 2), np.int64)
    shape = PreparedShape(geometry)
    cells = np.array(h3.get_res0_cells(), dtype=np.int64)
    first, size = [], []
    for resolution in range(RESOLUTION):
        crossed, inside = shape.split(cells, OUTER[resolution])
        first.append(_ordinals(cells[inside]))
        size.append(np.full(len(first[-1]), 7 ** (RESOLUTION - resolution)))
        cells = _children(cells[crossed], resolution)
    first.append(_ordinals(cells[shape.meets(cells)]))
    size.append(np.ones(len(first[-1]), np.int64))
    start = np.concatenate(first)
    return _joined(start, start + np.concatenate(size) - 1)


def cover_of_places(codes: Iterable[str]) -> Ranges:
    """The cover of several places' reach together, kept for the next time."""
    return _cover_of_places(gazetteer(), tuple(sorted(set(codes))))


@lru_cache(maxsize=512)
def _cover_of_places(places: Gazetteer, codes: tuple[str, ...]) -> Ranges:
    ranges = cover(places.reach_of(codes))
    ranges.setflags(write=False)
    return ranges


def merge(parts: Sequence[Ranges]) -> Ranges:
    """The union of several covers."""
    if len(parts) == 1:
        return parts[0]
    ranges = np.concatenate([np.empty((0, 2), np.int64), *parts])
    return _joined(_ordinals(ranges[:, 0]), _ordinals(ranges[:, 1]))


def in_ranges(ranges: Ranges, cells: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which of these cells lie in the ranges."""
    wanted = np.asarray(cells, dtype=np.int64)
    if not len(ranges):
        return np.zeros(wanted.shape, dtype=bool)
    at = np.searchsorted(ranges[:, 0], wanted, side="right") - 1
    found: _Mask = (at >= 0) & (wanted <= ranges[at, 1])
    return found


def _children(cells: _Cells, resolution: int) -> _Cells:
    """All children of cells of a resolution: the next digit from 0 to 6.

    A pentagon's digit after its base cell is never 1 unless another digit but 0 stands before.
    """
    shift = 3 * (14 - resolution)
    digits = np.arange(7, dtype=np.int64)
    finer = cells + (np.int64(1) << _RESOLUTION_SHIFT) - (np.int64(7) << shift)
    children = finer[:, np.newaxis] + (digits << shift)
    deleted = _is_pentagon(cells, resolution)[:, np.newaxis] & (digits == 1)
    found: _Cells = children[~deleted]
    return found


def _is_pentagon(cells: _Cells, resolution: int) -> _Mask:
    """A pentagon is the centre child, digit 0, of a pentagon, up to one of twelve base cells."""
    base = cells >> _BASE_CELL_SHIFT & 127
    digits = cells & (1 << _BASE_CELL_SHIFT) - (1 << 3 * (15 - resolution))
    found: _Mask = np.isin(base, _PENTAGON_BASE_CELLS) & (digits == 0)
    return found


def _ordinals(cells: _Cells) -> _Cells:
    """Where resolution 7 cells stand when base cell and digits are read as one number.

    The digits are to base 7, those beyond a coarser cell's resolution count as 0. So cells with
    nothing between them have successive ordinals, and all 7 ** n descendants n resolutions down
    follow upon the first: they share the digits above, and those below run from 00… to 66….
    (Pentagons leave ordinals out: cells that do not exist.) The cells' own integers keep this
    order, as the base cell and the digits stand in them from the top down.
    """
    ordinals = cells >> _BASE_CELL_SHIFT & 127
    for at in range(1, RESOLUTION + 1):
        digit = cells >> 3 * (15 - at) & 7
        ordinals = ordinals * 7 + np.where(digit == 7, 0, digit)
    return ordinals


def _cells(ordinals: _Cells) -> _Cells:
    """The resolution 7 cells that have these ordinals."""
    rest, cells = ordinals, np.full(ordinals.shape, _HEAD | _UNUSED_DIGITS)
    for at in range(RESOLUTION, 0, -1):
        rest, digit = np.divmod(rest, 7)
        cells |= digit << 3 * (15 - at)
    return cells | rest << _BASE_CELL_SHIFT


def _joined(first: _Cells, last: _Cells) -> Ranges:
    """Ranges of ordinals as sorted, disjoint ranges of cells with cells between any two."""
    order = np.argsort(first)
    first, last = first[order], np.maximum.accumulate(last[order])
    starts = np.ones(len(first), bool)
    starts[1:] = first[1:] > last[:-1] + 1
    ends = np.roll(starts, -1)
    return np.column_stack([_cells(first[starts]), _cells(last[ends])])
