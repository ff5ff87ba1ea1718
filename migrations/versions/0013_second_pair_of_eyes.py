"""Whose a key is, and the prepared words of an alert's end as they were approved with it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("makers", sa.JSON(), nullable=False, server_default="[]"))
    _read_makers_from_the_trail()
    op.add_column("alert", sa.Column("prepared_end", sa.JSON(), nullable=True))
    _copy_prepared_ends()
    op.drop_column("alert", "template")


def downgrade() -> None:
    op.add_column("alert", sa.Column("template", sa.String(36), nullable=True))
    op.drop_column("alert", "prepared_end")
    op.drop_column("api_key", "makers")


def _read_makers_from_the_trail() -> None:
    """The keys that officers made before, as the audit trail tells it."""
    connection = op.get_bind()
    trail = sa.table(
        "audit_entry",
        sa.column("number"), sa.column("action"), sa.column("actor"), sa.column("subject"),
        sa.column("after", sa.JSON()), sa.column("outcome"),
    )  # fmt: skip
    keys = sa.table("api_key", sa.column("id"), sa.column("makers", sa.JSON()))
    entries = connection.execute(
        sa.select(trail.c.action, trail.c.actor, trail.c.subject, trail.c.after)
        .where(trail.c.action.in_(["key.issue", "key.rotate"]), trail.c.outcome == "done")
        .order_by(trail.c.number)
    ).all()
    makers: dict[str, set[str]] = {}
    for action, actor, subject, after in entries:
        key = subject.removeprefix("key:")
        if action == "key.issue":
            makers[key] = {actor}
        elif isinstance(after, dict) and "key" in after:
            makers[after["key"]] = makers.get(key, set()) | {actor}
    for key, actors in makers.items():
        officers = sorted(actor for actor in actors if actor.startswith("officer:"))
        connection.execute(sa.update(keys).where(keys.c.id == key).values(makers=officers))


def _copy_prepared_ends() -> None:
    """Whatever was filled from a template keeps the end that it had."""
    connection = op.get_bind()
    templates = sa.table("template", sa.column("id"), sa.column("cancellation", sa.JSON()))
    alerts = sa.table("alert", sa.column("template"), sa.column("prepared_end", sa.JSON()))
    for identity, words in connection.execute(sa.select(templates.c.id, templates.c.cancellation)):
        connection.execute(
            sa.update(alerts).where(alerts.c.template == identity).values(prepared_end=words)
        )
