"""How much at once and how much a day: counted where the session begins, and before each call of a model."""

import asyncio
from datetime import timedelta

import pytest

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.lifecycle import Move
from core.domain.refs import Person, UserId
from core.domain.session import Session, Usage
from core.errors import PermanentError
from core.ports import Change
from core.service.policy import Policy
from tests.conftest import SetClock
from tests.support.desk import ACME, ANA, BEN, Desk, World, start
from worker.budget import OVER_BUDGET, Budget

DAY_S = 86_400.0
A_CALL = 0.125  # US dollars, exact in binary


async def finished(desk: Desk, world: World, task: str, by: Person = ANA, cost_usd: float | None = None) -> Session:
    """A session that has cost so much, and has ended."""
    assert await desk.ask(start(task, by)) == []
    session = (await world.sessions())[0]
    held = await world.run(session)
    used = Usage(prompt_tokens=1, completion_tokens=1, cost_usd=cost_usd)
    await world.record(session, held, ev.Completed(), move=Move.COMPLETE, change=Change(add_usage=used))
    return await world.session(session.id)


# --- where a session begins


async def test_so_many_a_day_are_started_by_a_person_and_in_a_workspace(
    uow: SqlUnitOfWork, world: World, clock: SetClock
) -> None:
    desk = Desk(uow=uow, clock=clock, policy=Policy(max_per_user_per_day=2, max_per_workspace_per_day=3))
    first = await finished(desk, world, "a")
    place = await world.place(first)
    clock.advance(DAY_S / 2)
    await finished(desk, world, "b")
    for command in (start("c"), world.reply(place, "a follow-up counts too")):
        [told] = await desk.ask(command)
        assert told.startswith("You have started 2 sessions in the last 24 hours")
    await finished(desk, world, "d", BEN)
    [told] = await desk.ask(start("e", Person(id=UserId("U5"), name="Eve")))
    assert told.startswith("This workspace has started 3 sessions in the last 24 hours")
    assert len(await world.sessions()) == 3
    clock.advance(DAY_S / 2 + 1)
    assert await desk.ask(start("f")) == []
    assert (await world.sessions())[0].number == 4


async def test_what_others_and_other_days_have_cost_leaves_room(
    uow: SqlUnitOfWork, world: World, clock: SetClock
) -> None:
    desk = Desk(uow=uow, clock=clock, policy=Policy(max_usd_per_user_per_day=1.0, max_usd_per_workspace_per_day=2.0))
    await finished(desk, world, "a", cost_usd=0.75)
    await finished(desk, world, "no price known", cost_usd=None)
    await finished(desk, world, "b", cost_usd=0.25)
    [told] = await desk.ask(start("c"))
    assert told.startswith("Your sessions have cost $1.00 in the last 24 hours")
    await finished(desk, world, "d", BEN, cost_usd=0.9375)
    await finished(desk, world, "e", BEN, cost_usd=0.0625)
    [told] = await desk.ask(start("f", Person(id=UserId("U5"), name="Eve")))
    assert told.startswith("This workspace's sessions have cost $2.00 in the last 24 hours")
    clock.advance(DAY_S + 1)
    assert await desk.ask(start("g")) == []


# --- before each call of a model


POLICY = Policy(max_active_per_user=50, max_usd_per_user_per_day=1.0, max_usd_per_workspace_per_day=2.0)


@pytest.fixture
async def sessions(uow: SqlUnitOfWork, world: World, clock: SetClock) -> list[Session]:
    """Three of Ana's and one of Ben's."""
    desk = Desk(uow=uow, clock=clock, policy=POLICY)
    for task, by in (("a", ANA), ("b", ANA), ("c", ANA), ("d", BEN)):
        assert await desk.ask(start(task, by)) == []
    return (await world.sessions())[::-1]


async def spent(uow: SqlUnitOfWork, clock: SetClock, by: UserId | None = None) -> float:
    async with uow.read(ACME) as work:
        return (await work.usage.spent(clock.now() - timedelta(days=1), by=by)).cost_usd or 0.0


async def until_refused(budget: Budget) -> int:
    """How many calls it let through."""
    calls = 0
    with pytest.raises(PermanentError, match=r"^(your|this workspace's) sessions have cost") as refused:
        while True:
            await budget.reserve(A_CALL)
            calls += 1
    assert refused.value.reason == OVER_BUDGET
    return calls


async def test_sessions_that_run_at_once_cannot_pass_the_limit_together(
    uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, clock: SetClock, sessions: list[Session]
) -> None:
    budgets = {session.id: [Budget(each, POLICY, session) for each in (uow, other_uow)] for session in sessions[1:]}
    let_through = await asyncio.gather(*(until_refused(each) for of_session in budgets.values() for each in of_session))
    assert sum(let_through) == 16, "a limit of $1 a person has room for eight calls"
    assert [await spent(uow, clock, by) for by in (ANA.id, BEN.id, None)] == [1.0, 1.0, 2.0]
    assert await until_refused(Budget(uow, POLICY, sessions[0])) == 0


async def test_a_settled_estimate_gives_way_to_what_was_really_used(
    uow: SqlUnitOfWork, world: World, clock: SetClock, sessions: list[Session]
) -> None:
    session, budget = sessions[0], Budget(uow, POLICY, sessions[0])
    held = await world.run(session)
    for _ in range(3):
        await budget.reserve(A_CALL)
    assert await spent(uow, clock) == 3 * A_CALL
    async with uow.begin(ACME) as work:
        await work.sessions.record(session.id, held, [], change=Change(add_usage=Usage(cost_usd=0.5)))
        await budget.settle(work)
    assert await spent(uow, clock) == 0.5
    assert await until_refused(budget) == 4
    async with uow.begin(ACME) as work:
        await budget.settle(work)
        await budget.settle(work)
    assert await spent(uow, clock) == 0.5


async def test_what_a_dead_process_had_estimated_stays_counted_for_a_day(
    uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, clock: SetClock, sessions: list[Session]
) -> None:
    assert await until_refused(Budget(uow, POLICY, sessions[0])) == 8
    another = Budget(other_uow, POLICY, sessions[0])  # the claim that comes after it
    assert await until_refused(another) == 0
    async with other_uow.begin(ACME) as work:
        await another.settle(work)
    assert await spent(uow, clock) == 1.0
    clock.advance(DAY_S + 1)
    assert await until_refused(another) == 8


async def test_a_settling_that_was_not_committed_leaves_the_estimate(
    uow: SqlUnitOfWork, clock: SetClock, sessions: list[Session]
) -> None:
    budget = Budget(uow, POLICY, sessions[0])
    await budget.reserve(A_CALL)
    with pytest.raises(RuntimeError):
        async with uow.begin(ACME) as work:
            await budget.settle(work)
            raise RuntimeError("the process died")
    assert await spent(uow, clock) == A_CALL


async def test_a_call_without_a_known_price_is_held_back_only_when_the_limit_is_reached(
    uow: SqlUnitOfWork, clock: SetClock, sessions: list[Session]
) -> None:
    budget = Budget(uow, POLICY, sessions[0])
    for price in (None, 0.0, None):
        await budget.reserve(price)
    assert await spent(uow, clock) == 0.0
    await until_refused(budget)
    with pytest.raises(PermanentError):
        await budget.reserve(None)
