from collections.abc import Iterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


async def run(dsn: str, statement: str) -> object:
    engine = create_async_engine(dsn)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


async def test_each_database_is_empty_and_can_be_dropped(postgres: PostgresServer) -> None:
    first, second = await postgres.create_database(), await postgres.create_database()
    connection = await asyncpg.connect(first.replace("+asyncpg", ""))
    await connection.execute("CREATE TABLE t (n int)")
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert await run(second, tables) == 0
    await postgres.drop_database(first)  # closes the connection that is still there
    with pytest.raises(DBAPIError, match="does not exist"):
        await run(first, tables)


async def test_a_prepared_database_is_prepared_once_and_then_copied(postgres: PostgresServer) -> None:
    prepared: list[str] = []

    async def prepare(dsn: str) -> None:
        prepared.append(dsn)
        await run(dsn, "CREATE TABLE t (n int)")

    first, second = await postgres.create_database(prepare), await postgres.create_database(prepare)
    await run(first, "INSERT INTO t VALUES (1)")
    assert await run(first, "SELECT count(*) FROM t") == 1
    assert await run(second, "SELECT count(*) FROM t") == 0
    assert len(prepared) == 1
    assert len({first, second, *prepared}) == 3


async def test_it_is_the_version_that_production_runs(postgres: PostgresServer) -> None:
    version = await run(await postgres.create_database(), "SHOW server_version")
    assert str(version).startswith("18.")


async def test_what_was_committed_survives_an_immediate_stop(postgres: PostgresServer) -> None:
    dsn = await postgres.create_database()
    connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.execute("INSERT INTO kept VALUES (7)")
    postgres.stop_at_once()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.fetchval("SELECT 1")
    postgres.start()
    assert await run(dsn, "SELECT n FROM kept") == 7
