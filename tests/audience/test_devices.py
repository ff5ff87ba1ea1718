"""Devices over HTTP, on both databases: what they may say, what is kept, what is not."""

import threading
from typing import Any

import h3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, inspect, select, text

from casa.audience.models import AudienceKey, Device
from casa.database import Database
from casa.tables import metadata

ANDROID = {
    "platform": "android",
    "push": {"provider": "fcm", "token": "token-1"},
    "languages": ["ht", "fr"],
}


def register(client: FlaskClient, **changes: Any) -> dict[str, str]:
    answer = client.post("/v1/devices", json=ANDROID | changes)
    assert answer.status_code == 201, answer.json
    return {"Authorization": f"Bearer {answer.json['secret']}"}


def test_a_devices_life(client: FlaskClient, database: Database) -> None:
    answer = client.post("/v1/devices", json=ANDROID)
    assert set(answer.json) == {"id", "secret", "sequence"}
    assert answer.json["sequence"] == 0
    assert answer.headers["Cache-Control"] == "no-store"
    me = {"Authorization": f"Bearer {answer.json['secret']}"}
    shown = client.get("/v1/devices/me", headers=me)
    assert shown.json == {
        "id": answer.json["id"],
        "platform": "android",
        "push": {"provider": "fcm"},
        "languages": ["ht", "fr"],
        "preferences": {
            "kinds": ["accident", "missing_person", "disaster"],
            "min_severity": "Unknown",
            "exercises": False,
        },
        "places": [],
    }
    changed = client.patch(
        "/v1/devices/me",
        json={"languages": ["nl"], "preferences": {"kinds": ["disaster"], "exercises": True}},
        headers=me,
    )
    assert changed.json["languages"] == ["nl"]
    assert changed.json["preferences"] == {
        "kinds": ["disaster"],
        "min_severity": "Unknown",
        "exercises": True,
    }
    assert client.delete("/v1/devices/me", headers=me).status_code == 204
    assert client.get("/v1/devices/me", headers=me).status_code == 401
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 0


def test_places_are_coarsened_and_replaced(client: FlaskClient, database: Database) -> None:
    me = register(client)
    fine = h3.latlng_to_cell(18.0179, -76.8099, 10)
    places = [{"code": "JM-01"}, {"cell": fine}, {"longitude": -76.8, "latitude": 18.01}]
    answer = client.put("/v1/devices/me/places", json={"places": places * 2}, headers=me)
    cells = {h3.latlng_to_cell(18.0179, -76.8099, 7), h3.latlng_to_cell(18.01, -76.8, 7)}
    assert answer.json["places"][0] == {"code": "JM-01"}
    assert {place["cell"] for place in answer.json["places"][1:]} == cells
    assert client.get("/v1/devices/me/places", headers=me).json == answer.json
    with database.reading() as session:
        assert set(session.scalars(select(AudienceKey.key).where(AudienceKey.key > 0))) == {
            int(cell, 16) for cell in cells
        }
    client.put("/v1/devices/me/places", json={"places": [{"code": "BB"}]}, headers=me)
    with database.reading() as session:
        assert len(session.scalars(select(AudienceKey.key)).all()) == 1
    client.delete("/v1/devices/me", headers=me)
    with database.reading() as session:
        assert session.scalars(select(AudienceKey.key)).all() == []


def test_neither_secret_nor_position_is_kept_anywhere(
    client: FlaskClient, database: Database
) -> None:
    me = register(client)
    secret = me["Authorization"].removeprefix("Bearer ")
    position = {"longitude": -76.812345, "latitude": 18.012345}
    client.put("/v1/devices/me/places", json={"places": [position]}, headers=me)
    with database.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        assert tables >= set(metadata.tables)
        kept = "\n".join(
            str(tuple(row))
            for table in tables
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
        )
    assert secret not in kept
    assert secret.partition("_")[2] not in kept
    assert "76.81" not in kept
    assert "18.01" not in kept


def test_a_token_belongs_to_the_device_that_brought_it_last(client: FlaskClient) -> None:
    first, second = register(client), register(client)
    assert client.get("/v1/devices/me", headers=first).json["push"] == {"provider": "none"}
    assert client.get("/v1/devices/me", headers=second).json["push"] == {"provider": "fcm"}
    client.patch("/v1/devices/me", json={"push": ANDROID["push"]}, headers=first)
    assert client.get("/v1/devices/me", headers=first).json["push"] == {"provider": "fcm"}
    assert client.get("/v1/devices/me", headers=second).json["push"] == {"provider": "none"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"platform": "symbian"}, "/platform"),
        ({"languages": []}, "/languages"),
        ({"languages": ["french!"]}, "/languages/0"),
        ({"languages": "fr"}, "/languages"),
        ({"push": {"provider": "fcm"}}, "/push/token"),
        ({"push": {"provider": "fcm", "token": "a b"}}, "/push/token"),
        ({"push": {"provider": "fcm", "token": "x" * 4097}}, "/push/token"),
        ({"push": {"provider": "fcm", "fid": "short"}}, "/push/fid"),
        ({"push": {"provider": "none", "token": "x"}}, "/push/token"),
        ({"push": {"provider": "apns", "token": "x"}}, "/push/provider"),
        ({"push": {"provider": "webpush", "subscription": {}}}, "/push/subscription/endpoint"),
        ({"email": "someone@demo.invalid"}, "/email"),
        ({"longitude": -76.8}, "/longitude"),
    ],
)
def test_malformed_registration(
    client: FlaskClient, database: Database, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/devices", json=ANDROID | change)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 0


@pytest.mark.parametrize(
    ("place", "pointer"),
    [
        ({"code": "ZZ"}, "/places/0/code"),
        ({"code": 7}, "/places/0/code"),
        ({"code": "JM", "cell": "876725000ffffff"}, "/places/0"),
        ({"cell": "zz"}, "/places/0/cell"),
        ({"cell": "85283473fffffff"}, "/places/0/cell"),
        ({"longitude": 200, "latitude": 1}, "/places/0/longitude"),
        ({"longitude": 1, "latitude": True}, "/places/0/latitude"),
        ({"longitude": 1}, "/places/0"),
        ({"name": "home"}, "/places/0/name"),
        ("JM", "/places/0"),
    ],
)
def test_malformed_places(client: FlaskClient, place: Any, pointer: str) -> None:
    me = register(client)
    client.put("/v1/devices/me/places", json={"places": [{"code": "BB"}]}, headers=me)
    answer = client.put("/v1/devices/me/places", json={"places": [place]}, headers=me)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == pointer, answer.json
    assert client.get("/v1/devices/me/places", headers=me).json == {"places": [{"code": "BB"}]}


def test_not_too_many_places(client: FlaskClient) -> None:
    body = {"places": [{"code": "BB"}] * 51}
    answer = client.put("/v1/devices/me/places", json=body, headers=register(client))
    assert answer.status_code == 422
    assert "at most 50" in answer.json["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer casad_x", f"Bearer casad_{'0' * 40}"])
def test_malformed_and_unknown_secrets(client: FlaskClient, header: str) -> None:
    # Whoever is nobody is told so before anything else.
    answer = client.patch("/v1/devices/me", data="{", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="casa"'


def test_many_requests_of_one_device_at_once(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    """None fails, and what is left is what one of them said, bits and preferences alike."""
    me = register(client)
    statuses: list[int] = []

    def speak(number: int) -> None:
        own = app.test_client()
        codes = ["BB", "JM", "JM-01", "TT"][number % 4 :]
        places = {"places": [{"code": code} for code in codes]}
        statuses.append(own.put("/v1/devices/me/places", json=places, headers=me).status_code)
        wanted = {"preferences": {"kinds": [["accident"], ["disaster"]][number % 2]}}
        statuses.append(own.patch("/v1/devices/me", json=wanted, headers=me).status_code)

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 16
    with database.reading() as session:
        device = session.scalars(select(Device)).one()
        (packed,) = set(session.scalars(select(AudienceKey.bits)))
    assert packed & 0b111 == {"accident": 0b001, "disaster": 0b100}[device.kinds[0]]


def test_two_devices_that_swap_tokens_at_once(app: Flask, client: FlaskClient) -> None:
    tokens = [{"provider": "fcm", "token": f"token-{index}"} for index in range(2)]
    held = [register(client, push=token) for token in tokens]
    statuses: list[int] = []

    def swap(me: dict[str, str], first: int) -> None:
        own = app.test_client()
        for turn in range(6):
            body = {"push": tokens[(first + turn) % 2]}
            statuses.append(own.patch("/v1/devices/me", json=body, headers=me).status_code)

    threads = [threading.Thread(target=swap, args=(held[one], 1 - one)) for one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 12
