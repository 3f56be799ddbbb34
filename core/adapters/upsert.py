"""`INSERT ... ON CONFLICT` for the dialect of a connection; SQLAlchemy spells it per database.

Used by the SQL stores.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def _insert(connection: AsyncConnection, table: sa.Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def insert_new(connection: AsyncConnection, table: sa.Table, values: Mapping[str, Any]) -> Any:
    """Insert, or do nothing when a unique column already has the value."""
    return _insert(connection, table).values(**values).on_conflict_do_nothing()


def insert_or_update(
    connection: AsyncConnection,
    table: sa.Table,
    values: Mapping[str, Any],
    *,
    keys: tuple[str, ...],
    where: sa.ColumnElement[bool] | None = None,
) -> Any:
    """Insert, or update the row with the same *keys* to *values* where *where* holds."""
    changed = {name: value for name, value in values.items() if name not in keys}
    return (
        _insert(connection, table)
        .values(**values)
        .on_conflict_do_update(index_elements=list(keys), set_=changed, where=where)
    )
