"""Puts the core together: the only module that names adapters.

Entry points call `open_core` with the settings; tests call it with others.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from config.settings import Settings
from core.adapters.arq_queue import ArqQueue
from core.adapters.clock import DatabaseClock
from core.adapters.embedded_valkey import EmbeddedValkey
from core.adapters.migrations import migrate, require_current
from core.adapters.redis_bell import RedisBell
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import processes
from core.adapters.unit_of_work import SqlUnitOfWork
from core.ports import Bell, Clock, UnitOfWork
from core.service.policy import Policy

_MEASURE_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What bots and workers build on."""

    uow: UnitOfWork
    bell: Bell
    clock: Clock
    policy: Policy
    redis_url: str


@asynccontextmanager
async def open_core(settings: Settings, *, redis_url: str = "") -> AsyncIterator[Core]:
    """Connect to the database and to Redis; closes both at the end of the block.

    Args:
        redis_url: the embedded server's, which overrides the settings'.

    Raises:
        PermanentError: the schema is not this version's.
    """
    database = Database(settings.database)
    redis_url = redis_url or settings.redis_url
    bell = RedisBell(redis_url)
    queue = ArqQueue(redis_url, bell)
    clock = DatabaseClock()
    background = [asyncio.create_task(bell.run())]
    try:
        await require_current(database)
        await clock.measure(database)
        background.append(asyncio.create_task(_keep_measuring(clock, database)))
        yield Core(
            uow=SqlUnitOfWork(database, clock, bell, queue),
            bell=bell,
            clock=clock,
            policy=Policy(
                max_active_per_user=settings.max_active_per_user,
                max_active_per_workspace=settings.max_active_per_workspace,
                max_per_user_per_day=settings.max_sessions_per_user_per_day,
                max_per_workspace_per_day=settings.max_sessions_per_workspace_per_day,
                max_usd_per_user_per_day=settings.max_cost_usd_per_user_per_day,
                max_usd_per_workspace_per_day=settings.max_cost_usd_per_workspace_per_day,
            ),
            redis_url=redis_url,
        )
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await queue.close()
        await bell.close()
        await database.close()


@asynccontextmanager
async def embedded_redis(settings: Settings) -> AsyncIterator[str]:
    """A Valkey of this process' own in the data folder; gives its URL, and ends it at the end of the block."""
    valkey = EmbeddedValkey(settings.data_dir.resolve() / "valkey")
    await valkey.start()
    try:
        yield valkey.dsn
    finally:
        await valkey.stop()


async def migrate_database(settings: Settings) -> None:
    """Bring the settings' database to this version's schema."""
    database = Database(settings.database)
    try:
        await migrate(database)
    finally:
        await database.close()


async def forget_processes(settings: Settings) -> None:
    """Drop all leases, for a start that knows no other process to be alive: nothing has to wait for them to lapse."""
    database = Database(settings.database)
    try:
        async with database.write() as connection:
            await connection.execute(processes.delete())
    finally:
        await database.close()


async def _keep_measuring(clock: DatabaseClock, database: Database) -> None:
    while True:
        await asyncio.sleep(_MEASURE_EVERY_S)
        with suppress(Exception):  # the clock carries on by itself; the next round tries again
            await clock.measure(database)
