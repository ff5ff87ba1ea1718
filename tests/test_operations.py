"""What operators and integrators ask of a running service."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from casa import schema
from casa.database import Database

# What a client does not call: the page's own files and Flask's own folder.
_NOT_DESCRIBED = ("/static/", "/openapi.json", "/api-page/")


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready", "sequence": 0}


def test_not_ready_without_tables(client: FlaskClient, database: Database) -> None:
    schema.downgrade(database, "base")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "not ready")
    assert client.get("/healthz").status_code == 200
    refused = client.get("/v1/alerts")
    assert refused.status_code in (500, 503)
    assert refused.content_type == "application/problem+json"
    assert "SELECT" not in refused.text


def test_figures(
    client: FlaskClient, publish: Callable[..., dict[str, Any]], warning: dict[str, Any]
) -> None:
    body = {"platform": "ios", "push": {"provider": "none"}, "languages": ["en"]}
    client.post("/v1/devices", json=body)
    publish(warning)
    answer = client.get("/metrics")
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["casa_sequence",] == 1
    assert found["casa_devices",] == 1
    assert found["casa_dispatches", ("channel", "push"), ("state", "waiting")] == 1
    assert found["casa_push_messages", ("outcome", "sent")] == 0


def test_the_description_is_openapi_3_1_and_covers_every_route(
    app: Flask, client: FlaskClient
) -> None:
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    served = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        if not path.startswith(_NOT_DESCRIBED):
            served |= {(path, method) for method in rule.methods - {"HEAD", "OPTIONS"}}
    described = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert served <= described
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters" and not path.startswith(_NOT_DESCRIBED):
                assert operation.get("summary"), (path, method)
    assert set(document["components"]["securitySchemes"]) == {
        "agencyKey",
        "deviceSecret",
        "officerSession",
    }


def test_the_page_loads_only_from_here(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.content_type.startswith("text/html")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert client.get(address).status_code == 200, address
