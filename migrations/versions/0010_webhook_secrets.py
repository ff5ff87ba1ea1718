"""The secret that a webhook had before, while receivers change over to the new one."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook", sa.Column("former_secret", sa.LargeBinary(), nullable=True))
    op.add_column("webhook", sa.Column("former_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("webhook", "former_until")
    op.drop_column("webhook", "former_secret")
