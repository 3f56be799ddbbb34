"""The REST routes of channels and threads.

Listed for `rest`. Each checks what Discord checks and has `activity` carry it out.
Source: https://docs.discord.com/developers/resources/channel
"""

from __future__ import annotations

from typing import Any

from simulator.discord import limits
from simulator.discord.call import Call, Endpoint, Rate, Reply
from simulator.discord.checks import one_of, text_in, whole_in
from simulator.discord.errors import (
    ApiError,
    Problems,
    missing_permissions,
    thread_archived,
    unknown,
)
from simulator.discord.guild import Channel, ChannelType, Message, MessageFlag
from simulator.discord.permissions import Permission
from simulator.discord.place_wire import moment

_SLOWMODE_S = 21_600
_THREADS = Rate(calls=10, per_s=10.0)


def get(call: Call) -> Reply:
    """Get channel."""
    return Reply(body=call.wire().channel(call.channel()))


def modify(call: Call) -> Reply:
    """Modify channel: a thread's name, archiving, locking; a channel's name, topic, slow mode."""
    channel = call.channel()
    if channel.is_dm:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    changes = _thread_changes(call, channel) if channel.is_thread else _channel_changes(call, channel)
    if changes:
        call.platform.activity.update_channel(channel, **changes)
    return Reply(body=call.wire().channel(channel))


def _channel_changes(call: Call, channel: Channel) -> dict[str, Any]:
    if Permission.MANAGE_CHANNELS not in call.may(channel):
        raise missing_permissions()
    problems = Problems()
    read = {
        "name": text_in(call.fields, "name", (), problems, most=limits.CHANNEL_NAME_CHARS, least=1),
        "topic": text_in(call.fields, "topic", (), problems, most=limits.TOPIC_CHARS),
        "rate_limit_per_user": whole_in(call.fields, "rate_limit_per_user", (), problems, least=0, most=_SLOWMODE_S),
    }
    problems.refuse_any()
    return {name: value for name, value in read.items() if value is not None}


def _thread_changes(call: Call, thread: Channel) -> dict[str, Any]:
    fields = call.fields
    may = call.may(thread)
    manages = Permission.MANAGE_THREADS in may
    problems = Problems()
    read = {
        "name": text_in(fields, "name", (), problems, most=limits.CHANNEL_NAME_CHARS, least=1),
        "auto_archive_min": one_of(fields, "auto_archive_duration", (), problems, choices=limits.AUTO_ARCHIVE_MIN),
        "rate_limit_per_user": whole_in(fields, "rate_limit_per_user", (), problems, least=0, most=_SLOWMODE_S),
        "is_archived": fields.get("archived"),
        "is_locked": fields.get("locked"),
        "is_invitable": fields.get("invitable"),
    }
    problems.refuse_any()
    is_opened = fields.get("archived") is False
    speaks = Permission.SEND_MESSAGES_IN_THREADS in may
    if thread.is_archived and not is_opened and set(fields) != {"archived"}:
        raise thread_archived()
    if thread.is_locked and not manages:
        raise missing_permissions()
    if is_opened and set(fields) == {"archived"}:
        is_allowed = manages or speaks
    elif {"locked", "rate_limit_per_user"} & fields.keys():
        is_allowed = manages
    else:
        is_allowed = manages or thread.owner_id == call.bot_id
    if not is_allowed:
        raise missing_permissions()
    return {name: value for name, value in read.items() if value is not None}


def delete(call: Call) -> Reply:
    """Delete channel or thread; direct messages are only closed."""
    channel = call.channel()
    if not channel.is_dm:
        needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
        if needed not in call.may(channel):
            raise missing_permissions()
    shown = call.wire().channel(channel)
    if not channel.is_dm:
        call.platform.activity.delete_channel(channel)
    return Reply(body=shown)


# -- threads --------------------------------------------------------------------------------------------------


def start_from_message(call: Call) -> Reply:
    """Start thread from message; the thread gets the message's id."""
    parent = _parent(call)
    message = _starter(call, parent)
    if Permission.CREATE_PUBLIC_THREADS not in call.may(parent):
        raise missing_permissions()
    read = _read_thread(call)
    is_started = bool(message.flags & MessageFlag.HAS_THREAD) or call.platform.world.channel(message.id) is not None
    if is_started:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    thread = call.platform.activity.create_thread(parent, owner_id=call.bot_id, starter=message, **read)
    return Reply(body=call.wire().channel(thread), status=201)


def start_without_message(call: Call) -> Reply:
    """Start thread without message; a private one unless the type says otherwise."""
    parent = _parent(call)
    problems = Problems()
    choices = (int(ChannelType.PUBLIC_THREAD), int(ChannelType.PRIVATE_THREAD))
    kind = ChannelType(one_of(call.fields, "type", (), problems, choices=choices) or ChannelType.PRIVATE_THREAD)
    problems.refuse_any()
    is_private = kind is ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if is_private else Permission.CREATE_PUBLIC_THREADS
    if needed not in call.may(parent):
        raise missing_permissions()
    read = _read_thread(call)
    is_invitable = bool(call.fields.get("invitable", True))
    thread = call.platform.activity.create_thread(
        parent, owner_id=call.bot_id, type=kind, is_invitable=is_invitable, **read
    )
    return Reply(body=call.wire().channel(thread), status=201)


def _parent(call: Call) -> Channel:
    parent = call.channel()
    if parent.type is not ChannelType.TEXT:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return parent


def _starter(call: Call, parent: Channel) -> Message:
    if Permission.READ_MESSAGE_HISTORY not in call.may(parent):
        raise missing_permissions()
    return call.message(parent)


def _read_thread(call: Call) -> dict[str, Any]:
    """Name and times of a thread to be started."""
    problems = Problems()
    name = text_in(call.fields, "name", (), problems, most=limits.CHANNEL_NAME_CHARS, least=1, is_required=True)
    minutes = one_of(call.fields, "auto_archive_duration", (), problems, choices=limits.AUTO_ARCHIVE_MIN)
    slow_s = whole_in(call.fields, "rate_limit_per_user", (), problems, least=0, most=_SLOWMODE_S)
    problems.refuse_any()
    return {"name": name, "auto_archive_min": minutes or 4_320, "rate_limit_per_user": slow_s or 0}


def list_members(call: Call) -> Reply:
    """List thread members."""
    thread = _thread(call)
    with_member = call.flag("with_member")
    members = sorted(thread.members, key=int)
    if with_member:
        after = call.snowflake("after") or 0
        most = call.number("limit", 100, least=1, most=100)
        members = [user_id for user_id in members if int(user_id) > after][:most]
    return Reply(body=[_member(call, thread, user_id, with_member=with_member) for user_id in members])


def get_member(call: Call) -> Reply:
    """Get thread member."""
    thread = _thread(call)
    user_id = call.bot_id if call.path["user_id"] == "@me" else call.path["user_id"]
    if user_id not in thread.members:
        raise unknown("Member")
    return Reply(body=_member(call, thread, user_id, with_member=call.flag("with_member")))


def _member(call: Call, thread: Channel, user_id: str, *, with_member: bool) -> dict[str, Any]:
    body = call.wire().thread_member(thread, user_id)
    guild = call.guild_of(thread)
    if with_member and guild is not None and user_id in guild.members:
        body["member"] = call.wire().member(guild, user_id)
    return body


def join(call: Call) -> Reply:
    """Join thread."""
    thread = _open_thread(call)
    call.platform.activity.join_thread(thread, call.bot_id)
    return Reply()


def leave(call: Call) -> Reply:
    """Leave thread."""
    thread = _open_thread(call)
    call.platform.activity.leave_thread(thread, call.bot_id)
    return Reply()


def add_member(call: Call) -> Reply:
    """Add thread member."""
    thread = _open_thread(call)
    if Permission.SEND_MESSAGES_IN_THREADS not in call.may(thread):
        raise missing_permissions()
    guild = call.guild_of(thread)
    if guild is None or call.path["user_id"] not in guild.members:
        raise unknown("Member")
    call.platform.activity.join_thread(thread, call.path["user_id"])
    return Reply()


def _thread(call: Call) -> Channel:
    thread = call.channel()
    if not thread.is_thread:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return thread


def _open_thread(call: Call) -> Channel:
    thread = _thread(call)
    if thread.is_archived:
        raise thread_archived()
    return thread


def list_active(call: Call) -> Reply:
    """List active guild threads, newest first: those that the bot can see."""
    guild = call.guild()
    seen = [thread for thread in guild.threads() if Permission.VIEW_CHANNEL in call.may(thread)]
    return Reply(body=_threads(call, sorted(seen, key=lambda thread: int(thread.id), reverse=True)))


def list_archived(call: Call) -> Reply:
    """List public archived threads, the one archived last first."""
    parent = call.channel(Permission.READ_MESSAGE_HISTORY)
    most = call.number("limit", 50, least=2, most=100)
    guild = call.guild_of(parent)
    if guild is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    threads = [
        thread
        for thread in guild.threads(archived=True)
        if thread.parent_id == parent.id and thread.type is ChannelType.PUBLIC_THREAD
    ]
    shown = {thread.id: _archived_at(thread) for thread in threads}
    before = call.query.get("before")
    threads = [t for t in threads if before is None or shown[t.id] < before.replace("Z", "+00:00")]
    threads.sort(key=lambda thread: shown[thread.id], reverse=True)
    return Reply(body=_threads(call, threads[:most], has_more=len(threads) > most))


def _archived_at(thread: Channel) -> str:
    return moment(thread.archive_changed_at) if thread.archive_changed_at else ""


def _threads(call: Call, threads: list[Channel], *, has_more: bool = False) -> dict[str, Any]:
    wire = call.wire()
    joined = [thread for thread in threads if call.bot_id in thread.members]
    return {
        "threads": [wire.channel(thread) for thread in threads],
        "members": [wire.thread_member(thread, call.bot_id) for thread in joined],
        "has_more": has_more,
    }


_CHANNEL = "/channels/{channel.id}"
_STARTER = _CHANNEL + "/messages/{message.id}/threads"
_MEMBERS = _CHANNEL + "/thread-members"

ENDPOINTS = (
    Endpoint(method="GET", template=_CHANNEL, run=get),
    Endpoint(method="PATCH", template=_CHANNEL, run=modify),
    Endpoint(method="DELETE", template=_CHANNEL, run=delete),
    Endpoint(
        method="POST", template=_CHANNEL + "/messages/{message.id}/threads", run=start_from_message, rate=_THREADS
    ),
    Endpoint(method="POST", template=f"{_CHANNEL}/threads", run=start_without_message, rate=_THREADS),
    Endpoint(method="GET", template=f"{_CHANNEL}/threads/archived/public", run=list_archived),
    Endpoint(method="GET", template=_MEMBERS, run=list_members),
    Endpoint(method="PUT", template=f"{_MEMBERS}/@me", run=join),
    Endpoint(method="DELETE", template=f"{_MEMBERS}/@me", run=leave),
    Endpoint(method="GET", template=_MEMBERS + "/{user.id}", run=get_member),
    Endpoint(method="PUT", template=_MEMBERS + "/{user.id}", run=add_member),
    Endpoint(method="GET", template="/guilds/{guild.id}/threads/active", run=list_active),
)
