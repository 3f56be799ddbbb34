"""Several processes on one SQLite file: nothing is lost, and nobody is told that the database is locked."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.session import Session
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.count_up import count_up
from tests.support.desk import Desk, World, start
from tests.support.processes import Child
from tests.support.schema import lay_schema

pytestmark = pytest.mark.slow

PROCESSES = 3
TIMES = 40


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database with the current schema."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    yield database
    await database.close()


@pytest.fixture
def uow(file: Database, clock: SetClock) -> SqlUnitOfWork:
    return SqlUnitOfWork(file, clock, NotingBell(), NotingQueue())


@pytest.fixture
async def session(uow: SqlUnitOfWork, clock: SetClock) -> Session:
    await Desk(uow=uow, clock=clock).ask(start())
    return await World(uow, clock).only_session()


async def test_no_update_is_lost_between_processes(
    file: Database, uow: SqlUnitOfWork, session: Session, clock: SetClock
) -> None:
    url = str(file.url)
    async with AsyncExitStack() as stack:
        children = [Child("tests.support.count_up", url, session.id, str(TIMES)) for _ in range(PROCESSES)]
        for child in children:
            await stack.enter_async_context(child)
        for _ in range(TIMES):
            await count_up(uow, session.id)
        for child in children:
            await child.until_prints("counted")
            assert "locked" not in child.output
    world = World(uow, clock)
    after = await world.session(session.id)
    assert after.round == (PROCESSES + 1) * TIMES
    assert after.next_seq == 2 + after.round
    assert len(await world.events(session)) == 1 + after.round


async def test_transactions_that_are_cancelled_at_any_moment_leave_all_or_nothing(
    uow: SqlUnitOfWork, session: Session, clock: SetClock
) -> None:
    """People stop sessions and processes close while others write."""
    chance = random.Random(1)
    committed = cut_off = 0

    async def cancelled_at_some_moment(steps: int) -> bool:
        task = asyncio.create_task(count_up(uow, session.id))
        for _ in range(steps):
            await asyncio.wait({task}, timeout=0.0005)
        task.cancel()
        return not isinstance((await asyncio.gather(task, return_exceptions=True))[0], BaseException)

    for _ in range(25):
        outcomes = await asyncio.gather(*(cancelled_at_some_moment(chance.randrange(12)) for _ in range(4)))
        committed += sum(outcomes)
        cut_off += len(outcomes) - sum(outcomes)
    async with asyncio.timeout(5):
        await count_up(uow, session.id)  # the one connection for writing is free, and not in a transaction
    after = await World(uow, clock).session(session.id)
    assert cut_off
    assert committed + 1 <= after.round <= committed + cut_off + 1  # a commit under way may still be made
    assert len(await World(uow, clock).events(session)) == 1 + after.round
