"""Keys that expire, keys for some networks only, and the day when a key was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("expires", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_key", sa.Column("networks", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("api_key", sa.Column("used", sa.Date(), nullable=True))


def downgrade() -> None:
    for name in ("used", "networks", "expires"):
        op.drop_column("api_key", name)
