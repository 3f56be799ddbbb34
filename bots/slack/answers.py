"""What one person reads in private: answers of the front desk and of history, as text and blocks.

Called by `surface` and `handlers`. Sends nothing itself.
"""

from typing import Any

from bots import chunks, requests
from bots.slack import cards, limits, replies
from bots.slack.markup import escape, escaped_chars, to_mrkdwn
from core.domain.refs import Place
from core.ports import Answer, Listed
from core.service.narration import card_words
from core.service.outbound import clean, plain

_TASK_CHARS = 160
_OTHER_BLOCKS = 5


def rendered(answer: Answer, workspace_url: str) -> dict[str, Any]:
    """`text` and `blocks` of *answer*, cut to what one message holds.

    Args:
        workspace_url: with a slash at its end; links to threads start with it.
    """
    pieces = chunks.split(clean(answer.text), limits.SECTION_CHARS - 100, escaped_chars)[:3]
    blocks = [_section(to_mrkdwn(piece)) for piece in pieces]
    room = limits.ALL_BLOCKS_CHARS - sum(len(block["text"]["text"]) for block in blocks)
    for listed in answer.sessions[: limits.MESSAGE_BLOCKS - _OTHER_BLOCKS]:
        block = _section(_line(listed, workspace_url))
        room -= len(block["text"]["text"])
        if room < 0:
            break
        blocks.append(block)
    if answer.older is not None:
        blocks.append(cards.older_button(requests.older_value(answer.older, limits.BUTTON_VALUE_CHARS)))
    if answer.text == replies.HELP:
        blocks.append(cards.settings_button())
    return {"text": to_mrkdwn(pieces[0]), "blocks": blocks}


def _line(listed: Listed, workspace_url: str) -> str:
    session = listed.session
    task = " ".join(plain(session.task).split())
    shown = task if len(task) <= _TASK_CHARS else task[: chunks.whole(task, _TASK_CHARS)] + " …"
    moment = int(session.created_at.timestamp())
    date = f"<!date^{moment}^{{date_short_pretty}} {{time}}|{session.created_at:%Y-%m-%d %H:%M} UTC>"
    facts = [escape(card_words(session)), escape(plain(session.starter.name)), date]
    if listed.place is not None and listed.place.root is not None:
        facts.append(f"<{thread_url(listed.place, workspace_url)}|Open the thread>")
    return f"*#{session.number}* {escape(shown)}\n{' · '.join(facts)}"


def thread_url(place: Place, workspace_url: str) -> str:
    """Where the thread can be read. Source: the form that `chat.getPermalink` returns."""
    return f"{workspace_url}archives/{place.channel}/p{str(place.root).replace('.', '')}"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
