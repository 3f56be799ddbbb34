"""The status card of a session, as Slack's blocks.

Called by `messages` for the root post and by the relay for every edit. No address that an agent wrote comes in here:
`chat.update` has no switch against previews.
"""

import json
from collections.abc import Sequence
from typing import Any

from bots import requests
from bots.chunks import listed, whole
from bots.slack import limits, parse
from bots.slack.markup import escape, icon
from core.domain.events import Member
from core.domain.refs import QuestionId
from core.domain.session import Session
from core.service.narration import card_words, duration_words
from core.service.outbound import plain

_TASK_CHARS = 500
_ROLE_CHARS = 120
_NAME_CHARS = 100


def card(session: Session) -> dict[str, Any]:
    """Text and blocks that show where *session* stands."""
    state = card_words(session)
    blocks = [
        _section(f"*#{session.number}* {_cut(session.task, _TASK_CHARS)}"),
        _section(escape(state)),
        *([_section(_team(session))] if session.team else []),
        {"type": "context", "elements": [_mrkdwn(_footer(session))]},
        *([_stop_button(session)] if session.can_be_stopped else []),
    ]
    return {"text": f"#{session.number} {escape(state)}: {_cut(session.task, 150)}", "blocks": blocks}


def _team(session: Session) -> str:
    lines = [_member(member, session.activity.get(member.name, "")) for member in session.team]
    return listed(lines, limits.SECTION_CHARS)


def _member(member: Member, doing: str) -> str:
    line = f":{icon(member.icon)}: *{_cut(member.name, _NAME_CHARS)}* {_cut(member.role, _ROLE_CHARS)}"
    return f"{line} · _{_cut(doing, _NAME_CHARS)}_" if doing else line


def _footer(session: Session) -> str:
    started = int(session.created_at.timestamp())
    fallback = f"{session.created_at:%Y-%m-%d %H:%M} UTC"
    moment = f"<!date^{started}^{{date_short_pretty}} at {{time}}|{fallback}>"
    words = f"Started by {_cut(session.starter.name, _NAME_CHARS)} {moment}"
    if session.ended_at is not None:
        words += f" · took {duration_words((session.ended_at - session.created_at).total_seconds())}"
    return f"{words} · {_cut(session.model, _NAME_CHARS)}"


def _stop_button(session: Session) -> dict[str, Any]:
    button = {
        "type": "button",
        "action_id": parse.ACTION_STOP,
        "style": "danger",
        "text": {"type": "plain_text", "text": "Stop"},
        "value": str(session.number),
    }
    return {"type": "actions", "elements": [button]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text[: limits.SECTION_CHARS], "verbatim": True}


def _cut(text: str, chars: int) -> str:
    text = " ".join(plain(text).split())
    return escape(text) if len(text) <= chars else escape(text[: whole(text, chars)]) + " …"


def question(text: str, question: QuestionId, choices: Sequence[str], *, approval: bool) -> list[dict[str, Any]]:
    """The text of a question, and a button for each choice.

    Args:
        approval: the first choice lets something happen, the second forbids it.

    Source: https://docs.slack.dev/reference/block-kit/block-elements/button-element
    """
    styles = {0: {"style": "primary"}, 1: {"style": "danger"}} if approval else {}
    buttons = [
        {
            "type": "button",
            "action_id": f"{parse.ACTION_CHOICE}{n}",
            "text": {"type": "plain_text", "text": _label(choice) or str(n + 1), "emoji": False},
            "value": requests.choice_value(question, n),
            **styles.get(n, {}),
        }
        for n, choice in enumerate(choices[: limits.ACTIONS_BUTTONS])
    ]
    return [_section(text), {"type": "actions", "elements": buttons}]


def settings_button() -> dict[str, Any]:
    """The button under help that opens the form of settings."""
    button = {
        "type": "button",
        "action_id": parse.ACTION_SETTINGS,
        "text": {"type": "plain_text", "text": "Settings"},
    }
    return {"type": "actions", "elements": [button]}


def _label(choice: str) -> str:
    """What stands on a button, where nothing is markup."""
    words = " ".join(plain(choice).split())
    return words if len(words) <= limits.BUTTON_CHARS else words[: whole(words, limits.BUTTON_CHARS - 2)] + " …"


def older_button(value: str) -> dict[str, Any]:
    """The button under a list that has more pages."""
    button = {
        "type": "button",
        "action_id": parse.ACTION_OLDER,
        "text": {"type": "plain_text", "text": "Older"},
        "value": value,
    }
    return {"type": "actions", "elements": [button]}


def as_bytes(payload: dict[str, Any]) -> bytes:
    """The payload in one fixed form, to compare cards by."""
    return json.dumps(payload, sort_keys=True, ensure_ascii=False).encode()
