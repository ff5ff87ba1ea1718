"""How much one caller may ask for, and what an answer says about it."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyotp
import pytest
import redis
from flask.testing import FlaskClient

from casa import create_app
from casa.agencies.permissions import Role
from casa.settings import Settings

DEVICE = {"platform": "android", "push": {"provider": "none"}, "languages": ["en"]}
REDIS = "redis://127.0.0.1:6379/0"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, rate_agency=5, rate_public=4, rate_sign_in=3)


def stopped(statuses: list[int], limit: int, good: int = 200) -> bool:
    """Whether so many were let through, or one more where the window turned in between."""
    through = statuses.index(429) if 429 in statuses else len(statuses)
    return through in (limit, limit + 1) and set(statuses[:through]) == {good}


def test_each_key_has_its_own(client: FlaskClient, bearer: Any) -> None:
    answers = [client.get("/v1/agencies/me", headers=bearer("odpem")) for _ in range(7)]
    assert stopped([one.status_code for one in answers], 5)
    assert answers[0].headers["RateLimit-Limit"] == "5"
    assert [int(one.headers["RateLimit-Remaining"]) for one in answers[:2]] == [4, 3]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert 0 <= int(answers[-1].headers["RateLimit-Reset"]) <= 61
    assert answers[-1].content_type == "application/problem+json"
    assert client.get("/v1/agencies/me", headers=bearer("cdema")).status_code == 200


def test_addresses_without_a_key(client: FlaskClient) -> None:
    made = [client.post("/v1/devices", json=DEVICE).status_code for _ in range(6)]
    assert stopped(made, 4, 201)
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    answer = client.post("/v1/devices", json=DEVICE, environ_overrides=elsewhere)
    assert answer.status_code == 201
    reading = {client.get("/v1/alerts").status_code for _ in range(30)}
    assert reading == {200}


def test_sign_in_has_a_narrower_one(client: FlaskClient) -> None:
    def attempt(number: int) -> int:
        body = {"email": f"{number}@example.org", "password": "x" * 20, "code": "000000"}
        return client.post("/v1/session", json=body).status_code

    assert stopped([attempt(n) for n in range(5)], 3, 401)


@pytest.fixture
def shared(settings: Settings) -> Iterator[Settings]:
    name = f"casa-test-{uuid.uuid4().hex[:8]}"
    yield replace(settings, redis_url=REDIS, broker_queue=name)
    client = redis.Redis.from_url(REDIS)
    for key in client.scan_iter(f"*{name}*"):
        client.delete(key)


def test_processes_that_share_a_redis_share_the_count(shared: Settings, bearer: Any) -> None:
    apps = [create_app(shared) for _ in range(2)]
    statuses = [
        apps[number % 2].test_client().get("/v1/agencies/me", headers=bearer("odpem")).status_code
        for number in range(7)
    ]
    for app in apps:
        app.extensions["casa.database"].dispose()
    assert stopped(statuses, 5)


def test_without_its_redis_each_counts_for_itself(settings: Settings, bearer: Any) -> None:
    app = create_app(replace(settings, redis_url="redis://127.0.0.1:1/0"))
    client = app.test_client()
    answers = [client.get("/v1/agencies/me", headers=bearer("odpem")) for _ in range(7)]
    app.extensions["casa.database"].dispose()
    assert stopped([one.status_code for one in answers], 5)


def test_what_is_not_right_gets_no_count_of_its_own(client: FlaskClient) -> None:
    """Each guess at a key, a session or a device's secret is the address's request."""
    shown = itertools.cycle(
        ("Bearer casa_{0:012x}_{0:040x}", "bearer casas_{0:040x}", "Bearer casad_{0:040x}",
         "BEARER {0}", "Basic {0}")
    )  # fmt: skip
    statuses = [
        client.get(
            "/v1/agencies/me", headers={"Authorization": next(shown).format(number)}
        ).status_code
        for number in range(7)
    ]
    assert stopped(statuses, 4, 401)
    client.set_cookie("casa-session", f"casas_{1:040x}")
    assert client.post("/v1/devices", json=DEVICE).status_code == 429


def test_other_spellings_are_the_same_caller(client: FlaskClient, agency_keys: Any) -> None:
    key = agency_keys["odpem"]
    spelt = ("Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "bEARER {} ", "Bearer   {}")
    statuses = [
        client.get("/v1/agencies/me", headers={"Authorization": one.format(key)}).status_code
        for one in (*spelt, *spelt)
    ]
    assert stopped(statuses, 5)


def test_a_network_of_addresses_is_one(client: FlaskClient) -> None:
    statuses = [
        client.post(
            "/v1/devices", json=DEVICE, environ_overrides={"REMOTE_ADDR": f"2001:db8::{number}"}
        ).status_code
        for number in range(1, 7)
    ]
    assert stopped(statuses, 4, 201)
    other = {"REMOTE_ADDR": "2001:db8:0:1::1"}
    assert client.post("/v1/devices", json=DEVICE, environ_overrides=other).status_code == 201


def test_guesses_at_passwords_use_up_nobody_elses_count(client: FlaskClient, officer: Any) -> None:
    """Not the passkeys' of the same address, and not that of an officer who is signed in there."""
    one = officer("odpem", Role.AUTHOR)
    for number in range(6):
        body = {"email": f"{number}@example.org", "password": "x" * 20, "code": "000000"}
        last = client.post("/v1/session", json=body)
    assert last.status_code == 429
    assert client.post("/v1/session/passkey", json={"answer": {}}).status_code != 429
    code = {"code": pyotp.TOTP(one.secret).now()}
    fresh = client.post("/v1/session/step-up", json=code, headers=one.headers)
    assert fresh.status_code == 200, fresh.json
    assert client.delete("/v1/session", headers=bearer_of(fresh)).status_code == 204


def bearer_of(answer: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['session']}"}
