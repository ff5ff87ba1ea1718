"""Hazard events over HTTP: advisories, what they publish, approval, ends, texts and tracks."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from casa.agencies.permissions import Role
from casa.alerts.models import Alert, Dispatch, PublishedMessage
from casa.database import Database, now
from casa.disasters.texts import fits_one_message
from tests.conftest import SignedIn, approve, later

Bearer = Callable[[str], dict[str, str]]
Officers = Callable[..., SignedIn]
STORM = {
    "hazard": "tropical_cyclone", "name": "Demo & Co", "identifiers": ["AL012026"]
}  # fmt: skip


@pytest.fixture
def begin(client: FlaskClient, bearer: Bearer) -> Callable[..., str]:
    """Begin an event; its address."""

    def begin_(agency: str = "cdema", **changes: Any) -> str:
        made = client.post("/v1/hazard-events", json=STORM | changes, headers=bearer(agency))
        assert made.status_code == 201, made.json
        return str(made.headers["Location"])

    return begin_


@pytest.fixture
def advise(client: FlaskClient, bearer: Bearer) -> Callable[..., Any]:
    """Publish an advisory; the answer's body."""

    def advise_(event: str, levels: dict[str, str], **more: Any) -> Any:
        answer = client.post(
            f"{event}/advisories?publish=true",
            json={"levels": levels, **more},
            headers=bearer("cdema"),
        )
        assert answer.status_code == 201, answer.json
        return answer.json

    return advise_


def made(advisory: Any) -> list[tuple[str, str, list[str], bool]]:
    return [
        (one["msg_type"], one["level"], one["places"], one["told"]) for one in advisory["messages"]
    ]


def test_a_storm_from_watch_to_all_clear(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any
) -> None:
    event = begin()
    first = advise(event, {"BB": "watch", "VC": "watch"})
    assert made(first) == [("Alert", "watch", ["BB", "VC"], True)]
    second = advise(event, {"BB": "watch", "VC": "warning"})
    assert made(second) == [
        ("Alert", "warning", ["VC"], True), ("Update", "watch", ["BB"], False)
    ]  # fmt: skip
    assert made(advise(event, {"BB": "watch", "VC": "warning"})) == []
    third = advise(event, {"VC": "all_clear"})
    assert made(third) == [
        ("Cancel", "none", ["BB"], True), ("Cancel", "all_clear", ["VC"], True)
    ]  # fmt: skip
    page = client.get(event, headers=bearer("cdema")).json
    assert [one["number"] for one in page["advisories"]] == [1, 2, 3, 4]
    assert page["levels"] == {"VC": "all_clear"}
    alert = client.get(f"/v1/alerts/{first['messages'][0]['identifier']}").json
    assert alert["incidents"] == ["demo-co", "AL012026"]
    assert alert["state"] == "updated"
    threads = {one["thread"] for one in (*first["messages"], *second["messages"])}
    assert threads == {one["thread"] for one in third["messages"]}


def test_parishes_leave_their_state_and_come_back(begin: Any, advise: Any) -> None:
    event = begin()
    assert made(advise(event, {"GD": "watch"})) == [("Alert", "watch", ["GD"], True)]
    rest = ["GD-01", "GD-02", "GD-03", "GD-04", "GD-05", "GD-06", "GD-WATERS"]
    raised = advise(event, {"GD": "watch", "GD-10": "emergency"})
    assert made(raised) == [
        ("Alert", "emergency", ["GD-10"], True), ("Update", "watch", rest, False)
    ]  # fmt: skip
    safe = advise(event, {"GD": "watch", "GD-10": "emergency", "GD-01": "all_clear"})
    assert made(safe) == [
        ("Alert", "all_clear", ["GD-01"], True), ("Update", "watch", rest[1:], False)
    ]  # fmt: skip


def test_lifted_and_all_clear_in_one_thread(begin: Any, advise: Any) -> None:
    event = begin()
    advise(event, {"BB": "watch", "VC": "watch", "KY": "watch"})
    last = advise(event, {"BB": "warning", "KY": "all_clear"})
    assert made(last) == [
        ("Alert", "all_clear", ["KY"], True),
        ("Update", "warning", ["BB"], True),
    ]


def test_the_end_says_all_clear_wherever_a_level_stands(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any, officer: Officers
) -> None:
    event = begin()
    advise(event, {"BB": "emergency", "VC": "watch", "KY": "watch"})
    advise(event, {"BB": "emergency", "VC": "watch"})
    client.post(f"{event}/advisories", json={"levels": {"JM": "watch"}}, headers=bearer("cdema"))
    # One officer alone may always end what is in force.
    author = officer("cdema", Role.AUTHOR).headers
    ended = client.post(f"{event}/end", headers=author)
    assert ended.status_code == 200, ended.json
    *_, last = ended.json["advisories"]
    assert (last["number"], last["state"]) == (3, "published")
    assert made(last) == [
        ("Cancel", "all_clear", ["BB"], True), ("Cancel", "all_clear", ["VC"], True)
    ]  # fmt: skip
    assert client.get("/v1/alerts?active=true").json["alerts"] == []
    again = client.post(f"{event}/end", headers=bearer("cdema"))
    assert again.status_code == 409
    late = client.post(f"{event}/advisories", json={"levels": {}}, headers=bearer("cdema"))
    assert (late.status_code, late.json["detail"][:19]) == (409, "The event has ended")


def test_what_sticks_out_of_the_mandate_leaves_nothing_behind(
    client: FlaskClient, bearer: Bearer, begin: Any, database: Database
) -> None:
    event = begin("odpem")
    levels = {"JM": "watch", "KY": "warning"}
    answer = client.post(
        f"{event}/advisories?publish=true", json={"levels": levels}, headers=bearer("odpem")
    )
    assert answer.status_code == 403, answer.json
    assert answer.json["places"] == ["KY"]
    assert client.get(event, headers=bearer("odpem")).json["advisories"] == []
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 0


def test_an_advisory_is_approved_as_a_whole(
    client: FlaskClient, begin: Any, officer: Officers
) -> None:
    event = begin()
    author = officer("cdema", Role.AUTHOR, Role.APPROVER).headers
    approver = officer("cdema", Role.APPROVER).headers
    body = {"levels": {"BB": "warning", "VC": "watch"}}
    drafted = client.post(f"{event}/advisories?publish=true", json=body, headers=author)
    assert drafted.json["state"] == "submitted", drafted.json
    assert made(drafted.json) == [
        ("Alert", "warning", ["BB"], True), ("Alert", "watch", ["VC"], True)
    ]  # fmt: skip
    path = drafted.headers["Location"]
    assert approve(client, path, author).json["type"].endswith("own-draft")
    assert client.post(f"{path}/publish", headers=author).status_code == 409
    reason = {"reason": "Saint Vincent too."}
    assert client.post(f"{path}/reject", json=reason, headers=approver).json["state"] == "draft"
    assert client.get(path, headers=author).json["rejection"] == "Saint Vincent too."
    body = {"levels": {"BB": "warning", "VC": "warning"}}
    assert client.put(path, json=body, headers=author).json["state"] == "draft"
    assert client.post(f"{path}/submit", headers=author).json["state"] == "submitted"
    assert approve(client, path, approver).json["state"] == "approved"
    # A change makes the approval worth nothing.
    assert client.put(path, json=body, headers=author).json["state"] == "draft"
    assert client.post(f"{path}/publish", headers=author).status_code == 409
    assert client.post(f"{path}/submit", headers=author).status_code == 200
    done = approve(client, path, approver, publish=True)
    assert (done.status_code, done.json["state"]) == (200, "published"), done.json
    assert made(done.json) == [("Alert", "warning", ["BB", "VC"], True)]
    assert client.put(path, json=body, headers=author).status_code == 409


def test_a_watch_needs_no_second_officer(
    client: FlaskClient, begin: Any, officer: Officers
) -> None:
    event = begin()
    author = officer("cdema", Role.AUTHOR).headers
    body = {"levels": {"BB": "watch"}}
    alone = client.post(f"{event}/advisories?publish=true", json=body, headers=author)
    assert alone.json["state"] == "published", alone.json
    approver = officer("cdema", Role.APPROVER).headers
    assert client.post(f"{event}/advisories", json=body, headers=approver).status_code == 403


def test_one_advisory_at_a_time(client: FlaskClient, bearer: Bearer, begin: Any) -> None:
    event, office = begin(), bearer("cdema")
    body = {"levels": {"BB": "watch"}}
    first = client.post(f"{event}/advisories", json=body, headers=office)
    second = client.post(f"{event}/advisories", json=body, headers=office)
    assert (second.status_code, second.json["type"]) == (409, "urn:casa:problem:wrong-state")
    assert client.delete(first.headers["Location"], headers=office).status_code == 204
    assert client.post(f"{event}/advisories", json=body, headers=office).json["number"] == 1


def test_events_are_their_agencys_alone(client: FlaskClient, bearer: Bearer, begin: Any) -> None:
    event = begin()
    assert client.get(event, headers=bearer("odpem")).status_code == 404
    assert client.get(event).status_code == 401
    assert client.get(f"{event}/advisories/1", headers=bearer("cdema")).status_code == 404
    other = begin()
    page = client.get("/v1/hazard-events?limit=1", headers=bearer("cdema")).json
    assert [other.endswith(one["id"]) for one in page["events"]] == [True]
    rest = client.get(f"/v1/hazard-events?cursor={page['next']}", headers=bearer("cdema")).json
    assert [event.endswith(one["id"]) for one in rest["events"]] == [True]


def run_out(database: Database, hours: float) -> None:
    with database.writing() as session:
        session.execute(update(PublishedMessage).values(expires=now() + timedelta(hours=hours)))


def test_a_level_that_stands_is_renewed_and_told_to_nobody(
    begin: Any, advise: Any, database: Database
) -> None:
    event = begin()
    advise(event, {"BB": "watch", "VC": "warning"})
    run_out(database, 2)
    renewed = advise(event, {"BB": "watch", "VC": "warning"})
    assert made(renewed) == [
        ("Update", "warning", ["VC"], False), ("Update", "watch", ["BB"], False)
    ]  # fmt: skip


def test_a_level_whose_alert_ran_out_is_told_again(
    begin: Any, advise: Any, database: Database
) -> None:
    event = begin()
    advise(event, {"BB": "watch", "VC": "watch"})
    run_out(database, -1)
    again = advise(event, {"BB": "watch", "VC": "all_clear"})
    assert made(again) == [
        ("Alert", "watch", ["BB"], True), ("Alert", "all_clear", ["VC"], True)
    ]  # fmt: skip


def test_an_alert_cancelled_by_hand_stays_so(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any
) -> None:
    event = begin()
    one = advise(event, {"BB": "watch"})["messages"][0]["identifier"]
    assert client.post(f"/v1/alerts/{one}/cancel", json={}, headers=bearer("cdema")).status_code
    assert made(advise(event, {"BB": "watch"})) == []
    assert made(advise(event, {"BB": "warning"})) == [("Alert", "warning", ["BB"], True)]


def test_what_fails_half_way_publishes_nothing(
    client: FlaskClient,
    bearer: Bearer,
    begin: Any,
    advise: Any,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = begin()
    advise(event, {"BB": "watch"})
    posted = []

    def fail(session: Any, message: Any) -> None:
        posted.append(message)
        if len(posted) == 2:
            raise RuntimeError("the disk is full")

    monkeypatch.setattr("casa.alerts.outbox.post", fail)
    levels = {"BB": "warning", "VC": "watch", "GD": "emergency"}
    path = f"{event}/advisories?publish=true"
    client.application.testing = False
    answer = client.post(path, json={"levels": levels}, headers=bearer("cdema"))
    assert (answer.status_code, len(posted)) == (500, 2)
    with database.reading() as session:
        assert session.scalar(select(func.max(PublishedMessage.sequence))) == 1
        assert session.scalar(select(func.count(Dispatch.sequence.distinct()))) == 1
    assert len(client.get(event, headers=bearer("cdema")).json["advisories"]) == 1


@pytest.mark.parametrize("language", ["en", "fr", "ht", "nl", "es"])
def test_a_short_message_and_a_radio_script_for_each_level(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any, language: str
) -> None:
    event = begin()
    outlook = [{"places": ["BB"], "storm": "hurricane", "wind_kmh": 180, "arrival": later(hours=9)}]
    levels = {"BB": "warning", "GD-10": "emergency", "VC": "watch", "KY": "all_clear"}
    advise(event, levels, outlook=outlook)
    path = f"{event}/advisories/1/texts?language={language}"
    said = client.get(path, headers=bearer("cdema")).json
    assert said["language"] == language
    assert [(one["level"], one["places"]) for one in said["texts"]] == [
        ("emergency", ["GD-10"]), ("warning", ["BB"]), ("watch", ["VC"]), ("all_clear", ["KY"]),
    ]  # fmt: skip
    for one in said["texts"]:
        assert fits_one_message(one["sms"])
        assert one["radio"]
    assert "180" in said["texts"][1]["description"]
    assert "180" not in said["texts"][2]["description"]


def track(**changes: Any) -> dict[str, Any]:
    """A storm from the Atlantic over Barbados and Saint Vincent."""
    start = datetime.now(UTC).replace(microsecond=0)
    radii = {"34": {"ne": 100, "se": 80, "sw": 60, "nw": 90}}
    points = [
        {
            "time": (start + timedelta(hours=12 * step)).isoformat(),
            "longitude": -54.0 - 3 * step,
            "latitude": 13.1,
            "wind_kt": 70,
            "radii": radii,
        }
        for step in range(5)
    ]
    return {"name": "DEMO", "identifier": "AL012026", "points": points} | changes


def test_a_track_tells_when_it_arrives(
    client: FlaskClient, bearer: Bearer, begin: Any, advise: Any
) -> None:
    event = begin()
    assert client.get(f"{event}/track.geojson", headers=bearer("cdema")).status_code == 404
    advised = advise(event, {"BB": "warning", "VC": "watch", "KY": "watch"}, track=track())
    onsets = {}
    for one in advised["messages"]:
        alert = client.get(f"/v1/alerts/{one['identifier']}").json
        onsets[one["level"]] = alert["info"][0]["onset"]
    assert onsets["warning"] < onsets["watch"]
    answer = client.get(f"{event}/track.geojson", headers=bearer("cdema"))
    assert answer.content_type == "application/geo+json"
    roles = [one["properties"]["role"] for one in answer.json["features"]]
    assert roles == ["point"] * 5 + ["cone", "winds"]
    assert answer.json["features"][5]["geometry"]["type"] == "Polygon"


def point(**changes: Any) -> dict[str, Any]:
    return {"longitude": -54.0, "latitude": 13.1, "wind_kt": 70} | changes


TCM = """HURRICANE DEMO FORECAST/ADVISORY NUMBER  10
NWS NATIONAL HURRICANE CENTER MIAMI FL       AL012026
{issued:%H%M UTC %a %b %d %Y}

HURRICANE CENTER LOCATED NEAR 13.1N  54.0W AT {issued:%d/%H%MZ}
MAX SUSTAINED WINDS 100 KT WITH GUSTS TO 120 KT.
34 KT...120NE 100SE  70SW 110NW.

FORECAST VALID {ahead:%d/%H%MZ} 13.2N  60.5W
MAX WIND 110 KT...GUSTS 135 KT.
34 KT...120NE 100SE  70SW 110NW.
"""


def test_a_forecast_as_text(client: FlaskClient, bearer: Bearer, begin: Any, advise: Any) -> None:
    event, issued = begin(), datetime.now(UTC).replace(minute=0)
    text = TCM.format(issued=issued, ahead=issued + timedelta(hours=24)).upper()
    advised = advise(event, {"BB": "warning"}, tcm=text)
    alert = client.get(f"/v1/alerts/{advised['messages'][0]['identifier']}").json
    assert alert["info"][0]["onset"] is not None
    shown = client.get(f"{event}/advisories/1", headers=bearer("cdema")).json["says"]
    assert "tcm" not in shown
    assert [one["wind_kt"] for one in shown["track"]["points"]] == [100, 110]
    broken = {"levels": {}, "tcm": text.replace("13.2N", "13.2Q")}
    answer = client.post(f"{event}/advisories", json=broken, headers=bearer("cdema"))
    assert answer.json["errors"][0]["detail"].startswith("line 9: ")


def test_many_at_once_follow_one_another(
    client: FlaskClient, bearer: Bearer, begin: Any, database: Database
) -> None:
    event, office = begin(), bearer("cdema")
    levels = [{"BB": "watch"}, {"BB": "warning"}, {"BB": "watch", "VC": "watch"}, {}]
    statuses = []

    def post(one: dict[str, str]) -> None:
        with client.application.test_client() as own:
            path = f"{event}/advisories?publish=true"
            statuses.append(own.post(path, json={"levels": one}, headers=office).status_code)

    threads = [threading.Thread(target=post, args=(one,)) for one in levels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 4
    page = client.get(event, headers=office).json
    assert [one["number"] for one in page["advisories"]] == [1, 2, 3, 4]
    # Whoever came last, what is in force is what it says.
    active = client.get("/v1/alerts?active=true").json["alerts"]
    shown = {area["area_desc"] for one in active for area in one["area"]}
    names = {"BB": "Barbados", "VC": "Saint Vincent and the Grenadines"}
    assert shown == {names[code] for code in page["levels"]}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"levels": {"BB": "red"}}, "/levels/BB"),
        ({"levels": {"XX": "watch"}}, "/levels/XX"),
        ({"levels": {"KY": "watch", "KY-WATERS": "warning"}}, "/levels/KY-WATERS"),
        ({"levels": None}, "/levels"),
        ({"outlook": [{"places": []}]}, "/outlook/0/places"),
        ({"outlook": [{"places": ["BB"], "wind_kmh": 0}]}, "/outlook/0/wind_kmh"),
        (
            {"outlook": [{"places": ["BB"], "arrival": "2020-01-01T00:00:00Z"}]},
            "/outlook/0/arrival",
        ),
        ({"outlook": [{"places": ["BB"], "storm": "gale"}]}, "/outlook/0/storm"),
        ({"next_update": "soon"}, "/next_update"),
        ({"languages": ["de"]}, "/languages/0"),
        ({"track": {"name": "A"}}, "/track"),
        ({"track": track(points=[{"time": "x"}])}, "/track/points/0/time"),
        ({"track": track(points=[point(time="0001-01-01T00:00:00+14:00")])}, "/track"),
        ({"track": track(points=[point(time="9999-12-31T23:59:59-14:00")])}, "/track"),
        ({"track": track(points=[point(time=later(days=40))])}, "/track/points"),
        ({"track": track(points=[point(time=later(), latitude=80)])}, "/track/points"),
        ({"track": track(points=[])}, "/track"),
        ({"track": []}, "/track"),
        ({"tcm": "nothing"}, "/tcm"),
        ({"tcm": "nothing", "track": track()}, "/tcm"),
    ],
)
def test_malformed_advisories(
    client: FlaskClient, bearer: Bearer, begin: Any, change: dict[str, Any], pointer: str
) -> None:
    body = {"levels": {"BB": "watch"}} | change
    answer = client.post(f"{begin()}/advisories", json=body, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"hazard": "wind"}, "/hazard"),
        ({"name": " "}, "/name"),
        ({"identifiers": ["a b"]}, "/identifiers/0"),
        ({"status": "Test"}, "/status"),
    ],
)
def test_malformed_events(
    client: FlaskClient, bearer: Bearer, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/hazard-events", json=STORM | change, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
