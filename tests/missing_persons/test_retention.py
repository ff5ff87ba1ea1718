"""A set time after a case has ended nothing is left that tells of anybody."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect, text

from casa.agencies import audit
from casa.agencies.permissions import Role
from casa.database import Database, now
from casa.delivery.worker import Worker
from casa.missing_persons.media import Media, MediaAway
from casa.missing_persons.retention import Retention
from casa.settings import Settings
from tests.conftest import later
from tests.missing_persons.conftest import NAME, case_of, phone_photograph

SECRETS = (NAME, "uniform", "Spanish Town market", "bus park")
KEPT = timedelta(days=30)


@pytest.fixture
def retention(settings: Settings) -> Retention:
    return Retention(Media(settings.media_store), KEPT)


def everything(database: Database) -> bytes:
    """All that the tables hold, but for what is sealed and gone within a day."""
    with database.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"idempotent_request"}
        return b"\n".join(
            bytes(value) if isinstance(value, bytes | memoryview) else repr(value).encode()
            for table in sorted(tables)
            for row in connection.execute(text(f"SELECT * FROM {table}"))
            for value in row
        )


def files(settings: Settings) -> list[Path]:
    return list((settings.var_dir / "media").iterdir())


def erase(database: Database, retention: Retention, after: timedelta) -> None:
    with database.writing() as session:
        retention.erase(session, now() + after)


def test_nothing_is_left(
    client: FlaskClient, database: Database, settings: Settings, retention: Retention,
    published: dict[str, Any], add: Callable[..., Any], police: Any, officer: Any,
) -> None:  # fmt: skip
    add(published)
    add(published, "")
    author, approver = (officer("police-jm", role).headers for role in (Role.AUTHOR, Role.APPROVER))
    path = f"/v1/missing-persons/{published['id']}"
    drafted = client.patch(f"{path}?publish=true", json={"age": 10}, headers=author).json["alert"]
    rejected = client.post(
        f"/v1/alerts/{drafted['identifier']}/reject",
        json={"reason": f"{NAME} is nine."}, headers=approver,
    )  # fmt: skip
    assert rejected.status_code == 200, rejected.json
    sighting = {"text": "At the bus park.", "seen_at": later(minutes=-1)}
    receipt = client.post(f"{path}/sightings", json=sighting).json["receipt"]
    client.post(
        f"/v1/sightings/{receipt}/photographs", data=phone_photograph(), content_type="image/heic"
    )
    ended = client.post(f"{path}/end", json={"outcome": "found_safe"}, headers=police)
    assert ended.status_code == 200, ended.json
    erase(database, retention, KEPT - timedelta(hours=1))
    assert NAME.encode() in everything(database)
    assert len(files(settings)) == 1
    erase(database, retention, KEPT + timedelta(hours=1))
    left = everything(database)
    assert [one for one in SECRETS if one.encode() in left] == []
    assert files(settings) == []
    case = client.get(path, headers=police).json
    assert case["facts"] == {"category": "missing_child"}
    assert case["outcome"] == "found_safe"
    assert client.get(f"{path}/sightings", headers=police).json["sightings"] == []
    first = f"/v1/alerts/{published['alert']['identifier']}"
    assert client.get(first).status_code == 410
    assert client.get("/v1/agencies/me/alerts", headers=police).status_code == 200
    with database.reading() as session:
        audit.verify(session)
    erase(database, retention, KEPT + timedelta(hours=2))


def test_a_thread_without_a_case(
    client: FlaskClient, database: Database, retention: Retention, police: Any, published: Any
) -> None:
    """An alert cancelled by itself is withdrawn, and its case is over when its time is."""
    change = client.patch(
        f"/v1/missing-persons/{published['id']}", json={"age": 10}, headers=police
    )
    assert change.json["alert"]["state"] == "draft"
    path = f"/v1/alerts/{published['alert']['identifier']}/cancel"
    assert client.post(path, json={}, headers=police).status_code == 201
    erase(database, retention, KEPT + timedelta(hours=1))
    assert NAME.encode() not in everything(database)
    case = client.get(f"/v1/missing-persons/{published['id']}", headers=police).json
    assert case["ended"]


def test_a_draft_that_was_given_up(
    client: FlaskClient, database: Database, retention: Retention, police: Any
) -> None:
    case = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    client.post(f"/v1/missing-persons/{case['id']}/end", json={}, headers=police)
    erase(database, retention, KEPT + timedelta(hours=1))
    assert NAME.encode() not in everything(database)


def test_open_cases_stay(
    client: FlaskClient, database: Database, retention: Retention, published: Any
) -> None:
    erase(database, retention, timedelta(days=365))
    assert NAME.encode() in everything(database)


def test_the_worker_does_it_and_one_failing_chore_stops_no_other(
    client: FlaskClient, database: Database, settings: Settings, published: dict[str, Any],
    police: Any, add: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def away(*_: Any) -> None:
        raise MediaAway("the store is away")

    add(published)
    with monkeypatch.context() as patched:
        patched.setattr(Media, "delete", away)
        path = f"/v1/missing-persons/{published['id']}/end"
        assert client.post(path, json={}, headers=police).status_code == 200
    assert len(files(settings)) == 6
    retention = Retention(Media(settings.media_store), timedelta(0))
    chores = [away, retention.remove_photographs, retention.erase]
    Worker(database, settings, {}, chores).plan()
    assert files(settings) == []
    assert NAME.encode() not in everything(database)
