"""Publishing an advisory over five states with a million devices, until its dispatches are planned.

    python benchmarks/advisory.py [--devices 1000000] [--repeats 5] [--database URL]

Devices are those of benchmarks/match.py. An advisory over HTTP sets three levels in Barbados, Saint
Vincent, Grenada, Jamaica and Haiti, with a storm's track; then a worker plans all that waits. The
next advisory raises parishes out of their states, so that some messages tell nobody. Beside each,
the sum of its parts, each done alone on the same machine: composing the texts (with what the track
means for each place), matching the areas of its messages against the index, and saving as many
device numbers in as many transactions. Medians in milliseconds:

  call      from the request to its answer: composed, checked, committed
  plan      from there until the last dispatch is planned
  parts     texts, match and save, done alone
  ratio     call and plan together to the parts
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from match import populate
from pyroaring import BitMap
from sqlalchemy import select

from casa import create_app, schema
from casa.agencies import keys
from casa.agencies.caller import Caller
from casa.agencies.demonstration import DEMONSTRATION
from casa.alerts.message import Message
from casa.alerts.models import PublishedMessage
from casa.alerts.publication import decode_message
from casa.database import Database, now
from casa.delivery.channels import Matched
from casa.delivery.planning import matched_by, plan_next
from casa.disasters import wording
from casa.disasters.advisory import Advisory
from casa.disasters.levels import Level
from casa.disasters.models import HazardEvent
from casa.disasters.parts import all_parts
from casa.disasters.readings import readings
from casa.settings import Settings

STORM = {"hazard": "tropical_cyclone", "name": "Benchmark"}
FIRST = {"BB": "warning", "VC": "warning", "GD": "emergency", "JM": "watch", "HT": "watch"}
SECOND = FIRST | {"GD-10": "warning", "JM-14": "warning", "JM-01": "warning", "HT-OU": "warning"}
LEASE = timedelta(minutes=5)
SHARD = 20_000
_TURNS = count()
OFFICE = Caller(1, "office", "The Office", "office@demo.invalid", None, None, ())


class Taken(NamedTuple):
    """Milliseconds of one advisory, and how many messages and devices it had."""

    messages: int
    told: int
    call: float
    plan: float
    texts: float
    match: float
    save: float

    @property
    def parts(self) -> float:
        return self.texts + self.match + self.save

    @property
    def ratio(self) -> float:
        return (self.call + self.plan) / self.parts


def track() -> dict[str, Any]:
    """A hurricane from the Atlantic over the southern islands to Jamaica; never twice the same."""
    start = datetime.now(UTC) + timedelta(microseconds=next(_TURNS))
    radii = {"34": {"ne": 120, "se": 100, "sw": 70, "nw": 110}}
    points = [
        {
            "time": (start + timedelta(hours=12 * step)).isoformat(),
            "longitude": -54.0 - 3.2 * step,
            "latitude": 12.8 + 0.75 * step,
            "wind_kt": 100,
            "radii": radii,
        }
        for step in range(9)
    ]
    return {"name": "BENCHMARK", "identifier": "AL992026", "points": points}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = work()
    return 1000 * (time.perf_counter() - start), done


def plan_all(database: Database) -> None:
    while plan_next(database, "benchmark", LEASE, SHARD):
        pass


def measure(
    client: FlaskClient, office: dict[str, str], database: Database, event: str, levels: Any
) -> Taken:
    body = {"levels": levels, "track": track()}
    # The parts with a track of their own: arrivals are kept for the next time.
    alike = {"levels": levels, "track": track()}
    path = f"{event}/advisories?publish=true"
    call, answer = timed(lambda: client.post(path, json=body, headers=office))
    if answer.status_code != 201:
        raise SystemExit(answer.json)
    plan, _ = timed(lambda: plan_all(database))
    made = answer.json["messages"]
    with database.reading() as session:
        query = select(PublishedMessage.content).where(
            PublishedMessage.identifier.in_(one["identifier"] for one in made)
        )
        messages = [decode_message(content) for content in session.scalars(query)]
    texts, _ = timed(lambda: compose(made, alike))
    match, matched = timed(lambda: match_all(database, messages))
    told = [one for one, message in zip(matched, messages, strict=True) if len(one.area)]
    save, _ = timed(lambda: save_all(database, told))
    heard = sum(one["told"] for one in made)
    return Taken(heard, sum(len(one.area) for one in told), call, plan, texts, match, save)


def compose(made: list[dict[str, Any]], body: dict[str, Any]) -> None:
    """What each place is to read, and each message's content, as drafting needs it."""
    event = HazardEvent(**STORM, identifiers=[], status="Actual")
    levels = {code: Level(level) for code, level in body["levels"].items()}
    given = Advisory(levels=levels, track=body["track"])
    moment = now()
    told = readings(event.hazard, given, moment, {}).by_part
    for one in made:
        places = all_parts(one["places"])
        statement = wording.Statement(
            Level(one["level"]), places, told[min(places)].as_read, moment
        )
        wording.content(event, given, OFFICE, statement)


def match_all(database: Database, messages: list[Message]) -> list[Matched]:
    with database.reading() as session:
        return [matched_by(session, message) for message in messages]


def save_all(database: Database, matched: list[Matched]) -> None:
    """The bitmaps as they are kept: once whole, once in shards; in a table for the purpose."""
    with database.engine.connect() as connection, closing(connection.connection.cursor()) as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS kept (packed BYTEA)")
        mark = "?" if database.is_sqlite else "%s"
        for one in matched:
            numbers: BitMap = one.area
            shards = [numbers[at : at + SHARD] for at in range(0, len(numbers), SHARD)]
            for part in (numbers, *shards):
                cursor.execute(f"INSERT INTO kept VALUES ({mark})", (part.serialize(),))
        connection.connection.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--database", help="an empty database; by default an SQLite file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{Path(folder) / 'advisory.db'}"
        database = Database(url)
        schema.upgrade(database)
        devices, _ = populate(database, given.devices)
        with database.writing() as session:
            plans = {plan.code: plan.create(session) for plan in DEMONSTRATION}
            key = keys.issue(session, plans["cdema"], "benchmark")
        app = create_app(Settings(database_url=url, var_dir=Path(folder) / "var"))
        office = {"Authorization": f"Bearer {key}"}
        print(
            f"{devices:,} devices; {database.url.get_backend_name()}; medians of {given.repeats}\n"
        )
        print(
            f"{'advisory':<12}{'told by':>8}{'devices':>10}{'call':>8}{'plan':>8}"
            f"{'texts':>8}{'match':>8}{'save':>8}{'parts':>8}{'ratio':>8}"
        )
        rounds = [storm(app.test_client(), office, database) for _ in range(given.repeats)]
        for name, taken in zip(("first", "second"), zip(*rounds, strict=True), strict=True):
            show(name, taken)
        database.dispose()


def storm(client: FlaskClient, office: dict[str, str], database: Database) -> tuple[Taken, Taken]:
    """A new event and its two advisories."""
    event = client.post("/v1/hazard-events", json=STORM, headers=office).headers["Location"]
    first = measure(client, office, database, event, FIRST)
    return first, measure(client, office, database, event, SECOND)


def show(name: str, taken: tuple[Taken, ...]) -> None:
    def median(column: str) -> float:
        return statistics.median(getattr(one, column) for one in taken)

    print(
        f"{name:<12}{taken[0].messages:>8}{taken[0].told:>10,}"
        + "".join(
            f"{median(column):>8.0f}"
            for column in ("call", "plan", "texts", "match", "save", "parts")
        )
        + f"{median('ratio'):>7.2f}×"
    )


if __name__ == "__main__":
    main()
