"""Every filter of the public list, its pages, its ETag, and the forms of one alert."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree

Publish = Callable[..., dict[str, Any]]


@pytest.fixture
def three(
    client: FlaskClient,
    publish: Publish,
    warning: dict[str, Any],
    road_accident: dict[str, Any],
    bearer: Callable[[str], dict[str, str]],
) -> list[str]:
    """A warning for BB and VC, a road accident in JM-14, a cancelled fire in Port of Spain."""
    first = publish(warning)["identifier"]
    second = publish(road_accident, "police-jm", "accidents")["alert"]["identifier"]
    fire = {
        "type": "fire",
        "location": "Port of Spain",
        "area": [{"places": ["TT-POS"]}],
        "severity": "Minor",
    }
    third = publish(fire, "police-tt", "accidents")["alert"]["identifier"]
    answer = client.post(f"/v1/alerts/{third}/cancel", json={}, headers=bearer("police-tt"))
    return [first, second, third, answer.json["identifier"]]


def found(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/v1/alerts?{query}")
    assert answer.status_code == 200, answer.json
    return [alert["identifier"] for alert in answer.json["alerts"]]


def test_filters(client: FlaskClient, three: list[str]) -> None:
    warned, accident, fire, cancelled = three
    assert found(client, "") == [cancelled, fire, accident, warned]
    assert found(client, "place=BB") == [warned]
    assert found(client, "place=BB-01") == [warned]
    assert found(client, "place=JM") == [accident]
    assert found(client, "place=JM-14") == [accident]
    assert found(client, "place=JM-01") == []
    assert found(client, "kind=accident") == [cancelled, fire, accident]
    assert found(client, "min_severity=Severe") == [warned]
    assert found(client, "min_severity=Moderate") == [accident, warned]
    assert found(client, "active=true") == [accident, warned]
    assert found(client, "active=false") == [cancelled, fire]
    assert found(client, "since=2") == [fire, cancelled]
    assert found(client, "since=4") == []
    assert found(client, "bbox=-78,17.5,-77,18.5") == [accident]
    # The box around both islands holds neither of them here: exact shapes decide.
    assert found(client, "bbox=-60.9,13.0,-60.0,13.02") == []
    assert found(client, "kind=accident&place=TT&active=false") == [cancelled, fire]


def test_pages_in_both_directions(client: FlaskClient, three: list[str]) -> None:
    for query, expected in (("", three[::-1]), ("since=0", three), ("kind=accident", three[:0:-1])):
        seen: list[str] = []
        cursor = ""
        while True:
            body = client.get(f"/v1/alerts?limit=1&{query}{cursor}").json
            seen += [alert["identifier"] for alert in body["alerts"]]
            if body["next"] is None:
                break
            cursor = f"&cursor={body['next']}"
        assert seen == expected


def test_language_chooses_the_block(client: FlaskClient, three: list[str]) -> None:
    french = client.get("/v1/alerts?place=BB&language=fr").json["alerts"][0]
    assert [info["headline"] for info in french["info"]] == ["Alerte ouragan"]
    other = client.get(f"/v1/alerts/{three[0]}?language=es").json
    assert [info["language"] for info in other["info"]] == ["en"]


def test_etag(
    client: FlaskClient, three: list[str], publish: Publish, warning: dict[str, Any]
) -> None:
    for address in ("/v1/alerts", f"/v1/alerts/{three[0]}", f"/v1/alerts/{three[0]}.xml"):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""
    old = client.get("/v1/alerts").headers["ETag"]
    publish(warning)
    assert client.get("/v1/alerts", headers={"If-None-Match": old}).status_code == 200


def test_forms(client: FlaskClient, three: list[str]) -> None:
    address = f"/v1/alerts/{three[1]}"
    xml = client.get(address + ".xml")
    assert xml.content_type == "application/cap+xml"
    root = etree.fromstring(xml.data)
    assert root.tag == "{urn:oasis:names:tc:emergency:cap:1.2}alert"
    assert client.get(address, headers={"Accept": "application/cap+xml"}).data == xml.data
    geojson = client.get(address + ".geojson")
    assert geojson.content_type == "application/geo+json"
    assert geojson.json["type"] == "Feature"
    assert client.get(address, headers={"Accept": "application/geo+json"}).json == geojson.json
    assert client.get(address + ".json").json == client.get(address).json
    assert client.get(address + ".pdf").status_code == 404
    assert client.get(address, headers={"Accept": "text/html"}).status_code == 406


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("place=XX", "/place"),
        ("bbox=1,2,3", "/bbox"),
        ("bbox=3,2,1,4", "/bbox"),
        ("bbox=nan,2,1,4", "/bbox"),
        ("kind=weather", "/kind"),
        ("min_severity=bad", "/min_severity"),
        ("since=-1", "/since"),
        ("since=x", "/since"),
        ("active=perhaps", "/active"),
        ("limit=0", "/limit"),
        ("limit=1000", "/limit"),
        ("cursor=zzz", "/cursor"),
        ("nosuch=1", "/nosuch"),
    ],
)
def test_bad_queries(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/v1/alerts?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_what_is_not_there(client: FlaskClient) -> None:
    absent = "00000000-0000-4000-8000-000000000000"
    assert client.get(f"/v1/alerts/{absent}").status_code == 404
    assert client.get(f"/v1/alerts/{absent}/thread").status_code == 404
    assert client.get("/v1/alerts/not-a-uuid").status_code == 404


def test_expired(client: FlaskClient, publish: Publish, warning: dict[str, Any]) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    for info in warning["info"]:
        info["expires"] = soon.isoformat()
        info.pop("onset")
    identifier = publish(warning)["identifier"]
    assert found(client, "active=true") == [identifier]
    time.sleep(1.6)
    assert client.get(f"/v1/alerts/{identifier}").json["state"] == "expired"
    assert found(client, "active=true") == []
    assert found(client, "active=false") == [identifier]
