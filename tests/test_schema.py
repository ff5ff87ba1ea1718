"""Models and migrations agree, and migrations run both ways."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from casa import schema
from casa.database import Database
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
