"""Transactions on both databases: whole or not at all, and writers take turns."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from casa.agencies.models import Agency
from casa.database import Database, UtcDateTime, now


def _agency(code: str) -> Agency:
    return Agency(code=code, name=code, sender=f"{code}@demo.invalid")


def test_an_exception_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            session.add(_agency("one"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert session.scalars(select(Agency)).all() == []


def test_writers_take_turns_and_lose_no_update(database: Database) -> None:
    def add() -> None:
        for _ in range(20):
            with database.writing() as session:
                value = session.execute(
                    text("SELECT value FROM sequence_counter")
                    if database.is_sqlite
                    else text("SELECT value FROM sequence_counter FOR UPDATE")
                ).scalar_one()
                session.execute(
                    text("UPDATE sequence_counter SET value = :value"), {"value": value + 1}
                )

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.execute(text("SELECT value FROM sequence_counter")).scalar() == 80


def test_two_engines_on_one_file_take_turns_too(sqlite_url: str) -> None:
    first, second = Database(sqlite_url), Database(sqlite_url)
    entered = threading.Event()
    order: list[str] = []

    def wait_for_it() -> None:
        entered.wait()
        with second.writing() as session:
            session.add(_agency("second"))
            session.flush()
            order.append("second")

    thread = threading.Thread(target=wait_for_it)
    thread.start()
    with first.writing() as session:
        session.add(_agency("first"))
        session.flush()
        entered.set()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_reader_sees_one_snapshot(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL reads what is committed, statement by statement")
    with database.reading() as reader:
        assert reader.scalars(select(Agency)).all() == []
        with database.writing() as writer:
            writer.add(_agency("new"))
        assert reader.scalars(select(Agency)).all() == []


def test_moments_come_back_as_they_went(database: Database) -> None:
    moment = datetime(2026, 8, 1, 14, 30, 0, 123000, tzinfo=timezone(timedelta(hours=-4)))
    with database.writing() as session:
        agency = _agency("when")
        agency.created = moment
        session.add(agency)
    with database.reading() as session:
        found = session.scalars(select(Agency)).one().created
    assert found == moment
    assert found.tzinfo is UTC
    assert now().tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 8, 1), database.engine.dialect)  # noqa: DTZ001


def test_an_error_tells_nothing_of_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as failed, database.reading() as session:
        session.execute(text("SELECT :name FROM no_such_table"), {"name": "Quirina"})
    assert "no_such_table" in str(failed.value)
    assert "Quirina" not in str(failed.value)


def test_sqlite_overwrites_what_is_deleted(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    database.dispose()
