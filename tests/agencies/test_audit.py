"""The audit trail: what it tells, and that no tampering with it goes unseen."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, text, update

from casa.agencies import audit
from casa.agencies.audit import Broken, Head, verify
from casa.agencies.caller import Origin
from casa.agencies.models import AuditEntry, AuditHead
from casa.agencies.permissions import Role
from casa.database import Database, now
from tests.conftest import approve

COLUMNS = [column.name for column in AuditEntry.__table__.columns]


@pytest.fixture
def trail(database: Database) -> Head:
    """Twelve entries, and the triggers that protect them out of the way."""
    for number in range(12):
        with database.writing() as session:
            audit.note(
                session, Origin(), "alert.draft", f"alert:{number}",
                before={"state": "draft"}, after={"n": number, "é": "ü"}, reason="because",
            )  # fmt: skip
    with database.writing() as session:
        if database.is_sqlite:
            for verb in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER audit_entry_no_{verb}"))
        else:
            session.execute(text("DROP TRIGGER audit_entry_stays ON audit_entry"))
    with database.reading() as session:
        return verify(session)


def first_bad(database: Database, *noted: Head) -> int:
    with database.reading() as session, pytest.raises(Broken) as caught:
        verify(session, noted)
    return caught.value.number


def test_it_holds_and_has_its_head(database: Database, trail: Head) -> None:
    assert trail.number == 12
    assert Head.parse(str(trail)) == trail
    with database.reading() as session:
        assert verify(session, [trail]) == trail


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_of_any_column_is_found(database: Database, trail: Head, column: str) -> None:
    kinds: dict[str, Any] = {"number": 500, "at": now(), "before": {"state": "x"}, "after": None}
    value = kinds.get(column, "f" * 64 if column in ("previous", "hash") else "x")
    with database.writing() as session:
        session.execute(
            update(AuditEntry).where(AuditEntry.number == 5).values({column: value}),
            execution_options={"synchronize_session": False},
        )
    assert first_bad(database) in (5, 6) if column == "hash" else first_bad(database) == 5


@pytest.mark.parametrize("number", [1, 6, 12])
def test_a_removed_entry_is_found(database: Database, trail: Head, number: int) -> None:
    with database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number == number))
    assert first_bad(database) == number


def test_entries_that_change_places_are_found(database: Database, trail: Head) -> None:
    with database.writing() as session:
        for old, new in ((4, 100), (7, 4), (100, 7)):
            session.execute(
                update(AuditEntry).where(AuditEntry.number == old).values(number=new),
                execution_options={"synchronize_session": False},
            )
    assert first_bad(database) == 4


def test_a_cut_with_a_rewritten_head_is_found_against_a_note(
    database: Database, trail: Head
) -> None:
    with database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number > 9))
    assert first_bad(database) == 10
    with database.writing() as session:
        last = session.get_one(AuditEntry, 9)
        session.execute(update(AuditHead).values(number=9, hash=last.hash))
    with database.reading() as session:
        assert verify(session).number == 9, "by itself the shorter trail is sound"
    assert first_bad(database, trail) == 10


def test_a_trail_rewritten_from_some_entry_on_is_found_against_a_note(
    database: Database, trail: Head
) -> None:
    with database.writing() as session:
        previous = session.get_one(AuditEntry, 4).hash
        for number in range(5, 13):
            row = session.get_one(AuditEntry, number)
            row.reason, row.previous = "otherwise", previous
            columns = {name: getattr(row, name) for name in COLUMNS}
            row.hash = previous = audit.digest(columns)
        session.execute(update(AuditHead).values(hash=previous))
    with database.reading() as session:
        assert verify(session).number == 12
    assert first_bad(database, trail) == 12


def test_an_inserted_entry_is_found(database: Database, trail: Head) -> None:
    with database.writing() as session:
        row = {name: getattr(session.get_one(AuditEntry, 12), name) for name in COLUMNS}
        row |= {"number": 13, "previous": row["hash"]}
        session.add(AuditEntry(**(row | {"hash": audit.digest(row)})))
    assert first_bad(database) == 13


def test_the_database_itself_refuses_changes(database: Database) -> None:
    with database.writing() as session:
        audit.note(session, Origin(), "a", "b")
    for statement in (update(AuditEntry).values(reason="x"), delete(AuditEntry)):
        with pytest.raises(Exception, match="append-only"), database.writing() as session:
            session.execute(statement)


def test_nothing_is_told_of_what_was_rolled_back(database: Database) -> None:
    with suppress(RuntimeError), database.writing() as session:
        audit.note(session, Origin(), "a", "b")
        raise RuntimeError
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_many_at_once_make_one_chain(database: Database) -> None:
    def write(thread: int) -> None:
        for number in range(10):
            with database.writing() as session:
                audit.note(session, Origin(), "a", f"{thread}:{number}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.reading() as session:
        assert verify(session).number == 60


def test_every_step_and_every_refusal_is_told_and_no_text(
    client: FlaskClient,
    officer: Callable[..., Any],
    database: Database,
    warning: dict[str, Any],
) -> None:
    author, approver = officer("cdema", Role.AUTHOR), officer("cdema", Role.APPROVER)
    auditor = officer("police-jm", Role.AUDITOR)
    made = client.post("/v1/alerts?publish=true", json=warning, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}"
    assert approve(client, path, author.headers).status_code == 403
    approved = approve(client, path, approver.headers, publish=True)
    assert approved.status_code == 200, approved.json
    assert client.post(f"{path}/cancel", json={}, headers=author.headers).status_code == 201
    shown = client.get("/v1/audit", headers=auditor.headers)
    entries = shown.json["entries"]
    told = [(entry["action"], entry["outcome"], entry["actor"]) for entry in entries]
    by_author, by_approver = f"officer:{author.id}", f"officer:{approver.id}"
    assert told == [
        ("alert.draft", "done", by_author),
        ("alert.submit", "done", by_author),
        ("POST /v1/alerts/<uuid:identifier>/approv", "refused", by_author),
        ("alert.approve", "done", by_approver),
        ("alert.publish", "done", by_approver),
        ("alert.cancel", "done", by_author),
    ]
    assert "Hurricane" not in shown.text
    assert all(entry["request_id"] and entry["address"] == "127.0.0.1" for entry in entries)
    published = entries[4]
    assert published["before"] == {"state": "approved"}
    assert published["after"]["state"] == "published"
    assert published["after"]["content"] == entries[1]["after"]["content"]
    assert client.get("/v1/audit", headers=author.headers).status_code == 403
    rest = client.get("/v1/audit?after=4&limit=1", headers=auditor.headers)
    assert [entry["number"] for entry in rest.json["entries"]] == [5]
