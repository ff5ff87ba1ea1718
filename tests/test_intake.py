"""What any request may hold: on every route, before anything is done with it, on both databases."""

import itertools
from io import BytesIO
from typing import Any

import pytest
from engineio.packet import Packet
from flask import Flask
from flask.testing import FlaskClient

from casa.assembly import BLUEPRINTS
from casa.documenting import Blueprint
from casa.strict_json import NotAccepted

_HOSTILE = {
    "nested 60,000 deep": b"[" * 60_000 + b"]" * 60_000,
    "100,000 digits": b'{"a": ' + b"9" * 100_000 + b"}",
    "half a pair": b'{"email": "\\ud800", "password": "x", "code": "1"}',
    "NUL": b'{"email": "a\\u0000@example.org", "password": "x", "code": "1"}',
    "NaN": b'{"latitude": NaN}',
    "twice": b'{"email": "a", "email": "b"}',
    "not UTF-8": b'{"email": "\xff"}',
}
_NOBODY = "00000000-0000-4000-8000-000000000000"
_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def _addresses(app: Flask) -> list[tuple[str, str]]:
    """Each route that changes something, as a method and an address."""
    values = {"identifier": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "number": 1}
    values |= {"sighting": values["identifier"], "photograph": values["identifier"]}
    found = []
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            wanted = {name: values.get(name, "x") for name in rule.arguments}
            for method in sorted(set(_METHODS) & set(rule.methods or ())):
                found.append((method, adapter.build(rule.endpoint, wanted, method)))
    return found


def test_no_route_takes_hostile_json(app: Flask, client: FlaskClient) -> None:
    addresses = _addresses(app)
    assert len(addresses) > 60
    for (method, path), (name, body) in zip(
        addresses, itertools.cycle(_HOSTILE.items()), strict=False
    ):
        answer = client.open(path, method=method, data=body, content_type="application/json")
        assert answer.status_code == 400, (method, path, name, answer.text)
        assert answer.content_type == "application/problem+json"


def test_hostile_json_is_named(client: FlaskClient, bearer: Any) -> None:
    for path, body in itertools.product(("/v1/session", "/v1/alerts"), _HOSTILE.values()):
        answer = client.post(
            path, data=body, content_type="application/json", headers=bearer("cdema")
        )
        assert answer.status_code == 400
        assert answer.json["detail"].startswith("The body cannot be read: ")


def test_addresses_and_queries_are_text(client: FlaskClient) -> None:
    for path in (
        "/v1/places/J%00M",
        "/v1/places/a%0Ab",
        "/v1/places?state=%00",
        "/v1/places?state=%FF",
        "/v1/alerts?cursor=%ED%A0%80",
        "/v1/missing-persons/search?name=a%00b",
        "/nowhere/%00",
        f"/v1/hazard-events/{_NOBODY}/advisories/{'9' * 40}",
    ):
        assert client.get(path).status_code == 400, path
    for raw in ("/v1/places/\xff", "/v1/places/\xed\xa0\x80", "/\xc2\x85"):
        assert client.get("/", environ_overrides={"PATH_INFO": raw}).status_code == 400


def test_numbers_are_such_as_can_be_kept(client: FlaskClient) -> None:
    for number in (str(2**63), f"%20{'9_' * 30}9", "9" * 5_000):
        answer = client.get(f"/v1/alerts?since={number}")
        assert answer.status_code == 422, number
        assert answer.json["errors"][0]["pointer"] == "/since"
    assert client.get(f"/v1/alerts?since={2**63 - 1}").status_code == 200


def test_a_parameter_with_one_value_is_not_given_twice(client: FlaskClient) -> None:
    for path in (
        "/v1/places?state=JM&state=BB",
        "/v1/alerts?active=true&active=false",
        "/v1/alerts?limit=1&limit=1",
        "/feeds/cap.atom?place=JM&place=BB",
    ):
        answer = client.get(path)
        assert answer.status_code == 422, path
        assert "twice" in answer.json["detail"]


def test_a_body_says_truly_what_it_is(client: FlaskClient, bearer: Any) -> None:
    body = b'{"platform": "android", "push": {"provider": "none"}, "languages": ["en"]}'
    for sort in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        answer = client.post("/v1/devices", data=body, content_type=sort)
        assert answer.status_code == 415, sort
    for sort in ("application/json", "application/json; charset=utf-8", "application/x+json"):
        assert client.post("/v1/devices", data=body, content_type=sort).status_code == 201


def test_a_body_of_unknown_length_has_the_same_bound(client: FlaskClient, bearer: Any) -> None:
    for path, sort, size in (
        ("/v1/devices", "application/json", 2_000_000),
        ("/v1/pfif", "application/xml", 9_000_000),
    ):
        answer = client.post(
            path,
            input_stream=BytesIO(b'"' + b"x" * size + b'"'),
            content_type=sort,
            headers=bearer("police-jm"),
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )
        assert answer.status_code == 413, (path, answer.text)


def test_every_route_reads_its_arguments_so() -> None:
    assert all(isinstance(blueprint, Blueprint) for blueprint in BLUEPRINTS)


def test_socket_io_takes_the_same_json(app: Flask) -> None:
    server = app.extensions["casa.socketio"].server
    deep = "[" * 16_000
    for hostile in (deep, '{"places": ["\\ud800"]}', '{"since": 1e999}', '{"a":1,"a":2}'):
        with pytest.raises(NotAccepted):
            server.packet_class(encoded_packet=f'2["follow",{hostile}]')
    assert server.packet_class(encoded_packet='2["follow",{}]').data == ["follow", {}]
    # engine.io tries every message as JSON and takes for text what is none.
    assert Packet(encoded_packet=f"4{deep}").data == deep


_ODD_HEADERS = (
    {"Authorization": "Bearer \xff\xfe"},
    {"Authorization": "Bearer casak_\xa0"},
    {"Authorization": "\xdf"},
    {"Cookie": "casa-session=\xff"},
    {"Idempotency-Key": "\x85"},
    {"Idempotency-Key": "\xff" * 300},
    {"X-Request-ID": "\xb2"},
    {"Accept": "\xff/\xff;q=\xb2"},
    {"Accept-Language": "\xff"},
    {"If-None-Match": '"\xff'},
    {"Content-Type": "application/json; charset=\xff"},
    {"Content-Type": "multipart/form-data; boundary=\xff"},
    {"Range": "bytes=\xb2-"},
)


def test_odd_headers_are_no_errors(client: FlaskClient) -> None:
    for headers, (method, path) in itertools.product(
        _ODD_HEADERS,
        (
            ("GET", "/v1/agencies/me"),
            ("GET", "/v1/devices/me"),
            ("GET", "/v1/alerts"),
            ("POST", "/v1/alerts"),
            ("POST", "/v1/devices"),
            ("POST", f"/v1/missing-persons/{_NOBODY}/photographs"),
            ("POST", "/v1/sightings/x/photographs"),
        ),
    ):
        body = b"{}" if method == "POST" else b""
        answer = client.open(path, method=method, headers=headers, data=body)
        assert answer.status_code < 500, (headers, path, answer.text)
