"""Everything that may happen to sessions, in any order: people, two workers and their ghosts, leases, sweeps, a clock.

Hypothesis chooses what happens next, on a real SQLite file; triggers in it note every change of a state. After each
step the invariants are read from the tables. In the end every process dies, one comes back, and all must have ended.
"""

import asyncio
import random
import shutil
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from core.adapters.migrations import migrate
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import events, inbox, questions, sessions
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.commands import Command
from core.domain.lifecycle import CLAIMABLE, FINAL, HELD, MOVES, Move, State
from core.domain.refs import MessageId, Person, ProcessId
from core.domain.session import Session
from core.errors import Conflict, StaleEpoch
from core.ports import Held
from core.service.policy import Policy
from core.service.recovery import MAX_ATTEMPTS, sweep
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME, ANA, BEN, Desk, World, next_message, start, stop

T = TypeVar("T")

EXAMPLES = 20
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

PEOPLE = st.sampled_from([ANA, BEN])
PROCESSES = st.sampled_from([0, 1])
WHICH = st.integers(0, 30)
"""An index into what there is, taken modulo its length."""
WRITES: dict[str, tuple[ev.Event | None, Move | None]] = {
    "say": (ev.Said(agent="Ada", text="so"), None),
    "built": (None, Move.BUILT),
    "complete": (ev.Completed(), Move.COMPLETE),
    "fail": (ev.Failed(reason="x"), Move.FAIL),
    "halted": (ev.Stopped(by=ANA), Move.HALTED),
    "hand back": (None, Move.LOSE_LEASE),
    "ask": (None, Move.ASK),
}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """An empty database with the triggers above."""
    path = tmp_path / "template.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await migrate(database)
        async with database.write() as connection:
            for statement in WATCH:
                await connection.exec_driver_sql(statement)
        await database.close()

    asyncio.run(make())
    return path


def test_no_order_of_events_breaks_a_session(template: Path) -> None:
    numbers = count()

    class OnItsOwnFile(SessionMachine):
        def __init__(self) -> None:
            path = template.with_name(f"{next(numbers)}.db")
            shutil.copy(template, path)
            super().__init__(path)

    run_state_machine_as_test(
        OnItsOwnFile,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


class SessionMachine(RuleBasedStateMachine):
    """One database, two processes of each kind, and what has been done so far."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = SetClock()
        self.databases = [Database(f"sqlite+aiosqlite:///{path}") for _ in range(2)]
        self.uows = [SqlUnitOfWork(each, self.clock, NotingBell(), NotingQueue()) for each in self.databases]
        self.desks = [Desk(uow=uow, clock=self.clock, policy=PLENTY) for uow in self.uows]
        self.world = World(self.uows[0], self.clock)
        self.taken: list[tuple[Command, str, str]] = []
        self.holds: list[tuple[Session, Held]] = []
        self.started = 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def sessions(self) -> list[Session]:
        return self.do(self.world.sessions())

    def any_session(self, which: int) -> Session:
        found = self.sessions()
        return found[which % len(found)]

    # --- people

    def request(self, command: Command, process: int, *, carried_out: bool = True) -> None:
        order = str(next_message())
        self.taken.append((command, order, order))
        if not carried_out:
            self.do(self.put(command, order))
            return
        self.do(self.desks[process].take(command, key=order, order=order))
        self.do(self.desks[process].desk.drain())

    async def put(self, command: Command, order: str) -> None:
        """What is left of a process that died after it had taken the request."""
        async with self.uows[0].begin(ACME) as work:
            await work.inbox.put(command, dedupe_key=order, order=order)

    @rule(by=PEOPLE, process=PROCESSES, thread=st.none() | st.sampled_from("12"), dies=st.booleans())
    def start_session(self, by: Person, process: int, thread: str | None, dies: bool) -> None:
        self.started += 1
        root = MessageId(f"160000000{thread}.000100") if thread else None
        self.request(start(f"task {self.started}", by, root=root), process, carried_out=not dies)

    @precondition(lambda self: self.started)
    @rule(
        which=WHICH,
        by=PEOPLE,
        process=PROCESSES,
        words=st.sampled_from(["yes", "yes", "yes", "stop", ""]),
        late=st.booleans(),
        dies=st.booleans(),
    )
    def reply(self, which: int, by: Person, process: int, words: str, late: bool, dies: bool) -> None:
        if not self.sessions():
            return
        session = self.any_session(which)
        early = next_message()
        place = self.do(self.world.place(session))
        reply = self.world.reply(place, words, by, message=None if late else early)
        self.request(reply, process, carried_out=not dies)

    @precondition(lambda self: self.started)
    @rule(number=st.integers(1, 6), by=PEOPLE, process=PROCESSES, admin=st.booleans())
    def stop_session(self, number: int, by: Person, process: int, admin: bool) -> None:
        self.request(stop(by, number=number, admin=admin), process)

    @precondition(lambda self: self.taken)
    @rule(which=WHICH, process=PROCESSES)
    def redeliver(self, which: int, process: int) -> None:
        command, key, order = self.taken[which % len(self.taken)]
        assert not self.do(self.desks[process].take(command, key=key, order=order))
        self.do(self.desks[process].desk.drain())

    @rule(process=PROCESSES)
    def carry_out_what_was_left(self, process: int) -> None:
        self.do(self.desks[process].sweep())

    # --- workers

    @rule(which=WHICH, process=PROCESSES)
    def claim(self, which: int, process: int) -> None:
        free = [each for each in self.sessions() if each.state in CLAIMABLE and each.attempts < MAX_ATTEMPTS]
        if free:
            session = free[which % len(free)]
            held = self.do(self.world.claim(session, ProcessId(f"w{process}")))
            assert held.epoch == session.epoch + 1
            self.holds.append((session, held))

    @precondition(lambda self: self.holds)
    @rule(back=st.integers(0, 5), what=st.sampled_from(sorted(WRITES)), sent=st.booleans())
    def write(self, back: int, what: str, sent: bool) -> None:
        """By a worker that holds the session, or thinks so."""
        session, held = self.holds[-1 - back % len(self.holds)]
        before = self.do(self.world.session(session.id))
        ours = (before.owner, before.epoch) == (held.owner, held.epoch)
        event, move = WRITES[what]
        try:
            if what == "ask":
                self.do(self.world.ask(session, held, sent=sent))
            else:
                self.do(self.world.record(session, held, *([event] if event else []), move=move))
        except StaleEpoch:
            assert not ours
            assert self.do(self.world.session(session.id)) == before
        except Conflict:
            assert ours
            assert move is not None
            assert (before.state, move) not in MOVES
        else:
            assert ours

    @rule(process=PROCESSES)
    def renew(self, process: int) -> None:
        async def renew() -> None:
            async with self.uows[process].across() as across:
                await across.renew("worker", f"w{process}", ProcessId(f"w{process}"), LEASE_S)

        self.do(renew())

    @rule(process=PROCESSES)
    def sweep(self, process: int) -> None:
        self.do(sweep(self.uows[process], self.clock, queue_ttl_s=TTL_S))

    # --- the rest of the world

    @rule(seconds=st.sampled_from([0.5, 3.0, 6.0, 8.0, 31.0, TTL_S + 1]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def send(self) -> None:
        self.do(self.world.send())

    # --- what always holds

    async def read(self) -> dict[str, list[Any]]:
        async with self.databases[0].read() as connection:
            found: dict[str, sa.Executable] = {
                "sessions": sa.select(sessions),
                "events": sa.select(events).order_by(events.c.session, events.c.seq),
                "questions": sa.select(questions),
                "inbox": sa.select(inbox).order_by(inbox.c.id),
                "moved": sa.text("SELECT before, after FROM moved"),
            }
            return {name: list((await connection.execute(query)).all()) for name, query in found.items()}

    @invariant()
    def all_holds(self) -> None:
        tables = self.do(self.read())
        assert {(row.before, row.after) for row in tables["moved"]} <= {
            (before.value, after.value) for (before, _), after in MOVES.items()
        }
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

    def teardown(self) -> None:
        try:
            self.no_delivery_has_a_second_effect()
            self.all_ends_when_one_process_comes_back()
            self.all_holds()
        finally:
            for database in self.databases:
                self.do(database.close())
            self.loop.close()

    def no_delivery_has_a_second_effect(self) -> None:
        self.clock.advance(6)
        self.do(self.desks[0].sweep())
        self.do(self.world.send())
        self.clock.advance(6)
        self.do(self.desks[0].sweep())
        before = self.do(self.read())
        assert all(row.done_at for row in before["inbox"])
        assert len(before["inbox"]) == len(self.taken)
        again = self.taken * 2
        random.Random(len(again)).shuffle(again)
        for n, (command, key, order) in enumerate(again):
            assert not self.do(self.desks[n % 2].take(command, key=key, order=order))
        self.do(self.desks[1].sweep())
        assert self.do(self.read()) == before

    def all_ends_when_one_process_comes_back(self) -> None:
        """Within lease, sweep and time in the queue; a person ends what waits for one."""
        self.clock.advance(LEASE_S + 1)
        self.sweep(0)
        for session in self.sessions():
            if session.state is State.WAITING:
                self.request(stop(BEN, number=session.number, admin=True), 0)
        self.clock.advance(TTL_S + 1)
        self.sweep(0)
        assert [session.state for session in self.sessions() if not session.finished] == []
