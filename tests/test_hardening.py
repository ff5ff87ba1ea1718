"""What every response carries, and what of a request is believed."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from flask import request
from flask.testing import FlaskClient

from casa import create_app
from casa.settings import Settings


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Headers know no database."""
    return sqlite_url


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/places/XX", "/nowhere", "/", "/metrics"])
def test_every_response_is_protected(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "script-src 'unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Strict-Transport-Security" not in headers


def test_transport_security_over_tls_only(client: FlaskClient) -> None:
    answer = client.get("/healthz", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_request_has_an_id(client: FlaskClient) -> None:
    ours = client.get("/nowhere")
    assert UUID(ours.headers["X-Request-ID"])
    assert ours.json["instance"] == f"urn:uuid:{ours.headers['X-Request-ID']}"
    theirs = str(uuid4())
    answer = client.get("/healthz", headers={"X-Request-ID": theirs})
    assert answer.headers["X-Request-ID"] == theirs
    forged = client.get("/healthz", headers={"X-Request-ID": "1 INFO nothing happened"})
    assert UUID(forged.headers["X-Request-ID"])


@pytest.mark.parametrize(("proxies", "believed"), [(0, "127.0.0.1"), (1, "198.51.100.7")])
def test_forwarded_addresses_are_believed_of_known_proxies_only(
    settings: Settings, proxies: int, believed: str
) -> None:
    app = create_app(replace(settings, trusted_proxies=proxies))
    app.add_url_rule("/who", view_func=lambda: str(request.remote_addr))
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    assert app.test_client().get("/who", headers=headers).text == believed
    app.extensions["casa.database"].dispose()


def test_socket_io_counts_whom_a_known_proxy_speaks_for(settings: Settings) -> None:
    app = create_app(replace(settings, trusted_proxies=1, follow_per_address=1))

    def opened(address: str) -> int:
        headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}
        answer = app.test_client().get("/socket.io/?EIO=4&transport=polling", headers=headers)
        return answer.status_code

    assert [opened("198.51.100.7"), opened("198.51.100.8"), opened("198.51.100.7")] == [
        200,
        200,
        503,
    ]
    app.extensions["casa.database"].dispose()
