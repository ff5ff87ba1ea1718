"""Workers behind a broker: tasks arrive, news is shared, losses are made good."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
import redis

from casa.delivery.tasks import Tasks
from tests.doubles.fcm_process import FcmDouble
from tests.system.processes import Process, Service
from tests.system.servers import OwnRedis
from tests.system.test_service import pushed, register

RABBITMQ = "amqp://guest:guest@127.0.0.1:5672"


@pytest.fixture(params=["redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "redis":
        own = OwnRedis(tmp_path)
        yield own.url
        own.stop()
        return
    try:
        pika.BlockingConnection(pika.URLParameters(RABBITMQ)).close()
    except pika.exceptions.AMQPError:
        pytest.skip("no RabbitMQ is reachable")
    yield RABBITMQ


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Several machines share PostgreSQL."""
    return postgres_url


def test_tasks_bring_the_work_to_any_worker(
    service_settings: dict[str, str],
    broker_url: str,
    double: FcmDouble,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
) -> None:
    # Nobody looks by himself: what arrives came by tasks.
    settings = service_settings | {
        "CASA_BROKER_URL": broker_url,
        "CASA_BROKER_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
        "CASA_SWEEP_SECONDS": "3600",
        "CASA_PAGE_SIZE": "2",
        "CASA_SHARD_SIZE": "4",
    }
    web = Service(settings, "serve")
    workers = [Process(settings, "worker") for _ in range(2)]
    try:
        for number in range(20):
            register(web, f"token-task-{number}", "BB")
        for turn in (1, 2):
            web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
            for number in range(20):
                rows = pushed(double, f"token-task-{number}", turn)
                assert [row["outcome"] for row in rows] == ["sent"] * turn
    finally:
        for process in (*workers, web.process):
            assert process.stop() == 0


def test_a_task_that_is_lost_is_made_good(
    service_settings: dict[str, str],
    double: FcmDouble,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
    tmp_path: Path,
) -> None:
    # The worker listens to another queue than the one that is asked.
    own = OwnRedis(tmp_path)
    settings = service_settings | {"CASA_BROKER_URL": own.url, "CASA_SWEEP_SECONDS": "0.5"}
    web = Service(settings | {"CASA_BROKER_QUEUE": "lost"}, "serve")
    worker = Process(settings, "worker")
    try:
        register(web, "token-lost", "BB")
        web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
        assert len(pushed(double, "token-lost", 1)) == 1
    finally:
        assert worker.stop() == 0
        assert web.process.stop() == 0
        own.stop()


def test_publishing_does_not_need_the_broker(
    service_settings: dict[str, str],
    double: FcmDouble,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
) -> None:
    settings = service_settings | {
        "CASA_BROKER_URL": "redis://127.0.0.1:1/0",
        "CASA_SWEEP_SECONDS": "0.5",
        "CASA_LOG_LEVEL": "CRITICAL",
    }
    web = Service(settings, "serve")
    worker = Process(settings, "worker")
    try:
        register(web, "token-without", "BB")
        web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
        assert len(pushed(double, "token-without", 1)) == 1
    finally:
        worker.kill()
        assert web.process.stop() == 0


def test_web_processes_hear_of_each_other_through_redis(
    service_settings: dict[str, str],
    agency_keys: dict[str, str],
    warning: dict[str, Any],
    tmp_path: Path,
) -> None:
    own = OwnRedis(tmp_path)
    settings = service_settings | {"CASA_REDIS_URL": own.url}
    web = Service(settings, "serve")
    try:
        with redis.Redis.from_url(own.url).pubsub(ignore_subscribe_messages=True) as news:
            news.subscribe("casa:sequence")
            news.get_message(timeout=1)
            web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
            deadline = time.monotonic() + 10
            while (heard := news.get_message(timeout=1)) is None and time.monotonic() < deadline:
                pass
        assert heard is not None
    finally:
        assert web.process.stop() == 0
        own.stop()


def test_asking_a_broker_that_is_away_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks("amqp://guest:guest@127.0.0.1:1", "nobody")
    tasks.ask()
    assert "the broker is away" in caplog.text
    tasks.close()
