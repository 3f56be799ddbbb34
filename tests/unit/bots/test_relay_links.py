"""What the relay puts into the outbox links only to what the session has found, or the deployment trusts."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from bots.lease import SenderLease
from bots.pace import Pace
from bots.ports import ChatSurface
from bots.relay import Relay
from bots.slack import limits
from bots.slack.messages import SlackRenderer
from core.adapters.clock import DatabaseClock
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.refs import ProcessId
from core.service.outbound import Links
from tests.conftest import NotingBell, NotingQueue
from tests.support.desk import ACME, Desk, World, start
from tests.support.schema import lay_schema
from tests.support.waiting import until


@pytest.fixture
async def uow(tmp_path: Path) -> AsyncIterator[SqlUnitOfWork]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    yield SqlUnitOfWork(database, DatabaseClock(), NotingBell(), NotingQueue())
    await database.close()


async def test_a_host_is_a_link_from_when_the_session_has_found_it(uow: SqlUnitOfWork) -> None:
    clock = DatabaseClock()
    desk, world = Desk(uow=uow, clock=clock), World(uow, clock)
    await desk.ask(start())
    session = await world.only_session()
    await world.send()
    held = await world.run(session)
    said = ev.Said(agent="Ada", text="https://found.example/a https://trusted.example/a https://evil.example/a")
    lease = SenderLease(uow=uow, name="slack:T1", process=ProcessId("bots-1"), monotonic=time.monotonic)
    await lease.renew()
    relay = Relay(
        workspace=ACME,
        uow=uow,
        clock=clock,
        surface=cast(ChatSurface, None),  # edits of cards alone go there, and there is no card
        renderer=SlackRenderer(),
        lease=lease,
        pace=Pace(limits.RATES, time.monotonic),
        on_posts=lambda: None,
        poll_s=0.02,
        links=Links.trusting("trusted.example"),
    )
    running = asyncio.create_task(relay.run())
    try:
        await world.record(session, held, said)
        assert await shown(world) == "`hxxps://found.example/a` https://trusted.example/a `hxxps://evil.example/a`"
        searched = ev.ToolFinished(
            agent="Bea", call_id="1", tool="search_web", ok=True, output="x", hosts=("found.example",)
        )
        await world.record(session, held, searched, said)
        assert "https://found.example/a https://trusted.example/a `hxxps://evil.example/a`" in await shown(world)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def shown(world: World) -> str:
    """What is posted next, all of it."""
    texts: list[Any] = []

    async def there() -> bool:
        texts[:] = await world.unsent()
        return bool(texts)

    await until(there)
    said = []
    while texts:
        said += texts
        await _send_one(world)
        texts = await world.unsent()
    return "\n".join(said)


async def _send_one(world: World) -> None:
    async with world.uow.begin(world.workspace) as work:
        for post in await work.posts.heads():
            await work.posts.sent(await work.posts.attempt(post), cast(Any, f"1.{post.n}"))
