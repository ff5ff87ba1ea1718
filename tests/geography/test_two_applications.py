"""Two applications in one process, each with its own boundaries."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from casa import create_app
from casa.geography.cells import cover_of_places
from casa.geography.places import BUNDLED, gazetteer
from casa.settings import Settings


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Places know no database."""
    return sqlite_url


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file with Barbados alone, ten degrees to the east of where it lies."""
    whole = json.loads(BUNDLED.read_text(encoding="utf-8"))
    (island,) = (one for one in whole["features"] if one["id"] == "BB")
    text = json.dumps(whole | {"features": [_moved(island)]})
    path = tmp_path / "own.geojson"
    path.write_text(text, encoding="utf-8")
    return path


def _moved(part: Any) -> Any:
    """The same GeoJSON, each position ten degrees further east."""
    if isinstance(part, dict):
        return {name: _moved(value) for name, value in part.items()}
    if isinstance(part, list):
        if len(part) == 2 and all(isinstance(one, int | float) for one in part):
            return [part[0] + 10, part[1]]
        return [_moved(value) for value in part]
    return part


@pytest.fixture
def other(settings: Settings, own: Path) -> Iterator[Flask]:
    made = create_app(replace(settings, boundaries=own))
    yield made
    made.extensions["casa.database"].dispose()


def test_each_has_its_own_places(app: Flask, other: Flask) -> None:
    for _ in range(2):
        assert app.test_client().get("/v1/places/JM").status_code == 200
        assert other.test_client().get("/v1/places/JM").status_code == 404
    west = [
        one.test_client().get("/v1/places/BB").json["properties"]["bbox"][0] for one in (app, other)
    ]
    assert west[1] == pytest.approx(west[0] + 10)


def test_no_cover_is_the_others(app: Flask, other: Flask) -> None:
    covers = []
    for one in (app, other, app):
        with one.app_context():
            covers.append(cover_of_places(["BB"]))
    assert covers[0] is covers[2]
    assert covers[0].tolist() != covers[1].tolist()


def test_outside_of_any_they_are_the_processs(other: Flask) -> None:
    with other.app_context():
        assert len(gazetteer().places(kind="state")) == 1
    assert len(gazetteer().places(kind="state")) > 15
