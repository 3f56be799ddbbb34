"""The status card of a session, as an embed with a button; and the other things that people press.

Called by `messages` for the root post, by the relay for every edit, by `answers`. Buttons carry ids only: they work
after a restart, and whoever presses one is looked at then.
"""

from collections.abc import Sequence
from typing import Any

from bots import requests
from bots.chunks import listed, whole
from bots.discord import limits
from bots.discord.markup import icon, literal, shown
from core.domain.events import Member
from core.domain.lifecycle import State
from core.domain.refs import QuestionId
from core.domain.session import Session
from core.ports import Query
from core.service.narration import card_words, duration_words
from core.service.outbound import plain

STOP = "muster:stop:"
ANSWER = "muster:answer:"
CHOICE = "muster:choice:"
OLDER = "muster:older:"
ANSWER_INPUT = "muster:answer"

Payload = dict[str, Any]

_TASK_CHARS = 600
_ROLE_CHARS = 120
_NAME_CHARS = 100
_COLORS = {
    State.WAITING: 0xFAA61A,
    State.COMPLETED: 0x3BA55C,
    State.FAILED: 0xED4245,
    State.EXPIRED: 0x747F8D,
    State.STOPPED: 0x747F8D,
    State.STOPPING: 0x747F8D,
}
_COLOR = 0x5865F2
_BUTTON, _ROW, _TEXT_INPUT = 2, 1, 4
_GREY, _BLUE, _GREEN, _RED = 2, 1, 3, 4
_PARAGRAPH = 2


def card(session: Session) -> Payload:
    """Embed and components that show where *session* stands."""
    parts = [
        f"**#{session.number}** {_cut(session.task, _TASK_CHARS)}",
        card_words(session),
        *([_team(session)] if session.team else []),
        _footer(session),
    ]
    embed = {"description": "\n\n".join(parts), "color": _COLORS.get(session.state, _COLOR)}
    return {"embeds": [embed], "components": [stop_button(session.number)] if session.can_be_stopped else []}


def thread_name(session: Session) -> str:
    """What the thread under the card is called."""
    task = " ".join(plain(session.task).split())
    name = shown(f"#{session.number} {task}")
    return name if len(name) <= limits.THREAD_NAME_CHARS else name[: whole(name, limits.THREAD_NAME_CHARS - 2)] + " …"


def stop_button(number: int) -> Payload:
    """Stops the session, if whoever presses it may."""
    return _row({"custom_id": f"{STOP}{number}", "style": _RED, "label": "Stop"})


def answer_button(number: int) -> Payload:
    """Opens the form to answer in, where Muster cannot read what is written."""
    return _row({"custom_id": f"{ANSWER}{number}", "style": _BLUE, "label": "Answer"})


def choice_buttons(question: QuestionId, choices: Sequence[str], *, approval: bool) -> list[Payload]:
    """Rows of buttons, one for each choice; `called` and `pressed` read back which one it was.

    Args:
        approval: the first choice lets something happen, the second forbids it.

    Source: https://docs.discord.com/developers/components/reference#button
    """
    styles = {0: _GREEN, 1: _RED} if approval else {}
    buttons = [
        {
            "type": _BUTTON,
            "custom_id": f"{CHOICE}{requests.choice_value(question, n)}",
            "style": styles.get(n, _GREY),
            "label": _label(choice) or str(n + 1),
        }
        for n, choice in enumerate(choices[: limits.CHOICE_BUTTONS])
    ]
    rows = range(0, len(buttons), limits.ROW_BUTTONS)
    return [{"type": _ROW, "components": buttons[at : at + limits.ROW_BUTTONS]} for at in rows]


def button(custom_id: str, label: str) -> Payload:
    """A plain button in a row of its own."""
    return _row({"custom_id": custom_id, "style": _GREY, "label": label})


def older_button(older: Query) -> Payload:
    """The button under a list that has more pages."""
    value = requests.older_value(older, limits.CUSTOM_ID_CHARS - len(OLDER))
    return button(f"{OLDER}{value}", "Older")


def answer_form(number: int) -> Payload:
    """The form itself. Source: https://docs.discord.com/developers/components/reference#text-input"""
    text = {
        "type": _TEXT_INPUT,
        "custom_id": ANSWER_INPUT,
        "label": "Your answer",
        "style": _PARAGRAPH,
        "min_length": 1,
        "max_length": limits.MODAL_INPUT_CHARS,
        "required": True,
    }
    return {
        "custom_id": f"{ANSWER}{number}",
        "title": f"Answer the team of #{number}"[: limits.MODAL_TITLE_CHARS],
        "components": [{"type": _ROW, "components": [text]}],
    }


def _row(button: Payload) -> Payload:
    return {"type": _ROW, "components": [{"type": _BUTTON, **button}]}


def _label(choice: str) -> str:
    """What stands on a button, where nothing is markdown."""
    words = " ".join(plain(choice).split())
    if _units(words) <= limits.BUTTON_LABEL_CHARS:
        return words
    room = limits.BUTTON_LABEL_CHARS - 2
    while _units(words[:room]) > limits.BUTTON_LABEL_CHARS - 2:
        room -= 1
    return words[: whole(words, room)] + " …"


def _units(text: str) -> int:
    """Characters as Discord counts them at worst."""
    return len(text.encode("utf-16-le")) // 2


def _team(session: Session) -> str:
    lines = [_member(member, session.activity.get(member.name, "")) for member in session.team]
    return listed(lines, limits.EMBED_CHARS - 2 * _TASK_CHARS - 400)


def _member(member: Member, doing: str) -> str:
    line = f"{icon(member.icon)} **{_cut(member.name, _NAME_CHARS)}** {_cut(member.role, _ROLE_CHARS)}"
    return f"{line} · *{_cut(doing, _NAME_CHARS)}*" if doing else line


def _footer(session: Session) -> str:
    started = int(session.created_at.timestamp())
    words = f"Started by {_cut(session.starter.name, _NAME_CHARS)} <t:{started}:f>"
    if session.ended_at is not None:
        words += f" · took {duration_words((session.ended_at - session.created_at).total_seconds())}"
    return f"{words} · {_cut(session.model, _NAME_CHARS)}"


def _cut(text: str, chars: int) -> str:
    text = " ".join(plain(text).split())
    return literal(text) if len(text) <= chars else literal(text[: whole(text, chars)]) + " …"
