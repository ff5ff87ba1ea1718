"""Matching finds exactly whom a plain reading of the rules finds, on both databases."""

import random

import pytest
import shapely
from sqlalchemy import event
from sqlalchemy.orm import Session

from casa.audience import devices
from casa.audience.filters import KINDS, SEVERITIES, Preferences, Wanted, bits, lets_through
from casa.audience.matching import count, match, recipients, stream
from casa.database import Database
from casa.geography.cells import cell_at, in_ranges
from casa.geography.places import place_key
from casa.geography.shapes import Circle
from casa.geography.target import Target

ALL = Wanted(kind="accident", severity_rank=4, exercise=False)


def register(session: Session, token: str | None, keys: list[int], preferences: Preferences) -> int:
    push = devices.Push("fcm", "token", token, token) if token else devices.Push()
    device, _ = devices.register(session, "android", push, ["ht", "fr"])
    devices.change(session, device, preferences=preferences)
    devices.follow(session, device, keys)
    return device.number


@pytest.fixture
def crowd(database: Database) -> dict[int, tuple[set[int], int]]:
    """Three hundred devices in and around Jamaica and Haiti: their keys and bits, by number."""
    chance = random.Random(7)
    found = {}
    with database.writing() as session:
        for index in range(300):
            keys = {
                cell_at(chance.uniform(-78.5, -72), chance.uniform(17.6, 20))
                for _ in range(chance.randrange(3))
            }
            keys |= {
                place_key(chance.choice(["JM", "JM-01", "JM-14", "HT", "HT-OU", "BB"]))
                for _ in range(chance.randrange(3))
            }
            preferences = Preferences(
                tuple(kind for kind in KINDS if chance.random() < 0.7) or KINDS,
                chance.choice(SEVERITIES),
                chance.random() < 0.3,
            )
            token = f"token-{index}" if chance.random() < 0.9 else None
            number = register(session, token, list(keys), preferences)
            found[number] = keys, bits(preferences, "fcm" if token else "none")
    return found


@pytest.mark.parametrize(
    "target",
    [
        Target(("JM",), ()),
        Target(("JM-01", "HT-OU"), ()),
        Target((), (Circle(-76.8, 18.0, 30_000).geometry,)),
        Target(("HT",), (shapely.box(-78, 17.5, -76, 19),)),
        Target((), (shapely.box(-66, 16, -65, 17),)),
    ],
    ids=["a state", "two subdivisions", "a circle", "both", "open sea"],
)
@pytest.mark.parametrize(
    "wanted", [ALL, Wanted("disaster", 2, False), Wanted("missing_person", 0, True)]
)
def test_exactly_who_should_be(
    database: Database,
    crowd: dict[int, tuple[set[int], int]],
    target: Target,
    wanted: Wanted,
) -> None:
    meant = {
        number
        for number, (keys, packed) in crowd.items()
        if lets_through(packed, wanted)
        and (
            keys & set(target.keys)
            or in_ranges(target.ranges, [key for key in keys if key > 0]).any()
        )
    }
    with database.reading() as session:
        found = match(session, target.keys, target.ranges, wanted)
        assert set(found) == meant
        assert count(session, target.keys, target.ranges, wanted) == len(meant)
        parts = list(stream(session, target.keys, target.ranges, wanted))
        assert set().union(*map(set, parts)) == meant
        addressed = recipients(session, found)
    assert [number for group in addressed for number in group.numbers] == sorted(meant)
    assert {group.languages for group in addressed} == ({("ht", "fr")} if meant else set())


def test_one_statement_however_many_ranges(
    database: Database, crowd: dict[int, tuple[set[int], int]]
) -> None:
    target = Target(("JM", "HT"), (Circle(-75, 18, 200_000).geometry,))
    assert len(target.ranges) > 100
    statements: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    with database.reading() as session:
        assert match(session, target.keys, target.ranges, ALL)
    assert len([one for one in statements if "audience_key" in one]) == 1


def test_who_is_forgotten_is_not_matched_again(database: Database) -> None:
    with database.writing() as session:
        number = register(session, "token", [place_key("BB")], Preferences())
    target = Target(("BB",), ())
    with database.writing() as session:
        assert list(match(session, target.keys, target.ranges, ALL)) == [number]
        devices.forget(session, [number])
    with database.reading() as session:
        assert not match(session, target.keys, target.ranges, ALL)
        assert recipients(session, [number]) == []
