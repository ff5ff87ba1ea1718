"""The gazetteer: states, their subdivisions and their near-shore waters, by code.

Codes are ISO 3166-1 for a state (``JM``), ISO 3166-2 for a subdivision (``JM-01``) and the
state's code with ``-WATERS`` for its waters. Boundaries come from ``data/places.geojson``, or
from an operator's file of the same form: see ``data/ORIGIN.md``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import shapely
from flask import current_app, has_app_context
from shapely.geometry.base import BaseGeometry

from casa.geography.boundaries import Boundary, read

Kind = Literal["state", "subdivision", "waters"]

BUNDLED = Path(__file__).parent / "data" / "places.geojson"

_WATERS = "-WATERS"
_WATERS_NAMES = {
    "en": "{} (coastal waters)",
    "fr": "{} (eaux côtières)",
    "ht": "{} (dlo bò kòt)",
    "nl": "{} (kustwateren)",
    "es": "{} (aguas costeras)",
}
_DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST_CODE = 12  # 37 ** 12 is the last power below 2 ** 63


@dataclass(frozen=True, eq=False)
class Place:
    """A named area. Geometries are shapely's, WGS 84 degrees, (longitude, latitude).

    ``territory`` is land, or for waters the water itself. ``reach`` is what the code covers,
    meets and what a mandate for it allows: land with the water near its shore, 12 nautical
    miles for a state and 5 km for a subdivision. ``languages`` are BCP 47 tags, the main one
    first; ``timezone`` is IANA's name.
    """

    code: str
    name: str
    names: Mapping[str, str]
    kind: Kind
    state: str
    languages: tuple[str, ...]
    timezone: str
    territory: BaseGeometry
    reach: BaseGeometry


class UnknownPlace(LookupError):
    """No place has this code; ``suggestions`` are codes that resemble it or are so named."""

    def __init__(self, code: str, suggestions: tuple[str, ...]) -> None:
        meant = f" Did you mean {', '.join(suggestions)}?" if suggestions else ""
        super().__init__(f"No place has the code {code!r}.{meant}")
        self.code = code
        self.suggestions = suggestions


class Gazetteer:
    """All places of one set of boundaries."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {place.code: place for place in places}
        self._list = list(self._places.values())
        self._tree = shapely.STRtree([place.reach for place in self._list])

    def place(self, code: str) -> Place:
        """The place with exactly this code, or UnknownPlace."""
        try:
            return self._places[code]
        except KeyError:
            raise UnknownPlace(code, self._suggestions(code)) from None

    def places(self, state: str | None = None, kind: Kind | None = None) -> list[Place]:
        """All places, or those of a state, or of a kind; each state before what it holds."""
        return [
            place
            for place in self._list
            if state in (None, place.state) and kind in (None, place.kind)
        ]

    def subdivisions(self, code: str) -> list[Place]:
        """The subdivisions of a state: none where ISO 3166-2 knows none (``KY``)."""
        return self.places(state=self.place(code).code, kind="subdivision")

    def meeting(self, geometry: BaseGeometry) -> list[Place]:
        """The places whose reach the geometry touches, each state before what it holds."""
        found = sorted(self._tree.query(geometry, predicate="intersects").tolist())
        return [self._list[index] for index in found]

    def reach_of(self, codes: Iterable[str]) -> BaseGeometry:
        """The reach of several places together."""
        return _union(self, tuple(sorted(set(codes))))

    def _suggestions(self, code: str) -> tuple[str, ...]:
        wanted = code.strip().upper()
        named = {name.upper(): p.code for p in self._list for name in p.names.values()}
        padded = wanted[:3] + wanted[3:].zfill(2)  # JM-1 is meant as JM-01
        if padded in self._places:
            return (padded,)
        near = get_close_matches(wanted, [*self._places, *named], n=5, cutoff=0.6)
        return tuple(dict.fromkeys(named.get(found, found) for found in near))[:3]


@lru_cache(maxsize=512)
def _union(gazetteer: Gazetteer, codes: tuple[str, ...]) -> BaseGeometry:
    return shapely.union_all([gazetteer.place(code).reach for code in codes])


def load(path: Path) -> Gazetteer:
    """The places of a boundaries file.

    Raises:
        casa.geography.boundaries.BoundariesError: naming every feature that is wrong.
    """
    boundaries = read(path)
    states = {one.code: one for one in boundaries if one.state == one.code}
    places: list[Place] = []
    for state in states.values():
        places.append(_place(state, state, "state"))
        places += [
            _place(one, state, "subdivision")
            for one in boundaries
            if one.state == state.code and one is not state
        ]
        places.append(_waters(state))
    return Gazetteer(places)


def _place(one: Boundary, state: Boundary, kind: Kind) -> Place:
    return Place(
        code=one.code,
        name=one.names["en"],
        names=one.names,
        kind=kind,
        state=state.code,
        languages=state.languages,
        timezone=state.timezone,
        territory=one.territory,
        reach=one.reach,
    )


def _waters(state: Boundary) -> Place:
    water = shapely.difference(state.reach, state.territory)
    names = {
        language: pattern.format(state.names[language])
        for language, pattern in _WATERS_NAMES.items()
        if language in state.names
    }
    return Place(
        code=state.code + _WATERS,
        name=names["en"],
        names=names,
        kind="waters",
        state=state.code,
        languages=state.languages,
        timezone=state.timezone,
        territory=water,
        reach=water,
    )


EXTENSION = "casa.gazetteer"
"""Under this name an application keeps its own gazetteer, or ``None`` for the bundled one."""

_of_process: Gazetteer | None = None


def gazetteer() -> Gazetteer:
    """The current application's places; outside of any application, those of the process."""
    own: Gazetteer | None = _of_process
    if has_app_context():
        own = current_app.extensions.get(EXTENSION)
    return own if own is not None else bundled()


@cache
def bundled() -> Gazetteer:
    """The places that come with the service, read when first needed."""
    return load(BUNDLED)


def use(one: Gazetteer | None) -> None:
    """Give a process that is no application, as a worker, its places; ``None``: the bundled."""
    global _of_process
    _of_process = one


def place_key(code: str) -> int:
    """A negative 64-bit integer for a place, from its code alone, so it outlives any gazetteer.

    The code's characters are digits to base 37. The hyphen is nought: no code begins with one,
    so no two codes share a number. Cells are positive, so places and cells fit in one index.
    """
    if not 0 < len(code) <= _LONGEST_CODE or code[0] == "-" or set(code) - set(_DIGITS):
        raise ValueError(f"{code!r} is not a place code: up to 12 of A-Z, 0-9 and hyphen")
    key = 0
    for character in code:
        key = key * len(_DIGITS) + _DIGITS.index(character)
    return -key


def code_of(key: int) -> str:
    """The code that ``place_key`` made this key of."""
    if not -(len(_DIGITS) ** _LONGEST_CODE) < key < 0:
        raise ValueError(f"{key} is not the key of a place")
    rest, code = -key, ""
    while rest:
        rest, digit = divmod(rest, len(_DIGITS))
        code = _DIGITS[digit] + code
    return code
