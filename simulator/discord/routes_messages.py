"""The REST routes of messages, reactions and typing.

Listed for `rest`. Each checks what Discord checks and has `activity` carry it out.
Source: https://docs.discord.com/developers/resources/message and .../channel#trigger-typing-indicator
"""

from __future__ import annotations

import re
from typing import Any

from simulator.discord import limits
from simulator.discord.call import Call, Endpoint, Rate, Reply
from simulator.discord.errors import ApiError, missing_permissions, thread_archived, unknown
from simulator.discord.guild import Channel, Message, MessageFlag, MessageType
from simulator.discord.message_content import without_content
from simulator.discord.message_form import refuse_closed
from simulator.discord.permissions import Permission

_POSTS = Rate(calls=5, per_s=5.0)
_DELETES = Rate(calls=5, per_s=1.0)
_REACTIONS = Rate(calls=1, per_s=0.25)
_EMOJI = re.compile(r"[^\s:]{1,16}|\w{2,32}:\d{17,20}", re.UNICODE)
_WRITTEN = (MessageType.DEFAULT, MessageType.REPLY, MessageType.CHAT_INPUT_COMMAND, MessageType.CONTEXT_MENU_COMMAND)


def create(call: Call) -> Reply:
    """Create message. With an enforced nonce that was used lately, the first message again."""
    platform = call.platform
    channel = call.channel()
    may = call.may(channel)
    refuse_closed(channel, may)
    fields = call.fields
    is_enforced = bool(fields.get("enforce_nonce")) and fields.get("nonce") is not None
    message = platform.form(call.wire()).new(channel, fields, call.uploads, author_id=call.bot_id, may=may)
    if is_enforced and message.nonce is not None:
        first = platform.message_limits.first_with(call.bot_id, message.nonce)
        if first is not None:
            if platform.world.message(first.channel_id, first.id) is None:
                raise unknown("Message")
            return Reply(body=call.wire().message(first, with_nonce=True))
        platform.message_limits.remember(message)
    platform.activity.post_message(channel, message)
    return Reply(body=call.wire().message(message, with_nonce=True))


def list_messages(call: Call) -> Reply:
    """Get channel messages, newest first."""
    channel = call.channel()
    most = call.number("limit", 50, least=1, most=limits.PAGE)
    before, after, around = call.snowflake("before"), call.snowflake("after"), call.snowflake("around")
    if Permission.READ_MESSAGE_HISTORY not in call.may(channel):
        return Reply(body=[])
    every = sorted(channel.messages.values(), key=lambda message: int(message.id))
    if around is not None:
        older = [m for m in every if int(m.id) < around][-(most // 2) :] if most > 1 else []
        chosen = older + [m for m in every if int(m.id) >= around][: most - len(older)]
    elif before is not None:
        chosen = [m for m in every if int(m.id) < before][-most:]
    elif after is not None:
        chosen = [m for m in every if int(m.id) > after][:most]
    else:
        chosen = every[-most:]
    return Reply(body=[_read(call, channel, message) for message in reversed(chosen)])


def get(call: Call) -> Reply:
    """Get channel message."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    return Reply(body=_read(call, channel, call.message(channel)))


def _read(call: Call, channel: Channel, message: Message) -> dict[str, Any]:
    """A message as the app may read it."""
    shown = call.wire().message(message)
    if call.platform.options.message_content_intent:
        return shown
    return without_content(shown, call.bot_id, is_direct=channel.is_dm)


def edit(call: Call) -> Reply:
    """Edit message. Of others' messages only the embeds can be hidden."""
    platform = call.platform
    channel = call.channel()
    may = call.may(channel)
    message = call.message(channel)
    if channel.is_archived or (channel.is_locked and Permission.MANAGE_THREADS not in may):
        raise thread_archived()
    if message.author_id != call.bot_id:
        _hide_embeds(call, channel, message, may)
        return Reply(body=_read(call, channel, message))
    if message.type not in _WRITTEN:
        raise ApiError(403, 50021, "Cannot execute action on a system message")
    changes = platform.form(call.wire()).changes(channel, message, call.fields, call.uploads, may=may)
    platform.message_limits.take_edit(channel, message)
    platform.activity.edit_message(channel, message, **changes)
    return Reply(body=call.wire().message(message))


def _hide_embeds(call: Call, channel: Channel, message: Message, may: Permission) -> None:
    if set(call.fields) - {"flags"}:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    if Permission.MANAGE_MESSAGES not in may:
        raise missing_permissions()
    wanted = MessageFlag(int(call.fields.get("flags") or 0)) & MessageFlag.SUPPRESS_EMBEDS
    flags = message.flags & ~MessageFlag.SUPPRESS_EMBEDS | wanted
    call.platform.activity.edit_message(channel, message, flags=flags)


def delete(call: Call) -> Reply:
    """Delete message."""
    channel = call.channel()
    message = call.message(channel)
    if message.author_id != call.bot_id:
        if channel.is_dm:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        if Permission.MANAGE_MESSAGES not in call.may(channel):
            raise missing_permissions()
    if message.type is MessageType.THREAD_STARTER:
        raise ApiError(403, 50021, "Cannot execute action on a system message")
    if channel.is_archived:
        raise thread_archived()
    call.platform.activity.delete_message(channel, message)
    return Reply()


def start_typing(call: Call) -> Reply:
    """Trigger typing indicator."""
    channel = call.channel()
    refuse_closed(channel, call.may(channel))
    call.platform.activity.type_in(channel, call.bot_id)
    return Reply()


def add_reaction(call: Call) -> Reply:
    """Create reaction; one that is there already stays."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    message = call.message(channel)
    emoji = _emoji(call)
    if channel.is_archived:
        raise thread_archived()
    if emoji not in message.reactions:
        if Permission.ADD_REACTIONS not in call.may(channel):
            raise missing_permissions()
        if len(message.reactions) >= limits.REACTIONS:
            raise ApiError(403, 30010, f"Maximum number of reactions reached ({limits.REACTIONS})")
    if call.bot_id not in message.reactions.get(emoji, []):
        call.platform.activity.react(channel, message, user_id=call.bot_id, emoji=emoji, added=True)
    return Reply()


def remove_reaction(call: Call) -> Reply:
    """Delete own reaction."""
    channel = call.channel()
    message = call.message(channel)
    emoji = _emoji(call)
    if channel.is_archived:
        raise thread_archived()
    if call.bot_id in message.reactions.get(emoji, []):
        call.platform.activity.react(channel, message, user_id=call.bot_id, emoji=emoji, added=False)
    return Reply()


def list_reactions(call: Call) -> Reply:
    """Get reactions: who reacted with one emoji."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    message = call.message(channel)
    most = call.number("limit", 25, least=1, most=100)
    after = call.snowflake("after") or 0
    users = sorted((u for u in message.reactions.get(_emoji(call), []) if int(u) > after), key=int)
    return Reply(body=[call.wire().user(user_id) for user_id in users[:most]])


def _emoji(call: Call) -> str:
    emoji = call.path["emoji_name"]
    if not _EMOJI.fullmatch(emoji) or (emoji.isascii() and ":" not in emoji):
        raise unknown("Emoji")
    return emoji


_MESSAGES = "/channels/{channel.id}/messages"
_MESSAGE = _MESSAGES + "/{message.id}"
_REACTION = _MESSAGE + "/reactions/{emoji.name}"

ENDPOINTS = (
    Endpoint(method="POST", template=_MESSAGES, run=create, rate=_POSTS),
    Endpoint(method="GET", template=_MESSAGES, run=list_messages, rate=_POSTS),
    Endpoint(method="GET", template=_MESSAGE, run=get, rate=_POSTS),
    Endpoint(method="PATCH", template=_MESSAGE, run=edit, rate=_POSTS),
    Endpoint(method="DELETE", template=_MESSAGE, run=delete, rate=_DELETES),
    Endpoint(method="GET", template=_REACTION, run=list_reactions),
    Endpoint(method="PUT", template=f"{_REACTION}/@me", run=add_reaction, rate=_REACTIONS, bucket="reactions"),
    Endpoint(method="DELETE", template=f"{_REACTION}/@me", run=remove_reaction, rate=_REACTIONS, bucket="reactions"),
    Endpoint(method="POST", template="/channels/{channel.id}/typing", run=start_typing),
)
