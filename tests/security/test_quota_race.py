"""T34: however many start at once, by whatever door and in whatever process, exactly as many get in as the limit says;
and sessions that spend at the same time pass their limit by one call at most, also when processes die.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.commands import Command
from core.domain.refs import ChannelId, MessageId, Place
from core.domain.session import Session, Usage
from core.errors import PermanentError
from core.ports import Change, Held
from core.service.policy import Policy
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import SIZE, figure
from tests.support.desk import ACME, ANA, Desk, World, start
from worker.budget import Budget

pytestmark = pytest.mark.slow

STARTS = 50
ROUNDS = min(SIZE, 10)
ROOMY = Policy(max_active_per_user=99, max_active_per_workspace=99)
LIMITS = {
    "at once": replace(ROOMY, max_active_per_user=5),
    "a day": replace(ROOMY, max_per_user_per_day=5),
}
A_CALL, LIMIT = 0.125, 0.25  # US dollars, exact in binary


@pytest.fixture
async def uows(database: Database, uow: SqlUnitOfWork, clock: SetClock) -> AsyncIterator[tuple[SqlUnitOfWork, ...]]:
    """Two processes' ways to one database."""
    other = Database(database.url.render_as_string(hide_password=False))
    yield uow, SqlUnitOfWork(other, clock, NotingBell(), NotingQueue())
    await other.close()


async def ended(desk: Desk, world: World, many: int) -> list[Place]:
    """Threads in which a session of Ana's has ended: a reply there starts the next."""
    places = []
    for n in range(many):
        await desk.ask(start(f"before {n}", channel=ChannelId(f"C{n}")))
        session = (await world.sessions())[0]
        places.append(await world.place(session))
        await world.finish(session)
    return places


def starts(world: World, follow_ups: list[Place], round_: int) -> list[Command]:
    """Fifty starts by one person: commands, mentions in other people's threads, replies where a session has ended."""
    commands: list[Command] = [world.reply(place, f"go on {round_}") for place in follow_ups]
    for n in range(STARTS - len(commands)):
        place = Place(workspace=ACME, channel=ChannelId(f"D{n}"), root=MessageId(f"16{n:08}.000100"))
        mention = replace(world.reply(place, f"sum up {round_} {n}"), addressed=True)
        commands.append(mention if n % 2 else start(f"task {round_} {n}", channel=ChannelId(f"E{n}")))
    return commands


@pytest.mark.parametrize("limit", LIMITS)
async def test_of_fifty_starts_at_once_by_three_doors_exactly_as_many_get_in_as_may(
    uows: tuple[SqlUnitOfWork, ...], clock: SetClock, limit: str
) -> None:
    world = World(uows[0], clock)
    follow_ups = await ended(Desk(uow=uows[0], clock=clock), world, 4)
    admitted_of: list[int] = []
    for round_ in range(ROUNDS):
        clock.advance(2 * 86_400)
        desks = [Desk(uow=uow, clock=clock, policy=LIMITS[limit]) for uow in uows]
        before = len(await world.sessions())
        commands = starts(world, follow_ups, round_)
        await asyncio.gather(*(desks[n % 2].take(command) for n, command in enumerate(commands)))
        await asyncio.gather(*(desk.desk.drain() for desk in desks))
        opened = (await world.sessions())[: len(await world.sessions()) - before]
        admitted_of.append(len(opened))
        refused = [text for desk in desks for text in [*desk.told, *(late[2] for late in desk.told_later)]]
        assert len(refused) == STARTS - len(opened), "each of the others was told"
        for session in opened:
            await world.finish(session)
    assert admitted_of == [5] * ROUNDS
    figure("T34", f"{ROUNDS} x {STARTS} starts by 3 doors and 2 processes, limit {limit}: 5 of 5 got in each time")


async def test_sessions_that_spend_at_once_pass_the_limit_by_one_call_at_most(
    uows: tuple[SqlUnitOfWork, ...], clock: SetClock
) -> None:
    """A third of the processes die again and again between a call and its settling."""
    desk = Desk(uow=uows[0], clock=clock, policy=ROOMY)
    world = World(uows[0], clock)
    worst = 0.0
    for round_ in range(ROUNDS):
        clock.advance(2 * 86_400)
        policy = Policy(max_usd_per_user_per_day=LIMIT)
        for n in range(6):
            assert await desk.ask(start(f"task {round_} {n}")) == []
        sessions = (await world.sessions())[:6]
        held = [await world.run(session) for session in sessions]
        made = await asyncio.gather(
            *(_spend(uows[n % 2], policy, sessions[n], held[n], dies=n % 3 == 0) for n in range(len(sessions)))
        )
        async with uows[0].read(ACME) as work:
            counted = (await work.usage.spent(clock.now() - timedelta(days=1), by=ANA.id)).cost_usd or 0.0
        assert counted >= LIMIT, "what was estimated by the dead still counts"
        assert counted == sum(made) * A_CALL
        worst = max(worst, counted - LIMIT)
    assert worst <= A_CALL
    figure(
        "T34", f"{ROUNDS} x 6 sessions spending at once, a third of them dying: ${worst:.3f} over, a call is ${A_CALL}"
    )


async def _spend(uow: SqlUnitOfWork, policy: Policy, session: Session, held: Held, *, dies: bool) -> int:
    """Call a model until the budget says no; returns how many calls were made or may have been made."""
    calls = 0
    budget = Budget(uow, policy, session)
    while True:
        try:
            await budget.reserve(A_CALL)
        except PermanentError:
            return calls
        calls += 1
        if dies:
            budget = Budget(uow, policy, session)  # of the claim that follows; nobody settles for the dead
            continue
        async with uow.begin(ACME) as work:
            used = Usage(prompt_tokens=1, cost_usd=A_CALL)
            await work.sessions.record(session.id, held, [], change=Change(add_usage=used))
            await budget.settle(work)
