"""A real worker among good and poisoned messages of the same urgency."""

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from casa.alerts.models import Dispatch, PublishedMessage
from casa.database import Database, now
from tests.doubles.fcm_process import FcmDouble
from tests.system.processes import Process, Service
from tests.system.test_service import pushed, register

LONG_AGO = timedelta(days=1)


def test_the_good_are_pushed_and_the_poisoned_parked(
    service_settings: dict[str, str],
    database: Database,
    double: FcmDouble,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
) -> None:
    settings = service_settings | {"CASA_RETRY_SECONDS": "0.01", "CASA_LOG_LEVEL": "CRITICAL"}
    web = Service(settings, "serve")
    try:
        register(web, "token-good", "BB")
        made = [
            web.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
            for _ in range(4)
        ]
        messages = PublishedMessage.__table__
        with database.writing() as session:
            for number, values in {
                1: {"content": b"[1, 2"},
                2: {"content": b'{"info": []}'},
                3: {"kind": "volcanic_ash"},
            }.items():
                session.execute(
                    update(messages).where(messages.c.sequence == number).values(**values)
                )
            session.execute(
                update(Dispatch).where(Dispatch.sequence == 3).values(created=now() - LONG_AGO)
            )
        worker = Process(settings, "worker")
        try:
            (row,) = pushed(double, "token-good", 1, seconds=60)
            assert row["message"]["data"]["identifier"] == made[3]["identifier"]
            states = parked(database)
            assert worker.running
        finally:
            assert worker.stop() == 0
    finally:
        web.process.stop()
    assert sorted(states) == [1, 2, 3]
    assert "volcanic_ash" in states[3]
    assert "Decode" in states[1]
    assert states[2]


def parked(database: Database) -> dict[int, str]:
    """The reasons of the messages that are parked for push, once there are three."""
    deadline = time.monotonic() + 60
    while True:
        with database.reading() as session:
            rows = session.scalars(
                select(Dispatch).where(Dispatch.state == "parked", Dispatch.channel == "push")
            ).all()
        if len(rows) == 3 or time.monotonic() > deadline:
            return {row.sequence: row.reason or "" for row in rows}
        time.sleep(0.1)
