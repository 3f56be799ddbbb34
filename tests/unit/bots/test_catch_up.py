"""When which thread is read again: after a gap, and otherwise by and by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bots.catch_up import CatchUp, Turn
from bots.lease import SenderLease
from bots.ports import Refusal
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.lifecycle import State
from core.domain.refs import Place, ProcessId
from core.errors import PermanentError, TransientError
from core.service.policy import Policy
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME, Desk, World, start
from tests.support.schema import lay_schema
from tests.support.waiting import until

pytestmark = pytest.mark.slow


class ReadThreads:
    """Notes what is read and when; raises what a test has put up."""

    def __init__(self) -> None:
        self.read: list[tuple[Place, datetime]] = []
        self.calls_at: list[float] = []
        self.trouble: list[Exception] = []
        self.monotonic = 0.0

    @property
    def places(self) -> list[Place]:
        return [place for place, _ in self.read]

    async def hear_again(self, place: Place, since: datetime, turn: Turn) -> None:
        await turn()
        self.calls_at.append(self.monotonic)
        self.read.append((place, since))
        if self.trouble:
            raise self.trouble.pop(0)

    async def sleep(self, seconds: float) -> None:
        """No test waits."""
        self.monotonic += seconds
        await asyncio.sleep(0)


class Bench:
    """A catch-up at work, in a workspace with sessions."""

    def __init__(self, uow: SqlUnitOfWork, clock: SetClock) -> None:
        self.clock = clock
        self.threads = ReadThreads()
        self.world = World(uow, clock)
        self.desk = Desk(uow=uow, clock=clock, policy=Policy(max_active_per_user=99, max_active_per_workspace=99))
        self.lease = SenderLease(uow=uow, name=ACME, process=ProcessId("me"), monotonic=lambda: self.threads.monotonic)
        self.catch_up = CatchUp(
            workspaces=lambda: (ACME,),
            uow=uow,
            clock=clock,
            monotonic=lambda: self.threads.monotonic,
            lease=self.lease,
            threads=self.threads,
            sleep=self.threads.sleep,
            calls_per_min=4,
        )

    async def session(self, state: State) -> Place:
        await self.desk.ask(start(f"{state} {self.clock.now()}"))
        session = (await self.world.sessions())[0]
        place = await self.world.place(session)
        await self.world.bring_to(session, state)
        self.clock.advance(1)
        return place

    async def until_read(self, times: int) -> None:
        await until(lambda: len(self.threads.read) >= times)


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[None]:
    task = asyncio.create_task(bench.catch_up.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def bench(tmp_path: Path, clock: SetClock) -> AsyncIterator[Bench]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    yield Bench(SqlUnitOfWork(database, clock, NotingBell(), NotingQueue()), clock)
    await database.close()


async def test_waiting_threads_are_read_first_once_the_lease_is_ours(bench: Bench) -> None:
    done, running_, waiting = [await bench.session(state) for state in (State.COMPLETED, State.RUNNING, State.WAITING)]
    async with running(bench):
        bench.catch_up.gap()
        await asyncio.sleep(0)
        assert bench.threads.read == []
        await bench.lease.renew()
        await bench.until_read(3)
    assert bench.threads.places == [waiting, running_, done]


async def test_no_minute_has_more_calls_than_the_platform_likes(bench: Bench) -> None:
    for _ in range(9):
        await bench.session(State.WAITING)
    async with running(bench):
        bench.lease._lease_s = 10_000.0  # time passes here without anybody renewing
        await bench.lease.renew()
        await bench.until_read(9)
    assert bench.threads.calls_at == [0.0] * 4 + [60.0] * 4 + [120.0]


async def test_a_thread_is_read_from_where_it_was_read_before(bench: Bench) -> None:
    opened_at = bench.clock.now()
    await bench.session(State.WAITING)
    async with running(bench):
        await bench.lease.renew()
        await bench.until_read(1)
        read_at = bench.clock.now()
        bench.clock.advance(600)
        bench.catch_up.gap()
        await bench.until_read(2)
    since = [since for _, since in bench.threads.read]
    assert since == [opened_at - timedelta(minutes=1), read_at - timedelta(minutes=1)]


async def test_what_was_said_longer_ago_than_requests_are_known_again_is_left(bench: Bench) -> None:
    await bench.session(State.WAITING)
    bench.clock.advance(10 * 86_400)
    async with running(bench):
        await bench.lease.renew()
        await bench.until_read(1)
    [(_, since)] = bench.threads.read
    assert since == bench.clock.now() - timedelta(days=6, minutes=1)


async def test_what_cannot_be_read_now_is_read_later_and_holds_nobody_up(bench: Bench) -> None:
    second, first = [await bench.session(State.WAITING) for _ in range(2)]
    bench.threads.trouble = [TransientError("a pause", retry_after_s=3.0)]
    async with running(bench):
        await bench.lease.renew()
        await bench.until_read(3)
    assert bench.threads.places == [first, second, first]
    assert bench.threads.calls_at == [0.0, 3.0, 3.0]


async def test_what_cannot_be_read_at_all_is_left_for_an_hour(bench: Bench) -> None:
    second, first = [await bench.session(State.WAITING) for _ in range(2)]
    bench.threads.trouble = [PermanentError("no", reason=Refusal.THREAD_GONE), RuntimeError("odd")]
    async with running(bench):
        bench.lease._lease_s = 10_000.0
        await bench.lease.renew()
        await bench.until_read(2)
        third = await bench.session(State.WAITING)
        bench.catch_up.gap()
        await bench.until_read(3)
        bench.threads.monotonic += 3_601
        bench.catch_up.gap()
        await bench.until_read(6)
    assert bench.threads.places == [first, second, third, third, first, second]


async def test_a_token_that_is_worth_nothing_ends_all_reading_for_an_hour(bench: Bench) -> None:
    for _ in range(3):
        await bench.session(State.WAITING)
    bench.threads.trouble = [PermanentError("revoked", reason=Refusal.DISCONNECTED)]
    async with running(bench):
        bench.lease._lease_s = 10_000.0
        await bench.lease.renew()
        await bench.until_read(1)
        bench.threads.monotonic += 3_599
        bench.catch_up.gap()
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(bench.threads.read) == 1
        bench.threads.monotonic += 2
        bench.catch_up.gap()
        await bench.until_read(4)


async def test_without_a_gap_unfinished_threads_are_read_by_and_by(bench: Bench) -> None:
    await bench.session(State.COMPLETED)
    place = await bench.session(State.RUNNING)
    async with running(bench):
        bench.lease._lease_s = 10_000.0
        await bench.lease.renew()
        await bench.until_read(2)
        for times in (3, 4):
            bench.clock.advance(61)
            bench.threads.monotonic += 61
            bench.catch_up._awake.ring()
            await bench.until_read(times)
    assert bench.threads.places[2:] == [place, place]
