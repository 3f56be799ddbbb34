"""The migrations make the tables that the code speaks of, once, however many run them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.adapters.migrations import migrate, require_current
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import metadata
from core.errors import PermanentError

PARTIAL = {
    "uq_sessions_unfinished_in_thread",
    "ix_sessions_unfinished",
    "ix_deliveries_behind",
    "ix_deliveries_stale",
    "uq_questions_open",
    "ix_questions_deadline_at",
    "ix_questions_remind_at",
    "ix_inbox_pending",
    "ix_posts_unsent",
}


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Database]:
    """A database without tables."""
    database = Database(database_url)
    yield database
    await database.close()


def default_differs(
    context: MigrationContext, _inspected: object, _meant: object, has: str | None, _default: object, means: str | None
) -> bool | None:
    """Alembic's own comparison, which cannot read `DEFAULT ''` on SQLite."""
    return (has or "").strip("(')") != (means or "").strip("(')") if context.dialect.name == "sqlite" else None


def differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": default_differs}
    )
    return list(compare_metadata(context, metadata))


def indexes(connection: sa.Connection) -> dict[str, str]:
    """The definition of each index, by name."""
    statement = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    return {row[0]: row[1] for row in connection.execute(sa.text(statement))}


async def test_migrating_an_empty_database_makes_the_tables_of_the_code(empty: Database) -> None:
    await migrate(empty)
    async with empty.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_column_too_many_would_be_noticed(empty: Database) -> None:
    await migrate(empty)
    async with empty.write() as connection:
        await connection.execute(sa.text("ALTER TABLE sessions ADD COLUMN mood VARCHAR(9)"))
    async with empty.read() as connection:
        assert len(await connection.run_sync(differences)) == 1


async def test_partial_indexes_are_partial_and_as_in_the_code(empty: Database) -> None:
    await migrate(empty)
    async with empty.read() as connection:
        made = await connection.run_sync(indexes)
    await drop_all(empty)
    async with empty.write() as connection:
        await connection.run_sync(metadata.create_all)
    async with empty.read() as connection:
        meant = await connection.run_sync(indexes)
    assert {name for name, definition in made.items() if " WHERE " in definition} == PARTIAL
    assert {name: made.get(name) for name in meant} == meant
    assert all("UNIQUE" in made[name] for name in PARTIAL if name.startswith("uq_"))


async def drop_all(database: Database) -> None:
    async with database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.execute(sa.text("DROP TABLE alembic_version"))


async def test_migrating_twice_is_harmless(empty: Database) -> None:
    await migrate(empty)
    async with empty.write() as connection:
        row = {"id": "slack:T1", "next_number": 7, "created_at": "2026-11-01T12:00:00.000000"}
        columns = ", ".join(row)
        values = ", ".join(f"'{value}'" for value in row.values())
        await connection.execute(sa.text(f"INSERT INTO workspaces ({columns}) VALUES ({values})"))
    await migrate(empty)
    await require_current(empty)
    async with empty.read() as connection:
        assert (await connection.execute(sa.text("SELECT next_number FROM workspaces"))).scalar_one() == 7


async def test_processes_that_migrate_at_once_do_not_trip_over_each_other(empty: Database, database_url: str) -> None:
    others = [Database(database_url) for _ in range(3)]
    try:
        await asyncio.gather(*(migrate(database) for database in (empty, *others)))
        await asyncio.gather(*(require_current(database) for database in (empty, *others)))
    finally:
        for other in others:
            await other.close()
    async with empty.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_empty_database_is_refused_with_what_to_run(empty: Database) -> None:
    with pytest.raises(PermanentError, match=r"schema is empty, this version needs \w+: run `muster migrate`\.") as it:
        await require_current(empty)
    assert it.value.reason == "schema"


@pytest.mark.parametrize("revision", ["0000", "9999"])
async def test_another_versions_schema_is_refused_with_what_to_run(empty: Database, revision: str) -> None:
    await migrate(empty)
    await require_current(empty)
    async with empty.write() as connection:
        await connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    with pytest.raises(PermanentError, match=f"schema is {revision}, this version needs"):
        await require_current(empty)
