"""Who follows a session by its last seq misses nothing, however the writers' commits overtake each other."""

import asyncio
from random import Random

import pytest

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.session import Session
from core.ports import InState, Work
from tests.support.desk import ACME, Desk, World, start

pytestmark = pytest.mark.slow

WRITERS = 8
TIMES = 8


async def test_a_reader_that_remembers_the_last_seq_misses_no_event(
    uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, desk: Desk, world: World
) -> None:
    await desk.ask(start())
    session = await world.only_session()
    chance = Random(1)

    async def dawdle(work: Work) -> None:
        for _ in range(chance.randrange(4)):
            await work.sessions.get(session.id)

    async def write(n: int) -> None:
        for _ in range(TIMES):
            async with (uow, other_uow)[n % 2].begin(ACME) as work:
                await dawdle(work)
                unfinished = InState(states=frozenset({State.QUEUED}))
                await work.sessions.record(session.id, unfinished, [ev.Noticed(text=str(n))] * chance.randint(1, 3))
                await dawdle(work)  # written, and not committed yet

    writing = asyncio.gather(*(write(n) for n in range(WRITERS)))
    followed = [1]
    while True:
        done = writing.done()
        followed += await seqs_after(uow, session, followed[-1])
        if done:
            break
    await writing
    assert followed == list(range(1, len(followed) + 1))
    assert len(followed) == (await world.session(session.id)).next_seq - 1
    assert len(followed) > WRITERS * TIMES


async def seqs_after(uow: SqlUnitOfWork, session: Session, seq: int) -> list[int]:
    """As the relay reads."""
    async with uow.read(ACME) as work:
        return [record.seq for record in await work.sessions.events(session.id, after=seq)]
