"""What happens to a session: the append-only record that everything else is derived from.

Written through the session store (front desk and worker), read by the relay, the runner and history.
Never holds an engine's type, a platform's payload, a token or a key.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.refs import FileRef, MessageId, Person, QuestionId, SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One agent of a team."""

    name: str  # unique in the team, letters, digits, _ and -
    role: str  # one line for people
    instructions: str  # for the model
    tools: tuple[str, ...]  # names in the catalogue
    icon: str  # emoji short code without colons, e.g. "bar_chart"


class Answerer(StrEnum):
    """Who may answer a question."""

    ANYONE = "anyone"  # who may answer in this workspace at all
    STARTER = "starter"  # of the session
    OPERATOR = "operator"  # of the workspace, for what is costly or cannot be taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGiven:
    """A person gave the task; always seq 1."""

    task: str
    by: Person
    parent: SessionId | None = None  # the finished session of the same thread that this one continues
    team: str = ""  # the specialists wished for, in the person's words
    files: tuple[FileRef, ...] = ()  # laid into the workspace
    message: MessageId | None = None  # the reply that it is, when it goes on from a finished session


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingStarted:
    """A worker took the session and asks the model for a team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBuilt:
    """The team stands."""

    team: tuple[Member, ...]
    fallback_reason: str = ""  # why it is one assistant only; empty when the model's team was taken


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted:
    """An agent was chosen to speak; its turn sees everything recorded before this event."""

    agent: str
    round: int  # from 1, over the whole session


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An agent's message; ends its turn."""

    agent: str
    text: str  # markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted:
    """A tool call begins; recorded before the tool runs."""

    agent: str
    call_id: str
    tool: str
    arguments: str  # JSON as the model wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """A tool call has its result."""

    agent: str
    call_id: str
    tool: str
    ok: bool
    output: str  # what the model is told
    files: tuple[FileRef, ...] = ()  # new or changed files of the workspace
    hosts: tuple[str, ...] = ()  # of the web, that a search or a page has named: agents may link to them


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """The team needs a person; the session waits."""

    question: QuestionId
    agent: str
    text: str
    choices: tuple[str, ...] = ()
    who: Answerer = Answerer.ANYONE
    deadline_at: datetime | None = None  # then it lapses
    default: str = ""  # taken as the answer when it lapses; "" lets the session expire
    approves: str = ""  # the fingerprint of the tool calls that it asks leave for; "" for a question in words


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionReminded:
    """The open question has waited for long: people are told once more."""

    question: QuestionId


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLapsed:
    """Nobody answered in time: the question's default counts."""

    question: QuestionId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered:
    """The first valid reply to the open question."""

    question: QuestionId
    by: Person
    text: str
    message: MessageId | None = None  # where it was said, if in a thread
    files: tuple[FileRef, ...] = ()  # laid into the workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteGiven:
    """A person wrote in the thread while the team worked; read at the next turn."""

    by: Person
    text: str
    files: tuple[FileRef, ...] = ()  # laid into the workspace
    message: MessageId | None = None  # where it was said, if in a thread


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyChanged:
    """A person changed a note or an answer that the team had not read: this is what it reads instead."""

    message: MessageId  # of the note or the answer
    by: Person
    text: str  # "" when the message was deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """The process that held the session went away; the work goes on from the last committed step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something that people should know and that is nobody's message."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """A person wants the running session to end."""

    by: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The team is done; the last message is the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The session ended without a result."""

    reason: str  # a sentence for people: what happened and what to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The session ended because somebody wanted it to."""

    by: Person | None = None  # None: the thread is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """The session ended because nobody came for it in time."""

    reason: str  # a sentence for people


Event = (
    TaskGiven
    | BuildingStarted
    | TeamBuilt
    | TurnStarted
    | Said
    | ToolStarted
    | ToolFinished
    | QuestionAsked
    | QuestionReminded
    | QuestionLapsed
    | QuestionAnswered
    | NoteGiven
    | ReplyChanged
    | Interrupted
    | Noticed
    | StopRequested
    | Completed
    | Failed
    | Stopped
    | Expired
)


Ending = Completed | Failed | Stopped | Expired
"""Always the last event of its session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An event written by a newer version of Muster; shown as text, otherwise passed over."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place in the session."""

    seq: int  # from 1, without gaps
    at: datetime
    event: Event | Unknown
