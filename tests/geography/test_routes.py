"""Named places over HTTP."""

import pytest
import shapely
from flask.testing import FlaskClient

from casa.geography.places import gazetteer


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Places come from a file: one database is enough."""
    return sqlite_url


def test_all_and_some(client: FlaskClient) -> None:
    places = client.get("/v1/places").json["places"]
    assert len(places) == len(gazetteer().places())
    jamaica = client.get("/v1/places?state=JM").json["places"]
    assert jamaica[0]["code"] == "JM"
    assert {place["kind"] for place in jamaica} == {"state", "subdivision", "waters"}
    states = client.get("/v1/places?kind=state").json["places"]
    assert {place["code"] for place in states} >= {"AG", "HT", "MS", "CW"}
    haiti = next(place for place in states if place["code"] == "HT")
    assert haiti["names"]["ht"] == "Ayiti"
    assert haiti["timezone"] == "America/Port-au-Prince"
    west, south, east, north = haiti["bbox"]
    assert west < -72.3 < east
    assert south < 18.5 < north


def test_one_with_its_boundary(client: FlaskClient) -> None:
    answer = client.get("/v1/places/JM-01")
    assert answer.content_type == "application/geo+json"
    assert answer.json["type"] == "Feature"
    drawn = shapely.geometry.shape(answer.json["geometry"])
    assert drawn.equals(gazetteer().place("JM-01").territory)
    again = client.get("/v1/places/JM-01", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_mistakes(client: FlaskClient) -> None:
    unknown = client.get("/v1/places/JM-1")
    assert unknown.status_code == 404
    assert "Did you mean JM-01?" in unknown.json["detail"]
    state = client.get("/v1/places?state=XX")
    assert (state.status_code, state.json["errors"][0]["pointer"]) == (422, "/state")
    kind = client.get("/v1/places?kind=island")
    assert (kind.status_code, kind.json["errors"][0]["pointer"]) == (422, "/kind")
    extra = client.get("/v1/places?country=JM")
    assert (extra.status_code, extra.json["errors"][0]["pointer"]) == (422, "/country")
