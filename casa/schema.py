"""The database's tables, brought up to date by the migrations that lie beside the package."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from casa.database import Database

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class OutOfDate(Exception):
    """The database's tables are not those that this version of the code works on."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the tables to ``revision``, in one transaction."""
    with database.writer.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the tables back to ``revision`` (``base``: to none)."""
    with database.writer.begin() as connection:
        command.downgrade(_config(connection), revision)


def require_current(database: Database) -> None:
    """Refuse to work on tables of another version.

    Raises:
        OutOfDate: saying what to run.
    """
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != head:
        raise OutOfDate("The database's tables are not up to date; run 'casa database upgrade'.")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
