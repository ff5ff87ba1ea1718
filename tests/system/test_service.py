"""The service as real processes over real HTTP, on both databases."""

import time
from typing import Any

import pytest
import requests

from tests.doubles.fcm_process import FcmDouble
from tests.system.processes import Process, Service


def register(service: Service, token: str, code: str) -> str:
    body = {
        "platform": "ios",
        "push": {"provider": "fcm", "token": token},
        "languages": ["fr", "en"],
    }
    secret = service.call("POST", "/v1/devices", None, body)["secret"]
    service.call("PUT", "/v1/devices/me/places", secret, {"places": [{"code": code}]})
    return str(secret)


def pushed(double: FcmDouble, token: str, count: int, seconds: float = 20) -> list[dict[str, Any]]:
    """What the device got, as soon as it is ``count`` messages."""
    deadline = time.monotonic() + seconds
    while True:
        found = [row for row in double.record() if row["device"] == token]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_publish_and_receive(
    service: Service, double: FcmDouble, agency_keys: dict[str, str], warning: dict[str, Any]
) -> None:
    register(service, "token-barbados", "BB")
    register(service, "token-jamaica", "JM")
    made = service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
    (row,) = pushed(double, "token-barbados", 1)
    assert row["outcome"] == "sent"
    assert row["message"]["data"]["headline"] == "Alerte ouragan"
    assert row["message"]["data"]["identifier"] == made["identifier"]
    assert pushed(double, "token-jamaica", 1, seconds=0.5) == []


def test_it_ends_cleanly_and_goes_on_where_it_was(
    service: Service, double: FcmDouble, agency_keys: dict[str, str], warning: dict[str, Any]
) -> None:
    register(service, "token-restart", "VC")
    service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
    assert len(pushed(double, "token-restart", 1)) == 1
    assert service.process.stop() == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(service.url + "/healthz", timeout=5)
    service.process.start()
    service.wait()
    assert service.call("GET", "/v1/alerts")["sequence"] == 1
    service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
    assert len(pushed(double, "token-restart", 2)) == 2


def test_web_and_worker_as_processes_of_their_own(
    service_settings: dict[str, str],
    double: FcmDouble,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
) -> None:
    web = Service(service_settings, "serve")
    try:
        register(web, "token-apart", "BB")
        web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
        assert pushed(double, "token-apart", 1, seconds=0.5) == []
        worker = Process(service_settings, "worker")
        try:
            assert len(pushed(double, "token-apart", 1)) == 1
        finally:
            assert worker.stop() == 0
    finally:
        assert web.process.stop() == 0


def test_a_refused_push_is_tried_again_and_a_dead_token_forgotten(
    service: Service, double: FcmDouble, agency_keys: dict[str, str], warning: dict[str, Any]
) -> None:
    register(service, "token-again", "BB")
    register(service, "token-dead", "BB")
    double.behave("token-again", "unavailable", times=2)
    double.behave("token-dead", "unregistered")
    made = service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
    rows = pushed(double, "token-again", 3)
    assert [row["outcome"] for row in rows] == ["unavailable", "unavailable", "sent"]
    assert len({row["collapse_key"] for row in rows}) == 1
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        report, posted = service.call(
            "GET", f"/v1/alerts/{made['identifier']}/delivery", agency_keys["cdema"]
        )["dispatches"]
        if report["state"] == posted["state"] == "done":
            break
        time.sleep(0.1)
    assert (report["state"], report["sent"], report["forgotten"]) == ("done", 1, 1)
    # The same process looks after webhooks, of which there is none.
    assert (posted["state"], posted["matched"]) == ("done", 0)
    service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
    assert len(pushed(double, "token-again", 4)) == 4
    assert len(pushed(double, "token-dead", 2, seconds=0.5)) == 1


def test_bad_requests_over_http(service: Service, agency_keys: dict[str, str]) -> None:
    headers = {
        "Authorization": f"Bearer {agency_keys['cdema']}",
        "Content-Type": "application/json",
    }
    cases = [
        (b"{", headers, 400),
        (b"[]", headers, 422),
        (b"\xff\xfe", headers, 400),
        (b"{}", headers | {"Authorization": "Bearer casa_nonsense"}, 401),
        (b'{"kind": "disaster", "info": [], "area": []}', headers, 422),
        (b" " * 1_000_001, headers, 413),
    ]
    for body, sent, status in cases:
        answer = requests.post(service.url + "/v1/alerts", data=body, headers=sent, timeout=10)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert service.call("GET", "/v1/alerts")["sequence"] == 0
