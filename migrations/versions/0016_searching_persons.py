"""What the public may search persons by; the worker enters those that are public already."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "searched_person",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("foreign", sa.Boolean(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("least_age", sa.Integer(), nullable=True),
        sa.Column("most_age", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_searched_person")),
        sa.UniqueConstraint("id", name=op.f("uq_searched_person_id")),
    )
    op.create_index("ix_searched_person_created", "searched_person", ["created", "number"])
    _of_person("searched_name", sa.Column("key", sa.BigInteger(), nullable=False))
    _of_person("searched_place", sa.Column("place", sa.String(12), nullable=False))


def _of_person(table: str, column: sa.Column[int] | sa.Column[str]) -> None:
    op.create_table(
        table,
        column,
        sa.Column("person", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["searched_person.number"], ondelete="CASCADE",
            name=op.f(f"fk_{table}_person_searched_person"),
        ),
        sa.PrimaryKeyConstraint(column.name, "person", name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index(op.f(f"ix_{table}_person"), table, ["person"])


def downgrade() -> None:
    op.drop_table("searched_place")
    op.drop_table("searched_name")
    op.drop_table("searched_person")
