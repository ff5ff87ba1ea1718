"""Models and migrations agree, and migrations run both ways."""

from dataclasses import replace
from datetime import timedelta

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from casa import schema
from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.models import ApiKey, Officer
from casa.alerts.models import Alert
from casa.database import Database, now
from casa.tables import metadata


def test_migrations_make_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        made = inspect(connection)
        for table in metadata.sorted_tables:
            columns = {column["name"]: column for column in made.get_columns(table.name)}
            assert list(columns) == [column.name for column in table.columns]
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, column


def test_down_and_up_again(database: Database) -> None:
    schema.downgrade(database, "base")
    with database.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    schema.upgrade(database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM sequence_counter")).scalar() == 0
    schema.require_current(database)


def test_the_one_index_of_the_audience_covers_its_bits(database: Database) -> None:
    with database.engine.connect() as connection:
        if database.is_sqlite:
            query = "SELECT sql FROM sqlite_master WHERE name = 'audience_key'"
            assert "WITHOUT ROWID" in str(connection.exec_driver_sql(query).scalar())
        else:
            query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'pk_audience_key'"
            assert "INCLUDE (bits)" in str(connection.exec_driver_sql(query).scalar())


def test_what_keys_templates_and_waiting_rights_become(database: Database) -> None:
    """Up: makers are read from the trail, prepared ends kept. Down: what waits does not hold."""
    schema.downgrade(database, "0010")
    with database.writing() as session:
        for statement in (
            "INSERT INTO agency (id, code, name, sender, created)"
            " VALUES (1, 'a', 'A', 'a@example.org', '2026-01-01')",
            "INSERT INTO api_key (id, agency_id, name, digest, created, networks, scopes)"
            " VALUES ('old', 1, 'x', 'd', '2026-01-01', '[]', '[\"draft\"]')",
            "INSERT INTO api_key (id, agency_id, name, digest, created, networks, scopes)"
            " VALUES ('new', 1, 'x', 'd', '2026-01-01', '[]', '[\"draft\"]')",
            "INSERT INTO officer (id, agency_id, email, name, roles, totp_step, recovery, created)"
            " VALUES ('o', 1, 'o@example.org', 'O', '[\"author\", \"approver\"]', 0, '[]',"
            " '2026-01-01')",
            "INSERT INTO template (id, agency_id, name, kind, content, blanks, cancellation,"
            " created, changed) VALUES ('t', 1, 'T', 'disaster', '{}', '{}',"
            " '{\"en\": \"Over.\"}', '2026-01-01', '2026-01-01')",
            "INSERT INTO alert (identifier, thread, agency_id, kind, msg_type, state, created,"
            " changed, version, editors, crosses, template) VALUES ('i', 'i', 1, 'disaster',"
            " 'Alert', 'published', '2026-01-01', '2026-01-01', 1, '[]', false, 't')",
        ):
            session.execute(text(statement))
        known = Caller(1, "a", "A", "a@example.org", None, None, (), actor="officer:one")
        audit.note(session, known, "key.issue", "key:old", after={"scopes": ["draft"]})
        other = replace(known, actor="officer:two")
        audit.note(session, other, "key.rotate", "key:old", after={"key": "new"})
    schema.upgrade(database)
    with database.writing() as session:
        assert session.get_one(ApiKey, "old").makers == ["officer:one"]
        assert session.get_one(ApiKey, "new").makers == ["officer:one", "officer:two"]
        assert session.get_one(Alert, "i").prepared_end == {"en": "Over."}
        session.get_one(ApiKey, "new").starts = now() + timedelta(hours=1)
        officer = session.get_one(Officer, "o")
        officer.waiting = {"approver": (now() + timedelta(hours=1)).isoformat()}
    schema.downgrade(database, "0010")
    schema.upgrade(database)
    with database.reading() as session:
        assert session.get_one(ApiKey, "new").revoked is not None
        assert session.get_one(ApiKey, "old").revoked is None
        assert session.get_one(Officer, "o").roles == ["author"]
