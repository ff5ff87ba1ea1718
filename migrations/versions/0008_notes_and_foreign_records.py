"""Notes between officers on cases, and records of other registries of missing persons (PFIF)."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_note",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("record_id", sa.String(36), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["missing_person.id"], name=op.f("fk_case_note_record_id_missing_person")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_case_note_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index("ix_case_note_record_created", "case_note", ["record_id", "created", "id"])
    op.create_table(
        "foreign_person",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person_record_id", sa.String(255), nullable=False),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("source_date", _MOMENT, nullable=False),
        sa.Column("sent_entry_date", _MOMENT, nullable=False),
        sa.Column("expiry_date", _MOMENT, nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("entry_date", _MOMENT, nullable=False),
        sa.Column("due", _MOMENT, nullable=False),
        sa.Column("gone", _MOMENT, nullable=True),
        sa.Column("withdrawn", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_foreign_person_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_person")),
        sa.UniqueConstraint("person_record_id", name=op.f("uq_foreign_person_person_record_id")),
    )
    op.create_index(op.f("ix_foreign_person_due"), "foreign_person", ["due"])
    op.create_index("ix_foreign_person_created", "foreign_person", ["created", "id"])
    op.create_table(
        "foreign_note",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("note_record_id", sa.String(255), nullable=False),
        sa.Column("person_record_id", sa.String(255), nullable=False),
        sa.Column("linked_person_record_id", sa.String(255), nullable=True),
        sa.Column("record_id", sa.String(36), nullable=True),
        sa.Column("agency_id", _NUMBER, nullable=False),
        sa.Column("source_date", _MOMENT, nullable=False),
        sa.Column("sent_entry_date", _MOMENT, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("entry_date", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["missing_person.id"],
            name=op.f("fk_foreign_note_record_id_missing_person"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_foreign_note_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_note")),
        sa.UniqueConstraint("note_record_id", name=op.f("uq_foreign_note_note_record_id")),
    )
    for column in ("person_record_id", "linked_person_record_id", "record_id"):
        op.create_index(op.f(f"ix_foreign_note_{column}"), "foreign_note", [column])


def downgrade() -> None:
    for table in ("foreign_note", "foreign_person", "case_note"):
        op.drop_table(table)
