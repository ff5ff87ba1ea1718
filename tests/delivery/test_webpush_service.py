"""From a browser's registration to the alert that it reads, over both databases."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from casa import create_app
from casa.alerts.models import Dispatch
from casa.audience.models import Device
from casa.database import Database
from casa.delivery.providers import senders
from casa.delivery.worker import Worker
from casa.settings import Settings
from tests.doubles.push_service import Browser, PushService


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    running = PushService(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def settings(database_url: str, tmp_path: Path, service: PushService) -> Settings:
    return Settings(
        database_url=database_url,
        var_dir=tmp_path / "var",
        webpush_contact="mailto:alerts@example.org",
        webpush_proxy=service.proxy,
        webpush_ca=service.ca,
    )


def subscribe(client: FlaskClient, browser: Browser, language: str, place: str) -> None:
    push = {"provider": "webpush", "subscription": browser.subscription}
    body = {"platform": "web", "push": push, "languages": [language]}
    made = client.post("/v1/devices", json=body)
    assert made.status_code == 201, made.json
    headers = {"Authorization": f"Bearer {made.json['secret']}"}
    places = {"places": [{"code": place}]}
    assert client.put("/v1/devices/me/places", json=places, headers=headers).status_code == 200


def work(database: Database, settings: Settings) -> None:
    with senders(settings) as providers:
        worker = Worker(database, settings, providers)
        worker.plan()
        while worker.send():
            pass


def test_browsers_are_told_and_dead_ones_forgotten(
    client: FlaskClient,
    database: Database,
    settings: Settings,
    service: PushService,
    publish: Any,
    warning: dict[str, Any],
) -> None:
    bridgetown, paris = service.browser("ok/1"), service.browser("ok/2")
    kingston, gone = service.browser("ok/3"), service.browser("gone/4")
    subscribe(client, bridgetown, "en", "BB-08")
    subscribe(client, paris, "fr", "VC")
    subscribe(client, kingston, "en", "JM-01")
    subscribe(client, gone, "en", "BB")
    publish(warning)
    work(database, settings)
    read = {one.endpoint: one.content["data"]["headline"] for one in service.deliveries}
    assert read == {bridgetown.endpoint: "Hurricane warning", paris.endpoint: "Alerte ouragan"}
    key = client.get("/v1/webpush/key").json["key"]
    assert {one.claims["k"] for one in service.deliveries} == {key}
    with database.reading() as session:
        assert set(session.execute(select(Dispatch.channel, Dispatch.state)).all()) >= {
            ("push", "done")
        }
        dead = session.scalars(select(Device).where(Device.provider == "none")).all()
        assert len(dead) == 1


def test_without_a_contact_there_is_no_key(settings: Settings) -> None:
    app = create_app(replace(settings, webpush_contact=""))
    answer = app.test_client().get("/v1/webpush/key")
    app.extensions["casa.database"].dispose()
    assert answer.status_code == 404
    assert "Web Push is off" in answer.json["detail"]
