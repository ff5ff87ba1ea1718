"""Finding an alert's devices among a million: casa.audience.matching beside a bare read.

    python benchmarks/match.py [--devices 1000000] [--repeats 7] [--database URL]
                               [--elsewhere 9000000]

Devices live in the states in proportion to their inhabitants and in a state's subdivisions alike;
each follows the cell of its home, four of five their subdivision by name and half another cell of
the same subdivision. For each alert it prints, medians in milliseconds:

  cover     its shape or places as ranges of cells (places' are kept for the next time; not here)
  match     from the ranges to the bitmap of the devices that are to be sent it
  first     cover, match and read until 1,000 of them are in hand with their tokens
  read      reading as many tokens as were matched in sequence, the bound: rows that lie side by
            side, filtered by nothing
  ratio     match to read

With ``--elsewhere`` a second SQLite file holds so many more devices that no alert concerns, and
each match is timed in both files in turn.

Last, the cover of a hurricane's cone of 500 vertices beside H3's own function that answers the
same question at resolution 7 directly.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import h3.api.numpy_int as h3
import numpy as np
import shapely
from cover import cone, median
from sqlalchemy import ColumnElement, Insert, func, insert, literal, select, text
from sqlalchemy.orm import Session

from casa import schema
from casa.audience.devices import today
from casa.audience.filters import KINDS, Preferences, Wanted, bits
from casa.audience.matching import match, recipients, stream
from casa.audience.models import AudienceKey, Device
from casa.database import Database
from casa.geography.cells import RESOLUTION, cell_at, cover
from casa.geography.places import Place, gazetteer, place_key
from casa.geography.shapes import Circle
from casa.geography.target import Target

# Inhabitants in thousands.
POPULATION = {
    "HT": 11_700, "JM": 2_830, "TT": 1_370, "GY": 830, "SR": 630, "BS": 410, "BZ": 410, "BB": 280,
    "LC": 180, "GD": 125, "VC": 104, "AG": 94, "DM": 73, "KN": 48, "MS": 5,
}  # fmt: skip
ALERTS = {
    "5 km around Kingston": Target((), (Circle(-76.79, 17.98, 5_000).geometry,)),
    "a parish (JM-01)": Target(("JM-01",), ()),
    "all of Jamaica": Target(("JM",), ()),
    "all of Haiti": Target(("HT",), ()),
    "the cone": Target((), (cone(),)),
}
WANTED = Wanted(kind="disaster", severity_rank=3, exercise=False)
Row = TypeVar("Row")
_BATCH = 50_000


class Homes(NamedTuple):
    """One subdivision's devices: the cells of their homes and of their other places."""

    place: Place
    homes: list[int]
    others: list[int]


def homes(total: int) -> Iterator[Homes]:
    chance = np.random.default_rng(2013)
    inhabitants = sum(POPULATION.values())
    for state, thousands in POPULATION.items():
        divisions = gazetteer().subdivisions(state) or [gazetteer().place(state)]
        of_state = round(total * thousands / inhabitants)
        for index, place in enumerate(divisions):
            here = of_state * (index + 1) // len(divisions) - of_state * index // len(divisions)
            cells = positions(chance, place, here + here // 2)
            yield Homes(place, cells[:here], cells[here:])


def positions(chance: np.random.Generator, place: Place, count: int) -> list[int]:
    """The cells of so many positions spread over a place's land."""
    west, south, east, north = place.territory.bounds
    shapely.prepare(place.territory)
    found: list[int] = []
    while len(found) < count:
        x, y = chance.uniform(west, east, 4 * count), chance.uniform(south, north, 4 * count)
        inside = shapely.contains_xy(place.territory, x, y)
        found += map(cell_at, x[inside][:count].tolist(), y[inside][:count].tolist())
    return found[:count]


def populate(database: Database, total: int, elsewhere: int = 0) -> tuple[int, int]:
    """Register ``total`` devices, and more ``elsewhere``; how many, and keys, of the former."""
    chance = np.random.default_rng(7)
    packed = bits(Preferences(kinds=KINDS), "fcm")
    number, keys = 0, []
    rows: list[dict[str, object]] = []
    day = today()
    # Numbers are given in the order of registration, which has nothing to do with where one lives.
    order = chance.permutation(total + elsewhere + 10_000) + 1
    for place, first, others in homes(total):
        for index, home in enumerate(first):
            device = int(order[number])
            number += 1
            followed = {home}
            if index % 2 == 0 and index // 2 < len(others):
                followed.add(others[index // 2])
            if index % 5:
                followed.add(place_key(place.code))
            keys += [(key, device, packed) for key in followed]
            rows.append(device_row(device, day))
    rows.sort(key=lambda row: row["number"])  # type: ignore[arg-type,return-value]
    keys.sort()
    with database.writing() as session:
        for part in _batches(rows):
            session.execute(insert(Device), part)
        for part in _batches(keys):
            session.execute(
                insert(AudienceKey),
                [{"key": key, "device": device, "bits": some} for key, device, some in part],
            )
    _populate_elsewhere(database, np.sort(order[number : number + elsewhere]), packed)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))
    return number, len(keys)


def _populate_elsewhere(database: Database, numbers: np.ndarray, packed: int) -> None:
    """Devices around Cabo Verde, some hundreds to a cell: as dense as a city, and no concern.

    SQLite makes the rows itself: nine million would take a quarter of an hour through Python.
    """
    for part in np.array_split(numbers, max(len(numbers) // _BATCH, 1)) if len(numbers) else ():
        with database.writing() as session:
            session.execute(_insert_elsewhere(part))
    cells = sorted({cell_at(-26 + x / 40, 14 + y / 40) for x in range(100) for y in range(100)})
    each = np.array_split(np.random.default_rng(3).permutation(numbers), len(cells))
    for start in range(0, len(cells), 100):
        with database.writing() as session:
            for cell, devices in zip(cells[start : start + 100], each[start:], strict=False):
                listed = _listed(np.sort(devices))
                row = select(literal(cell), listed, literal(packed))
                session.execute(insert(AudienceKey).from_select(["key", "device", "bits"], row))


def _listed(numbers: np.ndarray) -> ColumnElement[int]:
    return func.json_each(json.dumps(numbers.tolist())).table_valued("value").c.value


def _insert_elsewhere(numbers: np.ndarray) -> Insert:
    """As ``device_row``, but that the tokens' letters are others."""
    number = _listed(numbers)
    own: dict[str, ColumnElement[object]] = {
        "number": number,
        "id": func.printf("%032x", number),
        "secret_digest": func.printf("%064x", number),
        "token": func.printf("%022x:APA91b%0134x", number, number),
        "token_digest": func.printf("%064x", number),
    }
    columns = Device.__table__.c
    row = {
        name: own.get(name, literal(value, columns[name].type))
        for name, value in device_row(0, today()).items()
    }
    return insert(Device).from_select(list(row), select(*row.values()))


def device_row(number: int, day: object) -> dict[str, object]:
    """A phone that is to be sent everything, with a token as long as FCM's."""
    digest = f"{number:064x}"
    return {
        "number": number,
        "id": f"{number:032x}",
        "secret_digest": digest,
        "platform": "android",
        "provider": "fcm",
        "token_kind": "token",
        "token": f"{number:022x}:APA91b" + f"{number * 2654435761 % 2**64:016x}" * 8 + "abcdef",
        "token_digest": digest,
        "languages": ["en"],
        "kinds": list(KINDS),
        "min_severity": "Unknown",
        "exercises": False,
        "created": day,
        "changed": day,
        "seen": day,
    }


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while part := list(islice(remaining, _BATCH)):
        yield part


def first_thousand(session: Session, target: Target) -> int:
    """Cover, match and read until 1,000 recipients are in hand."""
    held: set[int] = set()
    for part in stream(session, target.keys, target.ranges, WANTED):
        held.update(part[:1_000].tolist())
        if len(held) >= 1_000:
            break
    groups = recipients(session, sorted(held)[:1_000])
    return sum(len(group.tokens) for group in groups)


def read(session: Session, count: int) -> int:
    """By the database's own driver, without SQLAlchemy's share of the work."""
    with closing(session.connection().connection.cursor()) as cursor:
        cursor.execute(f"SELECT token FROM device ORDER BY number LIMIT {count}")
        return len(cursor.fetchall())


def measure(database: Database, name: str, target: Target, repeats: int) -> None:
    def timed(work: Callable[[Session], object]) -> float:
        with database.reading() as session:
            start = time.perf_counter()
            work(session)
            return 1000 * (time.perf_counter() - start)

    keys, ranges = target.keys, target.ranges
    with database.reading() as session:
        matched = len(match(session, keys, ranges, WANTED))
    works: dict[str, Callable[[Session], object]] = {
        "cover": lambda _: cover(target.geometry),
        "match": lambda session: match(session, keys, ranges, WANTED),
        "first": lambda session: first_thousand(session, target),
        "read": lambda session: read(session, matched),
    }
    # In turn, so that a slow moment of the machine falls on all alike.
    taken = [{sort: timed(work) for sort, work in works.items()} for _ in range(repeats)]
    found = {sort: statistics.median(one[sort] for one in taken) for sort in works}
    ratio = statistics.median(one["match"] / one["read"] for one in taken)
    print(
        f"{name:<22}{matched:>10,}{len(ranges):>8,}"
        + "".join(f"{found[sort]:>9.1f}" for sort in works)
        + f"{ratio:>8.2f}×"
    )


def compare_sizes(small: Database, large: Database, repeats: int) -> None:
    """The same matches among few and among many registered devices, in turn."""
    print(f"\n{'the same match':<22}{'among few':>12}{'among many':>12}{'ratio':>9}")
    for name, target in ALERTS.items():
        keys, ranges = target.keys, target.ranges
        times: list[list[float]] = []
        for _ in range(repeats):
            turn = []
            for database in (small, large):
                with database.reading() as session:
                    start = time.perf_counter()
                    match(session, keys, ranges, WANTED)
                    turn.append(1000 * (time.perf_counter() - start))
            times.append(turn)
        few, many = (statistics.median(one[n] for one in times) for n in (0, 1))
        ratio = statistics.median(many / few for few, many in times)
        print(f"{name:<22}{few:>12.1f}{many:>12.1f}{ratio:>8.2f}×")


def compare_covers(repeats: int) -> None:
    shape = cone()
    drawn = h3.geo_to_h3shape(shape)

    def directly() -> object:
        return h3.h3shape_to_cells_experimental(drawn, RESOLUTION, contain="overlap")

    target = Target((), (shape,))
    ours = median(lambda: target.ranges, repeats)
    theirs = median(directly, max(repeats // 3, 1))
    vertices = shapely.get_num_coordinates(shape) - 1
    print(
        f"\ncover of a cone of {vertices} vertices: {ours:.1f} ms; resolution {RESOLUTION} "
        f"directly: {theirs:.0f} ms; {theirs / ours:.0f} times faster"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--database", help="an empty database; by default an SQLite file")
    parser.add_argument("--elsewhere", type=int, default=0, help="more devices, of no concern")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.database or f"sqlite:///{Path(folder) / 'match.db'}")
        schema.upgrade(database)
        devices, keys = populate(database, given.devices)
        print(
            f"{devices:,} devices follow {keys:,} places; {database.url.get_backend_name()}; "
            f"medians of {given.repeats} in ms\n"
        )
        print(
            f"{'alert':<22}{'matched':>10}{'ranges':>8}{'cover':>9}{'match':>9}{'first':>9}"
            f"{'read':>9}{'ratio':>9}"
        )
        for name, target in ALERTS.items():
            measure(database, name, target, given.repeats)
        if given.elsewhere:
            large = Database(f"sqlite:///{Path(folder) / 'large.db'}")
            schema.upgrade(large)
            populate(large, given.devices, given.elsewhere)
            compare_sizes(database, large, given.repeats)
            large.dispose()
        database.dispose()
    compare_covers(given.repeats)


if __name__ == "__main__":
    main()
