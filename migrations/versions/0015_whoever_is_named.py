"""What of foreign records is public and since when, redacted messages, entries of PFIF feeds.

Foreign records that are here already have not been looked at by anybody: all of them wait for an
officer with the safeguarding role, and partners who had them are told that they are over.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "redacted_message",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["message.sequence"], name=op.f("fk_redacted_message_sequence_message")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_redacted_message")),
    )
    op.create_table(
        "foreign_source",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("statuses", sa.JSON(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("registered_by", sa.String(60), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_foreign_source_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_source")),
    )
    op.create_index(
        "uq_foreign_source_agency_domain", "foreign_source", ["agency_id", "domain"], unique=True
    )
    _more_of_foreign_records()
    op.create_table(
        "feed_entry",
        sa.Column("record_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("of", sa.String(255), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_feed_entry")),
    )
    op.create_index(op.f("ix_feed_entry_of"), "feed_entry", ["of"])
    op.create_index("uq_feed_entry_at", "feed_entry", ["at"], unique=True)
    op.create_table(
        "feed_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_clock")),
    )
    _enter_what_is_there()


def _more_of_foreign_records() -> None:
    with op.batch_alter_table("foreign_person") as table:
        table.add_column(
            sa.Column("imported_by", sa.String(60), nullable=False, server_default="system")
        )
        table.add_column(sa.Column("place", sa.String(12), nullable=False, server_default=""))
        table.add_column(
            sa.Column("guarded", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        table.add_column(sa.Column("shown", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("released", _MOMENT, nullable=True))
        table.add_column(sa.Column("released_by", sa.String(60), nullable=True))
    with op.batch_alter_table("foreign_note") as table:
        table.add_column(sa.Column("shown", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(
            sa.Column("entitled", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def _enter_what_is_there() -> None:
    """An entry for each person that partners may have, each at a moment of its own."""
    connection = op.get_bind()
    cases = connection.execute(
        sa.text(
            "SELECT id FROM missing_person WHERE thread IN"
            " (SELECT thread FROM message WHERE status = 'Actual') ORDER BY id"
        )
    ).scalars()
    foreign = connection.execute(sa.text("SELECT id FROM foreign_person ORDER BY id")).scalars()
    own = list(cases)
    found: list[tuple[str, str, str | None]] = [(one, "person", None) for one in own]
    found += [(one, "person", None) for one in foreign]
    found += [(f"{one}.status", "note", one) for one in own]
    begun = datetime.now(UTC)
    moments = [begun + timedelta(microseconds=at) for at in range(len(found) + 1)]
    entry = sa.table(
        "feed_entry", sa.column("record_id"), sa.column("kind"), sa.column("of"),
        sa.column("at", _MOMENT),
    )  # fmt: skip
    clock = sa.table("feed_clock", sa.column("id"), sa.column("at", _MOMENT))
    if connection.dialect.name == "sqlite":
        moments = [one.replace(tzinfo=None) for one in moments]
    if found:
        connection.execute(
            entry.insert(),
            [
                {"record_id": name, "kind": kind, "of": of, "at": at}
                for (name, kind, of), at in zip(found, moments, strict=False)
            ],
        )
    connection.execute(clock.insert(), [{"id": 1, "at": moments[-1]}])


def downgrade() -> None:
    for table in ("feed_clock", "feed_entry", "foreign_source", "redacted_message"):
        op.drop_table(table)
    with op.batch_alter_table("foreign_note") as table:
        for column in ("entitled", "shown"):
            table.drop_column(column)
    # Nothing that waits may become public by going back.
    op.execute("DELETE FROM foreign_note WHERE record_id IS NULL")
    op.execute("DELETE FROM foreign_person WHERE released IS NULL")
    with op.batch_alter_table("foreign_person") as table:
        for column in ("released_by", "released", "shown", "guarded", "place", "imported_by"):
            table.drop_column(column)
