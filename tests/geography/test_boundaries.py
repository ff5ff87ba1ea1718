"""An operator's own boundaries: what loads, and how each fault is named."""

import json

import pytest
import shapely

from casa.geography.boundaries import BoundariesError
from casa.geography.cells import cell_at, cover_of_places, in_ranges
from casa.geography.places import BUNDLED, gazetteer, load, use


def box(*edges):
    return json.loads(shapely.to_geojson(shapely.box(*edges)))


def feature(code, **changes):
    state = {"languages": ["en"], "timezone": "America/Jamaica"} if len(code) == 2 else {}
    return {
        "type": "Feature",
        "id": code,
        "properties": {"names": {"en": f"Place {code}"}, **state, **changes.pop("properties", {})},
        "geometry": box(-78, 17, -76, 18),
        "reach": box(-78.2, 16.8, -75.8, 18.2),
        **changes,
    }


@pytest.fixture
def write(tmp_path):
    def written(*features, **changes):
        path = tmp_path / "places.geojson"
        path.write_text(
            json.dumps({"type": "FeatureCollection", "features": list(features), **changes})
        )
        return path

    return written


@pytest.fixture
def bundled():
    """Puts the bundled gazetteer back."""
    yield
    use(None)


def test_own_boundaries_are_used(write, bundled):
    here = cell_at(-77.99, 16.9)
    own = load(write(feature("JM"), feature("JM-01", reach=box(-78, 17, -76, 18))))
    assert [place.code for place in own.places()] == ["JM", "JM-01", "JM-WATERS"]
    assert own.place("JM-01").timezone == "America/Jamaica"
    assert own.place("JM-WATERS").territory.area == pytest.approx(2.4 * 1.4 - 2)
    assert not in_ranges(cover_of_places(["JM"]), [here]).any()
    use(own)
    assert gazetteer() is own
    assert in_ranges(cover_of_places(["JM"]), [here]).all()


def test_the_bundled_file_has_one_feature_for_each_place():
    found = json.loads(BUNDLED.read_text(encoding="utf-8"))["features"]
    codes = [one["id"] for one in found]
    assert codes == [place.code for place in gazetteer().places() if place.kind != "waters"]


FAULTS = {
    "no state": ([feature("JM-01")], "JM-01: its state JM is not in the file"),
    "twice": ([feature("JM"), feature("JM")], "JM: stands in the file more than once"),
    "no features": ([], "there are no features"),
    "bad code": ([feature("JM"), feature("JM-0001")], "JM-0001: id is neither"),
    "no English name": (
        [feature("JM", properties={"names": {"fr": "Jamaïque"}})],
        "JM: properties.names has no name in English",
    ),
    "no languages": ([feature("JM", properties={"languages": []})], "properties.languages"),
    "timezone": (
        [feature("JM", properties={"timezone": "America/Kingston"})],
        "'America/Kingston' is not an IANA timezone",
    ),
    "a point": (
        [feature("JM", geometry={"type": "Point", "coordinates": [0, 0]})],
        "JM: geometry is not a Polygon or MultiPolygon",
    ),
    "not GeoJSON": ([feature("JM", geometry={"type": "Polygon"})], "JM: geometry is not GeoJSON"),
    "null": ([feature("JM", geometry=None)], "JM: geometry is not"),
    "crossing": (
        [
            feature(
                "JM",
                geometry={
                    "type": "Polygon",
                    "coordinates": [[[-78, 17], [-77, 18], [-77, 17], [-78, 18], [-78, 17]]],
                },
            )
        ],
        "JM: geometry is not valid: Self-intersection",
    ),
    "reach too small": (
        [feature("JM", reach=box(-77, 17, -76, 18))],
        "JM: reach does not cover geometry",
    ),
}


@pytest.mark.parametrize(("features", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_named(write, features, message):
    with pytest.raises(BoundariesError) as caught:
        load(write(*features))
    assert message in str(caught.value)


def test_every_fault_is_named_at_once(write):
    with pytest.raises(BoundariesError) as caught:
        load(write(feature("JM", geometry=None), feature("HT-OU"), feature("KY", reach=None)))
    assert len(caught.value.errors) == 3


def test_other_files_are_refused(write, tmp_path):
    with pytest.raises(BoundariesError, match="No such file"):
        load(tmp_path / "absent.geojson")
    with pytest.raises(BoundariesError, match="cannot be used"):
        load(write(type="Topology"))
    broken = tmp_path / "broken.geojson"
    broken.write_text("{")
    with pytest.raises(BoundariesError, match="truncated"):
        load(broken)
