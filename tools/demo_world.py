"""The world of the demonstration: devices over the region, and who ought to hear of what.

Who ought to be told is worked out here from shapes and codes alone, by shapely, device by device:
none of the service's matching is used, so that the table proves it.
"""

import random
from dataclasses import dataclass, field

import h3
import shapely
from shapely.geometry.base import BaseGeometry

from casa.geography.places import Place, gazetteer
from casa.geography.shapes import Circle

# Inhabitants in thousands, for how many devices each state gets.
POPULATION = {
    "HT": 11_700, "JM": 2_830, "TT": 1_370, "GY": 830, "SR": 630, "BS": 410, "BZ": 410, "BB": 280,
    "LC": 180, "GD": 125, "VC": 104, "AG": 94, "DM": 73, "KN": 48, "MS": 5, "CW": 150, "KY": 69,
    "BM": 64, "TC": 46, "VG": 31, "AI": 16,
}  # fmt: skip
LANGUAGES = {"HT": ["ht", "fr"], "SR": ["nl"], "CW": ["nl"]}


@dataclass(frozen=True)
class DemoDevice:
    """A phone: its push token, and the one place that it follows, by code or by position."""

    token: str
    state: str
    code: str | None
    position: tuple[float, float] | None

    @property
    def language(self) -> list[str]:
        return LANGUAGES.get(self.state, ["en"])

    def place(self) -> dict[str, object]:
        if self.code:
            return {"code": self.code}
        longitude, latitude = self.position or (0.0, 0.0)
        return {"longitude": longitude, "latitude": latitude}

    def cell(self) -> shapely.Polygon:
        """The cell that the service keeps of the position: it may tell whoever is in it."""
        longitude, latitude = self.position or (0.0, 0.0)
        outline = h3.cell_to_boundary(h3.latlng_to_cell(latitude, longitude, 7))
        return shapely.Polygon([(x, y) for y, x in outline])


@dataclass
class Meant:
    """Where an alert is for: codes of places, or a drawn circle."""

    codes: tuple[str, ...] = ()
    circle: tuple[float, float, float] | None = None
    _reach: list[BaseGeometry] = field(default_factory=list)

    def reach(self) -> BaseGeometry:
        if not self._reach:
            parts = [gazetteer().place(code).reach for code in self.codes]
            parts += [Circle(*self.circle).geometry] if self.circle else []
            self._reach.append(shapely.union_all(parts))
        return self._reach[0]

    def reaches(self, device: DemoDevice) -> bool:
        if device.code is None:
            return bool(shapely.intersects(device.cell(), self.reach()))
        return self.reaches_place(gazetteer().place(device.code))

    def reaches_place(self, place: Place) -> bool:
        """By name: the place, what holds it, what it holds. By shape: what it meets."""
        for code in self.codes:
            named = gazetteer().place(code)
            if place.code in (named.code, named.state):
                return True
            if named.kind == "state" and place.state == named.code:
                return True
        return self.circle is not None and bool(shapely.intersects(place.reach, self.reach()))


def devices(count: int, seed: int = 2013) -> list[DemoDevice]:
    """``count`` devices by population: half follow a subdivision, some the state, some a cell."""
    chance = random.Random(seed)
    states = chance.choices(list(POPULATION), weights=list(POPULATION.values()), k=count)
    return [_device(chance, number, state) for number, state in enumerate(states)]


def _device(chance: random.Random, number: int, state: str) -> DemoDevice:
    token = f"demo-{number:05d}-{chance.getrandbits(64):016x}"
    sort = chance.random()
    divisions = gazetteer().places(state=state, kind="subdivision")
    if sort < 0.5 and divisions:
        return DemoDevice(token, state, chance.choice(divisions).code, None)
    if sort < 0.6:
        return DemoDevice(token, state, state, None)
    return DemoDevice(token, state, None, _somewhere(chance, gazetteer().place(state).territory))


def _somewhere(chance: random.Random, territory: BaseGeometry) -> tuple[float, float]:
    west, south, east, north = territory.bounds
    shapely.prepare(territory)
    while True:
        longitude, latitude = chance.uniform(west, east), chance.uniform(south, north)
        if shapely.contains_xy(territory, longitude, latitude):
            return longitude, latitude
