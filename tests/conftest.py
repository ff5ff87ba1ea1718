"""What every test can have: a migrated database on SQLite and on PostgreSQL, an app, agencies."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, make_url, select, text
from sqlalchemy.exc import OperationalError

from casa import create_app, schema
from casa.agencies import keys, passwords, second_factor, sessions
from casa.agencies.demonstration import DEMONSTRATION
from casa.agencies.models import Agency, Officer
from casa.agencies.permissions import Role
from casa.database import Database
from casa.sealing import Sealer
from casa.settings import Settings
from tests.document import CheckedClient

# Whatever a test asks the service over HTTP, the answer is one that its document gives.
Flask.test_client_class = CheckedClient

POSTGRES = os.environ.get(
    "CASA_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
REQUIRED = os.environ.get("CASA_REQUIRE_POSTGRES") == "1"


@cache
def _server() -> Engine:
    return create_engine(POSTGRES, isolation_level="AUTOCOMMIT", pool_pre_ping=True)


def _administer(statement: str) -> None:
    with _server().connect() as connection:
        connection.execute(text(statement))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database to copy."""
    name = f"casa_template_{uuid.uuid4().hex[:12]}"
    try:
        _administer(f"CREATE DATABASE {name}")
    except OperationalError:
        if REQUIRED:
            raise
        pytest.skip("no PostgreSQL is reachable (CASA_TEST_POSTGRES)")
    database = Database(_postgres_url(name))
    schema.upgrade(database)
    database.dispose()
    yield name
    _administer(f"DROP DATABASE {name} WITH (FORCE)")


def _postgres_url(name: str) -> str:
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "casa.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    name = f"casa_test_{uuid.uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _postgres_url(name)
    _administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh migrated database, once for each backend."""
    kind = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(kind))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.dispose()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, var_dir=tmp_path / "var", poll_seconds=0.1)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    made.testing = True
    yield made
    made.extensions["casa.database"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def agency_keys(database: Database) -> dict[str, str]:
    """The keys of the demonstration agencies, by agency code."""
    with database.writing() as session:
        return {
            plan.code: keys.issue(session, plan.create(session), "test") for plan in DEMONSTRATION
        }


@pytest.fixture
def bearer(agency_keys: dict[str, str]) -> Callable[[str], dict[str, str]]:
    """The headers that an agency sends."""
    return lambda code: {"Authorization": f"Bearer {agency_keys[code]}"}


PASSWORD = "correct horse battery staple of Castries"
_hashed = cache(passwords.hashed)  # slow by design: once is enough for all officers of a run


@dataclass
class SignedIn:
    """An officer with both factors, and the headers that the officer sends."""

    id: str
    email: str
    password: str
    secret: str
    headers: dict[str, str]


@pytest.fixture
def officer(
    app: Flask, database: Database, settings: Settings, agency_keys: dict[str, str]
) -> Callable[..., SignedIn]:
    """Make an officer of a demonstration agency with some roles, signed in and stepped up."""

    def make(agency: str, *roles: Role) -> SignedIn:
        secret, name = second_factor.new_secret(), uuid.uuid4().hex[:12]
        email = f"{name}@example.org"
        with database.writing() as session:
            known = session.scalars(select(Agency).where(Agency.code == agency)).one()
            row = Officer(
                agency_id=known.id, email=email, name="An Officer", roles=list(roles),
                password=_hashed(PASSWORD),
            )  # fmt: skip
            session.add(row)
            session.flush()
            sealer: Sealer = app.extensions["casa.sealer"]
            row.totp_secret = sealer.seal(secret.encode(), f"totp{row.id}")
            token = sessions.begin(session, row, settings)
        headers = {"Authorization": f"Bearer {token}"}
        return SignedIn(row.id, email, PASSWORD, secret, headers)

    return make


def approve(
    client: FlaskClient, path: str, headers: dict[str, str], *, publish: bool = False
) -> Any:
    """Read an alert or an advisory, and approve just what was read."""
    read = client.get(path, headers=headers).json.get("digest") or ""
    query = {"digest": read} | ({"publish": "true"} if publish else {})
    return client.post(f"{path}/approve", query_string=query, headers=headers)


def later(**delta: float) -> str:
    """An RFC 3339 moment from now."""
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


@pytest.fixture
def road_accident() -> dict[str, Any]:
    """A road accident on the A1 at Old Harbour."""
    return {
        "type": "road",
        "location": "A1 at Old Harbour",
        "area": [{"shapes": [{"type": "Point", "coordinates": [-77.109, 17.942], "radius": 3000}]}],
        "casualties": {"injured": {"least": 2, "most": 4}, "dead": {"least": 1, "most": 1}},
        "involved": [{"vehicle": "bus"}, {"vehicle": "truck", "count": 2}],
        "roads_closed": [{"name": "A1", "start": "Old Harbour", "end": "Freetown"}],
        "occurred": later(minutes=-20),
    }


@pytest.fixture
def warning() -> dict[str, Any]:
    """A CAP alert as JSON: a hurricane warning for Barbados and Saint Vincent."""
    expires = later(hours=12)
    shared = {
        "category": ["Met"],
        "urgency": "Expected",
        "severity": "Severe",
        "certainty": "Likely",
        "onset": later(hours=3),
        "expires": expires,
        "response_type": ["Prepare"],
    }
    return {
        "kind": "disaster",
        "info": [
            {**shared, "language": "en", "event": "Hurricane", "headline": "Hurricane warning"},
            {**shared, "language": "fr", "event": "Ouragan", "headline": "Alerte ouragan"},
        ],
        "area": [{"places": ["BB", "VC"]}],
    }


@pytest.fixture
def publish(
    client: FlaskClient, bearer: Callable[[str], dict[str, str]]
) -> Callable[..., dict[str, Any]]:
    """Publish an alert over HTTP; the answer's body."""

    def publish_(body: dict[str, Any], agency: str = "cdema", path: str = "alerts") -> Any:
        answer = client.post(f"/v1/{path}?publish=true", json=body, headers=bearer(agency))
        assert answer.status_code == 201, answer.json
        return answer.json

    return publish_
