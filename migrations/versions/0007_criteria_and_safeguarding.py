"""Criteria of child abductions, and which cases need an approver with the safeguarding role."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("missing_person", sa.Column("criteria", sa.JSON(), nullable=True))
    # Of cases from before it is not known whom they are of, so they are guarded.
    op.add_column(
        "missing_person",
        sa.Column("guarded", sa.Boolean(), nullable=False, server_default=sa.true()),
    )


def downgrade() -> None:
    op.drop_column("missing_person", "guarded")
    op.drop_column("missing_person", "criteria")
