"""Where something is meant for: named places and drawn shapes, as keys and ranges of cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import shapely
from shapely.geometry.base import BaseGeometry

from casa.geography.cells import Ranges, cover, cover_of_places, merge
from casa.geography.places import Place, gazetteer, place_key


@dataclass(frozen=True)
class Target:
    """Codes of named places and drawn shapes (shapely, longitude and latitude)."""

    codes: tuple[str, ...]
    shapes: tuple[BaseGeometry, ...]

    @cached_property
    def geometry(self) -> BaseGeometry:
        """Everything together, named places with their near-shore waters."""
        parts = list(self.shapes)
        if self.codes:
            parts.append(gazetteer().reach_of(self.codes))
        return shapely.union_all(parts)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every named place that is meant: named, holding or held by one named, or met by a shape.

        A named place's neighbours are not meant, though their boundaries touch.
        """
        found: dict[str, Place] = {}
        for code in self.codes:
            place = gazetteer().place(code)
            related: list[Place] = [place, gazetteer().place(place.state)]
            if place.kind == "state":
                related += gazetteer().places(state=code)
            found.update((one.code, one) for one in related)
        for shape in self.shapes:
            found.update((one.code, one) for one in gazetteer().meeting(shape))
        return tuple(sorted(found.values(), key=lambda place: place.code))

    @property
    def keys(self) -> tuple[int, ...]:
        """The (negative) keys of the named places meant."""
        return tuple(place_key(place.code) for place in self.places)

    @property
    def ranges(self) -> Ranges:
        """The cells meant, as sorted disjoint ranges."""
        parts: Sequence[Ranges] = [cover(shape) for shape in self.shapes]
        if self.codes:
            parts = [*parts, cover_of_places(self.codes)]
        return merge(parts)
