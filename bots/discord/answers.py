"""What one person reads in private: answers of the front desk and of history, as an embed with a button.

Called by `surface` and `replying`. Sends nothing itself.
"""

import re
from typing import Any

from bots import chunks
from bots.discord import cards, limits
from bots.discord.markup import literal, shown, shown_chars
from bots.discord.places import is_direct, target
from core.ports import Answer, Listed
from core.service.narration import card_words
from core.service.outbound import Links, clean, plain

_TASK_CHARS = 160
_ROOM = 100
_ID = re.compile(r"`(\d{17,20})`")
_IDS = re.compile(r"(?P<label>groups|only in) (?P<ids>`\d{17,20}`(?:, `\d{17,20}`)*)")
_MARKS = {"groups": r"<@&\1>", "only in": r"<#\1>"}
"""How `core.service.rules` lists ids that are not people's."""
_OWN = Links(own=("https://discord.com/oauth2/authorize?client_id=",))
"""What lets Muster into a server; see `people.invite_url`."""


def rendered(answer: Answer) -> dict[str, Any]:
    """`embeds` and `components` of *answer*, cut to what one message holds."""
    text = _named(shown(chunks.split(clean(answer.text, _OWN), limits.EMBED_CHARS - _ROOM, shown_chars)[0]))
    for listed in answer.sessions:
        line = f"\n\n{_line(listed)}"
        if shown_chars(text + line) > limits.EMBED_CHARS - _ROOM:
            break
        text += line
    components = [cards.older_button(answer.older)] if answer.older is not None else []
    return {"embeds": [{"description": text}], "components": components}


def _named(text: str) -> str:
    """*text* with people, roles and channels by the names that Discord knows, where reports give their ids.

    Nobody is called by that: answers are sent with nobody to mention.
    """

    def listed(match: re.Match[str]) -> str:
        return f"{match['label']} {_ID.sub(_MARKS[match['label']], match['ids'])}"

    return _ID.sub(r"<@\1>", _IDS.sub(listed, text))


def _line(listed: Listed) -> str:
    session = listed.session
    task = " ".join(plain(session.task).split())
    cut = task if len(task) <= _TASK_CHARS else task[: chunks.whole(task, _TASK_CHARS)] + " …"
    moment = int(session.created_at.timestamp())
    facts = [card_words(session), literal(plain(session.starter.name)), f"<t:{moment}:f>"]
    if listed.place is not None and listed.place.root is not None and not is_direct(listed.place.workspace):
        facts.append(f"<#{target(listed.place)}>")
    return f"**#{session.number}** {literal(cut)}\n{' · '.join(facts)}"
