"""Events in neutral words: what a thread shows of a session, before any platform's markup.

The relay calls `narrate` for each event in order; the platform's renderer turns `Words` into messages.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import FileRef, QuestionId
from core.domain.session import Session, Usage
from core.service.outbound import NO_LINKS, Links, clean, plain, to_approve

STATE_WORDS: dict[State, str] = {
    State.QUEUED: "🕒 Queued",
    State.BUILDING: "🔨 Building team",
    State.RUNNING: "⚙️ Working",
    State.WAITING: "💬 Waiting for you",
    State.RESUMING: "⚙️ Working",
    State.STOPPING: "⏹ Stopping",
    State.COMPLETED: "✅ Completed",
    State.FAILED: "❌ Failed",
    State.STOPPED: "⏹ Stopped",
    State.EXPIRED: "⌛ Expired",
}

_OUTPUT_SHOWN_CHARS = 6_000


class Tone(StrEnum):
    """What kind of thing is said; renderers choose their form by it."""

    SAID = "said"  # an agent's message
    TOOL = "tool"  # an agent's tool call or its result
    QUESTION = "question"  # the team needs a person
    NOTICE = "notice"  # Muster itself, in passing
    ENDING = "ending"  # the one last post of a session
    FILE = "file"  # a file that the team made


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Under whose name a post stands."""

    name: str
    icon: str  # emoji short code without colons


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One thing to show. Words of one speaker and tone in a row may be merged into one message."""

    seq: int
    tone: Tone
    text: str  # CommonMark without labelled links; already clean
    speaker: Speaker | None = None  # None: Muster itself
    file: FileRef | None = None
    question: QuestionId | None = None
    choices: tuple[str, ...] = ()
    approval: bool = False  # the choices are to approve and to deny


def narrate(record: ev.Recorded, team: Sequence[ev.Member], links: Links = NO_LINKS) -> list[Words]:
    """What the thread shows of one event; empty for what only the status card shows.

    Args:
        team: the session's team, for the speakers' icons.
        links: what may stay a link in it.
    """
    seq = record.seq
    event = record.event

    def notice(text: str, tone: Tone = Tone.NOTICE) -> list[Words]:
        return [Words(seq=seq, tone=tone, text=clean(text, links))]

    def by(agent: str) -> Speaker:
        return Speaker(name=one_line(agent), icon=next((m.icon for m in team if m.name == agent), "robot_face"))

    match event:
        case ev.TaskGiven(parent=str()):
            return notice("Going on from where the last session in this thread ended.")
        case ev.TeamBuilt(team=members, fallback_reason=reason):
            return notice(_team_words(members, reason))
        case ev.Said(agent=agent, text=text):
            return [Words(seq=seq, tone=Tone.SAID, text=clean(text, links), speaker=by(agent))]
        case ev.ToolStarted(agent=agent, tool=tool, arguments=arguments) if tool != "ask_human":
            return [Words(seq=seq, tone=Tone.TOOL, text=_call_words(tool, arguments, links), speaker=by(agent))]
        case ev.ToolFinished(agent=agent, tool=tool) if tool != "ask_human":
            shown = Words(seq=seq, tone=Tone.TOOL, text=_result_words(event, links), speaker=by(agent))
            files = [replace(file, name=one_line(file.name)) for file in event.files]
            return [shown, *(Words(seq=seq, tone=Tone.FILE, text="", speaker=by(agent), file=file) for file in files)]
        case ev.QuestionAsked(agent=agent):
            return [_question_words(seq, event, by(agent), links)]
        case ev.QuestionReminded() | ev.QuestionLapsed() | ev.QuestionAnswered():
            return notice(said) if (said := _about_question(event)) else []
        case ev.NoteGiven():
            return notice("Noted. The team reads it at its next turn.")
        case ev.ReplyChanged(text=text):
            return notice(
                f"Noted. The team {'reads the message as it is now' if text else 'does not read what was deleted'}."
            )
        case ev.Interrupted():
            return notice("The work was interrupted and goes on from its last step.")
        case ev.Noticed(text=text) | ev.Unknown(text=text):
            return notice(text)
        case ev.Completed():
            return notice("✅ Completed. Reply here to go on from this result.", Tone.ENDING)
        case ev.Failed(reason=reason):
            return notice(f"❌ Failed: {reason}", Tone.ENDING)
        case ev.Stopped(by=who):
            return notice(f"⏹ Stopped{f' by {who.name}' if who else ''}. What was made so far stays here.", Tone.ENDING)
        case ev.Expired(reason=reason):
            return notice(f"⌛ Expired: {reason}", Tone.ENDING)
        case _:
            return []


def folded(words: Sequence[Words]) -> list[Words]:
    """The same in fewer messages, for a thread that has fallen behind: nothing is dropped, and the order stays.

    Questions, endings and files stay as they are. What stands between them becomes one text, which a renderer puts into
    a file where it is long.
    """
    shown: list[Words] = []
    for stays, run in groupby(words, key=lambda word: word.tone in (Tone.QUESTION, Tone.ENDING, Tone.FILE)):
        together = list(run)
        shown += together if stays or len(together) == 1 else [_as_one(together)]
    return shown


def _as_one(words: Sequence[Words]) -> Words:
    head = f"**{len(words)} messages came faster than they could be shown one by one.** In their order:"
    parts = [f"**{word.speaker.name if word.speaker else 'Muster'}**\n\n{word.text}" for word in words]
    return Words(seq=words[-1].seq, tone=Tone.NOTICE, text="\n\n".join([head, *parts]))


def _about_question(event: ev.QuestionReminded | ev.QuestionLapsed | ev.QuestionAnswered) -> str:
    match event:
        case ev.QuestionReminded():
            return "The question above still waits for an answer."
        case ev.QuestionLapsed(text=text):
            return f"Nobody answered in time, so this counts: {text}"
        case ev.QuestionAnswered(by=who, text=text, message=None):  # a press leaves nothing else in the thread
            return f"{who.name} chose: {text}"
        case _:
            return ""


def _question_words(seq: int, asked: ev.QuestionAsked, speaker: Speaker, links: Links) -> Words:
    # What is to be approved stands in a code block, letter for letter as it will be carried out.
    parts = [to_approve(asked.text) if asked.approves else clean(asked.text, links)]
    parts += [] if asked.approves else [f"- {clean(choice, links)}" for choice in asked.choices]
    if asked.deadline_at is not None:
        then = f"then “{clean(asked.default, links)}” counts" if asked.default else "then the session ends"
        parts.append(f"\nAnswer by {asked.deadline_at:%Y-%m-%d %H:%M} UTC; {then}.")
    return Words(
        seq=seq,
        tone=Tone.QUESTION,
        text="\n".join(parts),
        speaker=speaker,
        question=asked.question,
        choices=asked.choices,
        approval=bool(asked.approves),
    )


def _team_words(team: Sequence[ev.Member], fallback_reason: str) -> str:
    if fallback_reason:
        return f"I could not assemble a team ({fallback_reason}), so one assistant does the work."
    return "The team: " + ", ".join(f"**{member.name}** ({member.role})" for member in team) + "."


def _call_words(tool: str, arguments: str, links: Links) -> str:
    code = _argument(arguments, "code")
    if tool == "run_python" and code is not None:
        return f"Runs Python:\n{fenced(plain(code, links), 'python')}"
    return f"Uses `{tool_name(tool)}`:\n{fenced(plain(arguments, links), 'json')}"


def _result_words(event: ev.ToolFinished, links: Links) -> str:
    output = plain(event.output, links).rstrip().lstrip("\n")
    if len(output) > _OUTPUT_SHOWN_CHARS:
        output = output[:_OUTPUT_SHOWN_CHARS] + "\n… (the rest is in the transcript)"
    head = "Result:" if event.ok else "It did not work:"
    return f"{head}\n{fenced(output)}" if output else f"{head} nothing was printed."


def _argument(arguments: str, name: str) -> str | None:
    try:
        value = json.loads(arguments)[name]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return value if isinstance(value, str) else None


def tool_name(tool: str) -> str:
    """The name, whatever a model gave as one, so that it stays on one line and within backticks."""
    return one_line(tool).replace("`", "'")


def one_line(text: str) -> str:
    """A name, a label or a path, whatever a model or a person gave as one: without addresses and line ends."""
    return " ".join(plain(text).split())


def fenced(text: str, language: str = "") -> str:
    """*text* as a code block that its own backticks cannot close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def duration_words(seconds: float) -> str:
    """A length of time in its two largest units: `2 d 3 h`, `5 min`, `12 s`."""
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join([part for part in parts if part][:2]) or f"{rest_s} s"


def usage_words(usage: Usage) -> str:
    """Tokens and, where known, cost; e.g. `1,234 tokens · $0.0123`."""
    words = f"{usage.prompt_tokens + usage.completion_tokens:,} tokens"
    return words if usage.cost_usd is None else f"{words} · ${usage.cost_usd:.4f}"


def card_words(session: Session) -> str:
    """The one line of state, e.g. `⚙️ Working · round 2 of 12 · 1,234 tokens`."""
    parts = [STATE_WORDS[session.state]]
    if session.round:
        parts.append(f"round {session.round} of {session.max_rounds}")
    if session.usage.prompt_tokens:
        parts.append(usage_words(session.usage))
    return " · ".join(parts)
