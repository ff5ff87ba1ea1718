"""Requests with an Idempotency-Key, so that one that is sent again is not done again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotent_request",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_idempotent_request")),
    )
    op.create_index(op.f("ix_idempotent_request_begun"), "idempotent_request", ["begun"])


def downgrade() -> None:
    op.drop_table("idempotent_request")
