"""Photographs of cases, sightings by citizens, how a case ended, and threads withdrawn with it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "withdrawn_thread",
        sa.Column("thread", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("thread", name=op.f("pk_withdrawn_thread")),
    )
    op.add_column("missing_person", sa.Column("outcome", sa.String(20), nullable=True))
    # What was said of cases that have ended is public no longer, as from now on.
    op.execute(
        "INSERT INTO withdrawn_thread (thread, at) "
        "SELECT thread, ended FROM missing_person WHERE ended IS NOT NULL"
    )
    op.create_table(
        "case_photograph",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("record_id", sa.String(36), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("renditions", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["missing_person.id"],
            name=op.f("fk_case_photograph_record_id_missing_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_photograph")),
        sa.UniqueConstraint("token", name=op.f("uq_case_photograph_token")),
    )
    op.create_index(op.f("ix_case_photograph_record_id"), "case_photograph", ["record_id"])
    op.create_table(
        "sighting",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("record_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("receipt", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["missing_person.id"], name=op.f("fk_sighting_record_id_missing_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
        sa.UniqueConstraint("receipt", name=op.f("uq_sighting_receipt")),
    )
    op.create_index("ix_sighting_record_created", "sighting", ["record_id", "created", "id"])
    _of_sighting(
        "sighting_report",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("sighting_id", sa.String(36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    _of_sighting(
        "sighting_photograph",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("sighting_id", sa.String(36), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.UniqueConstraint("token", name=op.f("uq_sighting_photograph_token")),
    )


def _of_sighting(table: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        *items,
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sighting_id"],
            ["sighting.id"],
            name=op.f(f"fk_{table}_sighting_id_sighting"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_sighting_id"), table, ["sighting_id"])


def downgrade() -> None:
    for table in ("sighting_photograph", "sighting_report", "sighting", "case_photograph"):
        op.drop_table(table)
    op.drop_column("missing_person", "outcome")
    op.drop_table("withdrawn_thread")
