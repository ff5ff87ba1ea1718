"""``casa database``: the tables."""

import click

from casa import schema
from casa.commands.processes import read_settings
from casa.database import Database


@click.group()
def database() -> None:
    """The tables of the database."""


@database.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables up to date, or to REVISION."""
    schema.upgrade(Database(read_settings().database_url), revision)
    click.echo("The tables are up to date." if revision == "head" else f"At {revision}.")


@database.command()
@click.argument("revision")
@click.confirmation_option(prompt="This can delete data. Go on?")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION ('base': delete all of them)."""
    schema.downgrade(Database(read_settings().database_url), revision)
    click.echo(f"At {revision}.")
