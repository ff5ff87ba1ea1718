"""What each place of a hazard event reads and was told last, and what its messages were made of."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hazard_thread", sa.Column("reading", sa.JSON(), nullable=True))
    op.add_column(
        "hazard_thread", sa.Column("told", sa.JSON(), server_default="{}", nullable=False)
    )
    op.add_column("hazard_advisory_message", sa.Column("facts", sa.JSON(), nullable=True))
    op.add_column("hazard_advisory", sa.Column("lifted", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("hazard_advisory", "lifted")
    op.drop_column("hazard_advisory_message", "facts")
    op.drop_column("hazard_thread", "told")
    op.drop_column("hazard_thread", "reading")
