"""What cannot be true of an event is refused, by name, unless an officer's override names it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from casa.agencies.models import AuditEntry
from casa.database import Database
from casa.disasters.advisory import Advisory, Epicentre, Outlook, Override, Zone
from casa.disasters.levels import Level
from casa.disasters.models import HazardEvent
from casa.disasters.plausibility import CHECKS, Implausible, aged, checked, findings
from casa.disasters.storm.track import from_mapping
from tests.conftest import later

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
LEVELS = {"BB": Level.WARNING, "VC-01": Level.WATCH}


def event(**changes: Any) -> HazardEvent:
    facts = {"hazard": "tropical_cyclone", "name": "Imani", "identifiers": ["AL092026"]}
    return HazardEvent(**facts | {"status": "Actual"} | changes)


def track(
    *, start: datetime = NOW, points: dict[int, dict[str, Any]] | None = None, **changes: Any
) -> dict[str, Any]:
    made = [
        {
            "time": (start + timedelta(hours=12 * step)).isoformat(),
            "longitude": -54.0 - 3 * step,
            "latitude": 13.1,
            "wind_kt": 70,
        }
        | (points or {}).get(step, {})
        for step in range(4)
    ]
    return {"name": "IMANI", "identifier": "AL092026", "advisory": 9, "points": made} | changes


def found(
    given: Advisory, last: dict[str, Any] | None = None, **changes: Any
) -> list[tuple[str, str]]:
    before = from_mapping(last) if last else None
    return [(one.check, one.pointer) for one in findings(event(**changes), given, before, NOW)]


def tracked(**changes: Any) -> Advisory:
    return Advisory(levels=LEVELS, track=track(**changes))


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def test_what_is_plausible() -> None:
    given = Advisory(
        levels=LEVELS,
        track=track(strength="hurricane"),
        outlook=(
            Outlook(places=("BB",), storm="hurricane", wind_kmh=118.6, arrival=hours(20)),
            Outlook(places=("VC",), storm="tropical_storm", wind_kmh=63, rain_mm=800, surge_m=4),
            Outlook(places=("BB-04",), wind_kmh=180),
        ),
        next_update=hours(3),
    )  # fmt: skip
    assert found(given, track(start=hours(-6), advisory=8)) == []
    assert found(tracked(start=hours(-12))) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tracked(start=hours(-12.1)), ("track_age", "/track")),
        (tracked(start=hours(-9 * 8766)), ("track_age", "/track")),
        (tracked(start=hours(1.1)), ("track_future", "/track")),
        (tracked(name="OBADIAH"), ("track_storm", "/track")),
        (tracked(identifier="AL082026"), ("track_storm", "/track")),
        (tracked(identifier="AL092025"), ("track_storm", "/track")),
        (tracked(identifier="EP092026", points={}), ("track_storm", "/track")),
        (tracked(points={1: {"longitude": 57.0}}), ("track_jump", "/track/points/1")),
        (tracked(points={2: {"latitude": -13.1}}), ("track_jump", "/track/points/2")),
        (tracked(points={3: {"longitude": -36.0}}), ("track_jump", "/track/points/3")),
        (
            tracked(points={step: {"longitude": 54.0 + 3 * step} for step in range(4)}),
            ("track_basin", "/track/points/0"),
        ),
        (tracked(strength="tropical_depression"), ("track_strength", "/track")),
        (tracked(strength="tropical_storm"), ("track_strength", "/track")),
        (tracked(points={2: {"wind_kt": 200}}), ("amount", "/track/points/2/wind_kt")),
        (
            Advisory(levels=LEVELS, outlook=(Outlook(places=("BB", "JM")),)),
            ("outlook_place", "/outlook/0/places/1"),
        ),
        (
            Advisory(levels=LEVELS, outlook=(Outlook(places=("VC-02",)),)),
            ("outlook_place", "/outlook/0/places/0"),
        ),
        (
            Advisory(levels={"BB": Level.NONE}, outlook=(Outlook(places=("BB",)),)),
            ("outlook_place", "/outlook/0/places/0"),
        ),
        (Advisory(levels={}, next_update=hours(-0.1)), ("next_update", "/next_update")),
    ],
)  # fmt: skip
def test_what_is_not(given: Advisory, expected: tuple[str, str]) -> None:
    kept = [one for one in found(given) if one[0] != "track_basin" or expected[0] == "track_basin"]
    assert kept == [expected]


@pytest.mark.parametrize(
    ("storm", "wind"),
    [
        ("tropical_depression", 300),
        ("tropical_depression", 66),
        ("tropical_storm", 55),
        ("tropical_storm", 122),
        ("hurricane", 110),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_a_strength_goes_with_its_wind(storm: Any, wind: float, apart: bool) -> None:
    whole = Outlook(places=("BB",), storm=storm, wind_kmh=wind)
    halves = Outlook(places=("BB",), storm=storm), Outlook(places=("BB-01",), wind_kmh=wind)
    same = Outlook(places=("BB",), storm=storm), Outlook(places=("BB",), wind_kmh=wind)
    given = Advisory(levels=LEVELS, outlook=same if apart else (whole,))
    assert found(given) == [("outlook_strength", f"/outlook/{int(apart)}/wind_kmh")]
    # A parish has its own where it is named.
    assert found(Advisory(levels=LEVELS, outlook=halves)) == []


@pytest.mark.parametrize(
    ("hazard", "facts", "pointer"),
    [
        ("tropical_cyclone", {"wind_kmh": 400}, "/outlook/0/wind_kmh"),
        ("tropical_cyclone", {"rain_mm": 4_500}, "/outlook/0/rain_mm"),
        ("storm_surge", {"surge_m": 30}, "/outlook/0/surge_m"),
        ("tsunami", {"surge_m": 45}, "/outlook/0/surge_m"),
        ("earthquake", {"magnitude": 9.9}, "/outlook/0/magnitude"),
    ],
)
def test_amounts_have_bounds(hazard: str, facts: dict[str, float], pointer: str) -> None:
    given = Advisory(levels=LEVELS, outlook=(Outlook(places=("BB",), **facts),))
    assert found(given, hazard=hazard) == [("amount", pointer)]
    given = Advisory(levels=LEVELS, outlook=(Outlook(places=("BB",), surge_m=25),))
    assert found(given, hazard="tsunami") == []


def test_each_hazard_has_its_own_facts() -> None:
    storm = Outlook(places=("BB",), storm="hurricane", magnitude=7)
    given = Advisory(levels=LEVELS, outlook=(storm,), track=track())
    assert found(given, hazard="flood") == [
        ("track_hazard", "/track"),
        ("outlook_hazard", "/outlook/0/storm"),
        ("outlook_hazard", "/outlook/0/magnitude"),
    ]


@pytest.mark.parametrize(
    ("began", "arrival", "expected"),
    [
        (-0.1, 1, []),
        (-20, -19, []),
        (0.2, 1, [("epicentre_time", "/epicentre/time")]),
        (-72, -71, [("epicentre_time", "/epicentre/time")]),
        (-1, -2, [("outlook_arrival", "/outlook/0/arrival")]),
        (-1, 48, [("outlook_arrival", "/outlook/0/arrival")]),
    ],
)
def test_a_tsunami_is_of_now(began: float, arrival: float, expected: list[Any]) -> None:
    source = Epicentre(longitude=-66, latitude=19.6, time=hours(began), magnitude=8)
    outlook = (Outlook(places=("BB",), arrival=hours(arrival)),)
    given = Advisory(levels=LEVELS, epicentre=source, outlook=outlook)
    assert found(given, hazard="tsunami") == expected


def test_an_arrival_of_last_week_is_none() -> None:
    given = Advisory(levels=LEVELS, outlook=(Outlook(places=("BB",), arrival=hours(-80)),))
    assert found(given) == [("outlook_arrival", "/outlook/0/arrival")]
    given = Advisory(levels=LEVELS, outlook=(Outlook(places=("BB",), arrival=hours(-30)),))
    assert found(given) == []


def test_a_zone_lends_its_places_a_level() -> None:
    ring = ((-59.7, 13.0), (-59.5, 13.0), (-59.5, 13.2), (-59.7, 13.2), (-59.7, 13.0))
    zone = Zone(name="A", level=Level.WARNING, rings=(ring,))
    outlook = (Outlook(places=("BB",)), Outlook(places=("JM",)))
    given = Advisory(levels={}, zones=(zone,), outlook=outlook)
    assert found(given) == [("outlook_place", "/outlook/1/places/0")]


@pytest.mark.parametrize(
    ("name", "own", "identifiers", "other"),
    [
        ("Imani", "IMANI", [], False),
        ("Hurricane Imani", "IMANI", [], False),
        ("Ímani", "imani", [], False),
        ("Imani", "TWENTY-FIVE", [], False),
        ("Imani", "NINE", ["AL092026"], False),
        ("Nine", "IMANI", ["AL092026"], False),
        ("Imani", "AL092026", [], False),
        ("Imani", "OBADIAH", [], True),
        ("Imani", "OBADIAH", ["AL092026"], True),
        ("Imani", "IMANI", ["TC-2026-000099-ATG"], False),
        ("Imani", "IMANI", ["al09/2026"], False),
        ("Imani", "IMANI", ["AL102026", "TC-2026-000099-ATG"], True),
        (None, "OBADIAH", [], False),
    ],
)
def test_names_and_numbers_of_one_storm(
    name: Any, own: str, identifiers: list[str], other: bool
) -> None:
    expected = [("track_storm", "/track")] if other else []
    assert found(tracked(name=own), name=name, identifiers=identifiers) == expected


def test_an_event_without_a_name_goes_on_with_its_storm() -> None:
    bare = {"name": None, "identifiers": []}
    last = track(start=hours(-6), advisory=8)
    assert found(tracked(), last, **bare) == []
    assert found(tracked(name="OBADIAH"), last, **bare) == [("track_storm", "/track")]
    assert found(tracked(identifier="AL102026"), last, **bare) == [("track_storm", "/track")]


@pytest.mark.parametrize("number", [7, 8])
def test_numbers_go_on(number: int) -> None:
    last = track(start=hours(-6), advisory=8)
    assert found(tracked(advisory=number), last) == [("track_order", "/track")]


def test_without_numbers_times_go_on() -> None:
    given = tracked(start=hours(-6), advisory=None)
    assert found(given, track(start=hours(-3))) == [("track_order", "/track")]
    assert found(given, track(start=hours(-6))) == []


def test_a_storm_goes_on_from_where_it_was() -> None:
    last = track(start=hours(-6), advisory=8, points={0: {"longitude": -40}})
    assert found(tracked(), last) == [("track_jump", "/track/points/0")]
    assert found(tracked(), track(start=hours(-6), advisory=8)) == []


def test_an_override_is_for_the_check_that_it_names() -> None:
    given = Advisory(
        levels=LEVELS,
        track=track(start=hours(-20), name="OBADIAH"),
        override=(Override(check="track_age", reason="The line to Miami is down"),),
    )
    with pytest.raises(Implausible) as caught:
        checked(event(), given, None, NOW)
    assert [one.check for one in caught.value.findings] == ["track_storm"]
    assert "override the check track_storm" in caught.value.findings[0].detail
    passed = checked(event(name="Obadiah"), given, None, NOW)
    assert passed.override[0].findings == (
        "begins at 2026-08-31 16:00 UTC, 20 hours ago; 12 are the most: send the newest",
    )


def test_what_waited_too_long_is_old() -> None:
    given = tracked()
    assert aged(given, hours(12)) == []
    assert [one.check for one in aged(given, hours(12.1))] == ["track_age"]
    override = (Override(check="track_age", reason="The line is down"),)
    assert aged(Advisory(levels={}, track=track(), override=override), hours(30)) == []
    assert aged(Advisory(levels={}), hours(30)) == []


# Over HTTP: from what is sent to the answer, and who is told of an override.

Bearer = Callable[[str], dict[str, str]]
TCM = """\
HURRICANE {name} FORECAST/ADVISORY NUMBER  {number}
NWS NATIONAL HURRICANE CENTER MIAMI FL       {identifier}
{issued:%H%M UTC %a %b %d %Y}

HURRICANE CENTER LOCATED NEAR 16.5N  57.5W AT {issued:%d/%H%MZ}
MAX SUSTAINED WINDS  90 KT WITH GUSTS TO 110 KT.
34 KT.......110NE  90SE  70SW 100NW.

FORECAST VALID {ahead:%d/%H%MZ} 16.9N  59.2{side}
MAX WIND  95 KT...GUSTS 115 KT.
34 KT...110NE  90SE  70SW 100NW.

$$
"""


def tcm(age: timedelta = timedelta(), **changes: Any) -> str:
    issued = datetime.now(UTC) - age
    facts = {"name": "IMANI", "number": 9, "identifier": "AL992026", "side": "W"} | changes
    return TCM.format(issued=issued, ahead=issued + timedelta(hours=9), **facts).upper()


@pytest.fixture
def post(client: FlaskClient, bearer: Bearer) -> Callable[..., Any]:
    """Draft an advisory of a new event, or with ``to`` of that one; the answer."""

    def post_(body: dict[str, Any], to: str = "", query: str = "", **changes: Any) -> Any:
        facts = {"hazard": "tropical_cyclone", "name": "Imani", "identifiers": ["AL992026"]}
        where = to or str(
            client.post("/v1/hazard-events", json=facts | changes, headers=bearer("cdema")).headers[
                "Location"
            ]
        )
        return client.post(
            f"{where}/advisories{query}", json={"levels": {"AG": "warning"}} | body,
            headers=bearer("cdema"),
        )  # fmt: skip

    return post_


@pytest.mark.parametrize(
    ("body", "pointer", "check"),
    [
        ({"tcm": tcm(timedelta(hours=13))}, "/tcm", "track_age"),
        ({"tcm": tcm(timedelta(days=9 * 365))}, "/tcm", "track_age"),
        ({"tcm": tcm(name="OBADIAH", identifier="AL982026")}, "/tcm", "track_storm"),
        ({"tcm": tcm(side="E")}, "/tcm", "track_jump"),
        ({"track": track(start=datetime.now(UTC) + timedelta(hours=9))}, "/track", "track_future"),
        ({"outlook": [{"places": ["DM"]}]}, "/outlook/0/places/0", "outlook_place"),
        (
            {"outlook": [{"places": ["AG"], "storm": "tropical_depression", "wind_kmh": 300}]},
            "/outlook/0/wind_kmh",
            "outlook_strength",
        ),
        ({"next_update": later(hours=-1)}, "/next_update", "next_update"),
    ],
)
def test_the_answer_names_place_and_check(
    post: Any, body: dict[str, Any], pointer: str, check: str
) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json["type"]) == (422, "urn:casa:problem:implausible")
    assert pointer in [one["pointer"] for one in answer.json["errors"]], answer.json
    assert check in answer.json["checks"]
    assert f"override the check {check}" in " ".join(one["detail"] for one in answer.json["errors"])
    reason = "The duty forecaster has confirmed it by telephone"
    override = [{"check": one, "reason": reason} for one in answer.json["checks"]]
    passed = post(body | {"override": override})
    assert passed.status_code == 201, passed.json
    shown = {one["check"]: one for one in passed.json["says"]["override"]}
    assert shown[check]["reason"] == reason
    assert shown[check]["findings"]


def test_a_storms_track_is_for_a_storm(post: Any) -> None:
    answer = post({"tcm": tcm()}, hazard="flood")
    assert (answer.status_code, answer.json["checks"]) == (422, ["track_hazard"])


def test_numbers_follow_what_was_published(post: Any) -> None:
    first = post({"tcm": tcm(number=9)}, query="?publish=true")
    assert first.status_code == 201, first.json
    where = first.headers["Location"].rpartition("/advisories")[0]
    for number in (8, 9):
        again = post({"tcm": tcm(number=number)}, to=where)
        assert (again.status_code, again.json["checks"]) == (422, ["track_order"]), again.json
    assert post({"tcm": tcm(number=10)}, to=where).status_code == 201


def test_an_override_is_audited_and_under_the_digest(post: Any, database: Database) -> None:
    reason = "Miami cannot be reached"
    body = {"tcm": tcm(timedelta(hours=20)), "override": [{"check": "track_age", "reason": reason}]}
    assert post(body).status_code == 201
    with database.reading() as session:
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "advisory.override")
        )
    assert (entry.reason, entry.subject.endswith("/1")) == (reason, True)


@pytest.mark.parametrize(
    ("override", "pointer"),
    [
        ([{"check": "everything", "reason": "I know"}], "/override/0/check"),
        ([{"check": "track_age"}], "/override/0/reason"),
        ([{"check": "track_age", "reason": " "}], "/override/0/reason"),
        ([{"check": "track_jump", "reason": "Nothing jumps here"}], "/override/0/check"),
        ([{"check": "track_age", "reason": "a"}] * 2, "/override/1/check"),
    ],
)
def test_malformed_overrides(post: Any, override: Any, pointer: str) -> None:
    answer = post({"tcm": tcm(), "override": override})
    assert answer.status_code == 422, answer.json
    assert pointer in [one["pointer"] for one in answer.json["errors"]]


def test_what_grew_old_waiting_is_not_published(
    client: FlaskClient, bearer: Bearer, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = post({"tcm": tcm(timedelta(hours=11))})
    monkeypatch.setattr("casa.disasters.events.now", lambda: datetime.now(UTC) + timedelta(hours=2))
    path = f"{drafted.headers['Location']}/publish"
    answer = client.post(path, headers=bearer("cdema"))
    assert (answer.status_code, answer.json["checks"]) == (422, ["track_age"])


def test_remarks_of_reading_are_shown(post: Any) -> None:
    start = datetime.now(UTC)
    deck = (
        "AL, 99, 2026080300, 03, T254, 000, 211N,  937W\n"
        f"AL, 99, {start:%Y%m%d%H}, 03, OFCL,   0, 165N,  575W,  90, 1005, HU\n"
        f"AL, 99, {start:%Y%m%d%H}, 03, OFCL,  12, 169N,  592W,  95, 1005, HU\n"
    )
    answer = post({"adeck": deck})
    assert answer.status_code == 201, answer.json
    assert answer.json["remarks"] == ["line 1: passed over, is no whole line of a deck"]
    assert len(answer.json["says"]["track"]["points"]) == 2
    both = post({"adeck": deck, "tcm": tcm()})
    assert both.json["errors"] == [{"pointer": "/adeck", "detail": "give tcm or adeck, not both"}]
    unknown = post({"adeck": deck.replace(" 95, 1005", "  0,    0")})
    assert unknown.json["errors"][0]["pointer"] == "/adeck/points"


def test_the_document_lists_the_checks(client: FlaskClient) -> None:
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    check = schemas["Override"]["properties"]["check"]
    assert check["enum"] == list(CHECKS)
    assert all(what in check["description"] for what in CHECKS.values())


def test_the_handbook_lists_the_checks() -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "hazard-events.md").read_text()
    assert all(f"`{name}`" in handbook for name in CHECKS)
