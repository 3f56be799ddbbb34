"""What tests of the worker stand on: the demo model over HTTP, SQLite, and a sandbox that only notes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web

from config.providers import Provider, Structured, by_name, custom, demo
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import ChannelId, MessageId, Person, ProcessId, SessionId, UserId, WorkspaceId, new_id
from core.domain.session import Session
from core.ports import Change, Held, InState, NewSession
from core.service.policy import Policy
from simulator.model.completions import DemoModel
from simulator.model.orders import Fault, FaultKind, QueuedReply
from simulator.model.script import Call, Reply
from tests.conftest import SetClock
from worker.drive import Drive, Workshop
from worker.keyring import Keyring, new_key
from worker.runner import Runner
from worker.sandbox.job import ChangedFile, Ended, PythonJob, PythonResult
from worker.settings import RunLimits
from worker.team.model import ModelPool, Patience
from worker.tools.catalog import CATALOG

Happened = TypeVar("Happened")

ACME = WorkspaceId("slack:T1")
ADA = Person(id=UserId("U1"), name="Ada")
BEN = Person(id=UserId("U2"), name="Ben")
QUICK = Patience(call_timeout_s=5.0, total_s=10.0, first_wait_s=0.01, longest_wait_s=0.05, notice_after_s=5.0)
FIGURES = "words: 4\ndifferent words: 4\nplot: plot.png\n"


@dataclass
class NotingSandbox:
    """Answers each run with `result`, writes `files` into the workspace, and notes what it was asked to run."""

    name: str = "noting"
    output: str = FIGURES
    ended: Ended = Ended.OK
    files: dict[str, bytes] = field(default_factory=lambda: {"plot.png": b"PNG"})
    jobs: list[PythonJob] = field(default_factory=list)
    seen: list[set[str]] = field(default_factory=list)  # what lay in the workspace before each run
    before: Callable[[], Awaitable[None]] | None = None

    async def run(self, job: PythonJob) -> PythonResult:
        self.jobs.append(job)
        self.seen.append({str(path.relative_to(job.workspace)) for path in job.workspace.rglob("*") if path.is_file()})
        if self.before is not None:
            await self.before()
        for name, content in self.files.items():
            (job.workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (job.workspace / name).write_bytes(content)
        changed = tuple(
            ChangedFile(name=name, size_bytes=len(content), sha256="") for name, content in self.files.items()
        )
        return PythonResult(
            output=self.output,
            output_truncated=False,
            exit_code=0 if self.ended is Ended.OK else 1,
            ended=self.ended,
            duration_s=0.1,
            changed_files=changed,
            changed_files_left_out=0,
        )


@dataclass
class Endpoint:
    """The demo model on a port, which can be told what to answer."""

    model: DemoModel
    url: str

    @property
    def demo(self) -> Provider:
        return demo(self.url)

    def custom(self, *, key: str = "key", model: str = "demo", structured: Structured = Structured.PROMPT) -> Provider:
        return custom(self.url, key, model, structured=structured)

    def fails(self, fault: FaultKind, **order: object) -> None:
        self.model.faults.add(Fault(fault=fault, **order))  # type: ignore[arg-type]

    def says(self, content: str | None = None, *calls: tuple[str, str], **order: object) -> None:
        reply = Reply(content=content, calls=tuple(Call(tool=tool, arguments=arguments) for tool, arguments in calls))
        self.model.replies.add(QueuedReply(reply=reply, **order))  # type: ignore[arg-type]

    def bodies(self, kind: str = "") -> list[dict[str, Any]]:
        return [entry.body for entry in self.model.requests.entries() if kind in ("", entry.kind)]


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    model = DemoModel()
    app = web.Application()
    app.add_routes(model.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield Endpoint(model=model, url=f"http://127.0.0.1:{port}/model/v1")
    await model.close()
    await runner.cleanup()


@pytest.fixture
async def pool(endpoint: Endpoint) -> AsyncIterator[ModelPool]:
    """The demo provider, and the same endpoint as a custom one."""
    pool = ModelPool(by_name([endpoint.demo, endpoint.custom()]), QUICK)
    yield pool
    await pool.close()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: the stores' own suite runs on both."""
    return f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}"


@dataclass
class Bench:
    """A worker's inside on a real database, with what a test does to it as the front desk would."""

    uow: SqlUnitOfWork
    clock: SetClock
    pool: ModelPool
    sandbox: NotingSandbox
    workspaces: Path
    policy: Policy = field(default_factory=Policy)
    keyring: Keyring = field(default_factory=lambda: Keyring([new_key()]))

    def runner(self, *, sandbox: bool = True, limits: RunLimits | None = None) -> Runner:
        limits = limits or RunLimits(cancel_wait_s=0.2, retry_s=0.01)
        shop = Workshop(
            uow=self.uow,
            clock=self.clock,
            policy=self.policy,
            models=self.pool,
            keyring=self.keyring,
            workspaces=self.workspaces,
            sandbox=self.sandbox if sandbox else None,
        )
        return Runner(uow=self.uow, process=ProcessId(new_id()), drive=Drive(shop, limits), limits=limits)

    async def open(self, task: str = "count the words", **fields: object) -> Session:
        async with self.uow.begin(ACME) as work:
            thread = await work.threads.open(ChannelId("C1"), None, owned=True)
            values = {"provider": "demo", "model": "", "max_rounds": 12} | fields
            new = NewSession(id=SessionId(new_id()), thread=thread.id, task=task, starter=ADA, **values)  # type: ignore[arg-type]
            return await work.sessions.open(new, ev.TaskGiven(task=task, by=ADA, parent=new.parent))

    async def open_with_team(self, *names: str, task: str = "count the words", **fields: object) -> Session:
        """A session whose team stands already, free to be claimed; all agents have all tools."""
        session = await self.open(task, **fields)
        team = tuple(
            ev.Member(name=name, role="does it", instructions="Do it.", tools=tuple(CATALOG), icon="mag")
            for name in names or ("Solo",)
        )
        gone = ProcessId("gone")
        async with self.uow.begin(ACME) as work:
            free = InState(states=frozenset({State.QUEUED}))
            await work.sessions.record(session.id, free, [], move=Move.CLAIM, change=Change(owner=gone))
            built = [ev.TeamBuilt(team=team)]
            held = Held(owner=gone, epoch=1)
            await work.sessions.record(session.id, held, built, move=Move.BUILT, change=Change(team=team))
        return await self.lose_lease(session)

    async def lose_lease(self, session: Session) -> Session:
        """What the sweep does when the owner is gone."""
        async with self.uow.begin(ACME) as work:
            running = InState(states=frozenset({State.RUNNING, State.BUILDING}))
            return await work.sessions.record(session.id, running, [ev.Interrupted()], move=Move.LOSE_LEASE)

    async def session(self, session: Session) -> Session:
        async with self.uow.read(ACME) as work:
            found = await work.sessions.get(session.id)
        assert found is not None
        return found

    async def events(self, session: Session) -> list[ev.Event | ev.Unknown]:
        async with self.uow.read(ACME) as work:
            return [record.event for record in await work.sessions.events(session.id)]

    async def of_kind(self, session: Session, kind: type[Happened]) -> list[Happened]:
        return [event for event in await self.events(session) if isinstance(event, kind)]

    async def kinds(self, session: Session) -> list[str]:
        return [type(event).__name__ for event in await self.events(session)]

    async def steps(self, session: Session) -> list[dict[str, object]]:
        async with self.uow.read(ACME) as work:
            return await work.steps.load(session.id)

    async def answer(self, session: Session, text: str, by: Person = ADA) -> None:
        async with self.uow.begin(ACME) as work:
            question = await work.questions.open_in(session.id)
            assert question is not None
            assert await work.questions.answer(question.id, by, text, MessageId("2"))
            answered = ev.QuestionAnswered(question=question.id, by=by, text=text)
            waiting = InState(states=frozenset({State.WAITING}))
            await work.sessions.record(session.id, waiting, [answered], move=Move.ANSWER)

    async def note(self, session: Session, text: str, by: Person = BEN) -> None:
        async with self.uow.begin(ACME) as work:
            anywhere = InState(states=frozenset(State))
            await work.sessions.record(session.id, anywhere, [ev.NoteGiven(by=by, text=text)])

    async def ask_to_stop(self, session: Session, by: Person = BEN) -> None:
        async with self.uow.begin(ACME) as work:
            held = InState(states=frozenset({State.BUILDING, State.RUNNING}))
            await work.sessions.record(session.id, held, [ev.StopRequested(by=by)], move=Move.STOP)


@pytest.fixture
def bench(uow: SqlUnitOfWork, database: Database, clock: SetClock, pool: ModelPool, tmp_path: Path) -> Bench:
    return Bench(uow=uow, clock=clock, pool=pool, sandbox=NotingSandbox(), workspaces=tmp_path / "workspaces")
