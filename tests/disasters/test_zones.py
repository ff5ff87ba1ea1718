"""Danger zones: maps, levels by zone, and who is told of which."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import update

from casa.agencies.permissions import Role
from casa.alerts.models import PublishedMessage
from casa.audience.devices import today
from casa.audience.filters import Preferences, bits
from casa.audience.models import AudienceKey, Device
from casa.database import Database, now
from casa.disasters.zones import rings_of
from casa.geography.cells import cell_at
from casa.geography.shapes import parse_shapes
from tests.conftest import SignedIn, approve
from tests.disasters.test_whole_storm import Phones, drain

Bearer = Callable[[str], dict[str, str]]
Officers = Callable[..., SignedIn]

# Boxes on and beside Montserrat, drawn for the test, farther apart than a cell is wide: no real
# volcano's zones.
WEST, MIDDLE, EAST = (-62.24, -62.215), (-62.18, -62.176), (-62.14, -62.12)
SOUTH, NORTH = 16.70, 16.74


def box(sides: tuple[float, float]) -> dict[str, Any]:
    west, east = sides
    ring = [[west, SOUTH], [east, SOUTH], [east, NORTH], [west, NORTH], [west, SOUTH]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(name: str, sides: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": name, "x": 1}, "geometry": box(sides)}


MAP = {
    "type": "FeatureCollection", "name": "A made-up volcano", "source": "Drawn for a test",
    "features": [feature("Red", WEST), feature("Orange", MIDDLE), feature("Green", EAST)],
}  # fmt: skip
HOMES = {"Red": -62.228, "Orange": -62.178, "Green": -62.13}


@pytest.fixture
def load(client: FlaskClient, officer: Officers) -> Callable[..., Any]:
    author = officer("cdema", Role.AUTHOR).headers

    def load_(code: str = "demo-volcano", **changes: Any) -> Any:
        return client.put(f"/v1/zone-maps/{code}", json=MAP | changes, headers=author)

    return load_


@pytest.fixture
def begin(client: FlaskClient, bearer: Bearer) -> Callable[..., str]:
    def begin_(hazard: str = "volcano") -> str:
        body = {"hazard": hazard, "name": "Demo"}
        made = client.post("/v1/hazard-events", json=body, headers=bearer("cdema"))
        return str(made.headers["Location"])

    return begin_


@pytest.fixture
def advise(client: FlaskClient, bearer: Bearer) -> Callable[..., Any]:
    """Publish an advisory of levels by zone of the map; the answer's body."""

    def advise_(event: str, zones: dict[str, str], **more: Any) -> Any:
        given = [{"map": "demo-volcano", "name": n, "level": level} for n, level in zones.items()]
        body = {"levels": {}, "zones": given, **more}
        path = f"{event}/advisories?publish=true"
        answer = client.post(path, json=body, headers=bearer("cdema"))
        assert answer.status_code == 201, answer.json
        return answer.json

    return advise_


def made(advisory: Any) -> list[tuple[str, str, list[str], bool]]:
    return [
        (one["msg_type"], one["level"], one["places"], one["told"]) for one in advisory["messages"]
    ]


def live_in_zones(database: Database, preferences: Preferences | None = None) -> None:
    """One device in the middle of each zone, by its cell; its token is the zone's name."""
    wants, day = preferences or Preferences(), today()
    with database.writing() as session:
        for number, (token, longitude) in enumerate(HOMES.items(), 1):
            session.add(
                Device(
                    number=number, id=f"{number:036d}", secret_digest=token, platform="android",
                    provider="fcm", token_kind="token", token=token, token_digest=token,
                    languages=["en"], kinds=list(wants.kinds), min_severity=wants.min_severity,
                    exercises=False, created=day, changed=day, seen=day,
                )
            )  # fmt: skip
            session.flush()
            key = cell_at(longitude, 16.72)
            session.add(AudienceKey(key=key, device=number, bits=bits(wants, "fcm")))


def test_a_map_goes_in_and_out(client: FlaskClient, bearer: Bearer, load: Any) -> None:
    assert load().status_code == 200
    shown = client.get("/v1/zone-maps/demo-volcano", headers=bearer("cdema"))
    assert shown.content_type == "application/geo+json"
    for given, kept in zip(MAP["features"], shown.json["features"], strict=True):
        assert kept["properties"]["name"] == given["properties"]["name"]
        same = shapely.equals(
            shapely.geometry.shape(kept["geometry"]), shapely.geometry.shape(given["geometry"])
        )
        assert same
    load("another", name="Another")
    page = client.get("/v1/zone-maps?limit=1", headers=bearer("cdema")).json
    rest = client.get(f"/v1/zone-maps?cursor={page['next']}", headers=bearer("cdema")).json
    assert [one["code"] for one in (*page["zone_maps"], *rest["zone_maps"])] == [
        "another", "demo-volcano"
    ]  # fmt: skip
    assert client.get("/v1/zone-maps/demo-volcano", headers=bearer("odpem")).status_code == 404
    path = "/v1/zone-maps/another"
    assert client.delete(path, headers=bearer("cdema")).status_code == 403
    assert client.delete(path).status_code == 401


def test_officers_write_maps(client: FlaskClient, officer: Officers) -> None:
    author, auditor = officer("cdema", Role.AUTHOR), officer("cdema", Role.AUDITOR)
    path = "/v1/zone-maps/demo-volcano"
    assert client.put(path, json=MAP, headers=auditor.headers).status_code == 403
    assert client.put(path, json=MAP, headers=author.headers).status_code == 200
    assert client.get(path, headers=auditor.headers).status_code == 200
    assert client.delete(path, headers=author.headers).status_code == 204


def test_a_volcano_from_unrest_to_all_clear(
    client: FlaskClient, bearer: Bearer, database: Database, load: Any, begin: Any, advise: Any
) -> None:
    load()
    live_in_zones(database)
    event, phones = begin(), Phones()
    levels: tuple[dict[str, str], ...] = (
        {"Red": "watch"},
        {"Red": "warning", "Orange": "watch"},
        {"Red": "warning", "Orange": "watch"},
        {"Red": "emergency", "Orange": "warning", "Green": "watch"},
        {"Red": "emergency", "Orange": "watch"},
        {"Red": "warning", "Orange": "all_clear"},
        {"Red": "all_clear"},
    )
    for zones in levels:
        shown = advise(event, zones)
        for name in zones:
            assert any(one["name"] == name for one in shown["says"]["zones"])
        drain(database, phones)
        page = client.get(event, headers=bearer("cdema")).json
        assert page["zones"] == zones
    assert phones.told == {
        "Red": ["watch", "warning", "emergency", "warning", "all_clear"],
        "Orange": ["watch", "warning", "watch", "all_clear"],
        "Green": ["watch", "none"],
    }
    assert client.get("/v1/alerts?active=true").json["alerts"] == []


def test_one_alert_for_each_zone_with_its_shape(
    client: FlaskClient, load: Any, begin: Any, advise: Any
) -> None:
    load()
    event = begin()
    shown = advise(event, {"Red": "emergency", "Green": "emergency"})
    assert made(shown) == [
        ("Alert", "emergency", ["zone:Green"], True), ("Alert", "emergency", ["zone:Red"], True)
    ]  # fmt: skip
    alert = client.get(f"/v1/alerts/{shown['messages'][1]['identifier']}").json
    (area,) = alert["area"]
    assert area["area_desc"] == "Red"
    drawn = shapely.Polygon(area["polygon"][0])
    assert shapely.equals(drawn, shapely.geometry.shape(box(WEST)))
    assert alert["info"][0]["headline"].endswith("Red")
    assert client.get(f"/v1/alerts/{alert['identifier']}.xml").status_code == 200


def test_places_and_zones_together(
    client: FlaskClient, bearer: Bearer, load: Any, begin: Any, advise: Any
) -> None:
    load()
    event = begin()
    first = advise(event, {"Red": "warning"}, levels={"MS": "watch"})
    assert made(first) == [
        ("Alert", "watch", ["MS"], True), ("Alert", "warning", ["zone:Red"], True)
    ]  # fmt: skip
    said = client.get(f"{event}/advisories/1/texts", headers=bearer("cdema")).json["texts"]
    assert [(one["level"], one["places"]) for one in said] == [
        ("warning", ["zone:Red"]), ("watch", ["MS"])
    ]  # fmt: skip
    ended = client.post(f"{event}/end", headers=bearer("cdema")).json["advisories"][-1]
    assert made(ended) == [
        ("Cancel", "all_clear", ["MS"], True), ("Cancel", "all_clear", ["zone:Red"], True)
    ]  # fmt: skip


def test_a_zone_that_stands_is_renewed_and_told_to_nobody(
    database: Database, load: Any, begin: Any, advise: Any
) -> None:
    load()
    live_in_zones(database)
    event, phones = begin(), Phones()
    advise(event, {"Red": "warning"})
    drain(database, phones)
    with database.writing() as session:
        soon = now() + timedelta(hours=2)
        session.execute(update(PublishedMessage).values(expires=soon))
    renewed = advise(event, {"Red": "warning"})
    assert made(renewed) == [("Update", "warning", ["zone:Red"], False)]
    drain(database, phones)
    assert phones.told == {"Red": ["warning"]}


def test_who_wants_no_watches_hears_once_that_a_zone_is_over(
    database: Database, load: Any, begin: Any, advise: Any
) -> None:
    load()
    live_in_zones(database, Preferences(min_severity="Severe"))
    event, phones = begin(), Phones()
    for zones in ({"Red": "warning"}, {"Red": "watch"}, {}):
        advise(event, zones)
        drain(database, phones)
    assert phones.told == {"Red": ["warning", "none"]}


def test_an_advisory_keeps_the_shapes_that_were_approved(
    client: FlaskClient, load: Any, begin: Any, officer: Officers
) -> None:
    load()
    event = begin()
    author, approver = officer("cdema", Role.AUTHOR), officer("cdema", Role.APPROVER)
    body = {"levels": {}, "zones": [{"map": "demo-volcano", "name": "Red", "level": "warning"}]}
    path = f"{event}/advisories"
    client.post(f"{path}?publish=true", json=body, headers=author.headers)
    load(features=[feature("Red", EAST)])
    done = approve(client, f"{path}/1", approver.headers, publish=True)
    assert done.json["state"] == "published", done.json
    alert = client.get(f"/v1/alerts/{done.json['messages'][0]['identifier']}").json
    drawn = shapely.Polygon(alert["area"][0]["polygon"][0])
    assert shapely.equals(drawn, shapely.geometry.shape(box(WEST)))


def test_a_flood_with_a_drawn_area_and_its_rivers(
    client: FlaskClient, bearer: Bearer, begin: Any
) -> None:
    office, event = bearer("cdema"), begin("flood")
    ring = [[-77.0, 17.98], [-76.95, 17.98], [-76.95, 18.02], [-77.0, 18.02], [-77.0, 17.98]]
    body = {
        "levels": {},
        "zones": [
            {
                "name": "Lower town", "level": "warning",
                "shapes": [{"type": "Polygon", "coordinates": [ring]}],
            }
        ],
        "outlook": [{"places": ["JM"], "rivers": ["Rio Cobre", "Salt River"], "rain_mm": 200,
                     "shelters": ["Town School"]}],
    }  # fmt: skip
    path = f"{event}/advisories?publish=true"
    done = client.post(path, json=body, headers=office).json
    assert "messages" in done, done
    alert = client.get(f"/v1/alerts/{done['messages'][0]['identifier']}").json
    for info in alert["info"]:
        assert "Rio Cobre" in info["description"]
        assert "Salt River" in info["description"]
        assert "Town School" in info["instruction"]
    said = client.get(f"{event}/advisories/1/texts?language=ht", headers=office).json
    assert "Rio Cobre ak Salt River" in said["texts"][0]["radio"]


def test_holes_stay_holes() -> None:
    outer = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    holes = [
        [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]],
        [[2.5, 2.5], [2.5, 3], [3, 3], [3, 2.5], [2.5, 2.5]],
    ]
    moved = [[[x - 62, y + 14] for x, y in ring] for ring in (outer, *holes)]
    given = parse_shapes([{"type": "Polygon", "coordinates": moved}])
    cut = [shapely.Polygon(ring) for ring in rings_of(given)]
    assert shapely.equals(shapely.union_all(cut), given[0].geometry)
    assert sum(one.area for one in cut) == pytest.approx(given[0].geometry.area)


def test_what_a_mandate_does_not_hold(client: FlaskClient, bearer: Bearer) -> None:
    office = bearer("odpem")
    body = {"hazard": "volcano", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=office).headers["Location"]
    zone = {"name": "Red", "level": "watch", "shapes": [box(WEST)]}
    body = {"levels": {}, "zones": [zone]}
    answer = client.post(f"{event}/advisories", json=body, headers=office)
    assert (answer.status_code, answer.json["type"]) == (403, "urn:casa:problem:outside-mandate")


@pytest.mark.parametrize(
    ("zone", "pointer"),
    [
        ({"name": "Red", "level": "warning"}, "/zones/0/map"),
        ({"name": "Red", "level": "red", "map": "demo-volcano"}, "/zones/0/level"),
        ({"name": "Blue", "level": "watch", "map": "demo-volcano"}, "/zones/0/name"),
        ({"name": "Red", "level": "watch", "map": "no-such"}, "/zones/0/map"),
        ({"name": "Red", "level": "watch", "map": "No Such"}, "/zones/0/map"),
        ({"name": "Red", "level": "watch", "shapes": [{"type": "Line"}]}, "/zones/0/shapes/0/type"),
        (
            {"name": "Sea", "level": "watch", "shapes": [box((10.0, 10.1))]},
            "/zones/0/name",
        ),
    ],
)
def test_malformed_zones(
    client: FlaskClient, bearer: Bearer, load: Any, begin: Any, zone: Any, pointer: str
) -> None:
    load()
    body = {"levels": {}, "zones": [zone]}
    answer = client.post(f"{begin()}/advisories", json=body, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json


def test_a_zone_twice(client: FlaskClient, bearer: Bearer, begin: Any) -> None:
    zone = {"name": "Red", "level": "watch", "shapes": [box(WEST)]}
    body = {"levels": {}, "zones": [zone, zone]}
    answer = client.post(f"{begin()}/advisories", json=body, headers=bearer("cdema"))
    assert [error["pointer"] for error in answer.json["errors"]] == ["/zones/1/name"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"type": "Feature"}, "/type"),
        ({"source": ""}, "/source"),
        ({"features": []}, "/features"),
        ({"features": [feature("A", WEST), feature("A", EAST)]}, "/features"),
        ({"features": [{"type": "Feature", "geometry": box(WEST)}]}, "/features/0/properties"),
        (
            {"features": [feature("A", WEST) | {"geometry": {"type": "Line"}}]},
            "/features/0/geometry/type",
        ),
    ],
)
def test_malformed_maps(load: Any, changes: dict[str, Any], pointer: str) -> None:
    answer = load(**changes)
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json
