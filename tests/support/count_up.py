"""`python -m tests.support.count_up URL SESSION TIMES`: reads a session's round and writes the next one, so many times.

A test runs several of these on one database; an update that is lost is missing in the sum.
"""

import asyncio
import sys

from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import SessionId
from core.ports import Change, InState
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME

QUEUED = InState(states=frozenset({State.QUEUED}))


async def count_up(uow: SqlUnitOfWork, session: SessionId) -> None:
    """One read and one write that rests on it, in one transaction."""
    async with uow.begin(ACME) as work:
        before = await work.sessions.get(session)
        assert before is not None
        change = Change(round=before.round + 1)
        await work.sessions.record(session, QUEUED, [ev.Noticed(text="again")], change=change)


async def main(url: str, session: SessionId, times: int) -> None:
    database = Database(url)
    uow = SqlUnitOfWork(database, SetClock(), NotingBell(), NotingQueue())

    async def some() -> None:
        for _ in range(times // 4):
            await count_up(uow, session)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(some())
    await database.close()
    sys.stdout.write("counted\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], SessionId(sys.argv[2]), int(sys.argv[3])))
