"""A Slack workspace with Muster's bot in it and no worker: tests play the worker and see what people see."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nacl.public import PrivateKey

from bots.delivery import Patience
from bots.slack.app import SlackAccess, SlackBot
from core.adapters.clock import DatabaseClock
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, Move
from core.domain.refs import Platform, ProcessId, QuestionId, SessionId, WorkspaceId, new_id
from core.domain.session import Question, Session
from core.errors import TransientError
from core.ports import TOPIC_RELAY, Change, Conversations, Held, InState, Renderer, Tell
from core.service.front_desk import Defaults, FrontDesk
from core.service.policy import Policy
from core.service.sealing import Sealer, public_text
from simulator.server import Simulator
from simulator.slack.options import SlackOptions
from simulator.slack.person import SlackControl
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN
from tests.support.schema import lay_schema

WORKER = ProcessId("worker-1")
MAX_FILE_BYTES = 1_000
TEAM = (
    ev.Member(name="coder", role="writes code", instructions="", tools=("run_python",), icon="computer"),
    ev.Member(name="writer", role="writes it up", instructions="", tools=(), icon="memo"),
)


class LocalBell:
    """Rings in this process only."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[str], None]]] = defaultdict(list)

    async def ring(self, topic: str, payload: str = "") -> None:
        for listener in self._listeners[topic]:
            listener(payload)

    def subscribe(self, topic: str, on_ring: Callable[[str], None]) -> None:
        self._listeners[topic].append(on_ring)


class BreakableUnitOfWork(SqlUnitOfWork):
    """A database that can be out of reach."""

    broken = False

    @asynccontextmanager
    async def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AsyncIterator[SqlWork]:
        if self.broken:
            raise TransientError("out of reach")
        async with super().begin(workspace, urgent=urgent) as work:
            yield work


class NoQueue:
    """Nobody works here."""

    async def wake(self, session: SessionId) -> None: ...


@dataclass
class SlackWorld:
    """What a test can do."""

    simulator: Simulator
    slack: SlackControl
    uow: BreakableUnitOfWork
    clock: DatabaseClock
    bell: LocalBell
    running: list[tuple[SlackBot, asyncio.Task[None]]] = field(default_factory=list)
    keys: PrivateKey = field(default_factory=PrivateKey.generate)

    @property
    def bot(self) -> SlackBot:
        return self.running[-1][0]

    @property
    def workspace(self) -> WorkspaceId:
        return self.bot.workspace

    async def start_bot(
        self, name: str = "bots-1", *, reconcile_after_s: float = 0.3, lease_s: float = 20.0
    ) -> SlackBot:
        def make_desk(conversations: Conversations, renderer: Renderer, tell: Tell) -> FrontDesk:
            return FrontDesk(
                platform=Platform.SLACK,
                uow=self.uow,
                clock=self.clock,
                conversations=conversations,
                renderer=renderer,
                policy=Policy(),
                defaults=Defaults(
                    provider="demo",
                    model="demo",
                    max_rounds=12,
                    models={"demo": ("demo",), "other": ("large", "small")},
                    max_file_bytes=MAX_FILE_BYTES,
                    max_files=3,
                ),
                tell=tell,
                sealer=Sealer(public_text(self.keys.public_key)),
            )

        bot = SlackBot(
            access=SlackAccess(bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=self.simulator.slack_api_url),
            uow=self.uow,
            bell=self.bell,
            clock=self.clock,
            process=ProcessId(name),
            make_desk=make_desk,
            patience=Patience(reconcile_after_s=reconcile_after_s, repair_after_s=0.3, call_s=5.0),
            lease_s=lease_s,
        )
        await bot.start()
        self.running.append((bot, asyncio.create_task(bot.run())))
        return bot

    async def stop_bots(self) -> None:
        for bot, task in self.running:
            await bot.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.running.clear()

    async def session(self, number: int = 1) -> Session:
        async with self.uow.read(self.workspace) as work:
            found = await work.sessions.by_number(number)
        assert found is not None
        return found

    async def claim(self, number: int = 1) -> Session:
        """Take the session and build its team, as a worker does."""
        session = await self.session(number)
        async with self.uow.begin(self.workspace) as work:
            guard = InState(states=CLAIMABLE)
            change = Change(owner=WORKER)
            session = await work.sessions.record(
                session.id, guard, [ev.BuildingStarted()], move=Move.CLAIM, change=change
            )
            held = Held(owner=WORKER, epoch=session.epoch)
            built = [ev.TeamBuilt(team=TEAM)]
            session = await work.sessions.record(session.id, held, built, move=Move.BUILT, change=Change(team=TEAM))
            work.ring(TOPIC_RELAY, self.workspace)
        return session

    async def go_on(self, number: int = 1) -> Session:
        """Take a session whose question was answered, as a worker does."""
        session = await self.session(number)
        async with self.uow.begin(self.workspace) as work:
            guard = InState(states=CLAIMABLE)
            return await work.sessions.record(session.id, guard, [], move=Move.CLAIM, change=Change(owner=WORKER))

    async def record(self, *happened: ev.Event, move: Move | None = None, number: int = 1) -> Session:
        """Record events as a worker does."""
        session = await self.session(number)
        async with self.uow.begin(self.workspace) as work:
            held = Held(owner=WORKER, epoch=session.epoch)
            session = await work.sessions.record(session.id, held, happened, move=move)
            work.ring(TOPIC_RELAY, self.workspace)
        return session

    async def ask(self, text: str, number: int = 1, *, choices: tuple[str, ...] = (), approves: str = "") -> QuestionId:
        """Ask a person, as a worker does."""
        session = await self.session(number)
        question = QuestionId(new_id())
        asked = ev.QuestionAsked(question=question, agent="writer", text=text, choices=choices, approves=approves)
        async with self.uow.begin(self.workspace) as work:
            await work.questions.ask(
                Question(
                    id=question,
                    session=session.id,
                    agent="writer",
                    text=text,
                    choices=choices,
                    asked_at=self.clock.now(),
                    approves=approves,
                )
            )
            guard = Held(owner=WORKER, epoch=session.epoch)
            await work.sessions.record(session.id, guard, [asked], move=Move.ASK)
            work.ring(TOPIC_RELAY, self.workspace)
        return question


@asynccontextmanager
async def slack_world(folder: Path, options: SlackOptions | None = None) -> AsyncIterator[SlackWorld]:
    """A simulated workspace and an empty database; the test starts the bot."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'muster.db'}")
    await lay_schema(database)
    simulator = Simulator(slack=options or SlackOptions())
    await simulator.start()
    clock = DatabaseClock()
    bell = LocalBell()
    try:
        async with SlackControl(simulator.url) as slack:
            world = SlackWorld(
                simulator=simulator,
                slack=slack,
                uow=BreakableUnitOfWork(database, clock, bell, NoQueue()),
                clock=clock,
                bell=bell,
            )
            try:
                yield world
            finally:
                await world.stop_bots()
    finally:
        await simulator.stop()
        await database.close()
