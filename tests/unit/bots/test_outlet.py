"""Which workspaces are served: those that ring, and those whose ring was lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest

from bots import outlet
from bots.lease import SenderLease
from bots.outlet import Outlet, Outlets
from core.adapters.clock import DatabaseClock
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.refs import ChannelId, MessageId, Platform, ProcessId, WorkspaceId
from core.ports import Draft
from tests.conftest import NotingBell, NotingQueue
from tests.support.schema import lay_schema
from tests.support.waiting import until

LOUD, QUIET = WorkspaceId("discord:1"), WorkspaceId("discord:2")


class Ringing:
    """An outlet whose workspace rings again whenever it has been woken."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    def wake(self) -> None:
        asyncio.get_running_loop().call_later(0.001, self._ring)

    async def run(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
async def uow(tmp_path: Path) -> AsyncIterator[SqlUnitOfWork]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    yield SqlUnitOfWork(database, DatabaseClock(), NotingBell(), NotingQueue())
    await database.close()


async def test_a_workspace_whose_ring_was_lost_is_served_while_others_ring_all_the_time(
    uow: SqlUnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "POLL_S", 0.2)
    lease = SenderLease(uow=uow, name="discord:9", process=ProcessId("bots-1"), monotonic=lambda: 0.0)
    await lease.renew()
    served: list[WorkspaceId] = []
    rung = 0

    def ring() -> None:
        nonlocal rung
        rung += 1
        outlets.wake(LOUD)

    def make(workspace: WorkspaceId, poll_s: float) -> Outlet:
        served.append(workspace)
        return cast(Outlet, Ringing(ring))

    outlets = Outlets(platform=Platform.DISCORD, uow=uow, lease=lease, make=make)
    outlets.wake(LOUD)
    running = asyncio.create_task(outlets.run())
    try:
        await until(lambda: rung > 3)
        async with uow.begin(QUIET) as work:
            thread = await work.threads.open(ChannelId("1"), MessageId("2"), owned=True)
            await work.posts.add(thread.id, Draft(payload={}))
        await until(lambda: QUIET in served, timeout_s=5.0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
