"""What comes in and what goes out: the inbox, threads, the outbox, cursors, files, and the record of who did what.

Implemented by the SQL stores; used through `Work`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.domain.commands import Command
from core.domain.refs import (
    BlobHash,
    ChannelId,
    FileRef,
    MessageId,
    Place,
    QuestionId,
    SessionId,
    ThreadId,
    UserId,
    WorkspaceId,
)
from core.domain.session import Session
from core.ports.settings import Noted


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A command that waits to be carried out."""

    id: int
    command: Command
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A thread in which a reply would still count."""

    place: Place  # root is always set
    since: datetime  # when its newest session was opened; what was said before is settled


class InboxStore(Protocol):
    """Commands, each kept once however often the platform delivers it."""

    async def put(self, command: Command, *, dedupe_key: str, order: str) -> int | None:
        """Keep the command; None when the key is known already. *order* sorts rows of one place as text."""

    async def next_of(self, place: Place, *, lock: bool = True) -> InboxRow | None:
        """The place's first row that is not done, in the platform's order; locked until the transaction ends."""

    async def repeats(self, row: InboxRow, within_s: float) -> int | None:
        """The number of the session that the same person started here with the same words shortly before."""

    async def done(self, row: int, outcome: str) -> None: ...

    async def listening(self, ended_after: datetime | None = None) -> list[Listening]:
        """Threads from which commands may come: of waiting sessions first, then of others that are not finished, then
        of those that ended after *ended_after*; the latest change first within each.
        """


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

    async def get_all(self, ids: Collection[ThreadId]) -> dict[ThreadId, Thread]: ...

    async def at(self, place: Place) -> Thread | None: ...

    async def opening_in(self, channel: ChannelId) -> bool:
        """Whether a thread's root post may be visible in the channel before its id is known here."""

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

    async def heads(self, limit: int = 200) -> list[Post]:
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

    session: SessionId
    thread: Thread
    shown_seq: int


class DeliveryStore(Protocol):
    """How far each session is shown in its thread: the only cursor."""

    async def add(self, session: SessionId, thread: ThreadId, shown_seq: int) -> None: ...

    async def thread_with(self, channel: ChannelId, message: MessageId) -> Thread | None:
        """The thread that *message* is in, if it is a post of Muster's."""

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

    async def latest(self, limit: int = 20, *, offset: int = 0) -> list[Noted]:
        """The newest first."""
