"""Everything that may happen to sessions, in any order: people, two workers and their ghosts, leases, sweeps, a clock.

Seeded walks on a real SQLite file; Hypothesis finds the seed, and shrinks the walk to the step that broke something.
Triggers in the file note every change of a state, and after each step the invariants are read from the tables. In the
end every process dies, one comes back, and all must have ended.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.adapters.sql_engine import Database
from core.adapters.sql_tables import events, inbox, questions, sessions
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.commands import Command
from core.domain.lifecycle import CLAIMABLE, FINAL, HELD, MOVES, Move, State
from core.domain.refs import MessageId, ProcessId
from core.domain.session import Session
from core.errors import Conflict, StaleEpoch
from core.ports import Held
from core.service.policy import Policy
from core.service.recovery import MAX_ATTEMPTS, sweep
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME, ANA, BEN, Desk, World, next_message, start, stop
from tests.support.schema import lay_schema

pytestmark = pytest.mark.slow

WALKS = 8
STEPS = 60
TTL_S = 3_600.0
LEASE_S = 7.0
PLENTY = Policy(max_active_per_user=1_000, max_active_per_workspace=1_000)
ENDINGS = {"completed", "failed", "stopped", "expired"}
WATCH = (
    "CREATE TABLE moved (before TEXT, after TEXT)",
    """CREATE TRIGGER note_move AFTER UPDATE ON sessions WHEN old.state <> new.state
        BEGIN INSERT INTO moved VALUES (old.state, new.state); END""",
    """CREATE TRIGGER final_is_final BEFORE UPDATE ON sessions
        WHEN old.state IN ('completed', 'failed', 'stopped', 'expired')
        BEGIN SELECT RAISE(ABORT, 'a finished session was touched'); END""",
    "CREATE TRIGGER no_event_changes BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'an event was changed'); END",
    "CREATE TRIGGER no_event_goes BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'an event was removed'); END",
)
WRITES: dict[str, tuple[ev.Event | None, Move | None]] = {
    "say": (ev.Said(agent="Ada", text="so"), None),
    "built": (None, Move.BUILT),
    "complete": (ev.Completed(), Move.COMPLETE),
    "fail": (ev.Failed(reason="x"), Move.FAIL),
    "halted": (ev.Stopped(by=ANA), Move.HALTED),
    "hand back": (None, Move.LOSE_LEASE),
    "ask": (None, Move.ASK),
}
USUAL = {
    (State.QUEUED, State.BUILDING),
    (State.BUILDING, State.RUNNING),
    (State.RUNNING, State.WAITING),
    (State.WAITING, State.RESUMING),
    (State.RESUMING, State.RUNNING),
    (State.RUNNING, State.RESUMING),
    (State.WAITING, State.STOPPED),
    (State.RUNNING, State.STOPPING),
    (State.STOPPING, State.STOPPED),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the triggers above."""
    path = tmp_path_factory.mktemp("machine") / "template.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await lay_schema(database)
        async with database.write() as connection:
            for statement in WATCH:
                await connection.exec_driver_sql(statement)
        await database.close()

    asyncio.run(make())
    return path


def test_no_order_of_events_breaks_a_session(template: Path) -> None:
    numbers = count()
    seen: set[tuple[State, State]] = set()

    @settings(max_examples=WALKS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32), steps=st.integers(STEPS // 2, STEPS))
    @example(seed=1, steps=2 * STEPS)
    @example(seed=2, steps=2 * STEPS)
    def walk(seed: int, steps: int) -> None:
        path = template.with_name(f"{next(numbers)}.db")
        shutil.copy(template, path)
        asyncio.run(Walk(path, Random(seed), seen).go(steps))

    walk()
    assert seen >= USUAL, "it walks too little to mean anything"


class Walk:
    """One database, two processes of each kind, and what has been done so far."""

    def __init__(self, path: Path, chance: Random, seen: set[tuple[State, State]]) -> None:
        self.chance = chance
        self.seen = seen
        self.clock = SetClock()
        self.databases = [Database(f"sqlite+aiosqlite:///{path}") for _ in range(2)]
        self.uows = [SqlUnitOfWork(each, self.clock, NotingBell(), NotingQueue()) for each in self.databases]
        self.desks = [Desk(uow=uow, clock=self.clock, policy=PLENTY) for uow in self.uows]
        self.world = World(self.uows[0], self.clock)
        self.taken: list[tuple[Command, str]] = []
        self.holds: list[tuple[Session, Held]] = []

    async def go(self, steps: int) -> None:
        weighted: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (2, self.somebody_starts),
            (5, self.somebody_replies),
            (2, self.somebody_stops),
            (2, self.the_platform_delivers_again),
            (1, self.what_was_left_is_carried_out),
            (6, self.a_worker_claims),
            (8, self.a_worker_writes),
            (3, self.a_worker_renews),
            (3, self.a_worker_sweeps),
            (3, self.time_passes),
            (2, self.posts_are_sent),
        ]
        try:
            await self.somebody_starts()
            for _ in range(steps):
                [step] = self.chance.choices([step for _, step in weighted], [weight for weight, _ in weighted])
                await step()
                await self.all_holds()
            await self.no_delivery_has_a_second_effect()
            await self.all_ends_when_one_process_comes_back()
            await self.all_holds()
        finally:
            for database in self.databases:
                await database.close()

    # --- people

    async def request(self, command: Command, *, dies: bool = False) -> None:
        """Somebody asks; *dies*: the process that takes it, before it carries it out."""
        key = str(next_message())
        self.taken.append((command, key))
        if dies:
            async with self.uows[0].begin(ACME) as work:
                await work.inbox.put(command, dedupe_key=key, order=key)
            return
        desk = self.chance.choice(self.desks)
        assert await desk.take(command, key=key, order=key)
        await desk.desk.drain()

    async def somebody_starts(self) -> None:
        root = self.chance.choice([None, None, MessageId("1600000001.000100"), MessageId("1600000002.000100")])
        task = f"task {len(self.taken)}"
        await self.request(start(task, self.chance.choice([ANA, BEN]), root=root), dies=self.chance.random() < 0.2)

    async def somebody_replies(self) -> None:
        """To a waiting session mostly; sometimes with a message from before its question was posted."""
        found = await self.world.sessions()
        waiting = [session for session in found if session.state is State.WAITING]
        session = self.chance.choice(waiting if waiting and self.chance.random() < 0.8 else found or [None])
        if session is None:
            return
        early = next_message()
        place = await self.world.place(session)
        message = early if self.chance.random() < 0.3 else next_message()
        words = self.chance.choice(["yes", "yes", "yes", "yes", "stop", ""])
        reply = self.world.reply(place, words, self.chance.choice([ANA, BEN]), message=message)
        await self.request(reply, dies=self.chance.random() < 0.2)

    async def somebody_stops(self) -> None:
        unfinished = [session.number for session in await self.world.sessions() if not session.finished]
        number = self.chance.choice([*unfinished, *unfinished, self.chance.randint(1, 6)])
        by, admin = self.chance.choice([ANA, BEN]), self.chance.random() < 0.7
        await self.request(stop(by, number=number, admin=admin))

    async def the_platform_delivers_again(self) -> None:
        command, key = self.chance.choice(self.taken)
        desk = self.chance.choice(self.desks)
        assert not await desk.take(command, key=key, order=key)
        await desk.desk.drain()

    async def what_was_left_is_carried_out(self) -> None:
        await self.chance.choice(self.desks).sweep()

    # --- workers

    async def a_worker_claims(self) -> None:
        free = [
            session
            for session in await self.world.sessions()
            if session.state in CLAIMABLE and session.attempts < MAX_ATTEMPTS
        ]
        if not free:
            return
        session = self.chance.choice(free)
        owner = ProcessId(self.chance.choice("ab"))
        await self.renew(owner)
        held = await self.world.claim(session, owner)
        assert held.epoch == session.epoch + 1
        self.holds.append((session, held))
        if session.state is State.QUEUED and self.chance.random() < 0.7:
            await self.world.record(session, held, move=Move.BUILT)

    async def a_worker_writes(self) -> None:
        """One that holds the session, or thinks so."""
        if not self.holds:
            return
        session, held = self.chance.choice(self.holds[-4:])
        before = await self.world.session(session.id)
        ours = (before.owner, before.epoch) == (held.owner, held.epoch)
        what = self.chance.choice(["ask", "ask", "say", *WRITES])
        event, move = WRITES[what]
        try:
            if what == "ask":
                await self.world.ask(session, held, sent=self.chance.random() < 0.5)
            else:
                await self.world.record(session, held, *([event] if event else []), move=move)
        except StaleEpoch:
            assert not ours
            assert await self.world.session(session.id) == before
        except Conflict:
            assert ours
            after = MOVES.get((before.state, move)) if move else before.state
            assert after is None or (after in FINAL) != isinstance(event, ev.Ending)
        else:
            assert ours

    async def renew(self, owner: ProcessId) -> None:
        async with self.uows[0].across() as across:
            await across.renew("worker", owner, owner, LEASE_S)

    async def a_worker_renews(self) -> None:
        await self.renew(ProcessId(self.chance.choice("ab")))

    async def a_worker_sweeps(self) -> None:
        await sweep(self.chance.choice(self.uows), self.clock, queue_ttl_s=TTL_S)

    # --- the rest of the world

    async def time_passes(self) -> None:
        self.clock.advance(self.chance.choice([0.5, 0.5, 3.0, 3.0, 8.0, 31.0, TTL_S + 1]))

    async def posts_are_sent(self) -> None:
        await self.world.send()

    # --- what always holds

    async def read(self) -> dict[str, list[Any]]:
        queries: dict[str, sa.Executable] = {
            "sessions": sa.select(sessions),
            "events": sa.select(events).order_by(events.c.session, events.c.seq),
            "questions": sa.select(questions),
            "inbox": sa.select(inbox).order_by(inbox.c.id),
            "moved": sa.text("SELECT before, after FROM moved"),
        }
        async with self.databases[0].read() as connection:
            return {name: list((await connection.execute(query)).all()) for name, query in queries.items()}

    async def all_holds(self) -> None:
        tables = await self.read()
        moved = {(State(row.before), State(row.after)) for row in tables["moved"]}
        assert moved <= {(before, after) for (before, _), after in MOVES.items()}
        self.seen |= moved
        of_session: dict[str, list[Any]] = {row.id: [] for row in tables["sessions"]}
        for row in tables["events"]:
            of_session[row.session].append(row)
        unfinished = [row.thread for row in tables["sessions"] if row.state not in FINAL]
        assert len(unfinished) == len(set(unfinished))
        assert sorted(row.number for row in tables["sessions"]) == list(range(1, len(of_session) + 1))
        for row in tables["sessions"]:
            happened = of_session[row.id]
            asked = [question for question in tables["questions"] if question.session == row.id]
            assert [event.seq for event in happened] == list(range(1, row.next_seq))
            ended = [event.seq for event in happened if event.kind in ENDINGS]
            assert ended == ([row.next_seq - 1] if row.state in FINAL else [])
            assert [question.state for question in asked].count("open") == (row.state == State.WAITING)
            assert (row.owner is not None) == (row.state in HELD)
            assert (row.ended_at is not None) == (row.state in FINAL)
            answers = sorted(event.data["question"] for event in happened if event.kind == "question_answered")
            assert answers == sorted(question.id for question in asked if question.state == "answered")

    async def no_delivery_has_a_second_effect(self) -> None:
        for _ in range(2):  # what waited for a root post's id, too
            self.clock.advance(6)
            await self.desks[0].sweep()
            await self.world.send()
        self.clock.advance(6)
        await self.desks[0].sweep()
        before = await self.read()
        assert all(row.done_at for row in before["inbox"])
        assert len(before["inbox"]) == len(self.taken)
        again = self.taken * 2
        self.chance.shuffle(again)
        for n, (command, key) in enumerate(again):
            assert not await self.desks[n % 2].take(command, key=key, order=key)
        await self.desks[1].sweep()
        assert await self.read() == before

    async def all_ends_when_one_process_comes_back(self) -> None:
        """Within lease, sweep and time in the queue; a person ends what waits for one."""
        self.clock.advance(LEASE_S + 1)
        await sweep(self.uows[0], self.clock, queue_ttl_s=TTL_S)
        for session in await self.world.sessions():
            if session.state is State.WAITING:
                await self.request(stop(BEN, number=session.number, admin=True))
        self.clock.advance(TTL_S + 1)
        await sweep(self.uows[0], self.clock, queue_ttl_s=TTL_S)
        assert [session.state for session in await self.world.sessions() if not session.finished] == []
