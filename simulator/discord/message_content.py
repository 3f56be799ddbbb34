"""What a bot without the message-content intent is shown of a message.

Used by `gateway` for events and by REST for messages read. It knows one rule and nothing else.
Source: https://docs.discord.com/developers/events/gateway#message-content-intent
"""

from __future__ import annotations

from typing import Any

_BLANKS: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}


def without_content(message: dict[str, Any], bot_id: str, *, is_direct: bool) -> dict[str, Any]:
    """*message* (as on the wire) with its content blanked, unless the bot may read it anyhow.

    It may read its own messages, direct messages, and messages that mention it.
    """
    shown = dict(message)
    if not is_direct and not _concerns(message, bot_id):
        shown |= {name: blank for name, blank in _BLANKS.items() if name in message}
        shown.pop("poll", None)
    replied_to = message.get("referenced_message")
    if isinstance(replied_to, dict):
        shown["referenced_message"] = without_content(replied_to, bot_id, is_direct=is_direct)
    return shown


def _concerns(message: dict[str, Any], bot_id: str) -> bool:
    author = message.get("author", {}).get("id")
    return author == bot_id or any(user["id"] == bot_id for user in message.get("mentions", ()))
