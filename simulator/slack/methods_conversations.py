"""The Web API's `conversations.*` and `users.conversations` methods.

Called by `web_api`. Source: https://docs.slack.dev/reference/methods (each method's page: arguments, errors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.slack.call import Call, Method
from simulator.slack.errors import ApiError
from simulator.slack.paging import page
from simulator.slack.workspace import Channel, ChannelKind, Message

_KINDS = {
    "public_channel": ChannelKind.PUBLIC,
    "private_channel": ChannelKind.PRIVATE,
    "im": ChannelKind.IM,
    "mpim": None,
}
_MOST_MESSAGES = 999
"""`limit` of history and replies. https://docs.slack.dev/reference/methods/conversations.history"""


def info(call: Call) -> dict[str, Any]:
    """`conversations.info`."""
    channel = call.visible_channel(call.args.required("channel"))
    body = call.wire().channel(channel)
    if call.args.flag("include_num_members"):
        body["num_members"] = len(channel.members)
    return {"channel": body}


def listed(call: Call) -> dict[str, Any]:
    """`conversations.list`: public channels, and of the other kinds those that the bot is in."""
    workspace = call.workspace
    kinds = _kinds(call)
    channels = [
        channel
        for channel in workspace.channels.values()
        if channel.kind in kinds
        and (channel.kind is ChannelKind.PUBLIC or workspace.bot_is_in(channel))
        and not (channel.is_archived and call.args.flag("exclude_archived"))
    ]
    return _channel_page(call, channels)


def of_user(call: Call) -> dict[str, Any]:
    """`users.conversations`: those that the user (the bot by default) is in, as far as the bot may see them."""
    workspace = call.workspace
    user = call.args.text("user") or workspace.bot.id
    if user not in workspace.users:
        raise ApiError("user_not_found")
    kinds = _kinds(call)
    channels = [
        channel
        for channel in workspace.channels.values()
        if channel.kind in kinds
        and user in channel.members
        and (channel.kind is ChannelKind.PUBLIC or workspace.bot_is_in(channel))
    ]
    return _channel_page(call, channels)


def join(call: Call) -> dict[str, Any]:
    """`conversations.join`: public channels only."""
    channel = call.visible_channel(call.args.required("channel"))
    if channel.kind is not ChannelKind.PUBLIC:
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    if call.workspace.bot_is_in(channel):
        return {
            "channel": call.wire().channel(channel),
            "warning": "already_in_channel",
            "response_metadata": {"warnings": ["already_in_channel"]},
        }
    call.platform.activity.join(call.workspace, channel, call.workspace.bot.id)
    return {"channel": call.wire().channel(channel)}


def leave(call: Call) -> dict[str, Any]:
    """`conversations.leave`."""
    channel = call.visible_channel(call.args.required("channel"))
    if channel.kind is ChannelKind.IM:
        raise ApiError("method_not_supported_for_channel_type")
    if not call.workspace.bot_is_in(channel):
        return {"not_in_channel": True}
    call.platform.activity.leave(call.workspace, channel, call.workspace.bot.id)
    return {}


def members(call: Call) -> dict[str, Any]:
    """`conversations.members`."""
    channel = call.visible_channel(call.args.required("channel"))
    part, cursor = page(call, sorted(channel.members), default=100)
    return {"members": part, "response_metadata": {"next_cursor": cursor}}


def opened(call: Call) -> dict[str, Any]:
    """`conversations.open`: the direct messages with one user."""
    channel_id = call.args.text("channel")
    if channel_id:
        channel = call.visible_channel(channel_id)
        if channel.kind is not ChannelKind.IM:
            raise ApiError("method_not_supported_for_channel_type")
    else:
        users = [user for user in (call.args.text("users") or "").split(",") if user]
        if not users:
            raise ApiError("users_list_not_supplied")
        if any(user not in call.workspace.users for user in users):
            raise ApiError("user_not_found")
        if len(users) > 1:
            raise ApiError("method_not_supported_for_channel_type")
        if users[0] == call.workspace.bot.id:
            raise ApiError("not_enough_users")
        channel = call.platform.activity.open_im(call.workspace, users[0])
    shown = call.wire().channel(channel) if call.args.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


def history(call: Call) -> dict[str, Any]:
    """`conversations.history`: newest first, without the replies in threads."""
    channel = call.member_channel(call.args.required("channel"))
    shown = [m for m in channel.messages.values() if m.thread_ts is None or m.broadcast]
    chosen = list(filter(_asked_time(call), reversed(shown)))
    part, cursor = page(call, chosen, default=100, most=_MOST_MESSAGES)
    return _messages(call, channel, part, cursor) | {"pin_count": 0}


def replies(call: Call) -> dict[str, Any]:
    """`conversations.replies`: the root, then the replies that were asked for, oldest first."""
    args = call.args
    channel = call.member_channel(args.required("channel"))
    denied = call.platform.options.replies_error
    if denied is not None and channel.kind is not ChannelKind.IM:
        raise ApiError(denied)
    named = channel.messages.get(args.required("ts"))
    if named is None:
        raise ApiError("thread_not_found")
    root, *rest = call.workspace.thread(channel, named.thread_ts or named.ts)
    chosen = list(filter(_asked_time(call), rest))
    part, cursor = page(call, chosen, default=1000, most=1000)
    first = [root] if not args.text("cursor") else []
    return _messages(call, channel, [*first, *part], cursor)


def _messages(call: Call, channel: Channel, messages: Sequence[Message], cursor: str) -> dict[str, Any]:
    wire, full = call.wire(), call.args.flag("include_all_metadata")
    body: dict[str, Any] = {
        "messages": [wire.message(channel, message, full_metadata=full) for message in messages],
        "has_more": bool(cursor),
    }
    return body | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _asked_time(call: Call) -> Callable[[Message], bool]:
    """Whether a message is in the time that `oldest`, `latest` and `inclusive` ask for."""
    oldest = _moment(call, "oldest", error="invalid_ts_oldest") or Decimal(0)
    latest = _moment(call, "latest", error="invalid_ts_latest") or Decimal("Infinity")
    inclusive = call.args.flag("inclusive")

    def is_in(message: Message) -> bool:
        ts = Decimal(message.ts)
        return oldest < ts < latest or (inclusive and ts in (oldest, latest))

    return is_in


def _moment(call: Call, name: str, *, error: str) -> Decimal | None:
    text = call.args.text(name)
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ApiError(error) from None


def _kinds(call: Call) -> set[ChannelKind | None]:
    names = (call.args.text("types") or "public_channel").split(",")
    unknown = [name for name in names if name.strip() not in _KINDS]
    if unknown:
        raise ApiError("invalid_types")
    return {_KINDS[name.strip()] for name in names}


def _channel_page(call: Call, channels: list[Channel]) -> dict[str, Any]:
    part, cursor = page(call, channels, default=100)
    wire = call.wire()
    return {"channels": [wire.channel(c) for c in part], "response_metadata": {"next_cursor": cursor}}


METHODS: dict[str, Method] = {
    "conversations.info": Method(info, accepts_json=False),
    "conversations.list": Method(listed, accepts_json=False),
    "conversations.join": Method(join),
    "conversations.leave": Method(leave),
    "conversations.members": Method(members, accepts_json=False),
    "conversations.open": Method(opened),
    "conversations.history": Method(history, accepts_json=False),
    "conversations.replies": Method(replies, accepts_json=False),
    "users.conversations": Method(of_user, accepts_json=False),
}
