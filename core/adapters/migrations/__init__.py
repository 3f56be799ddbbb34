"""The schema's history, applied by `muster migrate` and by `muster up`.

Called by entry points and tests only. A migration, once released, is never edited.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.adapters.sql_engine import Database
from core.errors import PermanentError

_LOCK = 0x6D757374  # "must": one migration at a time on PostgreSQL


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(_config(connection), "head")


async def migrate(database: Database) -> None:
    """Bring the schema to this version's; safe to run from several processes at once."""
    async with database.write() as connection:
        await connection.run_sync(_upgrade)


def _revisions(connection: sa.Connection) -> tuple[str | None, str | None]:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision(), head


async def require_current(database: Database) -> None:
    """Make sure that the schema is this version's.

    Raises:
        PermanentError: it is older or newer; the message says what to run.
    """
    async with database.read() as connection:
        current, head = await connection.run_sync(_revisions)
    if current != head:
        raise PermanentError(
            f"The database's schema is {current or 'empty'}, this version needs {head}: run `muster migrate`.",
            reason="schema",
        )
