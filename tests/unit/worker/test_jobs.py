"""The worker process: leases, claims, stops and its own end, with and without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.providers import by_name
from core.adapters.across import SqlAcross
from core.adapters.arq_queue import ArqQueue
from core.adapters.redis_bell import RedisBell
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, Move, State
from core.domain.refs import ProcessId, WorkspaceId
from core.domain.session import Session
from core.errors import TransientError
from core.ports import TOPIC_STEER, Change, InState
from core.service.policy import Policy
from simulator.model.orders import FaultKind
from tests.support.ports import free_port
from tests.support.valkey import ValkeyServer
from tests.support.waiting import until
from tests.unit.worker.conftest import ACME, BEN, QUICK, Bench, Endpoint, NotingSandbox
from worker.bootstrap import make_worker
from worker.drive import Workshop
from worker.jobs import Worker
from worker.keyring import Keyring, new_key
from worker.settings import RunLimits, WorkerTimes
from worker.team.model import ModelPool

pytestmark = pytest.mark.slow

SHORT = WorkerTimes(lease_s=2.0, renew_s=0.2, poll_s=0.2, sweep_s=0.2, hand_back_s=1.0)


class RunningClock:
    """Time that goes by: leases need it."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)


class Severable(SqlUnitOfWork):
    """A way to the database that can be cut."""

    cut = False

    def _check(self) -> None:
        if self.cut:
            raise TransientError("the database is out of reach")

    @asynccontextmanager
    async def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AsyncIterator[SqlWork]:
        self._check()
        async with super().begin(workspace, urgent=urgent) as work:
            yield work

    @asynccontextmanager
    async def read(self, workspace: WorkspaceId) -> AsyncIterator[SqlWork]:
        self._check()
        async with super().read(workspace) as work:
            yield work

    @asynccontextmanager
    async def across(self) -> AsyncIterator[SqlAcross]:
        self._check()
        async with super().across() as across:
            yield across


class Process:
    """A worker process as it is wired in production, in this one."""

    def __init__(self, worker: Worker, uow: Severable, bell: RedisBell) -> None:
        self.worker = worker
        self.uow = uow
        self.bell = bell
        self.task = asyncio.create_task(worker.run())


@asynccontextmanager
async def process(
    database: Database, endpoint: Endpoint, folder: Path, redis_url: str, *, slots: int = 10, times: WorkerTimes = SHORT
) -> AsyncIterator[Process]:
    bell = RedisBell(redis_url, timeout_s=0.2)
    queue = ArqQueue(redis_url, bell, timeout_s=0.2)
    clock = RunningClock()
    uow = Severable(database, clock, bell, queue)
    listening = asyncio.create_task(bell.run())
    models = ModelPool(by_name([endpoint.demo]), QUICK)
    shop = Workshop(
        uow=uow,
        clock=clock,
        policy=Policy(),
        models=models,
        keyring=Keyring([new_key()]),
        workspaces=folder,
        sandbox=NotingSandbox(),
    )
    limits = RunLimits(cancel_wait_s=0.3, retry_s=0.05)
    worker = make_worker(shop, bell=bell, redis_url=redis_url, slots=slots, limits=limits, times=times)
    running = Process(worker, uow, bell)
    yield running
    worker.stop()
    await asyncio.wait({running.task}, timeout=5)
    assert running.task.done()
    await models.close()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await queue.close()
    await bell.close()


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def no_redis() -> str:
    """A place where no Redis is."""
    return f"redis://127.0.0.1:{free_port()}/0"


async def reaches(bench: Bench, session: Session, *states: State, timeout_s: float = 20) -> None:
    async def reached() -> bool:
        return (await bench.session(session)).state in states

    await until(reached, timeout_s=timeout_s)


async def test_sessions_are_found_in_sql_while_redis_is_away(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    async with process(database, endpoint, tmp_path / "w", no_redis) as one:
        session = await bench.open()
        await reaches(bench, session, State.WAITING)
        assert one.worker.alive


async def test_a_wake_up_reaches_the_worker_long_before_its_next_look(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    rarely = WorkerTimes(lease_s=120, renew_s=30, poll_s=60, sweep_s=60)
    async with (
        ValkeyServer(tmp_path / "valkey") as valkey,
        process(database, endpoint, tmp_path / "w", valkey.url, times=rarely) as one,
    ):
        first = await bench.open()
        async with one.uow.begin(ACME) as work:
            work.wake(first.id)
        await reaches(bench, first, State.WAITING)


async def test_a_stop_is_steered_and_recorded_at_once(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    endpoint.fails(FaultKind.HANG, times=9)
    rarely = WorkerTimes(lease_s=120, renew_s=60, poll_s=0.1, sweep_s=60)
    async with process(database, endpoint, tmp_path / "w", no_redis, times=rarely) as one:
        session = await bench.open()
        assert await endpoint.model.requests.wait_for(endpoint.model.requests.entries, 10)
        await bench.ask_to_stop(session)
        await one.bell.ring(TOPIC_STEER, session.id)
        await reaches(bench, session, State.STOPPED, timeout_s=5)
    assert (await bench.events(session))[-1] == ev.Stopped(by=BEN)


async def test_a_stop_is_found_with_the_next_renewal_when_the_bell_is_lost(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    endpoint.fails(FaultKind.HANG, times=9)
    async with process(database, endpoint, tmp_path / "w", no_redis):
        session = await bench.open()
        assert await endpoint.model.requests.wait_for(endpoint.model.requests.entries, 10)
        await bench.ask_to_stop(session)
        await reaches(bench, session, State.STOPPED, timeout_s=5)


async def test_slots_bound_what_runs_at_once_and_the_rest_follows(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    endpoint.fails(FaultKind.HANG, times=2)
    async with process(database, endpoint, tmp_path / "w", no_redis, slots=2) as one:
        sessions = [await bench.open() for _ in range(3)]
        await until(lambda: len(endpoint.model.requests.entries(outcome="running")) == 2)
        await until(lambda: one.worker.running == 2)
        assert (await bench.session(sessions[2])).state is State.QUEUED
        await bench.ask_to_stop(sessions[0])
        await reaches(bench, sessions[2], State.WAITING)


async def test_a_closing_worker_lets_another_go_on_at_once(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    endpoint.fails(FaultKind.HANG)
    started = time.monotonic()
    async with process(database, endpoint, tmp_path / "w", no_redis) as one:
        session = await bench.open()
        assert await endpoint.model.requests.wait_for(endpoint.model.requests.entries, 10)
        started = time.monotonic()
        one.worker.stop()
        await one.task
    assert time.monotonic() - started < 3
    assert (await bench.session(session)).state is State.QUEUED
    assert "Interrupted" not in await bench.kinds(session)
    async with process(database, endpoint, tmp_path / "w", no_redis):
        await reaches(bench, session, State.WAITING)


async def test_a_session_goes_on_elsewhere_when_its_worker_is_cut_off_and_there_it_ends_without_a_word(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    endpoint.fails(FaultKind.HANG)
    async with process(database, endpoint, tmp_path / "a", no_redis) as cut_off:
        session = await bench.open()
        assert await endpoint.model.requests.wait_for(endpoint.model.requests.entries, 10)
        cut_off.uow.cut = True
        async with process(database, endpoint, tmp_path / "b", no_redis):
            await reaches(bench, session, State.WAITING)
            await until(lambda: not cut_off.worker.running and not cut_off.worker.alive)
    assert (await bench.kinds(session)).count("Interrupted") == 1
    assert (await bench.session(session)).epoch == 2


async def test_a_worker_takes_sessions_again_when_the_database_is_back(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    async with process(database, endpoint, tmp_path / "w", no_redis) as one:
        one.uow.cut = True
        await until(lambda: not one.worker.alive)
        session = await bench.open()
        one.uow.cut = False
        await reaches(bench, session, State.WAITING)


async def test_a_session_that_somebody_else_holds_now_is_dropped_here(
    bench: Bench, database: Database, endpoint: Endpoint, tmp_path: Path, no_redis: str
) -> None:
    endpoint.fails(FaultKind.HANG, times=9)
    async with process(database, endpoint, tmp_path / "w", no_redis) as one:
        session = await bench.open()
        assert await endpoint.model.requests.wait_for(endpoint.model.requests.entries, 10)
        other = ProcessId("other")
        async with bench.uow.across() as across:
            await across.renew("worker", other, other, 60)
        async with bench.uow.begin(ACME) as work:
            building = InState(states=frozenset({State.BUILDING}))
            await work.sessions.record(session.id, building, [], move=Move.LOSE_LEASE)
            free = InState(states=CLAIMABLE)
            await work.sessions.record(session.id, free, [], move=Move.CLAIM, change=Change(owner=other))
        await until(lambda: not one.worker.running)
    assert (await bench.session(session)).owner == other
