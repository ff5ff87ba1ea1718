"""Shelters of hazard events, maps of danger zones, and webhooks as a channel of delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "shelter",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("event_id", sa.String(36), nullable=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("place", sa.String(12), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("facilities", sa.JSON(), nullable=False),
        sa.Column("contact", sa.String(200), nullable=True),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("changed", _MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_shelter_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["hazard_event.id"], name=op.f("fk_shelter_event_id_hazard_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelter")),
    )
    op.create_index(op.f("ix_shelter_event_id"), "shelter", ["event_id"])
    op.create_index("ix_shelter_agency_name", "shelter", ["agency_id", "name", "id"])
    op.create_table(
        "zone_map",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("changed", _MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_zone_map_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_map")),
    )
    op.create_index("uq_zone_map_agency_code", "zone_map", ["agency_id", "code"], unique=True)
    op.create_table(
        "webhook",
        sa.Column("number", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("url", sa.String(2_048), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("min_severity", sa.String(10), nullable=False),
        sa.Column("exercises", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("last_sent", _MOMENT, nullable=True),
        sa.Column("last_fault", sa.String(200), nullable=True),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("changed", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_webhook_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_webhook")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_agency", "webhook", ["agency_id", "number"])
    # Those that there are, are all of devices. Added in place: a table made anew would take the
    # devices of what is under way with it.
    op.add_column(
        "shard", sa.Column("channel", sa.String(20), nullable=False, server_default="push")
    )


def downgrade() -> None:
    # What webhooks were still to get is theirs alone: without the column it would go to devices.
    op.execute("DELETE FROM shard WHERE channel <> 'push'")
    op.execute("DELETE FROM dispatch WHERE channel = 'webhook'")
    op.drop_column("shard", "channel")
    op.drop_table("webhook")
    op.drop_table("zone_map")
    op.drop_table("shelter")
