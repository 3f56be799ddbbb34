"""A Discord guild with Muster's bot in it and no worker: tests play the worker and see what people see."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bots.delivery import Patience
from bots.discord.app import DiscordAccess, DiscordBot
from bots.discord.places import guild_workspace
from core.adapters.clock import DatabaseClock
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlWork
from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, Move
from core.domain.refs import Platform, ProcessId, QuestionId, WorkspaceId, new_id
from core.domain.session import Question, Session
from core.ports import TOPIC_RELAY, Change, Conversations, Held, InState, Renderer, Tell
from core.service.front_desk import Defaults, FrontDesk
from core.service.policy import Policy
from core.service.sealing import Sealer
from simulator.discord.options import DiscordOptions
from simulator.discord.person import DiscordControl, Shown
from simulator.discord.platform import BOT_TOKEN
from simulator.server import Simulator
from tests.support.schema import lay_schema
from tests.support.waiting import until
from tests.unit.bots.slack_world import TEAM, WORKER, BreakableUnitOfWork, LocalBell, NoQueue

MODELS = {"demo": ("demo",), "openai": ("gpt-5", "gpt-5-mini")}


class FailingUnitOfWork(BreakableUnitOfWork):
    """Counts how often it was out of reach."""

    failures = 0

    @asynccontextmanager
    async def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AsyncIterator[SqlWork]:
        self.failures += self.broken
        async with super().begin(workspace, urgent=urgent) as work:
            yield work


@dataclass
class DiscordWorld:
    """What a test can do."""

    simulator: Simulator
    discord: DiscordControl
    uow: FailingUnitOfWork
    clock: DatabaseClock
    bell: LocalBell
    sealer: Sealer | None = None
    max_file_bytes: int = 10 * 1024 * 1024
    running: list[tuple[DiscordBot, asyncio.Task[None]]] = field(default_factory=list)

    @property
    def bot(self) -> DiscordBot:
        return self.running[-1][0]

    @property
    def guild(self) -> str:
        return self.simulator.discord.first.id

    @property
    def workspace(self) -> WorkspaceId:
        return guild_workspace(self.guild)

    @property
    def counts(self) -> Counter[str]:
        """What the senders of all workspaces counted."""
        return sum((outlet.sender.counts for outlet in self.bot.opened.values()), Counter[str]())

    async def start_bot(
        self,
        name: str = "bots-1",
        *,
        lease_s: float = 20.0,
        resend_within_s: float = 45.0,
        connected: bool = True,
        identifies: Mapping[float, int] | None = None,
    ) -> DiscordBot:
        def make_desk(conversations: Conversations, renderer: Renderer, tell: Tell) -> FrontDesk:
            return FrontDesk(
                platform=Platform.DISCORD,
                uow=self.uow,
                clock=self.clock,
                conversations=conversations,
                renderer=renderer,
                policy=Policy(),
                defaults=Defaults(
                    provider="demo", model="demo", max_rounds=12, models=MODELS, max_file_bytes=self.max_file_bytes
                ),
                tell=tell,
                sealer=self.sealer,
            )

        bot = DiscordBot(
            access=DiscordAccess(token=BOT_TOKEN, api_url=self.simulator.discord_api_url),
            uow=self.uow,
            bell=self.bell,
            clock=self.clock,
            process=ProcessId(name),
            make_desk=make_desk,
            patience=Patience(reconcile_after_s=0.3, resend_within_s=resend_within_s, repair_after_s=0.3, call_s=5.0),
            lease_s=lease_s,
            identifies=identifies or {5.0: 100},
        )
        await bot.start()
        self.running.append((bot, asyncio.create_task(bot.run())))
        if connected:
            await until(bot.connected)
        return bot

    async def stop_bots(self) -> None:
        for bot, task in self.running:
            await bot.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.running.clear()

    def calls(self, method: str, route: str) -> list[dict[str, Any]]:
        """What the bot called, of one kind."""
        made = [entry.data for entry in self.discord.entries("api.call")]
        return [call for call in made if call["method"] == method and call["route"] == route]

    async def started(self, task: str = "count the primes", *, by: str = "ada") -> Shown:
        """Start a session by the command; returns its status card, under which its thread hangs."""
        await self.discord.person(by).command("/agents run", channel="general", options={"task": task})
        return await self.discord.wait_for_message(channel="general", containing=task)

    async def texts(self, root: Shown) -> list[str]:
        """All that stands in the root's thread, without the root."""
        return [shown.text for shown in await self.discord.messages(root.root_ts) if shown.is_reply]

    async def session(self, number: int = 1, workspace: WorkspaceId | None = None) -> Session:
        async with self.uow.read(workspace or self.workspace) as work:
            found = await work.sessions.by_number(number)
        assert found is not None
        return found

    async def events(self, number: int = 1) -> list[ev.Event | ev.Unknown]:
        session = await self.session(number)
        async with self.uow.read(self.workspace) as work:
            return [record.event for record in await work.sessions.events(session.id)]

    async def claim(self, number: int = 1, workspace: WorkspaceId | None = None) -> Session:
        """Take the session and build its team, as a worker does."""
        session = await self.session(number, workspace)
        async with self.uow.begin(session.workspace) as work:
            guard = InState(states=CLAIMABLE)
            change = Change(owner=WORKER)
            session = await work.sessions.record(
                session.id, guard, [ev.BuildingStarted()], move=Move.CLAIM, change=change
            )
            held = Held(owner=WORKER, epoch=session.epoch)
            built = [ev.TeamBuilt(team=TEAM)]
            session = await work.sessions.record(session.id, held, built, move=Move.BUILT, change=Change(team=TEAM))
            work.ring(TOPIC_RELAY, session.workspace)
        return session

    async def record(
        self, *happened: ev.Event, move: Move | None = None, number: int = 1, workspace: WorkspaceId | None = None
    ) -> Session:
        """Record events as a worker does."""
        session = await self.session(number, workspace)
        async with self.uow.begin(session.workspace) as work:
            held = Held(owner=WORKER, epoch=session.epoch)
            session = await work.sessions.record(session.id, held, happened, move=move)
            work.ring(TOPIC_RELAY, session.workspace)
        return session

    async def ask(
        self, text: str, *choices: str, number: int = 1, workspace: WorkspaceId | None = None, **more: Any
    ) -> QuestionId:
        """Ask a person, as a worker does."""
        session = await self.session(number, workspace)
        question = QuestionId(new_id())
        asked = ev.QuestionAsked(question=question, agent="writer", text=text, choices=choices, **more)
        async with self.uow.begin(session.workspace) as work:
            await work.questions.ask(
                Question(
                    id=question,
                    session=session.id,
                    agent="writer",
                    text=text,
                    choices=choices,
                    asked_at=self.clock.now(),
                    **more,
                )
            )
            guard = Held(owner=WORKER, epoch=session.epoch)
            await work.sessions.record(session.id, guard, [asked], move=Move.ASK)
            work.ring(TOPIC_RELAY, session.workspace)
        return question


@asynccontextmanager
async def discord_world(
    folder: Path, options: DiscordOptions | None = None, *, sealer: Sealer | None = None
) -> AsyncIterator[DiscordWorld]:
    """A simulated guild and an empty database; the test starts the bot."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'muster.db'}")
    await lay_schema(database)
    simulator = Simulator(discord=options or DiscordOptions())
    await simulator.start()
    clock = DatabaseClock()
    bell = LocalBell()
    try:
        async with DiscordControl(simulator.url) as discord:
            world = DiscordWorld(
                simulator=simulator,
                discord=discord,
                uow=FailingUnitOfWork(database, clock, bell, NoQueue()),
                clock=clock,
                bell=bell,
                sealer=sealer,
            )
            try:
                yield world
            finally:
                await world.stop_bots()
    finally:
        await simulator.stop()
        await database.close()
