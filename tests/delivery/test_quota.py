"""Token buckets, the shared one on a real Redis."""

import os
import threading
import time
import uuid

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from casa.delivery.quota import LocalQuota, RedisQuota


@pytest.fixture
def client():
    found = redis.Redis.from_url(os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15"))
    try:
        found.ping()
    except redis.ConnectionError:
        pytest.skip("no Redis at TEST_REDIS_URL")
    return found


@pytest.fixture
def key(client):
    name = f"casa:test:{uuid.uuid4()}"
    yield name
    client.delete(name)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("per_minute", [1, 30, 600, 600_000])
def test_no_minute_sees_more_than_the_quota(per_minute):
    clock = Clock()
    quota = LocalQuota(per_minute, clock)
    grants = []
    for _ in range(3000):
        allowance = quota.take(10**9)
        grants.append((clock.now, allowance.granted))
        clock.now += 0.1
    for start, _ in grants[::37]:
        assert sum(n for at, n in grants if start <= at < start + 60) <= per_minute
    assert sum(n for _, n in grants) >= 0.9 * per_minute * 4 - 1


def test_the_wait_is_what_it_takes():
    clock = Clock()
    quota = LocalQuota(6000, clock)
    assert quota.take(100).granted == 100
    allowance = quota.take(50)
    assert allowance.granted == 0
    clock.now += allowance.wait + 1e-6
    assert quota.take(50).granted == 50
    assert quota.take(0).wait == 0


def test_processes_share_one_bucket(client, key):
    quotas = [RedisQuota(client, 600, key) for _ in range(4)]
    granted = [quota.take(8).granted for quota in quotas]
    assert granted == [8, 2, 0, 0]
    allowance = quotas[3].take(8)
    assert 0 < allowance.wait <= 1.0
    time.sleep(allowance.wait + 0.05)
    assert quotas[0].take(8).granted == 8


def test_many_takers_at_once_get_no_more_than_there_is(client, key):
    granted = []

    def take() -> None:
        quota = RedisQuota(client, 6000, key)
        granted.extend(quota.take(1).granted for _ in range(40))

    began = time.monotonic()
    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    past = time.monotonic() - began
    assert 100 <= sum(granted) <= 100 + 100 * past + 1


def test_a_redis_that_lost_everything_starts_full(client, key):
    quota = RedisQuota(client, 600, key)
    quota.take(10)
    client.delete(key)
    client.script_flush()
    assert quota.take(10).granted == 10
    assert client.ttl(key) > 0


def test_while_redis_is_away_a_process_keeps_to_the_quota_alone():
    nobody = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    quota = RedisQuota(nobody, 600, "key")
    assert [quota.take(8).granted for _ in range(2)] == [8, 2]
