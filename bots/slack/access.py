"""`/agents access ...`: who may do what, as an admin types it on Slack. Pure.

Called by `parse` with Slack's own text, where people, user groups and channels stand with their ids.
Source: https://docs.slack.dev/interactivity/implementing-slash-commands#escaping
"""

import re

from bots import requests
from bots.facts import Known
from core.domain.access import Right
from core.domain.commands import ChangeAccess
from core.domain.refs import Place
from core.errors import UserError

_ASKED = re.compile(r"access\s+(?P<right>\S+)(?:\s+(?P<rest>.*))?", re.IGNORECASE | re.DOTALL)
_NAMED = re.compile(
    r"<(?:@(?P<user>[UW][A-Z0-9]+)|!subteam\^(?P<group>S[A-Z0-9]+)|#(?P<channel>[CG][A-Z0-9]+))(?:\|[^>]*)?>"
)
_RESET = "reset"
_RIGHTS = ", ".join(f"`{right}`" for right in Right)
_EXAMPLE = "For example: `/agents access start @ada @analysts #research`, or `/agents access start reset`."


def change(text: str, place: Place, by: Known) -> ChangeAccess | None:
    """What *text* changes; None when it is about something else, such as a task that begins with the word.

    Raises:
        UserError: it cannot be made out; the sentence gives an example.
    """
    asked = _ASKED.fullmatch(text.strip())
    if asked is None:
        return None
    right, rest = asked["right"].casefold(), (asked["rest"] or "").strip()
    others = _NAMED.sub(" ", rest).replace(",", " ").split()
    if right not in set(Right):
        if others or not rest:
            return None
        raise UserError(f"There is no right `{_shown(right)}`. The rights are {_RIGHTS}. {_EXAMPLE}")
    if not rest:
        raise UserError(f"Say who has the right `{right}`, or where. {_EXAMPLE}")
    reset = others == [_RESET] and _NAMED.search(rest) is None
    if others and not reset:
        raise UserError(
            f"I do not know whom or what `{_shown(' '.join(others))}` means: name people, user groups and channels "
            f"as Slack suggests them while you type. {_EXAMPLE}"
        )
    return requests.access_change(
        right,
        place,
        by,
        users=_ids(rest, "user"),
        grantees=_ids(rest, "group"),
        channels=_ids(rest, "channel"),
        reset=reset,
    )


def _ids(text: str, kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found[kind] for found in _NAMED.finditer(text) if found[kind]))


def _shown(words: str) -> str:
    cut = words if len(words) <= 60 else words[:60] + "…"
    return cut.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("`", "'")
