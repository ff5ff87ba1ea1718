"""Searching persons by name while others are served, through a whole web process.

    python benchmarks/searching.py [--records 100000] [--at-once 16] [--seconds 20]

So many searches are under way at once for so many seconds, and beside them ``/healthz`` is asked
for over a connection of its own. Prints milliseconds, and of the same searches the share of what
comparing every name in full finds (recall), with the time that takes, the reference, beside them.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from sqlalchemy import insert

from casa import schema
from casa.agencies.demonstration import DEMONSTRATION
from casa.database import Database
from casa.missing_persons.foreign import LONGEST
from casa.missing_persons.models import ForeignPerson
from casa.missing_persons.names import MATCH, score
from casa.missing_persons.search import enter_missing
from tests.system.processes import Service

_FIRST = "Jean Marie Pierre Kezia Shanice Errol Rajkumar Soekhdeo Ana Luis Carlos Yolande Winston"
_SYLLABLES = (
    "ba bo chi da de fa go ha jo ka la li ma mo na ni pa po ra ro sa si ta to va ve wi ya ze"
)
_AT_ONCE = 2_000


def names(count: int) -> list[str]:
    """Names of which some parts are common and most are not."""
    chance = random.Random(7)
    syllables, first = _SYLLABLES.split(), _FIRST.split()

    def made() -> str:
        return "".join(chance.choices(syllables, k=chance.randint(2, 4))).capitalize()

    return [f"{chance.choice(first)} {made()} {made()}" for _ in range(count)]


def misspelt(name: str, chance: random.Random) -> str:
    """The last and first of a name, one letter of it otherwise."""
    parts = name.split()
    words = [parts[-1], parts[0]]
    word = chance.randrange(2)
    at = chance.randrange(1, len(words[word]))
    words[word] = words[word][:at] + chance.choice("aeimnst") + words[word][at + 1 :]
    return " ".join(words)


def store(database: Database, told: list[str]) -> None:
    """Records of another registry with those names, entered as the worker does."""
    moment = datetime.now(UTC).replace(microsecond=0)
    plan = next(one for one in DEMONSTRATION if one.code == "cdema")
    with database.writing() as session:
        agency = plan.create(session).id
    for at in range(0, len(told), _AT_ONCE):
        rows = [
            {
                "person_record_id": f"example.org/{at + offset}", "agency_id": agency,
                "source_date": moment, "sent_entry_date": moment, "entry_date": moment,
                "created": moment - timedelta(seconds=at + offset), "due": moment + LONGEST,
                "content": {"full_name": name},
            }
            for offset, name in enumerate(told[at : at + _AT_ONCE])
        ]  # fmt: skip
        with database.writing() as session:
            session.execute(insert(ForeignPerson), rows)
        for _ in range(_AT_ONCE // 500):
            with database.writing() as session:
                enter_missing(session, moment)


def timed(work: Callable[[], object], until: float, times: list[float]) -> None:
    while time.monotonic() < until:
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(int(part * len(times)), len(times) - 1)]


def serve(service: Service, told: list[str], at_once: int, seconds: float) -> None:
    """Print how long searches and ``/healthz`` beside them take."""
    until = time.monotonic() + seconds
    searches: list[float] = []
    healthy: list[float] = []

    def searcher(seed: int) -> Callable[[], object]:
        chance, session = random.Random(seed), requests.Session()
        url = f"{service.url}/v1/missing-persons/search"

        def search() -> None:
            name = misspelt(chance.choice(told), chance)
            session.get(url, params={"name": name}, timeout=60).raise_for_status()

        return search

    def health() -> None:
        time.sleep(0.02)
        start = time.perf_counter()
        asked.get(f"{service.url}/healthz", timeout=60).raise_for_status()
        healthy.append(1000 * (time.perf_counter() - start))

    asked = requests.Session()
    threads = [
        threading.Thread(target=timed, args=(searcher(seed), until, searches))
        for seed in range(at_once)
    ]
    threads.append(threading.Thread(target=timed, args=(health, until, [])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(searches):,} searches, {at_once} at once, {len(told):,} records; milliseconds")
    for title, times in (("search", searches), ("/healthz beside it", healthy)):
        figures = (statistics.median(times), percentile(times, 0.99), max(times))
        print(f"{title:20}" + "".join(f"{one:>10.1f}" for one in figures))


def compare(service: Service, told: list[str]) -> None:
    """Print what share of a full comparison's hits a search gives."""
    chance = random.Random(11)
    wanted = hit = 0
    spent = 0.0
    for _ in range(20):
        query = misspelt(chance.choice(told), chance)
        start = time.perf_counter()
        likely = {name for name in told if score(query, name) >= MATCH}
        spent += 1000 * (time.perf_counter() - start)
        url = f"{service.url}/v1/missing-persons/search"
        records = requests.get(url, params={"name": query}, timeout=60).json()["records"]
        shown = {one["full_name"] for one in records}
        wanted += min(len(likely), 50)
        hit += len(likely & shown)
    print(
        f"recall {hit / wanted:.3f} ({hit} of {wanted}); comparing every name {spent / 20:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--database", help="an empty database; by default an SQLite file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{Path(folder) / 'searching.db'}"
        database = Database(url)
        schema.upgrade(database)
        told = names(options.records)
        store(database, told)
        database.dispose()
        settings = {
            "CASA_DATABASE_URL": url, "CASA_VAR_DIR": folder, "CASA_LOG_LEVEL": "ERROR",
            "CASA_RATE_SEARCHES": str(10**6),
        }  # fmt: skip
        service = Service(settings, "serve")
        try:
            serve(service, told, options.at_once, options.seconds)
            compare(service, told)
        finally:
            service.process.stop()


if __name__ == "__main__":
    main()
