"""Whose a key is, and the prepared words of an alert's end as they were approved with it."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("api_key", sa.Column("makers", sa.JSON(), nullable=False, server_default="[]"))
    _read_makers_from_the_trail()
    op.add_column("alert", sa.Column("prepared_end", sa.JSON(), nullable=True))
    _copy_prepared_ends()
    op.drop_column("alert", "template")
    op.add_column("api_key", sa.Column("starts", sa.DateTime(timezone=True), nullable=True))
    op.add_column("officer", sa.Column("waiting", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "pending_grant",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agency_id", ROW_NUMBER, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("undo", sa.JSON(), nullable=True),
        sa.Column("asked_by", sa.String(60), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(60), nullable=True),
        sa.Column("cancelled_by", sa.String(60), nullable=True),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_pending_grant"),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"],
            name="fk_pending_grant_agency_id_agency", ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index("ix_pending_grant_agency_id", "pending_grant", ["agency_id"])
    op.create_index("ix_pending_grant_subject", "pending_grant", ["subject"])


def downgrade() -> None:
    _take_what_waits()
    op.drop_table("pending_grant")
    op.drop_column("officer", "waiting")
    op.drop_column("api_key", "starts")
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


def _take_what_waits() -> None:
    """Before this nothing could wait: what nobody has confirmed is not to hold by that."""
    connection, moment = op.get_bind(), datetime.now(UTC)
    keys = sa.table(
        "api_key", sa.column("starts", sa.DateTime(timezone=True)),
        sa.column("revoked", sa.DateTime(timezone=True)),
    )  # fmt: skip
    connection.execute(sa.update(keys).where(keys.c.starts > moment).values(revoked=moment))
    officers = sa.table(
        "officer", sa.column("id"), sa.column("roles", sa.JSON()), sa.column("waiting", sa.JSON())
    )
    for identity, roles, waiting in connection.execute(sa.select(officers)).all():
        held = [
            role
            for role in roles
            if role not in waiting or datetime.fromisoformat(waiting[role]) <= moment
        ]
        change = sa.update(officers).where(officers.c.id == identity)
        connection.execute(change.values(roles=held))
