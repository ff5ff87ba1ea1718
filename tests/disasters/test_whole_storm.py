"""A made-up storm from formation to all clear, over HTTP, to 500 devices.

After each advisory what each device has been told last is what the advisory says of its place, and
no device was told one level twice in a row. The pushes are those of the dispatch engine; only the
provider is played in memory (``tests/delivery/test_dispatch.py``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from casa.alerts.message import Message
from casa.audience.devices import today
from casa.audience.filters import Preferences, bits
from casa.audience.matching import Addresses
from casa.audience.models import AudienceKey, Device
from casa.database import Database
from casa.delivery import dispatch, planning
from casa.delivery.outcomes import Outcome, Sent
from casa.disasters.parts import parts_of
from casa.disasters.wording import level_of
from casa.geography.places import gazetteer, place_key

LEASE = timedelta(seconds=30)
STATES = ("BB", "VC", "GD", "JM", "KY")
# What a device may follow by name, so that it is in one place only.
PLACES = [
    code for state in STATES for code in parts_of(state) if gazetteer().place(code).kind != "waters"
]
DEVICES = 500
# Whole hours are told as they are, however long the test takes.
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

# Each advisory's levels, all of them: what is missing is at none. South-eastern islands first, then
# Jamaica, last Cayman; parishes rise above their states, some are lifted and warned again.
ADVISORIES: tuple[dict[str, str], ...] = (
    {},
    {"BB": "watch"},
    {"BB": "watch", "VC": "watch", "GD": "watch"},
    {"BB": "watch", "VC": "watch", "GD": "watch"},
    {"BB": "warning", "VC": "watch", "GD": "watch"},
    {"BB": "warning", "VC": "warning", "GD": "watch", "GD-10": "warning"},
    {"BB": "warning", "BB-04": "emergency", "VC": "warning", "GD": "warning"},
    {"BB": "warning", "BB-04": "emergency", "VC": "warning", "GD-10": "emergency", "GD": "warning"},
    {"BB": "watch", "BB-04": "warning", "VC": "warning", "GD-10": "emergency", "GD": "warning"},
    {"VC": "warning", "VC-06": "emergency", "GD": "warning", "GD-10": "emergency"},
    {"BB": "all_clear", "VC": "warning", "VC-06": "emergency", "GD": "watch", "GD-10": "emergency"},
    {"VC": "watch", "GD": "all_clear", "GD-10": "emergency", "JM": "watch"},
    {"VC": "all_clear", "VC-06": "watch", "GD-10": "watch", "JM": "watch"},
    {"VC-06": "all_clear", "GD-10": "all_clear", "JM": "warning", "KY": "watch"},
    {"JM": "warning", "JM-01": "emergency", "JM-14": "emergency", "KY": "watch"},
    {"JM": "emergency", "KY": "warning"},
    {"JM": "warning", "JM-10": "emergency", "JM-11": "emergency", "KY": "warning"},
    {"JM": "all_clear", "JM-10": "watch", "JM-11": "none", "KY": "emergency"},
    {"JM-10": "all_clear", "JM-11": "all_clear", "KY": "watch"},
    {"KY": "all_clear"},
)


def level_at(levels: dict[str, str], place: str) -> str:
    return levels.get(place, levels.get(place[:2], "none"))


@dataclass
class Phones:
    """A provider that remembers what each device was told: the levels, in order."""

    told: dict[str, list[str]] = field(default_factory=dict)
    statuses: set[str] = field(default_factory=set)

    def send(self, message: Message, page: Sequence[Addresses]) -> list[Outcome]:
        self.statuses.add(message.status)
        for group in page:
            level = "none" if group.departed else level_of(message).value
            for token in group.tokens:
                self.told.setdefault(token, []).append(level)
        return [Sent() for group in page for _ in group.tokens]


def drain(database: Database, phones: Phones, pages: int = 1_000) -> None:
    """Plan all that waits, and send at most so many pages."""
    while planning.plan_next(database, "worker", LEASE, 100):
        pass
    for _ in range(pages):
        if not dispatch.work_once(database, {"fcm": phones}, "worker", LEASE, 50):
            break


def register(database: Database, preferences: Callable[[int], Preferences]) -> dict[str, str]:
    """Devices that follow one place each, by their tokens."""
    homes = {f"token-{number}": PLACES[number % len(PLACES)] for number in range(DEVICES)}
    day = today()
    rows, keys = [], []
    for number, (token, place) in enumerate(homes.items()):
        wants = preferences(number)
        rows.append(
            {
                "number": number + 1, "id": f"{number:036d}", "secret_digest": token,
                "platform": "android", "provider": "fcm", "token_kind": "token", "token": token,
                "token_digest": token, "languages": ["en"], "kinds": list(wants.kinds),
                "min_severity": wants.min_severity, "exercises": wants.exercises,
                "created": day, "changed": day, "seen": day,
            }
        )  # fmt: skip
        packed = bits(wants, "fcm")
        keys.append({"key": place_key(place), "device": number + 1, "bits": packed})
    with database.writing() as session:
        session.execute(insert(Device), rows)
        session.execute(insert(AudienceKey), keys)
    return homes


def expected_of(told: list[str], level: str) -> bool:
    """Whether a device that was told this knows the level; nothing is said of what never was."""
    if not told:
        return level in ("none", "all_clear")
    return told[-1] == level or (told[-1] == "all_clear" and level == "none")


def outlook(levels: dict[str, str]) -> dict[str, Any]:
    """Facts that grow no worse, so that none of them is news: what is told are the levels."""
    facts = {
        "storm": "hurricane", "wind_kmh": 160, "rain_mm": 120, "surge_m": 1.5,
        "arrival": (HOUR + timedelta(hours=18)).isoformat(),
    }  # fmt: skip
    warned = [place for place, level in levels.items() if level != "none"]
    return {
        "outlook": [{"places": warned, **facts}] if warned else [],
        "next_update": (HOUR + timedelta(hours=8)).isoformat(),
    }  # fmt: skip


def run(
    client: FlaskClient,
    office: dict[str, str],
    database: Database,
    phones: Phones,
    status: str,
) -> Iterator[tuple[str, dict[str, str]]]:
    """The event's address and the levels, after each advisory and what is pushed of it."""
    body = {"hazard": "tropical_cyclone", "name": "Imani", "identifiers": ["AL992026"]}
    made = client.post("/v1/hazard-events", json=body | {"status": status}, headers=office)
    event = made.headers["Location"]
    for levels in ADVISORIES:
        advisory = {"levels": levels, **outlook(levels)}
        path = f"{event}/advisories?publish=true"
        answer = client.post(path, json=advisory, headers=office)
        assert answer.status_code == 201, answer.json
        assert answer.json["state"] == "published"
        drain(database, phones)
        yield event, levels


def test_each_device_knows_its_level_and_none_was_told_twice(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]], database: Database
) -> None:
    homes = register(database, lambda _: Preferences())
    phones, office = Phones(), bearer("cdema")
    event = ""
    for event, levels in run(client, office, database, phones, "Actual"):  # noqa: B007
        for token, place in homes.items():
            told = phones.told.get(token, [])
            assert expected_of(told, level_at(levels, place)), (levels, place, told)
            assert all(a != b for a, b in pairwise(told)), (place, told)
    assert set(phones.told) == set(homes)
    page = client.get(event, headers=office).json
    assert [one["number"] for one in page["advisories"]] == list(range(1, 21))
    assert [one["says"]["levels"] for one in page["advisories"]] == list(ADVISORIES)
    assert all(one["issued"] for one in page["advisories"])
    made = [len(one["messages"]) for one in page["advisories"]]
    assert (made[0], made[1], made[3]) == (0, 1, 0)
    ended = client.post(f"{event}/end", headers=office).json
    assert (len(ended["advisories"]), ended["ended"] is None) == (20, False)
    active = client.get("/v1/alerts?active=true").json["alerts"]
    assert all(one["info"][0]["response_type"] == ["AllClear"] for one in active)


@pytest.mark.parametrize(
    ("advisories", "sent", "told"),
    [
        # One parish is raised before anyone was sent the watch of both.
        (
            [{"BB-01": "watch", "BB-02": "watch"}, {"BB-01": "warning", "BB-02": "watch"}],
            {0: 0, 1: 9},
            {"BB-01": ["warning"], "BB-02": ["watch"]},
        ),
        # One is lifted, and before it was sent so, the other is raised in the same thread.
        (
            [
                {"BB-01": "watch", "BB-02": "watch"},
                {"BB-01": "watch"},
                {"BB-01": "warning"},
            ],
            {0: 9, 1: 0, 2: 9},
            {"BB-01": ["watch", "warning"], "BB-02": ["watch", "none"]},
        ),
        # All ends before the all-clear of one was sent.
        (
            [
                {"BB-01": "watch", "BB-02": "watch"},
                {"BB-01": "watch", "BB-02": "all_clear"},
                {"BB-01": "all_clear"},
            ],
            {0: 9, 1: 0, 2: 9},
            {"BB-01": ["watch", "all_clear"], "BB-02": ["watch", "all_clear"]},
        ),
    ],
)
def test_what_was_not_sent_in_time_is_not_lost(
    client: FlaskClient,
    bearer: Callable[[str], dict[str, str]],
    database: Database,
    advisories: list[dict[str, str]],
    sent: dict[int, int],
    told: dict[str, list[str]],
) -> None:
    homes, phones, office = register(database, lambda _: Preferences()), Phones(), bearer("cdema")
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=office).headers["Location"]
    for number, levels in enumerate(advisories):
        path = f"{event}/advisories?publish=true"
        answer = client.post(path, json={"levels": levels}, headers=office)
        assert answer.status_code == 201, answer.json
        drain(database, phones, sent[number])
    for token, heard in phones.told.items():
        assert heard == told[homes[token]]
    assert {homes[token] for token in phones.told} == set(told)


def test_who_wants_only_grave_levels_knows_them_and_is_told_none_twice(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]], database: Database
) -> None:
    least = ("Severe", "Extreme", "Unknown")
    homes = register(database, lambda number: Preferences(min_severity=least[number % 3]))
    wanted = {"Severe": ("warning", "emergency"), "Extreme": ("emergency",)}
    phones = Phones()
    for _, levels in run(client, bearer("cdema"), database, phones, "Actual"):
        for number, (token, place) in enumerate(homes.items()):
            told, level = phones.told.get(token, []), level_at(levels, place)
            grave = wanted.get(least[number % 3])
            if grave is None:
                assert expected_of(told, level), (levels, place, told)
            elif level in grave:
                assert told[-1] == level, (levels, place, told)
            else:
                # An end that they are too choosy for was told to them as the level sank.
                assert not told or told[-1] in ("none", "all_clear"), (levels, place, told)
    for told in phones.told.values():
        assert all(one != other for one, other in pairwise(told)), told


@pytest.mark.parametrize("rest", ["warning", "all_clear", "emergency"])
def test_who_wants_no_watches_learns_that_a_warning_is_over(
    client: FlaskClient,
    bearer: Callable[[str], dict[str, str]],
    database: Database,
    rest: str,
) -> None:
    homes = register(database, lambda _: Preferences(min_severity="Severe"))
    phones, office = Phones(), bearer("cdema")
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=office).headers["Location"]
    for levels in (
        {"BB-01": "warning", "BB-02": "warning"},
        {"BB-01": "watch", "BB-02": rest},
        {},
    ):
        path = f"{event}/advisories?publish=true"
        client.post(path, json={"levels": levels}, headers=office)
        drain(database, phones)
    heard = {place: phones.told[token] for token, place in homes.items() if token in phones.told}
    # For them the warning is lifted. Of the watch's own end they hear nothing, not even where it
    # stood in the thread of their warning.
    assert heard["BB-01"] == ["warning", "none"]
    assert (
        heard["BB-02"]
        == {
            "warning": ["warning", "none"],
            "all_clear": ["warning", "all_clear"],
            "emergency": ["warning", "emergency", "none"],
        }[rest]
    )


def test_an_exercise_reaches_only_who_wants_exercises(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]], database: Database
) -> None:
    homes = register(database, lambda number: Preferences(exercises=number % 3 == 0))
    asked = {token for number, token in enumerate(homes) if number % 3 == 0}
    phones = Phones()
    for _, levels in run(client, bearer("cdema"), database, phones, "Exercise"):
        assert set(phones.told) <= asked
        for token in asked:
            told = phones.told.get(token, [])
            assert expected_of(told, level_at(levels, homes[token])), (levels, homes[token], told)
    assert set(phones.told) == asked
    assert phones.statuses == {"Exercise"}


def test_an_exercise_says_so_and_one_officer_may_play_it(
    client: FlaskClient, officer: Callable[..., Any]
) -> None:
    author = officer("cdema", "author").headers
    body = {"hazard": "tsunami", "name": "Caribe Wave", "status": "Exercise"}
    event = client.post("/v1/hazard-events", json=body, headers=author).headers["Location"]
    advisory = {"levels": {"BB": "emergency"}}
    path = f"{event}/advisories?publish=true"
    answer = client.post(path, json=advisory, headers=author)
    assert answer.json["state"] == "published", answer.json
    alert = client.get(f"/v1/alerts/{answer.json['messages'][0]['identifier']}").json
    assert alert["status"] == "Exercise"
    assert alert["info"][0]["headline"].startswith("EXERCISE EXERCISE EXERCISE: ")
    said = client.get(f"{event}/advisories/1/texts?language=fr", headers=author).json
    assert "EXERCICE EXERCICE EXERCICE" in said["texts"][0]["sms"]
