"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sender", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("web", sa.String(length=500), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("code", name=op.f("uq_agency_code")),
        sa.UniqueConstraint("sender", name=op.f("uq_agency_sender")),
    )
    op.create_table(
        "device",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("token_kind", sa.String(length=12), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=True),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("min_severity", sa.String(length=10), nullable=False),
        sa.Column("exercises", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Date(), nullable=False),
        sa.Column("changed", sa.Date(), nullable=False),
        sa.Column("seen", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_device")),
        sa.UniqueConstraint("id", name=op.f("uq_device_id")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_device_secret_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_device_token_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sequence_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sequence_counter")),
    )
    op.execute("INSERT INTO sequence_counter (id, value) VALUES (1, 0)")
    op.create_table(
        "accident",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("thread", sa.String(length=36), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_accident_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accident")),
        sa.UniqueConstraint("thread", name=op.f("uq_accident_thread")),
    )
    op.create_index(op.f("ix_accident_agency_id"), "accident", ["agency_id"], unique=False)
    op.create_table(
        "alert",
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("thread", sa.String(length=36), nullable=False),
        sa.Column(
            "agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("msg_type", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("replaces", sa.String(length=36), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_alert_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["replaces"], ["alert.identifier"], name=op.f("fk_alert_replaces_alert")
        ),
        sa.PrimaryKeyConstraint("identifier", name=op.f("pk_alert")),
    )
    op.create_index(
        "ix_alert_agency_created", "alert", ["agency_id", "created", "identifier"], unique=False
    )
    op.create_index(op.f("ix_alert_thread"), "alert", ["thread"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column(
            "agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"],
            ["agency.id"],
            name=op.f("fk_api_key_agency_id_agency"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_index(op.f("ix_api_key_agency_id"), "api_key", ["agency_id"], unique=False)
    op.create_table(
        "audience_key",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Integer(), nullable=False),
        sa.Column("bits", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device"],
            ["device.number"],
            name=op.f("fk_audience_key_device_device"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "key", "device", name=op.f("pk_audience_key"), postgresql_include=["bits"]
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_audience_key_device", "audience_key", ["device"], unique=False)
    op.create_table(
        "disaster",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("thread", sa.String(length=36), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_disaster_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disaster")),
        sa.UniqueConstraint("thread", name=op.f("uq_disaster_thread")),
    )
    op.create_index(op.f("ix_disaster_agency_id"), "disaster", ["agency_id"], unique=False)
    op.create_table(
        "mandate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("max_severity", sa.String(length=10), nullable=False),
        sa.Column("open_sea", sa.Boolean(), nullable=False),
        sa.Column("beyond_region", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"],
            ["agency.id"],
            name=op.f("fk_mandate_agency_id_agency"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
    )
    op.create_index(op.f("ix_mandate_agency_id"), "mandate", ["agency_id"], unique=False)
    op.create_table(
        "missing_person",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("thread", sa.String(length=36), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_missing_person_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missing_person")),
        sa.UniqueConstraint("thread", name=op.f("uq_missing_person_thread")),
    )
    op.create_index(
        op.f("ix_missing_person_agency_id"), "missing_person", ["agency_id"], unique=False
    )
    op.create_table(
        "message",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("thread", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("msg_type", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identifier"], ["alert.identifier"], name=op.f("fk_message_identifier_alert")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_message")),
        sa.UniqueConstraint("identifier", name=op.f("uq_message_identifier")),
    )
    op.create_index(op.f("ix_message_expires"), "message", ["expires"], unique=False)
    op.create_index(op.f("ix_message_thread"), "message", ["thread"], unique=False)
    op.create_table(
        "dispatch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("thread", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["sequence"], ["message.sequence"], name=op.f("fk_dispatch_sequence_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
    )
    op.create_index("ix_dispatch_open", "dispatch", ["state", "priority", "sequence"], unique=False)
    op.create_index(op.f("ix_dispatch_thread"), "dispatch", ["thread"], unique=False)
    op.create_index(
        "uq_dispatch_sequence_channel", "dispatch", ["sequence", "channel"], unique=True
    )
    op.create_table(
        "message_place",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["message.sequence"], name=op.f("fk_message_place_sequence_message")
        ),
        sa.PrimaryKeyConstraint("place", "sequence", name=op.f("pk_message_place")),
    )
    op.create_table(
        "dispatch_audience",
        sa.Column(
            "dispatch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("concerned", sa.LargeBinary(), nullable=False),
        sa.Column("departed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"],
            ["dispatch.id"],
            name=op.f("fk_dispatch_audience_dispatch_id_dispatch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dispatch_id", name=op.f("pk_dispatch_audience")),
    )
    op.create_table(
        "shard",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "dispatch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=False),
        sa.Column("retry", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispatch_id"],
            ["dispatch.id"],
            name=op.f("fk_shard_dispatch_id_dispatch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shard")),
    )
    op.create_index("ix_shard_dispatch", "shard", ["dispatch_id"], unique=False)
    op.create_index("ix_shard_open", "shard", ["state", "priority", "sequence", "id"], unique=False)
    op.create_table(
        "shard_devices",
        sa.Column(
            "shard_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("devices", sa.LargeBinary(), nullable=False),
        sa.Column("departed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shard_id"],
            ["shard.id"],
            name=op.f("fk_shard_devices_shard_id_shard"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shard_id", name=op.f("pk_shard_devices")),
    )


def downgrade() -> None:
    op.drop_table("shard_devices")
    op.drop_index("ix_shard_open", table_name="shard")
    op.drop_index("ix_shard_dispatch", table_name="shard")
    op.drop_table("shard")
    op.drop_table("dispatch_audience")
    op.drop_table("message_place")
    op.drop_index("uq_dispatch_sequence_channel", table_name="dispatch")
    op.drop_index(op.f("ix_dispatch_thread"), table_name="dispatch")
    op.drop_index("ix_dispatch_open", table_name="dispatch")
    op.drop_table("dispatch")
    op.drop_index(op.f("ix_message_thread"), table_name="message")
    op.drop_index(op.f("ix_message_expires"), table_name="message")
    op.drop_table("message")
    op.drop_index(op.f("ix_missing_person_agency_id"), table_name="missing_person")
    op.drop_table("missing_person")
    op.drop_index(op.f("ix_mandate_agency_id"), table_name="mandate")
    op.drop_table("mandate")
    op.drop_index(op.f("ix_disaster_agency_id"), table_name="disaster")
    op.drop_table("disaster")
    op.drop_index("ix_audience_key_device", table_name="audience_key")
    op.drop_table("audience_key")
    op.drop_index(op.f("ix_api_key_agency_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_index(op.f("ix_alert_thread"), table_name="alert")
    op.drop_index("ix_alert_agency_created", table_name="alert")
    op.drop_table("alert")
    op.drop_index(op.f("ix_accident_agency_id"), table_name="accident")
    op.drop_table("accident")
    op.drop_table("sequence_counter")
    op.drop_table("device")
    op.drop_table("agency")
