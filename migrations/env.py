"""Alembic's entry: runs on the connection that casa.schema hands over."""

from typing import Any

from alembic import context

from casa.database import UtcDateTime
from casa.tables import metadata


def render_item(sort: str, item: Any, _: Any) -> str | bool:
    """Our own types by what they are in the database, so that migrations need no code of ours."""
    if sort == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    transactional_ddl=True,
)
context.run_migrations()
