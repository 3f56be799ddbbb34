"""What the core needs from the outside, named by role.

Adapters in `core.adapters` and `bots` implement these; services, bots and the worker call them. No port knows a
technique.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.domain.commands import Command
from core.domain.events import Event, Member, Recorded
from core.domain.lifecycle import Move, State
from core.domain.refs import (
    BlobHash,
    ChannelId,
    FileRef,
    MessageId,
    Person,
    Place,
    ProcessId,
    QuestionId,
    SessionId,
    ThreadId,
    UserId,
    WorkspaceId,
)
from core.domain.session import AnsweredQuestion, Question, Session, Usage

# --- time and wake-ups ---


class Clock(Protocol):
    """Aware UTC time that never jumps and agrees with the database's."""

    def now(self) -> datetime: ...


class Bell(Protocol):
    """Wakes other processes; may lose, double or delay a ring, so every listener also polls SQL."""

    async def ring(self, topic: str, payload: str = "") -> None:
        """Tell the listeners of *topic*; never raises for the bell's own trouble."""

    def subscribe(self, topic: str, on_ring: Callable[[str], None]) -> None:
        """Call *on_ring* with each payload, and once with "" after any gap."""


class WorkQueue(Protocol):
    """Wakes one worker for a session."""

    async def wake(self, session: SessionId) -> None:
        """Ask that some worker looks at *session* soon; never raises for the queue's own trouble."""


TOPIC_WORK = "work"  # a session may be claimed
TOPIC_STEER = "steer"  # payload: the session that was stopped or was sent a note
TOPIC_RELAY = "relay"  # payload: the workspace with something to show


# --- the unit of work ---


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What the front desk knows when it opens a session."""

    id: SessionId
    thread: ThreadId | None
    task: str
    starter: Person
    provider: str
    model: str
    max_rounds: int
    parent: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Guard: write only while this process owns the session in this epoch."""

    owner: ProcessId
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InState:
    """Guard: write only while the session is in one of these states."""

    states: frozenset[State]


Guard = Held | InState


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changes on the session's row beside its state; None leaves a field as it is."""

    owner: ProcessId | None = None  # set with Move.CLAIM, which also adds one to the epoch
    attempts: int | None = None
    team: tuple[Member, ...] | None = None
    round: int | None = None
    add_usage: Usage | None = None


class SessionStore(Protocol):
    """The sessions of one workspace and their events."""

    async def open(self, new: NewSession, first: Event) -> Session:
        """Add a queued session with its first event; the number counts up in the workspace.

        Raises:
            Conflict: the thread already has an unfinished session.
        """

    async def get(self, session: SessionId) -> Session | None: ...

    async def by_number(self, number: int) -> Session | None: ...

    async def newest_in(self, thread: ThreadId) -> Session | None:
        """The latest session of the thread, finished or not."""

    async def record(
        self,
        session: SessionId,
        guard: Guard,
        happened: Sequence[Event],
        *,
        move: Move | None = None,
        change: Change | None = None,
    ) -> Session:
        """Append events and make a move, under the session's row lock; returns the session afterwards.

        Raises:
            StaleEpoch: the guard is `Held` and another process has the session now, or it is final.
            Conflict: the state is not one of the guard's, or the table does not allow the move.
        """

    async def events(self, session: SessionId, *, after: int = 0, limit: int | None = None) -> list[Recorded]:
        """Events with seq > *after*, in order."""

    async def search(self, query: "SessionQuery") -> list[Session]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Which sessions of the workspace; newest first."""

    channel: ChannelId | None = None
    starter: UserId | None = None
    words: str = ""  # all must occur in the task or in what was said
    states: frozenset[State] | None = None
    created_after: datetime | None = None
    limit: int = 20
    offset: int = 0


class StepStore(Protocol):
    """The engine's state of each session's unfinished turn: opaque JSON, one value a committed step."""

    async def append(self, session: SessionId, data: dict[str, Any]) -> None: ...

    async def load(self, session: SessionId) -> list[dict[str, Any]]: ...

    async def drop(self, session: SessionId) -> None:
        """Forget the turn: it is committed, or starts again."""


class QuestionStore(Protocol):
    """Questions to people; at most one open in a session."""

    async def ask(self, question: Question) -> None: ...

    async def open_in(self, session: SessionId) -> Question | None: ...

    async def answer(self, question: QuestionId, by: Person, text: str, message: MessageId | None) -> bool:
        """Compare-and-set open -> answered; False when it was no longer open."""

    async def withdraw(self, session: SessionId) -> None:
        """Close the session's open question without an answer, if there is one."""

    async def last_answer(self, session: SessionId) -> AnsweredQuestion | None:
        """The newest answered question of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A command that waits to be carried out."""

    id: int
    command: Command
    received_at: datetime


class InboxStore(Protocol):
    """Commands, each kept once however often the platform delivers it."""

    async def put(self, command: Command, *, dedupe_key: str, order: str) -> int | None:
        """Keep the command; None when the key is known already. *order* sorts rows of one place as text."""

    async def next_of(self, place: Place, *, lock: bool = True) -> InboxRow | None:
        """The place's first row that is not done, in the platform's order; locked until the transaction ends."""

    async def repeats(self, row: InboxRow, within_s: float) -> int | None:
        """The number of the session that the same person started here with the same words shortly before."""

    async def done(self, row: int, outcome: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Where sessions are shown and answered."""

    id: ThreadId
    workspace: WorkspaceId
    channel: ChannelId
    root: MessageId | None  # None until the root post is sent
    owned: bool  # Muster opened it: every reply counts; otherwise only what is addressed to Muster
    card: MessageId | None = None  # the message that shows the state of the newest session
    card_hash: str = ""
    card_at: datetime | None = None
    blocked: str = ""  # why nothing can be sent there any more


class ThreadStore(Protocol):
    """Threads of one workspace."""

    async def open(self, channel: ChannelId, root: MessageId | None, *, owned: bool) -> Thread:
        """The thread under *root*, made when it is not known; a root of None always makes a new one."""

    async def get(self, thread: ThreadId) -> Thread | None: ...

    async def at(self, place: Place) -> Thread | None: ...

    async def set_root(self, thread: ThreadId, root: MessageId) -> None: ...

    async def set_card(self, thread: ThreadId, card: MessageId, card_hash: str) -> None: ...

    async def block(self, thread: ThreadId, reason: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message whose bytes are fixed: what a platform's renderer made, ready to be sent as it is."""

    payload: dict[str, Any]  # JSON; only the platform's surface reads it
    blob: BlobHash | None = None  # bytes to upload with it
    shown: int = 0  # last event that it shows
    session: SessionId | None = None
    question: QuestionId | None = None  # it asks this question
    card: bool = False  # it becomes the thread's status card
    urgent: bool = False  # questions and endings go first across threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message of the outbox."""

    thread: ThreadId
    n: int  # from 1 in the thread
    key: str  # opaque; found again on the platform when a reply is lost
    draft: Draft
    created_at: datetime
    attempted_at: datetime | None = None
    file: str | None = None  # the platform's id of the uploaded file
    message: MessageId | None = None


class PostStore(Protocol):
    """The outbox of one workspace; a thread's posts are sent in order, one at a time."""

    async def add(self, thread: ThreadId, draft: Draft) -> Post: ...

    async def heads(self) -> list[Post]:
        """The first unsent post of each thread that is not blocked; urgent ones first, then the oldest."""

    async def attempt(self, post: Post) -> Post:
        """Note that the call is about to be made: from now on its outcome may be unknown."""

    async def retract(self, post: Post) -> None:
        """The call was certainly not carried out (refused by the platform): forget the attempt."""

    async def uploaded(self, post: Post, file: str) -> Post: ...

    async def sent(self, post: Post, message: MessageId) -> None:
        """Remember the platform's id; also on the question and on the thread's card, where the post is one."""

    async def give_up(self, post: Post, reason: str) -> None:
        """The platform will never take this post: mark it, so that the ones behind it can go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A session with events that its thread does not show yet."""

    session: Session
    thread: Thread
    shown_seq: int


class DeliveryStore(Protocol):
    """How far each session is shown in its thread: the only cursor."""

    async def add(self, session: SessionId, thread: ThreadId, shown_seq: int) -> None: ...

    async def behind(self, limit: int = 50) -> list[Behind]: ...

    async def advance(self, session: SessionId, thread: ThreadId, *, before: int, shown_seq: int) -> None:
        """Move the cursor on.

        Raises:
            Conflict: it was not at *before*: another relay was here.
        """

    async def stale_cards(self, limit: int = 50) -> list[tuple[Session, Thread]]:
        """Newest session of each thread that changed since its card was drawn; finished ones first."""

    async def drawn(self, session: Session) -> None:
        """The card shows *session* as it is in this value; what happens later makes it stale again."""


class FileStore(Protocol):
    """Bytes that cross between processes, and the files of each session."""

    async def put(self, content: bytes) -> BlobHash: ...

    async def content(self, blob: BlobHash) -> bytes | None: ...

    async def attach(self, session: SessionId, file: FileRef) -> None:
        """The session's file of that name is now this one."""

    async def of_session(self, session: SessionId) -> list[FileRef]: ...


class Audit(Protocol):
    """Who did what and whether it was allowed; ids only, no content."""

    async def note(self, *, by: UserId, action: str, subject: str, allowed: bool, where: str) -> None: ...


class Work(Protocol):
    """One transaction on one workspace: what belongs together commits together."""

    workspace: WorkspaceId
    now: datetime
    sessions: SessionStore
    steps: StepStore
    questions: QuestionStore
    inbox: InboxStore
    threads: ThreadStore
    posts: PostStore
    deliveries: DeliveryStore
    files: FileStore
    audit: Audit

    def ring(self, topic: str, payload: str = "") -> None:
        """Ring after the commit; forgotten on rollback."""

    def wake(self, session: SessionId) -> None:
        """Wake a worker for the session after the commit."""


class Across(Protocol):
    """One transaction that looks over all workspaces: leases, sweeps, dispatch. Never returns content to people."""

    async def renew(self, role: str, name: str, owner: ProcessId, lease_s: float) -> bool:
        """Take or keep the lease of (*role*, *name*); False while another owner's has not lapsed."""

    async def release(self, role: str, name: str, owner: ProcessId) -> None: ...

    async def claimable(self, limit: int) -> list[tuple[WorkspaceId, SessionId]]:
        """Queued and resuming sessions, the longest waiting first."""

    async def abandoned(self) -> list[tuple[WorkspaceId, SessionId, Held]]:
        """Sessions held by a worker whose lease has lapsed, and the hold that it had."""

    async def held_by(self, owner: ProcessId) -> list[tuple[SessionId, State]]:
        """What a worker holds: with each renewal it learns what to stop."""

    async def queued_before(self, moment: datetime) -> list[tuple[WorkspaceId, SessionId]]: ...

    async def untaken(self, received_before: datetime) -> list[Place]:
        """Places with inbox rows that nobody has carried out."""


class UnitOfWork(Protocol):
    """Opens transactions. No network call is awaited inside one."""

    def begin(self, workspace: WorkspaceId) -> AbstractAsyncContextManager[Work]:
        """A writing transaction: commits at the end of the block, rolls back on an exception, then rings."""

    def read(self, workspace: WorkspaceId) -> AbstractAsyncContextManager[Work]:
        """A reading transaction on a consistent snapshot; nothing written in it is kept."""

    def across(self) -> AbstractAsyncContextManager[Across]: ...


# --- the chat platform ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one person is told in private."""

    text: str  # markdown
    sessions: tuple["Listed", ...] = ()  # a list to show under the text
    file_name: str = ""  # a document that goes with it
    file_text: str = ""
    older: "Query | None" = None  # what shows the next page


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One session in a list."""

    session: Session
    place: Place | None  # where it can be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`/history`, `/agents status`: a question about what is kept; changes nothing, so it needs no inbox."""

    place: Place
    by: Person
    words: str = ""
    number: int | None = None
    offset: int = 0
    restricted: bool = False


class Conversations(Protocol):
    """What the front desk must know of a chat platform before it decides; bots implement it."""

    async def admit(self, place: Place) -> str:
        """Make sure that Muster can post and read in the channel.

        Returns:
            "" when it can; otherwise a sentence for the person that says what to do.
        """

    async def may_view(self, channel: ChannelId, user: UserId) -> bool:
        """Whether the person can see the channel now; unknown or an error means no."""


class Renderer(Protocol):
    """Fixes the bytes of the root post; bots implement it."""

    def root(self, session: Session) -> Draft:
        """The status card of a session that has just been opened."""


Notify = Callable[[Answer], Awaitable[None]]
"""Tells the person who asked, in private, while the platform's way to answer them is at hand."""

Tell = Callable[[Place, UserId, Answer], Awaitable[None]]
"""Tells somebody in private later on: by an ephemeral message, else a direct one."""
