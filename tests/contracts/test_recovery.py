"""What becomes of sessions whose worker is gone, and of those that no worker takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.adapters.session_store import SqlSessionStore
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import Person, ProcessId, SessionId, UserId, WorkspaceId
from core.domain.session import Session
from core.errors import StaleEpoch
from core.ports import TOPIC_RELAY, Change, Held
from core.service.recovery import MAX_ATTEMPTS, sweep
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME, ANA, WORKER, Desk, World, start, stop

pytestmark = pytest.mark.slow

TTL_S = 3_600.0
LEASE_S = 7.0


@pytest.fixture
async def session(desk: Desk, world: World) -> Session:
    """A session in the queue; its starter was told nothing."""
    assert await desk.ask(start()) == []
    return await world.only_session()


async def renew(uow: SqlUnitOfWork, owner: ProcessId = WORKER) -> bool:
    async with uow.across() as across:
        return await across.renew("worker", owner, owner, LEASE_S)


@pytest.mark.parametrize(
    ("state", "after", "last"),
    [
        (State.BUILDING, State.QUEUED, ev.Interrupted()),
        (State.RUNNING, State.RESUMING, ev.Interrupted()),
        (State.STOPPING, State.STOPPED, ev.Stopped()),
    ],
)
async def test_a_session_is_taken_back_once_its_workers_lease_has_lapsed(
    uow: SqlUnitOfWork, world: World, clock: SetClock, queue: NotingQueue, session: Session,
    bell: NotingBell, state: State, after: State, last: ev.Event,
) -> None:  # fmt: skip
    await renew(uow)
    await world.bring_to(session, state)
    clock.advance(LEASE_S - 1)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0
    await renew(uow)
    clock.advance(LEASE_S - 1)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0
    queue.woken.clear()
    bell.rings.clear()
    clock.advance(2)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 1
    now = await world.session(session.id)
    assert (now.state, now.owner) == (after, None)
    assert (await world.events(session))[-1] == last
    assert queue.woken == ([] if now.finished else [session.id])
    assert (TOPIC_RELAY, ACME) in bell.rings
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0


async def test_a_stop_that_the_worker_did_not_live_to_carry_out_names_who_asked(
    desk: Desk, uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session
) -> None:
    await world.run(session)
    await desk.ask(stop())
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 1
    assert (await world.events(session))[-2:] == [ev.StopRequested(by=ANA), ev.Stopped(by=ANA)]


@pytest.mark.parametrize("state", [State.QUEUED, State.WAITING, State.RESUMING, State.COMPLETED, State.STOPPED])
async def test_what_no_worker_holds_is_left_alone(
    uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session, state: State
) -> None:
    await world.bring_to(session, state)
    before = await world.session(session.id)
    clock.advance(TTL_S - 1)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0
    assert await world.session(session.id) == before


async def test_a_question_waits_for_days_without_a_worker_and_its_answer_is_taken_up_by_another(
    uow: SqlUnitOfWork, other_desk: Desk, world: World, clock: SetClock, session: Session, other_uow: SqlUnitOfWork
) -> None:
    place = await world.place(session)
    question = await world.ask(session, await world.run(session))
    waiting = await world.session(session.id)
    assert (waiting.owner, waiting.attempts) == (None, 0)
    clock.advance(3 * 86_400)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0
    assert await other_desk.ask(world.reply(place, "the second")) == []
    assert await sweep(other_uow, clock, queue_ttl_s=TTL_S) == 0
    async with uow.across() as across:
        assert await across.claimable(10) == [(ACME, session.id)]
    await world.claim(session, ProcessId("another"))
    assert (await world.session(session.id)).state is State.RUNNING
    answer = ev.QuestionAnswered(question=question.id, by=ANA, text="the second")
    assert (await world.events(session)).count(answer) == 1


async def test_a_session_that_ends_its_workers_again_and_again_fails(
    uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session
) -> None:
    for n in range(1, MAX_ATTEMPTS + 1):
        await world.claim(await world.session(session.id), ProcessId(f"w{n}"))
        assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 1
        state = (await world.session(session.id)).state
        assert state is (State.QUEUED if n < MAX_ATTEMPTS else State.FAILED)
    [failed] = [event for event in await world.events(session) if isinstance(event, ev.Failed)]
    assert "5 times at the same place" in failed.reason
    assert (await world.session(session.id)).ended_at == clock.now()


async def test_a_committed_step_gives_all_attempts_back(
    uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session
) -> None:
    for n in range(2 * MAX_ATTEMPTS):
        now = await world.session(session.id)
        held = await world.run(now, ProcessId(f"w{n}"))
        said = ev.Said(agent="Ada", text=str(n))
        await world.record(session, held, said, change=Change(attempts=0))
        await sweep(uow, clock, queue_ttl_s=TTL_S)
    assert (await world.session(session.id)).state is State.RESUMING


@pytest.mark.parametrize("state", [State.QUEUED, State.RESUMING])
async def test_what_no_worker_takes_in_time_expires_and_says_so(
    uow: SqlUnitOfWork, world: World, clock: SetClock, bell: NotingBell, session: Session, state: State
) -> None:
    await world.bring_to(session, state)
    bell.rings.clear()
    clock.advance(TTL_S + 1)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 1
    assert (await world.session(session.id)).state is State.EXPIRED
    [expired] = [event for event in await world.events(session) if isinstance(event, ev.Expired)]
    assert "no worker was free" in expired.reason
    assert (TOPIC_RELAY, ACME) in bell.rings
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0


async def test_a_session_that_was_worked_on_since_it_was_found_too_old_does_not_expire(
    database: Database, world: World, clock: SetClock, session: Session
) -> None:
    """A sweep that was frozen after it had looked: meanwhile a worker came and went."""

    class Frozen(SqlUnitOfWork):
        @asynccontextmanager
        async def begin(self, workspace: WorkspaceId, **how: Any) -> AsyncIterator[SqlWork]:
            held = await world.run(session)
            await world.record(session, held, move=Move.LOSE_LEASE)
            async with super().begin(workspace, **how) as work:
                yield work

    clock.advance(TTL_S + 1)
    frozen = Frozen(database, clock, NotingBell(), NotingQueue())
    assert await sweep(frozen, clock, queue_ttl_s=TTL_S) == 0
    assert (await world.session(session.id)).state is State.RESUMING


async def test_a_stop_that_comes_while_a_session_is_taken_back_still_gets_its_last_word(
    desk: Desk, database: Database, world: World, clock: SetClock, session: Session
) -> None:
    """On PostgreSQL others write between the sweep's look at the state and its move."""
    if database.is_sqlite:
        pytest.skip("one writer at a time")
    await world.run(session)

    class Watched(SqlSessionStore):
        async def get(self, session: SessionId) -> Session | None:
            found = await super().get(session)
            await desk.ask(stop())
            return found

    class Interrupted(SqlUnitOfWork):
        @asynccontextmanager
        async def begin(self, workspace: WorkspaceId, **how: Any) -> AsyncIterator[SqlWork]:
            async with super().begin(workspace, **how) as work:
                work.sessions.__class__ = Watched
                yield work

    interrupted = Interrupted(database, clock, NotingBell(), NotingQueue())
    assert await sweep(interrupted, clock, queue_ttl_s=TTL_S) == 0
    assert (await world.session(session.id)).state is State.STOPPING
    assert await sweep(world.uow, clock, queue_ttl_s=TTL_S) == 1
    assert (await world.events(session))[-2:] == [ev.StopRequested(by=ANA), ev.Stopped(by=ANA)]


async def test_two_sweeps_at_once_move_a_session_once(
    uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, desk: Desk, world: World, clock: SetClock
) -> None:
    for n in range(2):
        await desk.ask(start(f"task {n}"))
    for session in await world.sessions():
        await world.run(session)
    moved = await asyncio.gather(*(sweep(each, clock, queue_ttl_s=TTL_S) for each in (uow, other_uow) * 3))
    assert sum(moved) == 2
    for session in await world.sessions():
        assert session.state is State.RESUMING
        assert (await world.events(session)).count(ev.Interrupted()) == 1


async def test_a_worker_that_comes_back_from_the_dead_writes_nothing(
    uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session
) -> None:
    zombie = await world.run(session, ProcessId("zombie"))
    await sweep(uow, clock, queue_ttl_s=TTL_S)
    states = [(await world.session(session.id)).state]
    await refused(world, session, zombie)
    await world.claim(await world.session(session.id), ProcessId("zombie"))  # the same process, a later epoch
    states.append((await world.session(session.id)).state)
    await refused(world, session, zombie)
    assert states == [State.RESUMING, State.RUNNING]


async def refused(world: World, session: Session, zombie: Held) -> None:
    """Every kind of write, and none leaves a trace."""
    before = await world.session(session.id), await world.events(session)
    for move in (None, Move.COMPLETE, Move.FAIL, Move.ASK, Move.LOSE_LEASE, Move.HALTED):
        with pytest.raises(StaleEpoch):
            await world.record(session, zombie, ev.Said(agent="Ada", text="boo"), move=move)
        with pytest.raises(StaleEpoch):
            await world.record(session, zombie, move=move, change=Change(round=9))
    assert (await world.session(session.id), await world.events(session)) == before


async def test_everything_ends_with_all_processes_dead_and_one_sweep_left(
    desk: Desk, uow: SqlUnitOfWork, world: World, clock: SetClock
) -> None:
    states = [State.QUEUED, State.BUILDING, State.RUNNING, State.RESUMING, State.STOPPING]
    for n, state in enumerate(states):
        await desk.ask(start(f"task {n}", Person(id=UserId(f"U{n}"), name=f"P{n}")))
        await world.bring_to((await world.sessions())[0], state)
    for _ in range(2):
        clock.advance(TTL_S + 1)
        await sweep(uow, clock, queue_ttl_s=TTL_S)
    assert all(session.finished for session in await world.sessions())


async def test_a_session_that_waits_in_a_thread_that_is_gone_is_stopped_after_a_while(
    uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session
) -> None:
    await world.ask(session, await world.run(session))
    assert session.thread is not None
    async with uow.begin(ACME) as work:
        await work.threads.block(session.thread, "channel_not_found")
    clock.advance(14 * 60)
    assert await sweep(uow, clock, queue_ttl_s=10 * TTL_S) == 0
    clock.advance(2 * 60)
    assert await sweep(uow, clock, queue_ttl_s=10 * TTL_S) == 1
    assert (await world.session(session.id)).state is State.STOPPED
    assert (await world.events(session))[-1] == ev.Stopped()
    async with uow.read(ACME) as work:
        assert await work.questions.open_in(session.id) is None


async def test_a_session_that_waits_in_a_thread_that_is_there_waits_on(
    uow: SqlUnitOfWork, world: World, clock: SetClock, session: Session
) -> None:
    await world.ask(session, await world.run(session))
    clock.advance(3 * 24 * 3_600)
    assert await sweep(uow, clock, queue_ttl_s=TTL_S) == 0
    assert (await world.session(session.id)).state is State.WAITING
