"""A front desk with plain people around it, and a worker and a sender that do by hand what the real ones do.

Contract tests of what the core decides use it. Everything else is real: the stores, the database, the inbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.commands import ChangeReply, Command, PostReply, PressChoice, StartSession, StopSession
from core.domain.lifecycle import CLAIMABLE, Move, State
from core.domain.refs import (
    ChannelId,
    MessageId,
    Person,
    Place,
    Platform,
    ProcessId,
    QuestionId,
    SessionId,
    UserId,
    WorkspaceId,
    new_id,
)
from core.domain.session import Question, Session
from core.ports import Answer, Change, Clock, Draft, Held, InState, SessionQuery
from core.service.front_desk import Defaults, FrontDesk
from core.service.policy import Policy
from core.service.sealing import Sealer
from tests.support.desk_doubles import Conversations, PlainRenderer

ACME = WorkspaceId("slack:T1")
GENERAL = ChannelId("C1")
ANA = Person(id=UserId("U1"), name="Ana")
BEN = Person(id=UserId("U2"), name="Ben")
CHLOE = Person(id=UserId("U3"), name="Chloe")
WORKER = ProcessId("worker")

_numbers = count(1)


def next_message() -> MessageId:
    """A platform's id, later than all before."""
    return MessageId(f"{1_700_000_000 + next(_numbers)}.000100")


@dataclass(kw_only=True)
class Desk:
    """One process' front desk, and what it told whom."""

    uow: SqlUnitOfWork
    clock: Clock
    policy: Policy = field(default_factory=Policy)
    platform: Platform = Platform.SLACK
    sealer: Sealer | None = None
    conversations: Conversations = field(default_factory=Conversations)
    renderer: PlainRenderer = field(default_factory=PlainRenderer)
    told: list[str] = field(default_factory=list)
    """What people were told while they waited for it."""
    told_later: list[tuple[Place, UserId, str]] = field(default_factory=list)
    desk: FrontDesk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = FrontDesk(
            platform=self.platform,
            uow=self.uow,
            clock=self.clock,
            conversations=self.conversations,
            renderer=self.renderer,
            policy=self.policy,
            defaults=Defaults(
                provider="demo", model="demo", max_rounds=12, models={"demo": ("demo",), "other": ("large", "small")}
            ),
            tell=self._tell,
            sealer=self.sealer,
        )

    async def take(self, command: Command, *, key: str = "", order: str = "") -> bool:
        """Take the command and leave it; a key and an order of its own unless they are given."""
        order = order or (command.message if isinstance(command, PostReply) else next_message())
        return await self.desk.take(command, dedupe_key=key or new_id(), order=order, notify=self._notify)

    async def ask(self, command: Command) -> list[str]:
        """Take the command and carry it out; returns what the person was told."""
        before = len(self.told)
        await self.take(command)
        await self.desk.drain()
        return self.told[before:]

    async def sweep(self) -> None:
        """Carry out what others left."""
        await self.desk.sweep()
        await self.desk.drain()

    async def _notify(self, answer: Answer) -> None:
        self.told.append(answer.text)

    async def _tell(self, place: Place, user: UserId, answer: Answer) -> None:
        self.told_later.append((place, user, answer.text))


def start(
    task: str = "count the words", by: Person = ANA, *, channel: ChannelId = GENERAL, root: MessageId | None = None
) -> StartSession:
    return StartSession(place=Place(workspace=ACME, channel=channel, root=root), by=by, task=task)


def stop(
    by: Person = ANA, *, number: int | None = None, admin: bool = False, place: Place | None = None
) -> StopSession:
    return StopSession(place=place or Place(workspace=ACME, channel=GENERAL), by=by, number=number, admin=admin)


def press(place: Place, question: Question, choice: int = 0, by: Person = ANA, *, admin: bool = False) -> PressChoice:
    return PressChoice(place=place, by=by, question=question.id, choice=choice, admin=admin)


class World:
    """The database seen from outside, and the hands of a worker and of a sender."""

    def __init__(self, uow: SqlUnitOfWork, clock: Clock, workspace: WorkspaceId = ACME) -> None:
        self.uow = uow
        self.clock = clock
        self.workspace = workspace

    def reply(
        self, place: Place, text: str, by: Person = ANA, *, message: MessageId | None = None, said_before_s: float = 0.0
    ) -> PostReply:
        said_at = self.clock.now() - timedelta(seconds=said_before_s)
        return PostReply(place=place, by=by, text=text, message=message or next_message(), said_at=said_at)

    def change(self, reply: PostReply, text: str) -> ChangeReply:
        return ChangeReply(place=reply.place, by=reply.by, message=reply.message, text=text, said_at=reply.said_at)

    async def sessions(self) -> list[Session]:
        async with self.uow.read(self.workspace) as work:
            return await work.sessions.search(SessionQuery(limit=1_000))

    async def only_session(self) -> Session:
        [session] = await self.sessions()
        return session

    async def session(self, session: SessionId) -> Session:
        async with self.uow.read(self.workspace) as work:
            found = await work.sessions.get(session)
        assert found is not None
        return found

    async def events(self, session: Session) -> list[ev.Event | ev.Unknown]:
        """What happened to the session; without the ids of people's messages, which are others in each test."""
        async with self.uow.read(self.workspace) as work:
            return [_anywhere(record.event) for record in await work.sessions.events(session.id)]

    async def unsent(self) -> list[str]:
        """The texts of all posts that wait to be sent first in their thread."""
        async with self.uow.read(self.workspace) as work:
            return [str(post.draft.payload.get("text")) for post in await work.posts.heads()]

    async def open_question(self, session: Session) -> Question | None:
        async with self.uow.read(self.workspace) as work:
            return await work.questions.open_in(session.id)

    async def place(self, session: Session) -> Place:
        """Where the session is shown; its posts are sent."""
        await self.send()
        assert session.thread is not None
        async with self.uow.read(self.workspace) as work:
            thread = await work.threads.get(session.thread)
        assert thread is not None
        return Place(workspace=self.workspace, channel=thread.channel, root=thread.root)

    async def send(self) -> list[MessageId]:
        """Send everything in the outbox, as a sender does."""
        sent: list[MessageId] = []
        while True:
            async with self.uow.begin(self.workspace) as work:
                heads = await work.posts.heads()
                for post in heads:
                    sent.append(next_message())
                    await work.posts.sent(await work.posts.attempt(post), sent[-1])
            if not heads:
                return sent

    async def claim(self, session: Session, owner: ProcessId = WORKER) -> Held:
        async with self.uow.begin(self.workspace) as work:
            before = await work.sessions.get(session.id)
            assert before is not None
            change = Change(owner=owner, attempts=before.attempts + 1)
            after = await work.sessions.record(
                session.id, InState(states=CLAIMABLE), [], move=Move.CLAIM, change=change
            )
        return Held(owner=owner, epoch=after.epoch)

    async def record(
        self, session: Session, held: Held, *happened: ev.Event, move: Move | None = None, change: Change | None = None
    ) -> Session:
        async with self.uow.begin(self.workspace) as work:
            return await work.sessions.record(session.id, held, happened, move=move, change=change)

    async def run(self, session: Session, owner: ProcessId = WORKER) -> Held:
        """Claim the session until it runs."""
        held = await self.claim(session, owner)
        if session.state is State.QUEUED:
            await self.record(session, held, move=Move.BUILT)
        return held

    async def ask(
        self, session: Session, held: Held, text: str = "Which?", *, sent: bool = True, deadline_s: float = 0.0,
        remind_s: float = 0.0, **fields: Any
    ) -> Question:  # fmt: skip
        """The team asks a person; the question's post is sent unless told otherwise.

        Args:
            deadline_s: from now; 0 for none, as with *remind_s*.
            fields: `choices`, `who`, `default` and `approves` of the question.
        """
        now = self.clock.now()
        question = Question(
            id=QuestionId(new_id()),
            session=session.id,
            agent="Ada",
            text=text,
            asked_at=now,
            deadline_at=now + timedelta(seconds=deadline_s) if deadline_s else None,
            remind_at=now + timedelta(seconds=remind_s) if remind_s else None,
            **{"choices": (), **fields},
        )
        asked = ev.QuestionAsked(
            question=question.id, agent="Ada", text=text, choices=question.choices, who=question.who,
            deadline_at=question.deadline_at, default=question.default, approves=question.approves,
        )  # fmt: skip
        async with self.uow.begin(self.workspace) as work:
            await work.sessions.record(session.id, held, [asked], move=Move.ASK, change=Change(attempts=0))
            await work.questions.ask(question)
            assert session.thread is not None
            await work.posts.add(session.thread, Draft(payload={"text": text}, question=question.id))
        if sent:
            question = replace(question, message=(await self.send())[-1])
        return question

    async def waiting(
        self, desk: Desk, task: str = "count", *, by: Person = ANA, **asked: Any
    ) -> tuple[Session, Place, Question]:
        """A session that waits for a person, where it is shown, and what it asks; see `ask`."""
        await desk.ask(replace(start(task, by), place=Place(workspace=self.workspace, channel=GENERAL)))
        session = (await self.sessions())[0]
        place = await self.place(session)
        question = await self.ask(session, await self.run(session), **asked)
        return await self.session(session.id), place, question

    async def finish(self, session: Session) -> None:
        await self.record(session, await self.run(session), ev.Completed(), move=Move.COMPLETE)

    async def bring_to(self, session: Session, state: State) -> None:
        """Move a queued session on to *state* as workers and people would."""
        ways: dict[State, Sequence[tuple[Move, ev.Event | None]]] = {
            State.COMPLETED: [(Move.COMPLETE, ev.Completed())],
            State.FAILED: [(Move.FAIL, ev.Failed(reason="x"))],
            State.RESUMING: [(Move.LOSE_LEASE, None)],
            State.STOPPING: [(Move.STOP, None)],
            State.STOPPED: [(Move.STOP, None), (Move.HALTED, ev.Stopped())],
        }
        if state is State.QUEUED:
            return
        if state is State.EXPIRED:
            async with self.uow.begin(self.workspace) as work:
                await work.sessions.record(
                    session.id, InState(states=CLAIMABLE), [ev.Expired(reason="x")], move=Move.EXPIRE
                )
            return
        held = await self.claim(session)
        if state is State.BUILDING:
            return
        await self.record(session, held, move=Move.BUILT)
        if state is State.WAITING:
            await self.ask(session, held)
        for move, event in ways.get(state, ()):
            await self.record(session, held, *([event] if event else []), move=move)


def _anywhere(event: ev.Event | ev.Unknown) -> ev.Event | ev.Unknown:
    match event:
        case ev.TaskGiven() | ev.QuestionAnswered() | ev.NoteGiven():
            return replace(event, message=None)
        case _:
            return event
