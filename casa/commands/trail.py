"""``casa audit``: prove the audit trail whole, note its end, take it out."""

import json
from typing import Any

import click

from casa.agencies import audit as trail
from casa.commands.starting import open_database


@click.group()
def audit() -> None:
    """The audit trail of every decision."""


@audit.command("head")
def head() -> None:
    """Print the trail's end as NUMBER:HASH, to be noted where no intruder comes."""
    with open_database().reading() as session:
        click.echo(str(trail.head_of(session)))


@audit.command("verify")
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="NUMBER:HASH",
    help="An end that was noted earlier; repeatable. Finds a trail that was cut or rewritten.",
)
def verify(heads: tuple[str, ...]) -> None:
    """Follow the chain from its start; names the first entry that does not hold."""
    try:
        noted = [trail.Head.parse(text) for text in heads]
        with open_database().reading() as session:
            found = trail.verify(session, noted)
    except (trail.Broken, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{found.number} entries, whole. Head: {found}")


@audit.command("export")
@click.argument("file", type=click.File("w"), default="-")
@click.option("--after", type=click.IntRange(0), default=0, help="From the entry behind this on.")
def export(file: Any, after: int) -> None:
    """Write the entries to FILE (by default standard output), one line of JSON each."""
    with open_database().reading() as session:
        for entry in trail.entries(session, after):
            file.write(json.dumps(trail.as_json(entry), ensure_ascii=False) + "\n")
