"""Each place is told its own facts; what is in force for it is what the newest advisory says."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from casa.alerts.models import Dispatch
from casa.database import Database
from tests.conftest import later

Bearer = Callable[[str], dict[str, str]]
NAMES = (f"Demo{number}" for number in count(1))
STRENGTHS = {"tropical_storm": "Tropical storm", "hurricane": "Hurricane"}


@pytest.fixture
def begin(client: FlaskClient, bearer: Bearer) -> Callable[..., str]:
    def begin_(hazard: str = "tropical_cyclone") -> str:
        body = {"hazard": hazard, "name": next(NAMES)}
        made = client.post("/v1/hazard-events", json=body, headers=bearer("cdema"))
        return str(made.headers["Location"])

    return begin_


@pytest.fixture
def advise(client: FlaskClient, bearer: Bearer, database: Database) -> Callable[..., Any]:
    """Publish an advisory and deliver it; the answer's body."""

    def advise_(event: str, levels: dict[str, str], **more: Any) -> Any:
        path = f"{event}/advisories?publish=true"
        body = {"levels": levels, **more}
        answer = client.post(path, json=body, headers=bearer("cdema"))
        assert answer.status_code == 201, answer.json
        with database.writing() as session:
            session.execute(update(Dispatch).values(state="done"))
        return answer.json

    return advise_


@pytest.fixture
def in_force(client: FlaskClient) -> Callable[[str, Any], dict[str, Any]]:
    """The English words in force for a place, by an advisory's event."""

    def in_force_(event: str, place: str) -> Any:
        found = client.get(f"/v1/alerts?active=true&place={place}&limit=100").json["alerts"]
        return [
            next(info for info in one["info"] if info["language"] == "en")
            | {"identifier": one["identifier"], "area": one["area"]}
            for one in found
            if one["info"][0]["response_type"] != ["AllClear"]
        ]

    return in_force_


def by_place(advisory: Any) -> dict[str, Any]:
    return {place: one for one in advisory["messages"] for place in one["places"]}


def winds(text: str) -> list[int]:
    return [int(one) for one in re.findall(r"(\d+) km/h", text)]


def test_no_place_is_lent_the_outlook_of_another(begin: Any, advise: Any, in_force: Any) -> None:
    event = begin()
    under = {"places": ["DM"], "storm": "tropical_storm", "wind_kmh": 90}
    advise(event, dict.fromkeys(("DM", "BS", "HT", "TC"), "watch"), outlook=[under])
    (dominica,) = in_force(event, "DM")
    assert dominica["headline"].startswith("Tropical Storm")
    assert winds(dominica["description"]) == [90]
    for other in ("BS", "HT", "TC"):
        (told,) = in_force(event, other)
        assert "ropical storm" not in told["headline"] + told["event"]
        assert "Tropical Storm" not in str(told)
        assert winds(told["description"]) == []
        assert "TRA" not in str(told["event_code"])
    over = [
        {"places": ["AG"], "storm": "hurricane", "wind_kmh": 240},
        {"places": ["DM"], "storm": "tropical_storm", "wind_kmh": 90},
    ]
    advise(event, {"AG": "warning", "DM": "warning"}, outlook=over)
    (antigua,), (dominica,) = in_force(event, "AG"), in_force(event, "DM")
    assert (antigua["event"], dominica["event"]) == ("Hurricane warning", "Tropical storm warning")
    assert (winds(antigua["description"]), winds(dominica["description"])) == ([240], [90])


def test_what_grows_worse_at_the_same_level_is_told(begin: Any, advise: Any, in_force: Any) -> None:
    event = begin()
    first = {"places": ["JM"], "storm": "tropical_storm", "wind_kmh": 80}
    second = {"places": ["JM"], "storm": "hurricane", "wind_kmh": 220, "surge_m": 4}
    advise(event, {"JM": "warning"}, outlook=[first | {"arrival": later(hours=34)}])
    done = advise(event, {"JM": "warning"}, outlook=[second | {"arrival": later(hours=22)}])
    (message,) = done["messages"]
    assert (message["msg_type"], message["told"], message["places"]) == ("Update", True, ["JM"])
    (told,) = in_force(event, "JM")
    assert told["identifier"] == message["identifier"]
    assert told["event"] == "Hurricane warning"
    assert winds(told["description"]) == [220]
    assert "4 m" in told["description"]


def test_a_far_and_a_near_tsunami(begin: Any, advise: Any, client: FlaskClient) -> None:
    far = {"longitude": -82.46, "latitude": 17.7, "time": later(), "magnitude": 7.6}
    levels = dict.fromkeys(("KY", "JM", "BZ", "HT"), "warning")
    done = advise(begin("tsunami"), levels, epicentre=far)
    facts = {place.split("-")[0]: one["facts"] for place, one in by_place(done).items()}
    soonest = {state: facts[state].get("arrival", "") for state in levels}
    assert soonest["KY"] < soonest["HT"]
    assert all(one["magnitude"] == 7.6 for one in facts.values())
    # One clock a message, so a short message needs no zone.
    for one in done["messages"]:
        assert len(one["facts"].get("clocks", [])) <= 1
        states = {place.split("-")[0] for place in one["places"]}
        assert not {"JM", "BZ"} <= states or "clocks" not in one["facts"]
    near = {
        "longitude": -61.5, "latitude": 17.3, "time": later(minutes=-6), "magnitude": 7.4,
    }  # fmt: skip
    done = advise(begin("tsunami"), {"AG": "watch"}, epicentre=near)
    assert all(one["facts"]["near"] for one in done["messages"])


def test_each_state_is_told_the_step_of_its_own_alert_levels(
    begin: Any, advise: Any, in_force: Any
) -> None:
    event = begin()
    done = advise(event, dict.fromkeys(("BB", "HT", "TT"), "warning"))
    steps = {one["places"][0]: one["facts"].get("scale") for one in done["messages"]}
    assert [steps["BB"], steps["HT"].split("/")[0], steps["TT"].split("/")[0]] == [
        None, "haiti", "trinidad_and_tobago"
    ]  # fmt: skip
    for place in steps:
        (told,) = in_force(event, place)
        named = {one["name"]: one["value"] for one in told["parameter"]}
        assert named.get("casa:scale") == (steps[place] and steps[place].split("/")[0])


STORM = {"places": ["JM"], "storm": "hurricane", "wind_kmh": 150}


def messages_of(advisory: Any) -> list[tuple[str, list[str], bool]]:
    return [(one["msg_type"], one["places"], one["told"]) for one in advisory["messages"]]


def test_what_falls_or_comes_later_is_shown_and_wakes_nobody(
    begin: Any, advise: Any, in_force: Any
) -> None:
    event = begin()
    advise(event, {"JM": "warning"}, outlook=[STORM | {"arrival": later(hours=20)}])
    weaker = STORM | {"wind_kmh": 130, "arrival": later(hours=26)}
    done = advise(event, {"JM": "warning"}, outlook=[weaker])
    assert messages_of(done) == [("Update", ["JM"], False)]
    (told,) = in_force(event, "JM")
    assert winds(told["description"]) == [130]
    # The same after rounding: nothing.
    done = advise(event, {"JM": "warning"}, outlook=[weaker | {"wind_kmh": 131}])
    assert done["messages"] == []


def test_small_steps_add_up(begin: Any, advise: Any) -> None:
    event = begin()
    told = []
    for wind in (150, 160, 170, 175, 180, 200):
        done = advise(event, {"JM": "warning"}, outlook=[STORM | {"wind_kmh": wind}])
        told.append([one["told"] for one in done["messages"]])
    assert told == [[True], [False], [False], [True], [False], [True]]


def test_an_officer_has_somebody_told(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any, in_force: Any
) -> None:
    event = begin()
    advise(event, {"JM": "warning"}, outlook=[STORM])
    done = advise(event, {"JM": "warning"}, outlook=[STORM], tell=["JM-14"])
    assert [("JM-14" in places, told) for _, places, told in messages_of(done)] == [
        (True, True), (False, False)
    ]  # fmt: skip
    done = advise(event, {"JM": "warning"}, outlook=[STORM], tell=["all"])
    assert all(told for _, _, told in messages_of(done))
    assert done["says"]["tell"] == ["all"]
    assert len(in_force(event, "JM-14")) == 1
    body = {"levels": {"JM": "warning"}, "tell": ["BB", "XX"]}
    path = f"{event}/advisories"
    answer = client.post(path, json=body, headers=bearer("cdema"))
    assert [one["pointer"] for one in answer.json["errors"]] == ["/tell/1"]
    answer = client.post(path, json=body | {"tell": ["BB"]}, headers=bearer("cdema"))
    assert [one["pointer"] for one in answer.json["errors"]] == ["/tell/0"]
    assert "no level that stands" in answer.json["errors"][0]["detail"]


def test_own_words_at_the_same_level_are_told(begin: Any, advise: Any, in_force: Any) -> None:
    event = begin()
    levels = {"JM": "warning"}
    advise(event, levels, outlook=[STORM])
    edit = {"level": "warning", "language": "en", "headline": "Leave Port Royal now"}
    done = advise(event, levels, outlook=[STORM], edits=[edit])
    assert messages_of(done) == [("Update", ["JM"], True)]
    assert in_force(event, "JM")[0]["headline"] == "Leave Port Royal now"
    # Said again it is no news, and is what stands.
    assert advise(event, levels, outlook=[STORM], edits=[edit])["messages"] == []
    done = advise(event, levels, outlook=[STORM])
    assert messages_of(done) == [("Update", ["JM"], False)]
    assert "Port Royal" not in str(in_force(event, "JM"))


def test_own_words_for_some_are_theirs_alone(begin: Any, advise: Any, in_force: Any) -> None:
    event = begin()
    edit = {"level": "warning", "language": "en", "places": ["JM-14"], "headline": "Leave now"}
    advise(event, {"JM": "warning"}, outlook=[STORM], edits=[edit])
    assert [one["headline"] for one in in_force(event, "JM-14")] == ["Leave now"]
    assert "Leave now" not in str(in_force(event, "JM-13"))


def test_what_is_lifted_is_shown_by_name_before_it_is(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any
) -> None:
    event, office = begin(), bearer("cdema")
    advise(event, {"BB": "warning", "VC": "watch", "GD": "watch"})
    body = {"levels": {"BB": "warning", "GD": "all_clear"}}
    draft = client.post(f"{event}/advisories", json=body, headers=office).json
    lifted = {one.pop("place"): one for one in draft["lifted"]}
    assert lifted == {
        "GD": {"name": "Grenada", "was": "watch", "level": "all_clear", "told_by": "Cancel"},
        "VC": {
            "name": "Saint Vincent and the Grenadines", "was": "watch", "level": "none",
            "told_by": "Update",
        },
    }  # fmt: skip
    done = client.post(f"{event}/advisories/2/publish", headers=office).json
    kept = done["lifted"]
    assert {one["place"]: one["told_by"] for one in kept} == {"GD": "Cancel", "VC": "Update"}
    advise(event, {"BB": "warning"})
    again = client.get(f"{event}/advisories/2", headers=office).json
    assert again["lifted"] == kept


def track(**changes: Any) -> dict[str, Any]:
    """A major hurricane over Barbados and Saint Vincent."""
    start = datetime.now(UTC).replace(microsecond=0)
    radii = {
        "34": {"ne": 100, "se": 80, "sw": 60, "nw": 90},
        "50": {"ne": 50, "se": 40, "sw": 30, "nw": 45},
        "64": {"ne": 25, "se": 20, "sw": 15, "nw": 20},
    }
    points = [
        {
            "time": (start + timedelta(hours=12 * step)).isoformat(),
            "longitude": -54.0 - 3 * step,
            "latitude": 13.15,
            "wind_kt": 110,
            "radii": radii,
        }
        for step in range(5)
    ]
    return {"name": "DEMO", "identifier": "AL012026", "points": points} | changes


def test_what_no_outlook_tells_is_derived_and_shown_to_the_officer(
    client: FlaskClient, bearer: Bearer, begin: Any
) -> None:
    event, office = begin(), bearer("cdema")
    outlook = [{"places": ["BB-01"], "storm": "tropical_storm", "wind_kmh": 100}]
    levels = {"BB": "warning", "VC": "watch", "KY": "watch"}
    body = {"levels": levels, "track": track(), "outlook": outlook}
    draft = client.post(f"{event}/advisories", json=body, headers=office).json
    derived = draft["derived"]
    # The centre goes over Barbados: the strongest winds of the storm are there.
    assert derived["BB-08"]["storm"] == "major_hurricane"
    assert derived["BB-08"]["wind_kmh"] == pytest.approx(110 * 1.852, abs=20)
    # What an outlook tells is not derived.
    assert set(derived["BB-01"]) == {"arrival"}
    assert derived["BB-08"]["arrival"] < derived["VC-01"]["arrival"]
    assert "KY" not in derived
    facts = {place: one["facts"] for one in draft["messages"] for place in one["places"]}
    assert facts["BB-01"]["wind_kmh"] == 100
    assert "storm" not in facts["KY"]
    assert all(one["named"] == "major_hurricane" for one in facts.values())
    # The parishes of an island mostly share a message.
    assert len(draft["messages"]) <= 14


PLACES = ("BB-01", "BB-02", "JM-14", "KY", "HT-OU")
# Winds, in steps of 5 km/h, of what is so called.
WINDS = {
    "tropical_depression": (4, 12),
    "tropical_storm": (13, 23),
    "hurricane": (24, 35),
    "major_hurricane": (36, 40),
}
STRONG = st.sampled_from(sorted(STRENGTHS)).flatmap(
    lambda storm: st.fixed_dictionaries(
        {"storm": st.just(storm)},
        optional={"wind_kmh": st.integers(*WINDS[storm]).map(lambda step: 5 * step)},
    )
)
OTHER_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "surge_m": st.integers(1, 60).map(lambda tenths: tenths / 10),
        "arrival": st.integers(-20, 60),
    },
)
WINDY = st.fixed_dictionaries({"wind_kmh": st.integers(4, 40).map(lambda step: 5 * step)})
FACTS = st.tuples(st.one_of(st.just({}), STRONG, WINDY), OTHER_FACTS).map(
    lambda both: both[0] | both[1]
)
ADVISORY = st.dictionaries(
    st.sampled_from(PLACES),
    st.tuples(st.sampled_from(["watch", "warning", "emergency"]), FACTS),
    min_size=1,
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(ADVISORY, min_size=2, max_size=3))
def test_who_reads_what_is_in_force_reads_the_newest_facts_of_the_place_alone(
    begin: Any, advise: Any, in_force: Any, client: FlaskClient, bearer: Bearer, advisories: Any
) -> None:
    event = begin()
    for advisory in advisories:
        levels = {place: level for place, (level, _) in advisory.items()}
        told = {place: dict(facts) for place, (_, facts) in advisory.items()}
        for facts in told.values():
            if "arrival" in facts:
                facts["arrival"] = later(hours=facts["arrival"])
        outlook = [{"places": [place], **facts} for place, facts in told.items()]
        advise(event, levels, outlook=outlook)
        for place, level in levels.items():
            (read,) = in_force(event, place)
            facts = told[place]
            wind = facts.get("wind_kmh")
            assert winds(read["description"]) == ([wind] if wind else [])
            surges = re.findall(r"([\d.]+) metres", read["description"])
            surges += re.findall(r"([\d.]+) m\b", read["description"])
            surge = facts.get("surge_m")
            assert set(map(float, surges)) == ({surge} if surge else set())
            if "storm" in facts:
                assert read["event"] == f"{STRENGTHS[facts['storm']]} {level}"
            when = facts.get("arrival")
            if when and datetime.fromisoformat(when) > datetime.now(UTC):
                apart = datetime.fromisoformat(read["onset"]) - datetime.fromisoformat(when)
                assert abs(apart) <= timedelta(minutes=30)
            else:
                assert read.get("onset") is None
    client.post(f"{event}/end", headers=bearer("cdema"))
