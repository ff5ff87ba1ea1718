"""What every command begins with: settings that can be used, and a database that answers.

What is wrong is told in one line that says how to mend it, with status 2.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from casa import keyfile
from casa.settings import Settings, SettingsError

if TYPE_CHECKING:
    from casa.database import Database

WAIT_SECONDS = 10.0
"""How long a process that starts waits for a database that is away."""
_LOOK_SECONDS = 0.5


class Unusable(click.ClickException):
    """What the operator must mend before anything can start."""

    exit_code = 2

    def __init__(self, message: object) -> None:
        super().__init__(" ".join(str(message).split()))


def read_settings() -> Settings:
    """The environment's settings, with logging set up by them."""
    try:
        found = Settings.from_environment(os.environ)
        found.require_files()
    except SettingsError as error:
        raise Unusable(error) from error
    for path in (found.sealing_key_file, found.webpush_key_file):
        _check_key(path)
    logging.basicConfig(
        level=found.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Its account of every start is of use only to who writes migrations.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return found


def _check_key(path: Path) -> None:
    """A key that is not there yet is made when it is needed."""
    try:
        if path.exists():
            JWKRegistry.import_key(keyfile.read(path))
    except (OSError, ValueError, TypeError, JoseError) as error:
        raise Unusable(
            f"{path} holds no key that can be used: {error}. Put the right file there."
        ) from error


@contextmanager
def starting() -> Iterator[None]:
    """What keeps a process from being put together is told without a traceback."""
    from casa.geography.boundaries import BoundariesError

    try:
        yield
    except BoundariesError as error:
        raise Unusable(f"CASA_BOUNDARIES cannot be used: {error}") from error
    except (SettingsError, OSError, ValueError) as error:
        raise Unusable(error) from error


def use_boundaries(found: Settings) -> None:
    """The places that the operator chose, where there are such."""
    from casa.geography import places

    if found.boundaries is not None:
        with starting():
            places.use(places.load(found.boundaries))


def open_database(found: Settings | None = None, wait: float = 0.0) -> "Database":
    """The database, with this code's tables; one that is away is waited for ``wait`` seconds."""
    from casa import schema

    tables = answering_database(found, wait)
    try:
        schema.require_current(tables)
    except schema.OutOfDate as error:
        raise Unusable(error) from error
    return tables


def answering_database(found: Settings | None = None, wait: float = 0.0) -> "Database":
    """The database, whatever tables it has."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    from casa.database import Database

    url = (found or read_settings()).database_url
    deadline = time.monotonic() + wait
    try:
        tables = Database(url)
        while True:
            try:
                with tables.engine.connect() as connection:
                    connection.exec_driver_sql("SELECT 1")
                return tables
            except OperationalError:
                if tables.is_sqlite or time.monotonic() >= deadline:
                    raise
                time.sleep(_LOOK_SECONDS)
    except (DBAPIError, OSError) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise Unusable(
            f"The database at {_shown(url)} cannot be used: {str(why)[:300]}. "
            "See that it runs and that CASA_DATABASE_URL is right."
        ) from error


def _shown(url: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)
