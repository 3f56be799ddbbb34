"""What a turn puts to people: questions of agents, and requests for leave to carry out tool calls.

Used by the turn. Pure: an approval is bound to the very calls that were shown, by a fingerprint over their ids, tools
and arguments; the turn compares it again before it carries them out.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.domain import events as ev
from core.domain.refs import QuestionId, new_id
from core.domain.session import Question, Session
from core.service.narration import fenced
from worker.journal import Step
from worker.team.messages import Call
from worker.tools.ask_human import QuestionArguments
from worker.tools.tool import Approval, Tool

APPROVE, DENY = "Approve", "Deny"
_HIDDEN = frozenset(("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"))
_SHOWN_AS_THEY_ARE = frozenset(" \n\t")
# What shows as nothing though it is a letter, a mark or a symbol: blanks, joiners of marks, variation selectors.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def fingerprint(calls: Sequence[Call]) -> str:
    """What an approval of these calls is bound to: hex SHA-256 over them, in their order."""
    exactly = json.dumps([[call.id, call.name, call.arguments] for call in calls])
    return hashlib.sha256(exactly.encode()).hexdigest()


def request_text(calls: Sequence[Call], tools: Mapping[str, Tool]) -> str:
    """What people read before they approve: each call with its arguments, letter for letter, and what it costs."""
    several = len(calls) > 1
    head = f"May I make these {len(calls)} calls?" if several else "May I do this?"
    parts = [f"`{call.name}` ({tools[call.name].cost}):\n{fenced(visible(call.arguments))}" for call in calls]
    return "\n\n".join([head, *parts])


def visible(arguments: str) -> str:
    """The arguments with every character that shows as nothing, or turns the reading direction, as its JSON escape.

    In a JSON string an escape is the same character, so this is still what will be carried out. Backticks are escaped
    where they could end the block of code that this stands in.
    """
    lines = arguments.replace("\r\n", "\n").replace("\r", "\n")  # in JSON, a line can end between values only
    shown = "".join(_escaped(char) if _is_hidden(char) else char for char in lines)
    return shown.replace("```", _escaped("`") * 3)


def _is_hidden(char: str) -> bool:
    if char in _SHOWN_AS_THEY_ARE:
        return False
    return unicodedata.category(char) in _HIDDEN or _BLANK.match(char) is not None


def _escaped(char: str) -> str:
    halves = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{halves[at : at + 2].hex()}" for at in range(0, len(halves), 2))


def leave_asked(
    session: Session, agent: str, calls: Sequence[Call], tools: Mapping[str, Tool], now: datetime
) -> tuple[ev.QuestionAsked, Question]:
    """A request for leave to carry out *calls*: an operator's where one of them asks for that, else the starter's."""
    high = any(tools[call.name].approval is Approval.HIGH for call in calls)
    asked = ev.QuestionAsked(
        question=QuestionId(new_id()),
        agent=agent,
        text=request_text(calls, tools),
        choices=(APPROVE, DENY),
        who=ev.Answerer.OPERATOR if high else ev.Answerer.STARTER,
        approves=fingerprint(calls),
    )
    return asked, question_of(session, asked, now, remind_after_s=0.0)


def question_asked(agent: str, arguments: QuestionArguments, now: datetime) -> ev.QuestionAsked:
    """The event of an agent's question."""
    minutes = arguments.deadline_minutes
    return ev.QuestionAsked(
        question=QuestionId(new_id()),
        agent=agent,
        text=arguments.question.strip(),
        choices=tuple(arguments.choices or ()),
        who=ev.Answerer(arguments.who_may_answer),
        deadline_at=now + timedelta(minutes=minutes) if minutes else None,
        default=(arguments.default or "").strip() if minutes else "",
    )


def question_of(session: Session, asked: ev.QuestionAsked, now: datetime, *, remind_after_s: float) -> Question:
    """The question as a row; *remind_after_s* of 0 is never, and half of the time until the deadline at most."""
    remind_at = now + timedelta(seconds=remind_after_s) if remind_after_s > 0 else None
    if remind_at is not None and asked.deadline_at is not None:
        remind_at = min(remind_at, now + (asked.deadline_at - now) / 2)
    return Question(
        id=asked.question,
        session=session.id,
        agent=asked.agent,
        text=asked.text,
        choices=asked.choices,
        asked_at=now,
        who=asked.who,
        deadline_at=asked.deadline_at,
        remind_at=remind_at,
        default=asked.default,
        approves=asked.approves,
    )


def calls_of(reply: Step) -> tuple[Call, ...]:
    """The tool calls of a reply's step."""
    return tuple(Call(**call) for call in reply["calls"])
