"""Plays the made-up storm of ``tests/disasters/storm_days.py`` and writes ``docs/a-storm.md``.

A page for who manages disasters: advisory by advisory, what each place was told. Run from the
project's root: ``python -m tools.storm_page``.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from casa import create_app, schema
from casa.agencies import keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.database import Database
from casa.disasters.parts import parts_of
from casa.geography.places import gazetteer
from casa.settings import Settings
from tests.disasters.storm_days import (
    BEGIN,
    STATES,
    Clock,
    Fact,
    Told,
    at,
    in_force,
    play,
    strength,
)

PAGE = Path(__file__).parents[1] / "docs" / "a-storm.md"
HEAD = """# A storm, advisory by advisory

A made-up storm, from a depression to a major hurricane over five states on three clocks, until a
front absorbs it. Each advisory is written as NHC writes them and sent to the service; its levels
are those that it proposes itself. This is what stood for each place after each of them. Made by
`python -m tools.storm_page`; `tests/disasters/test_storm_days.py` holds the same storm against an
oracle.
"""


def main() -> None:
    """Play the storm on a database of its own and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/casa.db"
        database = Database(url)
        schema.upgrade(database)
        with database.writing() as session:
            made = {plan.code: plan.create(session) for plan in DEMONSTRATION}
            key = keys.issue(session, made["cdema"], "page")
        app = create_app(Settings(database_url=url, var_dir=Path(folder)))
        with mock.patch("casa.database.datetime", Clock):
            lines = list(_page(app.test_client(), {"Authorization": f"Bearer {key}"}))
    PAGE.write_text("\n".join([HEAD, *lines]))


def _page(client: object, office: dict[str, str]) -> Iterator[str]:
    for number, known, _ in play(client, office):
        y, x, wind, _ = at((Clock.at - BEGIN).total_seconds() // 3600)
        yield f"## Advisory {number + 1}, {Clock.at:%A %d %B %H:%M} UTC\n"
        where = f"{y:.1f}N {abs(x):.1f}W"
        yield f"{strength(wind).capitalize()}, {wind * 1.852:.0f} km/h, at {where}.\n"
        for place in STATES:
            for told in in_force(client, parts_of(place)[0]):
                yield from _told(place, known.get(place), told)


def _told(place: str, fact: Fact | None, told: Told) -> Iterator[str]:
    name = gazetteer().place(place).name
    said = told.texts["en"]
    yield f"**{name}: {told.level}.** {told.alert['info'][0]['headline']}\n"
    if fact and fact.arrival and fact.wind_kmh:
        winds = f"{fact.strength.lower()}, {fact.wind_kmh:.0f} km/h"
        yield f"*True there: {winds}, gales {fact.arrival:%A %d %H:%M} UTC.*\n"
    yield f"> {said['sms']}\n"


if __name__ == "__main__":
    main()
