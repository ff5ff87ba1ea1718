"""``casa dispatch``: what is under way, what is stuck, and how to let it go on."""

import click
from sqlalchemy import func, select

from casa.alerts.models import Dispatch, PublishedMessage
from casa.commands.starting import open_database
from casa.delivery.dispatch import resume
from casa.delivery.models import Shard


@click.group()
def dispatch() -> None:
    """Deliveries: list them, resume those that are parked."""


@dispatch.command("list")
@click.option("--state", type=click.Choice(["waiting", "planned", "done", "parked", "off"]))
@click.option("--limit", default=20, show_default=True)
def list_dispatches(state: str | None, limit: int) -> None:
    """List dispatches, newest first."""
    sent = func.coalesce(func.sum(Shard.sent), 0)
    query = (
        select(Dispatch, PublishedMessage.identifier, sent)
        .join(PublishedMessage, PublishedMessage.sequence == Dispatch.sequence)
        .outerjoin(Shard, Shard.dispatch_id == Dispatch.id)
        .group_by(Dispatch.id, PublishedMessage.identifier)
        .order_by(Dispatch.id.desc())
        .limit(limit)
    )
    if state:
        query = query.where(Dispatch.state == state)
    with open_database().reading() as session:
        for row, identifier, number in session.execute(query):
            matched = "?" if row.matched is None else row.matched
            reason = f"  ({row.reason})" if row.reason else ""
            click.echo(
                f"{row.id:6}  {row.state:8} {row.channel:6} {number}/{matched} sent"
                f"  alert {identifier}{reason}"
            )


@dispatch.command("resume")
@click.argument("identifier", type=int)
def resume_dispatch(identifier: int) -> None:
    """Let the parked dispatch IDENTIFIER go on at once."""
    with open_database().writing() as session:
        shards = resume(session, identifier)
    if not shards:
        raise click.ClickException(f"There is no parked dispatch {identifier}.")
    click.echo(f"Resumed {shards} part(s).")
