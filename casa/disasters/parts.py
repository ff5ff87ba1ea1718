"""The places of an advisory, each as fine as a level of its own can be. Pure.

A level for a state is one for each of its parts: its subdivisions and its waters. So a parish can
be raised above the rest of its state and what changes is compared part by part. What is said names
the state again where all of its parts are meant.

Beside places stand zones, areas that are drawn for one event and have a name: ``zone:`` and that
name is their code. A zone is a part by itself.
"""

from collections.abc import Iterable, Mapping

from casa.disasters.levels import Level
from casa.geography.places import gazetteer

_ZONE = "zone:"


def zone_code(name: str) -> str:
    return _ZONE + name


def is_zone(code: str) -> bool:
    return code.startswith(_ZONE)


def zone_name(code: str) -> str:
    return code.removeprefix(_ZONE)


class OverlappingPlaces(ValueError):
    """``code`` lies in another place that has a level too and cannot be divided."""

    def __init__(self, code: str, state: str) -> None:
        super().__init__(f"{code} lies in {state}, which is one place here: give {state} alone.")
        self.code = code


def parts_of(code: str) -> tuple[str, ...]:
    """The parts of a divided state; any other place alone. Raises UnknownPlace."""
    place = gazetteer().place(code)
    if place.kind != "state" or not gazetteer().subdivisions(code):
        return (code,)
    return tuple(one.code for one in gazetteer().places(state=code) if one.kind != "state")


def finest(levels: Mapping[str, Level]) -> dict[str, Level]:
    """The level of each part; one given for a part goes before one given for its state.

    Raises:
        OverlappingPlaces, UnknownPlace.
    """
    found: dict[str, Level] = {}
    for code, level in sorted(levels.items(), key=lambda one: (len(one[0]), one[0])):
        state = gazetteer().place(code).state
        if code != state and state in levels and parts_of(state) == (state,):
            raise OverlappingPlaces(code, state)
        found.update(dict.fromkeys(parts_of(code), level))
    return found


def all_parts(codes: Iterable[str]) -> frozenset[str]:
    """The parts that these codes of places and zones name together."""
    return frozenset(
        part for code in codes for part in ((code,) if is_zone(code) else parts_of(code))
    )


def named(codes: Iterable[str]) -> tuple[str, ...]:
    """The fewest codes that name these parts together, in order."""
    given = set(codes)
    wanted = {code for code in given if not is_zone(code)}
    zones = given - wanted
    for state in {gazetteer().place(code).state for code in wanted}:
        parts = parts_of(state)
        if wanted.issuperset(parts):
            wanted = wanted - set(parts) | {state}
    return (*sorted(wanted), *sorted(zones))
