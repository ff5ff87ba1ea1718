"""What sticks out of a mandate is refused and named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from casa.agencies.mandates import Mandate, OutsideMandate, check
from casa.geography.places import gazetteer
from casa.geography.shapes import Circle

NOW = datetime(2026, 8, 1, tzinfo=UTC)
JAMAICA = Mandate(("accident",), ("JM",), "Severe")
KINGSTON = Mandate(("accident",), ("JM-01",), "Extreme")
REGION = Mandate(("disaster",), ("BB", "VC", "JM"), "Extreme", open_sea=True)


def _check(mandates, kind, severity, codes, shapes, status):
    check(
        mandates,
        kind=kind,
        severity=severity,
        status=status,
        codes=codes,
        shapes=shapes,
        moment=NOW,
    )


def refused(
    *mandates: Mandate,
    kind: str = "accident",
    severity: str = "Minor",
    codes=(),
    shapes=(),
    status: str = "Actual",
):
    with pytest.raises(OutsideMandate) as caught:
        _check(mandates, kind, severity, codes, shapes, status)
    return caught.value


def allowed(
    *mandates: Mandate,
    kind: str = "accident",
    severity: str = "Minor",
    codes=(),
    shapes=(),
    status: str = "Actual",
):
    _check(mandates, kind, severity, codes, shapes, status)


def around(longitude: float, latitude: float, radius: float) -> shapely.Polygon:
    return Circle(longitude, latitude, radius).geometry


def test_a_state_holds_its_subdivisions_and_waters() -> None:
    allowed(JAMAICA, codes=("JM", "JM-01", "JM-14", "JM-WATERS"))
    allowed(JAMAICA, shapes=(around(-76.79, 17.97, 5_000),))
    allowed(JAMAICA, shapes=(gazetteer().place("JM").reach,))


def test_other_places_are_named() -> None:
    assert refused(JAMAICA, codes=("JM", "HT-OU")).places == ("HT-OU",)
    error = refused(KINGSTON, shapes=(around(-76.88, 18.0, 12_000),))
    assert "JM-14" in error.places
    assert "JM-01" not in error.places
    assert "% of the shape" in str(error)
    assert refused(KINGSTON, codes=("JM",)).places == ("JM",)


def test_the_sea_beyond_waters() -> None:
    far = around(-70.0, 15.0, 50_000)
    assert "longitudes" in str(refused(JAMAICA, shapes=(far,)))
    allowed(REGION, kind="disaster", shapes=(far,))
    error = refused(REGION, kind="disaster", shapes=(around(-61.0, 13.5, 60_000),))
    assert "LC" in {code.split("-")[0] for code in error.places}


def test_the_region_ends_somewhere() -> None:
    far = around(-30.0, 15.0, 50_000)
    assert "Caribbean" in str(refused(REGION, kind="disaster", shapes=(far,)))
    everywhere = Mandate(("disaster",), ("BB",), "Extreme", open_sea=True, beyond_region=True)
    allowed(everywhere, kind="disaster", shapes=(far,))


def test_kind_and_severity() -> None:
    assert "kind disaster" in str(refused(JAMAICA, kind="disaster", codes=("JM",)))
    assert "ends at severity Severe" in str(refused(JAMAICA, severity="Extreme", codes=("JM",)))
    # A graver alert may use only the mandates that reach so far.
    assert refused(JAMAICA, KINGSTON, severity="Extreme", codes=("JM-14",)).places == ("JM-14",)
    allowed(JAMAICA, KINGSTON, severity="Extreme", codes=("JM-01",))


def test_mandates_run_out() -> None:
    day = timedelta(days=1)
    over = Mandate(("accident",), ("JM",), "Extreme", valid_to=NOW)
    coming = Mandate(("accident",), ("JM",), "Extreme", valid_from=NOW + day)
    refused(over, coming, codes=("JM",))
    allowed(
        Mandate(("accident",), ("JM",), "Minor", valid_from=NOW, valid_to=NOW + day), codes=("JM",)
    )


def test_a_mandate_for_exercises_holds_nothing_real() -> None:
    drills = replace(JAMAICA, statuses=("Exercise", "Test"))
    allowed(drills, codes=("JM",), status="Exercise")
    assert "status Actual" in str(refused(drills, codes=("JM",)))
