"""Hazard events: their numbered advisories, who approved them, and the threads of their alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "hazard_event",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("hazard", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=True),
        sa.Column("identifiers", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("ended", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_hazard_event_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_event")),
    )
    op.create_index(
        "ix_hazard_event_agency_created", "hazard_event", ["agency_id", "created", "id"]
    )
    op.create_table(
        "hazard_advisory",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(500), nullable=True),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("changed", _MOMENT, nullable=False),
        sa.Column("published", _MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["hazard_event.id"], name=op.f("fk_hazard_advisory_event_id_hazard_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_advisory")),
    )
    op.create_index(
        "uq_hazard_advisory_event_number", "hazard_advisory", ["event_id", "number"], unique=True
    )
    op.create_table(
        "hazard_advisory_approval",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("advisory_id", _NUMBER, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["advisory_id"],
            ["hazard_advisory.id"],
            name=op.f("fk_hazard_advisory_approval_advisory_id_hazard_advisory"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_hazard_advisory_approval_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_advisory_approval")),
    )
    op.create_index(
        op.f("ix_hazard_advisory_approval_advisory_id"), "hazard_advisory_approval", ["advisory_id"]
    )
    op.create_table(
        "hazard_advisory_message",
        sa.Column("advisory_id", _NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identifier", sa.String(36), nullable=False),
        sa.Column("thread", sa.String(36), nullable=False),
        sa.Column("msg_type", sa.String(10), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["advisory_id"],
            ["hazard_advisory.id"],
            name=op.f("fk_hazard_advisory_message_advisory_id_hazard_advisory"),
        ),
        sa.ForeignKeyConstraint(
            ["identifier"],
            ["alert.identifier"],
            name=op.f("fk_hazard_advisory_message_identifier_alert"),
        ),
        sa.PrimaryKeyConstraint("advisory_id", "position", name=op.f("pk_hazard_advisory_message")),
        sa.UniqueConstraint("identifier", name=op.f("uq_hazard_advisory_message_identifier")),
    )
    op.create_table(
        "hazard_thread",
        sa.Column("identifier", sa.String(36), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heard", sa.JSON(), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["hazard_event.id"], name=op.f("fk_hazard_thread_event_id_hazard_event")
        ),
        sa.PrimaryKeyConstraint("identifier", name=op.f("pk_hazard_thread")),
    )
    op.create_index(op.f("ix_hazard_thread_event_id"), "hazard_thread", ["event_id"])


def downgrade() -> None:
    for table in (
        "hazard_thread",
        "hazard_advisory_message",
        "hazard_advisory_approval",
        "hazard_advisory",
        "hazard_event",
    ):
        op.drop_table(table)
