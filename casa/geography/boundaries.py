"""Reading and checking a file of boundaries: a GeoJSON FeatureCollection, one feature a place.

Each feature has ``id`` (the code), ``geometry`` (land), ``reach`` (a foreign member: land with
the water near its shore) and ``properties``: ``names`` by language, ``en`` always among them, and
for a state also ``languages`` and ``timezone``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_ERRORS_SHOWN = 20
# Square degrees, about 100 square metres: rounded drawings of one border differ by slivers.
_SLIVER = 1e-8


@dataclass(frozen=True, eq=False)
class Boundary:
    """One checked feature; ``languages`` and ``timezone`` are empty for a subdivision."""

    code: str
    names: Mapping[str, str]
    languages: tuple[str, ...]
    timezone: str
    territory: BaseGeometry
    reach: BaseGeometry

    @property
    def state(self) -> str:
        return self.code[:2]


class BoundariesError(Exception):
    """The file cannot be used; ``errors`` has one line for each fault."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        shown = "\n".join(f"  {error}" for error in errors[:_ERRORS_SHOWN])
        more = f"\n  and {len(errors) - _ERRORS_SHOWN} more" if len(errors) > _ERRORS_SHOWN else ""
        super().__init__(f"{path} cannot be used as boundaries:\n{shown}{more}")
        self.errors = errors


class _Properties(msgspec.Struct):
    names: dict[str, str]
    languages: tuple[str, ...] = ()
    timezone: str = ""


class _Feature(msgspec.Struct):
    id: str
    properties: _Properties
    geometry: msgspec.Raw
    reach: msgspec.Raw


class _Collection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_Feature]


def read(path: Path) -> list[Boundary]:
    """The checked features of a file, in its order.

    Raises:
        BoundariesError: with every fault that was found.
    """
    try:
        features = msgspec.json.decode(path.read_bytes(), type=_Collection).features
    except (OSError, msgspec.MsgspecError) as error:
        raise BoundariesError(path, [str(error)]) from error
    errors = list(_code_errors(features))
    boundaries = []
    for feature in features:
        try:
            boundaries.append(_boundary(feature))
        except ValueError as error:
            errors.append(f"{feature.id}: {error}")
    if errors:
        raise BoundariesError(path, errors)
    return boundaries


def _code_errors(features: list[_Feature]) -> Iterator[str]:
    codes = [feature.id for feature in features]
    if not codes:
        yield "there are no features"
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"{code}: stands in the file more than once"
    for code in codes:
        if code[:2] not in codes:
            yield f"{code}: its state {code[:2]} is not in the file"


def _boundary(feature: _Feature) -> Boundary:
    given = feature.properties
    if not _CODE.fullmatch(feature.id):
        raise ValueError("id is neither an ISO 3166-1 nor an ISO 3166-2 code")
    if "en" not in given.names:
        raise ValueError("properties.names has no name in English (en)")
    if len(feature.id) == 2:
        _check_state(given)
    territory = _polygons("geometry", feature.geometry)
    reach = _polygons("reach", feature.reach)
    if shapely.difference(territory, reach).area > _SLIVER:
        raise ValueError("reach does not cover geometry")
    return Boundary(feature.id, given.names, given.languages, given.timezone, territory, reach)


def _check_state(given: _Properties) -> None:
    if not given.languages:
        raise ValueError("properties.languages is missing: BCP 47 tags, the main one first")
    try:
        ZoneInfo(given.timezone)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(
            f"properties.timezone {given.timezone!r} is not an IANA timezone"
        ) from error


def _polygons(member: str, raw: msgspec.Raw) -> BaseGeometry:
    try:
        geometry: Any = shapely.from_geojson(bytes(raw))
    except shapely.errors.GEOSException as error:
        raise ValueError(f"{member} is not GeoJSON: {error}") from error
    if not isinstance(geometry, shapely.Polygon | shapely.MultiPolygon) or geometry.is_empty:
        raise ValueError(f"{member} is not a Polygon or MultiPolygon")
    if not geometry.is_valid:
        raise ValueError(f"{member} is not valid: {shapely.is_valid_reason(geometry)}")
    return geometry
