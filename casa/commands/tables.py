"""``casa database``: the tables."""

import click
from alembic.util import CommandError

from casa import schema
from casa.commands.starting import Unusable, answering_database
from casa.database import Database


@click.group()
def database() -> None:
    """The tables of the database."""


@database.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables up to date, or to REVISION."""
    upgrade_tables(answering_database(), revision)
    click.echo("The tables are up to date." if revision == "head" else f"At {revision}.")


@database.command()
@click.argument("revision")
@click.confirmation_option(prompt="This can delete data. Go on?")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION ('base': delete all of them)."""
    try:
        schema.downgrade(answering_database(), revision)
    except CommandError as error:
        raise Unusable(error) from error
    click.echo(f"At {revision}.")


def upgrade_tables(tables: Database, revision: str = "head") -> None:
    """Bring the tables to ``revision``; those of a newer version are left alone."""
    try:
        schema.upgrade(tables, revision)
    except CommandError as error:
        raise Unusable(
            f"The tables are of another version of CASA: {error}. Start that version instead."
        ) from error
