"""The Web API's `chat.*` and `reactions.*` methods.

Called by `web_api`. Each checks what Slack checks, in Slack's order, and has `activity` carry it out.
Source: https://docs.slack.dev/reference/methods (each method's page: arguments, errors).
"""

from __future__ import annotations

import re
from typing import Any

from simulator.slack import limits
from simulator.slack.activity import Activity
from simulator.slack.blocks import are_too_long, check_blocks, json_chars
from simulator.slack.call import Call, Method
from simulator.slack.errors import ApiError
from simulator.slack.markup import posted
from simulator.slack.workspace import Channel, Message, Workspace

_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
_REACTION = re.compile(r"[a-z0-9_+'-]+(?:::skin-tone-[2-6])?")


def post_message(call: Call) -> dict[str, Any]:
    """`chat.postMessage`."""
    args = call.args
    channel = call.posting_channel(args.required("channel"))
    content = _content(call, text_chars=None)
    thread_ts = _thread_root(channel, args.text("thread_ts"))
    broadcast = thread_ts is not None and args.flag("reply_broadcast")
    message = post_as_app(
        call.platform.activity,
        call.workspace,
        channel,
        **content,
        metadata=_metadata(call),
        thread_ts=thread_ts,
        broadcast=broadcast,
        username=args.text("username"),
        icons=_icons(call),
    )
    shown = call.wire().message(channel, message)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_as_app(
    activity: Activity,
    workspace: Workspace,
    channel: Channel,
    *,
    text: str,
    blocks: list[dict[str, Any]],
    attachments: list[dict[str, Any]] | None = None,
    metadata: dict[str, Any] | None = None,
    thread_ts: str | None = None,
    broadcast: bool = False,
    username: str | None = None,
    icons: dict[str, str] | None = None,
) -> Message:
    """Put a post of the app into *channel*. Under a customised name it has no user, as Slack's `bot_message`."""
    customised = bool(username or icons)
    subtype = "thread_broadcast" if broadcast else None
    message = Message(
        ts=workspace.next_ts(),
        text=posted(text)[: limits.TEXT_CHARS],
        user=None if customised else workspace.bot.id,
        subtype="bot_message" if customised else subtype,
        thread_ts=thread_ts,
        broadcast=broadcast,
        blocks=blocks,
        attachments=attachments or [],
        metadata=metadata,
        bot_id=workspace.bot_id,
        username=username or (workspace.app_name if customised else None),
        icons=icons or {},
    )
    return activity.post(workspace, channel, message)


def update(call: Call) -> dict[str, Any]:
    """`chat.update`. Text without blocks removes the blocks; neither attachments nor metadata change when not given."""
    args = call.args
    channel = call.member_channel(args.required("channel"))
    message = _own_message(call, channel, args.required("ts"), error="cant_update_message")
    content = _content(call, text_chars=limits.UPDATE_TEXT_CHARS)
    changes: dict[str, Any] = {"blocks": content["blocks"]}
    if args.text("text") is not None:
        changes["text"] = posted(content["text"])
    if args.values.get("attachments") is not None:
        changes["attachments"] = content["attachments"]
    if args.values.get("metadata") is not None:
        changes["metadata"] = _metadata(call)
    if not content["blocks"]:
        changes["edited"] = {"user": call.workspace.bot.id, "ts": call.workspace.next_ts()}
    call.platform.activity.edit(call.workspace, channel, message, **changes)
    shown = call.wire().message(channel, message)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> dict[str, Any]:
    """`chat.delete`."""
    channel = call.member_channel(call.args.required("channel"))
    message = _own_message(call, channel, call.args.required("ts"), error="cant_delete_message")
    call.platform.activity.delete(call.workspace, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> dict[str, Any]:
    """`chat.postEphemeral`."""
    channel = call.posting_channel(call.args.required("channel"))
    user = call.args.required("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    content = _content(call, text_chars=limits.EPHEMERAL_TEXT_CHARS)
    shown = call.platform.activity.show_ephemeral(
        call.workspace,
        channel,
        user,
        text=posted(content["text"]),
        blocks=content["blocks"],
        thread_ts=call.args.text("thread_ts"),
        sender=call.workspace.bot.id,
    )
    return {"message_ts": shown.ts}


def get_permalink(call: Call) -> dict[str, Any]:
    """`chat.getPermalink`."""
    channel = call.visible_channel(call.args.required("channel"))
    message = channel.messages.get(call.args.required("message_ts"))
    if message is None:
        raise ApiError("message_not_found")
    link = f"{call.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts is not None:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def add_reaction(call: Call) -> dict[str, Any]:
    """`reactions.add`."""
    channel, message, name = _reacted(call)
    if call.workspace.bot.id in message.reactions.get(name, []):
        raise ApiError("already_reacted")
    call.platform.activity.react(call.workspace, channel, message, user=call.workspace.bot.id, name=name, added=True)
    return {}


def remove_reaction(call: Call) -> dict[str, Any]:
    """`reactions.remove`."""
    channel, message, name = _reacted(call)
    if call.workspace.bot.id not in message.reactions.get(name, []):
        raise ApiError("no_reaction")
    call.platform.activity.react(call.workspace, channel, message, user=call.workspace.bot.id, name=name, added=False)
    return {}


def _reacted(call: Call) -> tuple[Channel, Message, str]:
    channel = call.member_channel(call.args.required("channel"))
    name = call.args.required("name").strip(":")
    if not _REACTION.fullmatch(name):
        raise ApiError("invalid_name")
    message = channel.messages.get(call.args.required("timestamp"))
    if message is None:
        raise ApiError("message_not_found")
    return channel, message, name


def _own_message(call: Call, channel: Channel, ts: str, *, error: str) -> Message:
    message = channel.messages.get(ts)
    if message is None or message.subtype == "tombstone":
        raise ApiError("message_not_found")
    if not call.workspace.is_own(message):
        raise ApiError(error)
    return message


def _thread_root(channel: Channel, thread_ts: str | None) -> str | None:
    """The root to reply under: a reply's own root when a reply was named."""
    if not thread_ts:
        return None
    root = channel.messages.get(thread_ts)
    if root is None:
        raise ApiError("thread_not_found")
    return root.thread_ts or root.ts


def _content(call: Call, *, text_chars: int | None) -> dict[str, Any]:
    """Text, blocks and attachments, checked.

    Args:
        text_chars: above it `msg_too_long` is answered; None is for methods that cut the text instead.
    """
    args = call.args
    text = args.text("text") or ""
    blocks = args.structure("blocks", error="invalid_blocks_format") or []
    attachments = args.structure("attachments", error="invalid_attachments") or []
    markdown = args.text("markdown_text")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        if len(markdown) > limits.MARKDOWN_CHARS:
            raise ApiError("msg_too_long")
        text, blocks = markdown, [{"type": "markdown", "text": markdown}]
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    if not text and not blocks and not attachments:
        raise ApiError("no_text")
    if text_chars is not None and len(text) > text_chars:
        raise ApiError("msg_too_long")
    problems = check_blocks(blocks, most=limits.MESSAGE_BLOCKS, find_image=call.may_show)
    if problems:
        raise ApiError("invalid_blocks", *problems)
    if are_too_long(blocks):
        raise ApiError("msg_blocks_too_long")
    return {"text": text, "blocks": blocks, "attachments": attachments}


def _metadata(call: Call) -> dict[str, Any] | None:
    """Message metadata, checked; None when there is none or `{}` takes it away."""
    metadata = call.args.structure("metadata", error="invalid_metadata_format")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or not _EVENT_TYPE.fullmatch(str(metadata.get("event_type", ""))):
        raise ApiError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema")
    if json_chars(metadata) > limits.METADATA_BYTES:
        raise ApiError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def _icons(call: Call) -> dict[str, str]:
    """The customised icon; an emoji wins over an address, as on Slack."""
    if emoji := call.args.text("icon_emoji"):
        return {"emoji": f":{emoji.strip(':')}:"}
    if address := call.args.text("icon_url"):
        return {f"image_{size}": address for size in (36, 48, 72)}
    return {}


METHODS: dict[str, Method] = {
    "chat.postMessage": Method(post_message),
    "chat.update": Method(update),
    "chat.delete": Method(delete),
    "chat.postEphemeral": Method(post_ephemeral),
    "chat.getPermalink": Method(get_permalink, accepts_json=False),
    "reactions.add": Method(add_reaction),
    "reactions.remove": Method(remove_reaction),
}
