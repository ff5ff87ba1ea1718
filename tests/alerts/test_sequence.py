"""The public sequence has no gaps and becomes visible in order."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from casa.agencies.models import Agency
from casa.alerts import sequence
from casa.alerts.models import Alert, PublishedMessage
from casa.database import Database, now


def _publish(database: Database, name: str, fail: bool) -> None:
    with database.writing() as session:
        number = sequence.take(session)
        session.execute(
            insert(Alert).values(
                identifier=name,
                thread=name,
                agency_id=1,
                kind="x",
                msg_type="Alert",
                state="published",
            )
        )
        session.execute(
            insert(PublishedMessage).values(
                sequence=number, identifier=name, thread=name, kind="x", status="Actual",
                msg_type="Alert", severity=1, sent=now(), expires=now(),
                west=0, south=0, east=0, north=0, content=b"",
            )
        )  # fmt: skip
        if fail:
            raise RuntimeError("rolled back")


def test_concurrent_publishers_and_rollbacks_leave_no_gap(database: Database) -> None:
    with database.writing() as session:
        session.add(Agency(id=1, code="a", name="A", sender="a"))
    done = threading.Event()
    seen: list[list[int]] = []

    def watch() -> None:
        while not done.is_set():
            with database.reading() as session:
                seen.append(list(session.scalars(select(PublishedMessage.sequence))))

    def attempt(number: int) -> None:
        fail = number % 3 == 0
        try:
            _publish(database, f"alert-{number}", fail)
        except RuntimeError:
            assert fail

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(90)))
    done.set()
    watcher.join()
    with database.reading() as session:
        numbers = sorted(session.scalars(select(PublishedMessage.sequence)))
        assert numbers == list(range(1, 61))
        assert sequence.current(session) == 60
    # Whoever saw a number saw every number before it.
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in seen)


def test_a_number_is_given_back(database: Database) -> None:
    with Session(database.writer) as session:
        assert sequence.take(session) == 1
        session.rollback()
    with database.writing() as session:
        assert sequence.take(session) == 1
