"""Where an alert is for: from what an author gives to CAP areas, and back to shapes and places.

An author gives named places and drawn shapes. Each named place becomes a CAP area of its own
with its code as ``geocode`` and its outline for readers who do not know the code; drawn shapes
stand together in one area. So an area that has a place's code *is* that place, and its outline
must not be matched as if it were drawn (it would touch every neighbour).
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from casa.alerts.message import Area, Circle, Message, Untold, Value
from casa.geography import shapes
from casa.geography.places import Place, UnknownPlace, gazetteer
from casa.geography.target import Target

STATE_CODE = "ISO 3166-1"
PLACE_CODE = "ISO 3166-2"
WATERS_CODE = "CASA waters"
ZONE_CODE = "CASA zone"
"""Of a drawn area with a name of its own: it tells areas of one thread apart, and is no place."""
PLACE_CODES = (STATE_CODE, PLACE_CODE, WATERS_CODE)

# Enough for a receiver's map; who is meant is decided by the code and the full boundary.
_OUTLINE_VERTICES = 120
_AT_SEA = {"en": "At sea", "fr": "En mer", "ht": "Sou lanmè", "nl": "Op zee", "es": "En el mar"}


def of_places(codes: Iterable[str], language: str = "en") -> tuple[Area, ...]:
    """One area for each named place, in the order given."""
    return tuple(_of_place(gazetteer().place(code), language) for code in codes)


def _of_place(place: Place, language: str) -> Area:
    scheme = {"state": STATE_CODE, "subdivision": PLACE_CODE, "waters": WATERS_CODE}[place.kind]
    outline = shapes.outline(place.territory, _OUTLINE_VERTICES)
    return Area(
        area_desc=place.names.get(language, place.name),
        polygon=tuple(tuple(ring) for ring in outline),
        geocode=(Value(scheme, place.code),),
    )


def of_shapes(area_desc: str, drawn: Sequence[shapes.Shape]) -> Area:
    """One area for all drawn shapes; CAP polygons have no holes, so holes are given up."""
    rings = []
    circles = []
    for shape in drawn:
        if isinstance(shape, shapes.Circle):
            circles.append(Circle(shape.longitude, shape.latitude, shape.radius))
        else:
            rings += [
                tuple((x, y) for x, y in p.exterior.coords) for p in _polygons(shape.geometry)
            ]
    return Area(area_desc=area_desc, polygon=tuple(rings), circle=tuple(circles))


def _polygons(geometry: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, shapely.Polygon)]


def describe(drawn: Sequence[shapes.Shape], language: str = "en") -> str:
    """A short description of drawn shapes by the places that they meet."""
    return _met_by((shape.geometry for shape in drawn), language)


def _met_by(drawn: Iterable[BaseGeometry], language: str = "en") -> str:
    met: dict[str, Place] = {}
    for geometry in drawn:
        met.update((place.code, place) for place in gazetteer().meeting(geometry))
    divided = {place.state for place in met.values() if place.kind == "subdivision"}
    names = [
        place.names.get(language, place.name)
        for place in met.values()
        if place.kind == "subdivision" or (place.kind == "state" and place.code not in divided)
    ]
    if not names:
        return _AT_SEA.get(language, _AT_SEA["en"])
    return ", ".join(sorted(names)[:6]) + (" …" if len(names) > 6 else "")


def described(area: Area, language: str) -> str:
    """What an area is called in a language (BCP 47): a place by its name there.

    A drawn area is described anew where its description was made of the places that it meets.
    What an author called an area stays.
    """
    primary = language.split("-")[0].lower()
    if primary == "en":
        return area.area_desc
    codes = [code.value for code in area.geocode if code.name in PLACE_CODES]
    with suppress(UnknownPlace):
        for place in map(gazetteer().place, codes):
            own_name = area.area_desc in (place.name, *place.names.values())
            return place.names.get(primary, place.name) if own_name else area.area_desc
    made = not area.geocode and area.area_desc == _met_by(_drawn(area))
    return _met_by(_drawn(area), primary) if made else area.area_desc


def target(areas: Iterable[Area]) -> Target:
    """The places and shapes that a message's areas mean."""
    codes: list[str] = []
    drawn: list[BaseGeometry] = []
    for area in areas:
        named = [code.value for code in area.geocode if code.name in PLACE_CODES]
        codes += named
        if not named:
            drawn += _drawn(area)
    return Target(tuple(dict.fromkeys(codes)), tuple(drawn))


def _drawn(area: Area) -> list[BaseGeometry]:
    circles = (shapes.Circle(one.longitude, one.latitude, one.radius) for one in area.circle)
    rings = [shapely.Polygon(ring) for ring in area.polygon]
    return [*rings, *(circle.geometry for circle in circles)]


def without_words(areas: Iterable[Area]) -> tuple[Area, ...]:
    """The areas, where drawn ones are described by the places that they meet alone."""
    return tuple(
        area
        if any(code.name in PLACE_CODES for code in area.geocode)
        else msgspec.structs.replace(area, area_desc=_met_by(_drawn(area)), geocode=())
        for area in areas
    )


def named(areas: Iterable[Area]) -> tuple[Area, ...]:
    """The named places that the areas are or meet, and nothing of what was drawn."""
    codes: dict[str, None] = {}
    for area in areas:
        own = [code.value for code in area.geocode if code.name in PLACE_CODES]
        met = [place for shape in _drawn(area) for place in gazetteer().meeting(shape)]
        divided = {place.state for place in met if place.kind == "subdivision"}
        finest = (p.code for p in met if p.kind == "subdivision" or p.code not in divided)
        codes.update(dict.fromkeys(own or finest))
    return of_places(codes)


def target_of(message: Message) -> Target:
    return target(message.area)


def untold_of(message: Message) -> Target:
    """The places and zones whose followers are not notified of a message."""
    meant = [untold_target(message, some) for some in message.untold]
    codes = tuple(code for one in meant for code in one.codes)
    return Target(codes, tuple(shape for one in meant for shape in one.shapes))


def is_news(message: Message) -> bool:
    """Whether anybody in a message's area is to be notified of it; of an end somebody always is."""
    untold = {code for some in message.untold for code in (*some.places, *some.zones)}
    return message.msg_type == "Cancel" or any(
        untold.isdisjoint(code.value for code in area.geocode) for area in message.area
    )


def zones_of(message: Message, codes: Iterable[str]) -> tuple[Area, ...]:
    """The drawn areas of a message that carry these zones' codes."""
    wanted = set(codes)
    return tuple(
        area
        for area in message.area
        if any(code.name == ZONE_CODE and code.value in wanted for code in area.geocode)
    )


def untold_target(message: Message, some: Untold) -> Target:
    """The places and zones that ``some`` of what a message leaves untold means."""
    return Target(some.places, target(zones_of(message, some.zones)).shapes)
