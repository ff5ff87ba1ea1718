"""Covering shapes with H3 cells: casa.geography.cells.cover beside H3's own polygon functions.

    python benchmarks/cover.py [--repeats 7]

Prints medians in milliseconds and ratios. H3's ``overlap`` mode answers the same question (every
cell that meets the shape); ``geo_to_cells`` an easier one (cells whose centre lies inside).
"""

import argparse
import statistics
import time
from collections.abc import Callable

import h3.api.numpy_int as h3
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from casa.geography.cells import RESOLUTION, cell_text, cover, in_ranges
from casa.geography.places import gazetteer
from casa.geography.shapes import Circle


def cone(vertices: int = 500) -> shapely.Polygon:
    """A hurricane's forecast cone along the Antilles, its width growing with time, edges rough."""
    along = np.linspace(0, 1, vertices // 2)
    track = np.column_stack([-61 - 13 * along, 14 + 5 * along**1.3])
    heading = np.gradient(track, axis=0)
    across = np.column_stack([-heading[:, 1], heading[:, 0]])
    across /= np.linalg.norm(across, axis=1)[:, np.newaxis]
    half_width = (0.6 + 5.35 * along)[:, np.newaxis]
    ring = np.vstack([track + half_width * across, (track - half_width * across)[::-1]])
    ring += np.random.default_rng(7).normal(0, 0.004, ring.shape)
    return shapely.Polygon(ring)


def median(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def compare(name: str, shape: BaseGeometry, repeats: int) -> None:
    drawn = h3.geo_to_h3shape(shape)

    def overlap() -> np.ndarray:
        return h3.h3shape_to_cells_experimental(drawn, RESOLUTION, contain="overlap")

    ranges, wanted = cover(shape), overlap()
    if not in_ranges(ranges, wanted).all():
        missing = wanted[~in_ranges(ranges, wanted)][0]
        raise SystemExit(f"{name}: the cover lacks {cell_text(missing)}")
    ours = median(lambda: cover(shape), repeats)
    exact = median(overlap, max(repeats // 2, 1))
    centres = median(lambda: h3.geo_to_cells(shape, RESOLUTION), max(repeats // 2, 1))
    vertices = shapely.get_num_coordinates(shape)
    print(
        f"{name:<28}{vertices:>9,}{len(wanted):>9,}{len(ranges):>8,}"
        f"{ours:>9.1f}{exact:>10.1f}{exact / ours:>8.1f}×{centres:>10.1f}{centres / ours:>8.1f}×"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    hurricane = cone()
    met = [place.code for place in gazetteer().meeting(hurricane) if place.kind == "state"]
    print(f"resolution {RESOLUTION}; medians in ms; the cone meets {', '.join(met)}")
    print(
        f"{'shape':<28}{'vertices':>9}{'cells':>9}{'ranges':>8}"
        f"{'cover':>9}{'overlap':>10}{'ratio':>9}{'centres':>10}{'ratio':>9}"
    )
    compare("hurricane cone", hurricane, repeats)
    compare("circle of 5 km", Circle(-76.8, 18.0, 5_000).geometry, repeats)
    compare("circle of 500 km", Circle(-72.0, 17.0, 500_000).geometry, repeats)
    for code in ("JM-01", "JM", "BS", "GY"):
        place = gazetteer().place(code)
        compare(f"{place.name} with waters", place.reach, repeats)


if __name__ == "__main__":
    main()
