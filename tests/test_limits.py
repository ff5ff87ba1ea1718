"""How much one caller may ask for, and what an answer says about it."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from casa import create_app
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
