"""What Slack's own clients and servers do to the text of messages: escapes, mentions, links.

Used by the control API for what people type and by `activity` for what apps post. It knows no limits.
Source: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

from simulator.slack.workspace import ChannelKind, Workspace

_TYPED = re.compile(
    r"(?P<link>https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"])"
    r"|(?<![\w@])@(?P<user>[\w.-]*\w)"
    r"|(?<![\w#&])#(?P<channel>[\w-]+)"
)
_TRAVELLING = re.compile(
    r"<(?:@(?P<user>[A-Z0-9]+)|#(?P<channel>[A-Z0-9]+)\|[^>]*|!subteam\^(?P<group>[A-Z0-9]+)(?:\|[^>]*)?"
    r"|!(?P<broadcast>\w+)|(?P<link>https?:[^>|]+))>"
)
_BROADCASTS = frozenset({"here", "channel", "everyone"})
_LONE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
_NOTIFYING = re.compile(r"<(?:!(channel|here|everyone)|!(subteam\^[A-Z0-9]+)|@([UW][A-Z0-9]+))(?:\|[^>]*)?>")


def escape(text: str) -> str:
    """*text* with the three control characters replaced, as it travels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The opposite of `escape`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(workspace: Workspace, text: str, *, named: bool = False) -> str:
    """What Slack sends when a person types *text*: escaped, with `@name`, `#channel` and addresses made into links.

    Args:
        named: with the names of people, as in slash commands.
    """
    parts: list[str] = []
    position = 0
    for match in _TYPED.finditer(text):
        token = _token(workspace, match, named=named)
        if token is not None:
            parts += (escape(text[position : match.start()]), token)
            position = match.end()
    return "".join(parts) + escape(text[position:])


def _token(workspace: Workspace, match: re.Match[str], *, named: bool) -> str | None:
    """The control sequence for what was typed; None when it is nothing but text."""
    if match["link"]:
        return f"<{escape(match['link'])}>"
    if name := match["user"]:
        if name in _BROADCASTS:
            return f"<!{name}>"
        user = next((u for u in workspace.users.values() if u.name.lower() == name.lower()), None)
        if user is not None:
            return f"<@{user.id}|{user.name}>" if named else f"<@{user.id}>"
        group = workspace.find_group(name)
        return f"<!subteam^{group.id}|@{group.handle}>" if group and not group.deleted else None
    channel = workspace.find_channel(match["channel"])
    if channel is None or channel.kind is ChannelKind.IM:
        return None
    return f"<#{channel.id}|{channel.name}>"


def posted(text: str) -> str:
    """What Slack keeps of the text an app posts: a lone `&` is escaped, the rest is the app's to escape."""
    return _LONE_AMPERSAND.sub("&amp;", text)


def rich_text(text: str) -> list[dict[str, Any]]:
    """The block that Slack makes of what a person typed, given as it travels. Formatting is left in the text."""
    if not text:
        return []
    section = {"type": "rich_text_section", "elements": list(_elements(text))}
    return [{"type": "rich_text", "block_id": new_block_id(), "elements": [section]}]


def _elements(text: str) -> Iterator[dict[str, Any]]:
    position = 0
    for match in _TRAVELLING.finditer(text):
        if match.start() > position:
            yield {"type": "text", "text": unescape(text[position : match.start()])}
        position = match.end()
        if match["user"]:
            yield {"type": "user", "user_id": match["user"]}
        elif match["channel"]:
            yield {"type": "channel", "channel_id": match["channel"]}
        elif match["group"]:
            yield {"type": "usergroup", "usergroup_id": match["group"]}
        elif match["broadcast"]:
            yield {"type": "broadcast", "range": match["broadcast"]}
        else:
            yield {"type": "link", "url": unescape(match["link"])}
    if position < len(text):
        yield {"type": "text", "text": unescape(text[position:])}


def new_block_id() -> str:
    """An id for a block that came without one."""
    return secrets.token_urlsafe(4)


def notified(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """Whom a message notifies: `channel`, `here`, `everyone`, `subteam^S..` and ids of users, in order, once each."""
    found: dict[str, None] = {}
    for piece in (text, *_texts(blocks)):
        for match in _NOTIFYING.finditer(piece):
            found[match[1] or match[2] or match[3]] = None
    return list(found)


def _texts(value: Any) -> Iterator[str]:
    """Every text of a block structure that is read as mrkdwn or markdown."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "markdown") and isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            if isinstance(item, list | dict):
                yield from _texts(item)
