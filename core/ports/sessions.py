"""Sessions, their events, their unfinished turns and their questions, as the core needs them kept.

Implemented by the SQL stores; used through `Work`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.domain.events import Event, Member, Recorded
from core.domain.lifecycle import Move, State
from core.domain.refs import (
    ChannelId,
    MessageId,
    Person,
    ProcessId,
    QuestionId,
    SessionId,
    ThreadId,
    UserId,
)
from core.domain.session import AnsweredQuestion, Question, Session, Usage


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
    system_prompt: str = ""


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
    used_by: str = ""  # the agent whose usage it is; "" for the building of the team and the choice of speakers


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

    async def count(self, created_after: datetime, *, starter: UserId | None = None) -> int:
        """How many were started since then, by one person or by all."""


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

    async def get(self, question: QuestionId) -> Question | None:
        """The question, open or not."""

    async def open_in(self, session: SessionId) -> Question | None: ...

    async def answer(self, question: QuestionId, by: Person, text: str, message: MessageId | None) -> bool:
        """Compare-and-set open -> answered; False when it was no longer open."""

    async def lapse(self, question: QuestionId) -> bool:
        """Compare-and-set open -> lapsed; False when it was no longer open."""

    async def reminded(self, question: QuestionId) -> bool:
        """The reminder is given; False when it was given already, or the question is no longer open."""

    async def withdraw(self, session: SessionId) -> None:
        """Close the session's open question without an answer, if there is one."""

    async def last_answer(self, session: SessionId) -> AnsweredQuestion | None:
        """The newest answered question of the session."""

    async def last_lapsed(self, session: SessionId) -> tuple[Question, datetime] | None:
        """The question of the session that lapsed last, and when."""
