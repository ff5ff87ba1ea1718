"""The database: engine, transactions and column types; the same code on SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from flask import current_app
from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.orm import DeclarativeBase, Session

# SQLite makes only an INTEGER PRIMARY KEY the row's own number.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


# In ``Session.info``: what is written is not what the request asked for, such as a day of use.
ASIDE = "casa.aside"


class Base(DeclarativeBase):
    """Every model's base; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; SQLite keeps it without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """An engine and its two sorts of transaction.

    ``reading()`` sees one snapshot and writes nothing; ``writing()`` commits at its end or, when
    an exception leaves it, rolls everything back. On SQLite a writer takes the write lock with
    its first statement (``BEGIN IMMEDIATE``), so it never fails half way for a lock that another
    holds.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url) if self.is_sqlite else _server(url)
        self.writer = self.engine.execution_options(casa_begin="BEGIN IMMEDIATE")
        # Waiting for SQLite's own lock stops the whole process, and with it the greenlet
        # that holds the lock; waiting for this one does not.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with (
            self._turn,
            Session(self.writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def dispose(self) -> None:
        self.engine.dispose()


def _server(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    # An error's text ends in a log, and its parameters are what is said of persons.
    return create_engine(
        parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True
    )


def _sqlite(url: str) -> Engine:
    if (path := make_url(url).database) and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            # An agency that was told "published" must find it so after a power cut.
            "synchronous = FULL",
            "foreign_keys = ON",
            # What is erased must not lie on in the file.
            "secure_delete = ON",
            "busy_timeout = 20000",
            "cache_size = -65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("casa_begin", "BEGIN"))

    return engine


def on_postgresql(session: Session) -> bool:
    """Whether what is asked may be PostgreSQL's own."""
    return session.get_bind().dialect.name == "postgresql"


def database() -> Database:
    """The current application's database."""
    return cast(Database, current_app.extensions["casa.database"])


def now() -> datetime:
    """The present moment, aware UTC, in whole milliseconds (what every store keeps alike)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
