"""A distributed Muster whose processes a test may kill, freeze, replace and mutate, and the people who use it.

Chaos tests use it. The simulated Slack and the demo model run in a process of their own that nobody touches, so what
people see outlives everything of Muster's.
"""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bots.replies import NOT_STARTED
from core.adapters.sql_tables import processes
from simulator.slack.person import Outcome, Shown
from simulator.truth import TruthEntry
from tests.support.history_checker import Findings, HistoryChecker
from tests.support.processes import Child
from tests.support.stage import ASKS, Room, Stage, distributed
from tests.support.tcp_proxy import FaultProxy

SIZE = float(os.environ.get("MUSTER_CHAOS_SIZE", "1"))
"""How much larger than in CI the tests are; `make chaos` sets it."""
SEED = int(os.environ.get("MUSTER_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)

QUICK_REDELIVERY_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Slack's own waits are 0, 60 and 300 s."""
LONG_S = 10**6


def sized(number: int) -> int:
    """*number* is what CI does."""
    return max(number, round(number * SIZE))


def patience(seconds: float) -> float:
    """As long as it takes at this size; *seconds* is for CI."""
    return seconds * max(1.0, SIZE)


def dice(test: str) -> random.Random:
    """Chance for one test, the same again for the same seed."""
    print(f"{test}: MUSTER_CHAOS_SEED={SEED}")  # noqa: T201  # pytest shows it when the test fails
    return random.Random(f"{test}{SEED}")


TEAM = {
    "agents": [
        {"name": "Planner", "role": "Plans", "instructions": "Open the work: say what is asked and who does what, "
         "in which order.", "tools": [], "icon": "clipboard"},
        {"name": "Interviewer", "role": "Asks", "instructions": "Ask the person the one question whose answer changes "
         "the result.", "tools": ["ask_human"], "icon": "speech_balloon"},
        {"name": "Writer", "role": "Writes", "instructions": "Close the work: write the result from the figures and "
         "the answer.", "tools": [], "icon": "memo"},
    ]
}  # fmt: skip
"""The demo's team without the one who runs Python: hundreds of sessions then cost two cores seconds."""


@dataclass(eq=False)
class Process:
    """One process of Muster's, and how to start it again."""

    kind: str
    env: dict[str, str]
    mutant: str
    child: Child


@dataclass(eq=False)
class Cluster:
    """A running installation."""

    stage: Stage
    database: FaultProxy
    """Stands between all of Muster's processes and PostgreSQL."""
    checker: HistoryChecker
    _stack: AsyncExitStack
    bots: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)

    async def start(self, kind: str, number: int = 1, *, mutant: str = "", **settings: str) -> None:
        """Start *number* processes of *kind*: `bots`, `worker`, or `up`, which is both.

        Args:
            mutant: name of a guard that is removed in them, in `tests.chaos.mutants`.
        """
        env = {**self.stage.env, **settings}
        started = await asyncio.gather(*(self._child(kind, env, mutant) for _ in range(number)))
        fresh = [Process(kind, env, mutant, child) for child in started]
        self.bots += fresh if kind != "worker" else []
        self.workers += fresh if kind != "bots" else []

    async def start_again(self, process: Process) -> None:
        """Put a new process in the place of one that has ended."""
        process.child = await self._child(process.kind, process.env, process.mutant)

    async def kill(self, process: Process) -> None:
        """`kill -9` and a fresh start."""
        await process.child.kill()
        await self.start_again(process)

    async def _child(self, kind: str, env: dict[str, str], mutant: str) -> Child:
        ready = {"bots": "Serving slack:", "worker": "Ready for sessions", "up": "Ctrl-C stops it"}[kind]
        command = ("tests.chaos.mutants", mutant, kind) if mutant else ("muster", kind)
        child = Child(*command, ready=ready, env=env, timeout_s=90)
        return await self._stack.enter_async_context(child)

    async def sender(self) -> Process:
        """The bots process that holds the sender's lease."""
        while True:
            for row in await self.checker.rows(sa.select(processes.c.owner).where(processes.c.role == "sender")):
                for process in self.bots:
                    if process.child.is_running and row.owner in process.child.output:
                        return process
            await asyncio.sleep(0.05)

    async def quiet(self, number: int, *, timeout_s: float = 90, **more: Any) -> Findings:
        """Wait until *number* sessions have ended and all is shown, then compare SQL with what people see."""
        await self.checker.until_quiet(sessions_at_least=number, timeout_s=patience(timeout_s), **more)
        findings = await self.checker.check()
        print(findings)  # noqa: T201  # the figures of the run
        return findings


@asynccontextmanager
async def cluster(
    folder: Path, *, bots: int = 2, workers: int = 2, thinking_s: float = 0.0, python: bool = False, **settings: str
) -> AsyncIterator[Cluster]:
    """An installation of *bots* and *workers* processes on PostgreSQL behind a proxy.

    Args:
        thinking_s: how long the model thinks before each answer.
        python: let teams run Python too, as the demo's own do.
    """
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(distributed(folder, bots=0, workers=0, **settings))
        assert stage.postgres is not None
        database = await stack.enter_async_context(FaultProxy("127.0.0.1", stage.postgres.port))
        direct = stage.database_url
        stage.env["DATABASE_URL"] = direct.replace(f":{stage.postgres.port}/", f":{database.port}/")
        await stage.slack.set(redelivery_s=QUICK_REDELIVERY_S)
        if not python:
            await stage.model.reply(kind="team", times=LONG_S, content=json.dumps(TEAM))
        if thinking_s:
            await stage.model.fault("slow", times=LONG_S, delay_s=thinking_s)
        checker = await stack.enter_async_context(HistoryChecker(stage.slack, direct))
        running = Cluster(stage, database, checker, stack)
        await asyncio.gather(running.start("bots", bots), running.start("worker", workers))
        yield running


class People:
    """Those who start sessions and answer questions, as patient as people are."""

    def __init__(self, running: Cluster) -> None:
        self._stage = running.stage
        self.rooms: dict[str, Room] = {}  # by the task
        self.answered: set[str] = set()  # roots of threads

    async def start(self, number: int, *, every_s: float = 0.0) -> None:
        """Have *number* tasks given, each in a channel of its own."""
        tasks = []
        first = len(self.rooms)
        for n in range(first, first + number):
            tasks.append(asyncio.create_task(self.give(f"Task {n} of many")))
            await asyncio.sleep(every_s)
        await asyncio.gather(*tasks)

    async def give(self, task: str) -> Room:
        """Type `/agents <task>` until Muster has taken it, and wait for the thread."""
        room = await self._stage.room()
        self.rooms[task] = room
        await insist(lambda: room.ada.command("/agents", task, channel=room.name))
        await self._stage.slack.wait_for_message(channel=room.name, containing=task[:20], timeout_s=patience(60))
        return room

    @asynccontextmanager
    async def answering(self, *, delay_s: Callable[[], float] = lambda: 0.0) -> AsyncIterator[None]:
        """Answer each question once, with words of its own, while the block runs."""
        task = asyncio.create_task(self._answer_all(delay_s))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _answer_all(self, delay_s: Callable[[], float]) -> None:
        after = 0
        async with asyncio.TaskGroup() as group:
            while True:
                entry = await self._stage.slack.wait_for(self._is_question, after=after, timeout_s=LONG_S)
                after = entry.id
                asked = Shown(channel=entry.data["channel"], body=entry.data["message"])
                if asked.root_ts not in self.answered:
                    self.answered.add(asked.root_ts)
                    group.create_task(self._answer(asked, delay_s()))

    async def _answer(self, asked: Shown, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self._stage.slack.person("ada").reply(asked, answer_to(asked))

    @staticmethod
    def _is_question(entry: TruthEntry) -> bool:
        return entry.kind == "message.posted" and ASKS in str(entry.data["message"].get("text", ""))


def answer_to(message: Shown) -> str:
    """The answer that people give in the thread of *message*, and in no other."""
    return f"Mind number {message.root_ts.replace('.', '')}"


async def until(condition: Callable[[], Awaitable[Any]], *, timeout_s: float = 60, every_s: float = 0.05) -> None:
    """Return as soon as *condition* holds; it may ask SQL, so not too often."""
    async with asyncio.timeout(patience(timeout_s)):
        while True:
            if await condition():
                return
            await asyncio.sleep(every_s)


async def insist(ask: Callable[[], Any]) -> Outcome:
    """Ask again, as a person does who was told that it did not work."""
    while True:
        outcome: Outcome = await ask()
        if outcome.acked and (outcome.payload or {}).get("text") != NOT_STARTED:
            return outcome
        await asyncio.sleep(0.5)


async def question_in(stage: Stage, room: Room, *, timeout_s: float = 60) -> Shown:
    """The question that a session in *room* asks."""
    return await stage.slack.wait_for_message(containing=ASKS, channel=room.name, timeout_s=patience(timeout_s))
