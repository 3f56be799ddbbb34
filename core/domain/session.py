"""A session as a value, and what can be read off its events.

The store keeps the value; the runner and the status card read it. `activity_after` and `Line`s are folds of events.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.domain import events as ev
from core.domain.lifecycle import FINAL, State
from core.domain.refs import FileRef, MessageId, Person, ProcessId, QuestionId, SessionId, ThreadId, WorkspaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, and what they cost where the price is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None  # None: no price known for any call so far

    def __add__(self, other: "Usage") -> "Usage":
        costs = [usage.cost_usd for usage in (self, other) if usage.cost_usd is not None]
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One task, from the request to its end."""

    id: SessionId
    workspace: WorkspaceId
    number: int  # counts up in the workspace; what people type
    thread: ThreadId | None  # None: web only
    state: State
    task: str
    starter: Person
    provider: str
    model: str
    max_rounds: int
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    parent: SessionId | None = None
    owner: ProcessId | None = None  # the worker that holds it
    epoch: int = 0  # one more with each claim; fences writes
    attempts: int = 0  # claims since the last committed step
    next_seq: int = 1
    team: tuple[ev.Member, ...] = ()
    round: int = 0
    usage: Usage = Usage()
    system_prompt: str = ""  # what the person or the workspace wants of every team
    hosts: tuple[str, ...] = ()  # of the web, that searches and pages have named
    activity: Mapping[str, str] = field(default_factory=dict)  # agent -> what it is doing, a few words

    @property
    def finished(self) -> bool:
        """Whether the state is final."""
        return self.state in FINAL

    @property
    def can_be_stopped(self) -> bool:
        """Whether a stop would do anything that is not being done already."""
        return not self.finished and self.state is not State.STOPPING


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the team asks a person; at most one of a session is open."""

    id: QuestionId
    session: SessionId
    agent: str
    text: str
    choices: tuple[str, ...]
    asked_at: datetime
    who: ev.Answerer = ev.Answerer.ANYONE
    deadline_at: datetime | None = None
    remind_at: datetime | None = None  # None: not, or no more
    default: str = ""
    approves: str = ""  # fingerprint of the tool calls that it asks leave for
    message: MessageId | None = None  # its post, once it is known to be sent
    attempted_at: datetime | None = None  # when that post first left; it may be visible from then on


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredQuestion:
    """A question with the reply that won."""

    question: Question
    by: Person
    text: str
    at: datetime


DOING = {"run_python": "running Python", "ask_human": "asking you"}


def activity_after(activity: Mapping[str, str], happened: Iterable[ev.Event]) -> dict[str, str]:
    """What each agent is doing once *happened* has happened; agents that never spoke are absent."""
    now = dict(activity)
    for event in happened:
        match event:
            case ev.TurnStarted(agent=agent):
                now[agent] = "thinking"
            case ev.ToolStarted(agent=agent, tool=tool):
                now[agent] = DOING.get(tool, f"using {tool}")
            case ev.ToolFinished(agent=agent):
                now[agent] = "thinking"
            case ev.QuestionAsked(agent=agent):
                now[agent] = "waiting for you"
            case ev.Said(agent=agent):
                now[agent] = "has spoken"
            case ev.Completed() | ev.Failed() | ev.Stopped() | ev.Expired():
                now = {agent: "has spoken" if doing == "has spoken" else "stopped" for agent, doing in now.items()}
            case _:
                pass
    return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message of the transcript, as agents and readers of history see it."""

    seq: int
    speaker: str  # an agent's name, or a person's
    text: str
    human: bool


def as_changed(recorded: Iterable[ev.Recorded]) -> list[ev.Recorded]:
    """*recorded* with notes and answers as people last changed them, without those that they deleted."""
    recorded = list(recorded)
    now_says = {r.event.message: r.event.text for r in recorded if isinstance(r.event, ev.ReplyChanged)}
    kept: list[ev.Recorded] = []
    for record in recorded:
        match record.event:
            case ev.ReplyChanged():
                continue
            case ev.NoteGiven(message=str(message)) | ev.QuestionAnswered(message=str(message)) if message in now_says:
                if now_says[message]:
                    kept.append(replace(record, event=replace(record.event, text=now_says[message])))
            case _:
                kept.append(record)
    return kept


def reply_in(recorded: Iterable[ev.Recorded], message: MessageId) -> ev.Recorded | None:
    """What the message in the thread was for the session: a note, an answer, or its task."""
    for record in recorded:
        match record.event:
            case ev.NoteGiven() | ev.QuestionAnswered() | ev.TaskGiven() if record.event.message == message:
                return record
    return None


def is_read(reply: ev.Recorded, recorded: Iterable[ev.Recorded], state: State) -> bool:
    """Whether the team may have read *reply*, one of *recorded*, while the session is in *state*.

    A note is read with the next turn that begins. An answer is read by the worker that goes on with the turn: until one
    has claimed the session, and again when that one died before it had committed what it was told.
    """
    later = [record.event for record in recorded if record.seq > reply.seq]
    match reply.event:
        case ev.NoteGiven():
            return any(isinstance(event, ev.TurnStarted) for event in later)
        case ev.QuestionAnswered():
            told = any(isinstance(event, ev.ToolFinished | ev.Said | ev.TurnStarted) for event in later)
            return told or state is not State.RESUMING
        case _:
            return True


def transcript(recorded: Iterable[ev.Recorded]) -> list[Line]:
    """The conversation in *recorded*: tasks, messages, notes, questions with their answers, as last changed."""
    lines: list[Line] = []
    for record in as_changed(recorded):
        match record.event:
            case ev.TaskGiven(by=by) as given:
                lines.append(Line(seq=record.seq, speaker=by.name, text=_with_wishes(given), human=True))
            case ev.NoteGiven(by=by) | ev.QuestionAnswered(by=by) as reply:
                text = with_files(reply.text, reply.files)
                lines.append(Line(seq=record.seq, speaker=by.name, text=text, human=True))
            case ev.QuestionLapsed(text=text):
                taken = f"Nobody answered in time, so this counts as the answer: {text}"
                lines.append(Line(seq=record.seq, speaker="Muster", text=taken, human=True))
            case ev.Said(agent=agent, text=text) | ev.QuestionAsked(agent=agent, text=text):
                lines.append(Line(seq=record.seq, speaker=agent, text=text, human=False))
            case _:
                pass
    return lines


def _with_wishes(given: ev.TaskGiven) -> str:
    """The task with what else the person said about it."""
    parts = [given.task]
    if given.team:
        parts.append(f"The team I want: {given.team}")
    return with_files("\n\n".join(parts), given.files)


def with_files(text: str, files: Sequence[FileRef]) -> str:
    """What a person said, with the names of the files that came with it, as agents find them."""
    named = "Files in the workspace: " + ", ".join(file.name for file in files) if files else ""
    return "\n\n".join(filter(None, [text, named]))
