"""What a person does in conversations and with the app: messages, reactions, commands, buttons, forms.

Called by `control`. It checks what Slack's own client would check and leaves the doing to `activity` and
`interactions`.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any

from simulator.errors import PersonError
from simulator.slack import limits
from simulator.slack.ask import Ask
from simulator.slack.interactions import find_action
from simulator.slack.markup import rich_text, typed
from simulator.slack.views import View
from simulator.slack.workspace import Channel, Ephemeral, Message, User


async def post(ask: Ask) -> dict[str, Any]:
    """A person posts a message, a reply, or files."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    if channel.is_archived:
        raise PersonError(f"{channel.name} is archived")
    if user.id not in channel.members:
        raise PersonError(f"{user.name} is not in {channel.name}; join it first")
    thread_ts = ask.body.get("thread_ts")
    if thread_ts:
        root = channel.messages.get(thread_ts)
        if root is None:
            raise PersonError(f"there is no thread {thread_ts}", status=404)
        thread_ts = root.thread_ts or root.ts
    files = [_attach(ask, user, item) for item in ask.body.get("files", [])]
    text = typed(ask.workspace, ask.text("text", ""))
    if not text and not files:
        raise PersonError("there is nothing to post")
    broadcast = bool(thread_ts and ask.body.get("broadcast"))
    message = Message(
        ts=ask.workspace.next_ts(),
        text=text,
        user=user.id,
        subtype="file_share" if files else "thread_broadcast" if broadcast else None,
        thread_ts=thread_ts,
        broadcast=broadcast,
        blocks=rich_text(text),
        files=files,
        client_msg_id=str(uuid.uuid4()),
    )
    ask.platform.activity.post(ask.workspace, channel, message)
    return ask.show(channel, message)


def _attach(ask: Ask, user: User, item: Any) -> str:
    try:
        content = base64.b64decode(item["content_base64"], validate=True)
        name = str(item["name"])
    except (KeyError, TypeError, binascii.Error):
        raise PersonError("files: each needs a name and content_base64") from None
    return ask.platform.files.attach(ask.workspace, user=user.id, name=name, content=content).id


async def edit(ask: Ask) -> dict[str, Any]:
    """A person edits a message of theirs."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    message = _own(ask, user, channel)
    text = typed(ask.workspace, ask.text("text"))
    edited = {"user": user.id, "ts": ask.workspace.next_ts()}
    ask.platform.activity.edit(ask.workspace, channel, message, text=text, blocks=rich_text(text), edited=edited)
    return ask.show(channel, message)


async def delete(ask: Ask) -> dict[str, Any]:
    """A person deletes a message of theirs; an admin any."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    message = ask.message(channel) if user.is_admin else _own(ask, user, channel)
    ask.platform.activity.delete(ask.workspace, channel, message)
    return {}


def _own(ask: Ask, user: User, channel: Channel) -> Message:
    message = ask.message(channel)
    if message.user != user.id:
        raise PersonError(f"that message is not {user.name}'s", status=403)
    return message


async def react(ask: Ask) -> dict[str, Any]:
    """A person adds a reaction, or takes it back with `remove`."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    message, name = ask.message(channel), ask.text("name").strip(":")
    added = not ask.body.get("remove")
    if added == (user.id in message.reactions.get(name, [])):
        raise PersonError("already so")
    ask.platform.activity.react(ask.workspace, channel, message, user=user.id, name=name, added=added)
    return ask.show(channel, message)


async def command(ask: Ask) -> dict[str, Any]:
    """A person types a slash command. Slack has none inside threads."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    name = ask.text("command")
    if ask.body.get("thread_ts"):
        raise PersonError(f"{name} is not supported in threads. Sorry!")
    outcome = await ask.platform.interactions.command(ask.workspace, user, channel, name, ask.text("text", ""))
    return outcome.wire()


async def press(ask: Ask) -> dict[str, Any]:
    """A person uses a button or another element of a message (`channel`, `ts`) or of a view (`view_id`)."""
    user = ask.user()
    action_id, block_id, given = ask.text("action_id"), ask.body.get("block_id"), ask.body.get("value")
    if "view_id" in ask.body:
        view = _open_view(ask, user)
        action = find_action(view.body["blocks"], action_id, block_id=block_id, given=given)
        if action is None:
            raise PersonError(f"the view has no element {action_id!r}", status=404)
        return (await ask.platform.interactions.press_in_view(ask.workspace, user, view, action)).wire()
    channel = ask.channel(as_seen_by=user)
    shown = _shown(ask, user, channel)
    action = find_action(shown.blocks, action_id, block_id=block_id, given=given)
    if action is None and ask.body.get("stale"):
        action = {"type": "button", "action_id": action_id, "block_id": block_id or "stale", "value": given or ""}
    if action is None:
        raise PersonError(f"the message has no element {action_id!r}", status=404)
    return (await ask.platform.interactions.press(ask.workspace, user, channel, shown, action)).wire()


def _shown(ask: Ask, user: User, channel: Channel) -> Message | Ephemeral:
    """The message, or the ephemeral message, with the body's ts, as *user* sees it."""
    for shown in ask.workspace.ephemerals:
        if shown.user == user.id and shown.ts == ask.text("ts"):
            return shown
    return ask.message(channel)


async def shortcut(ask: Ask) -> dict[str, Any]:
    """A person starts a global shortcut, or one on a message."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user) if "channel" in ask.body else None
    message = ask.message(channel) if channel is not None else None
    outcome = await ask.platform.interactions.shortcut(ask.workspace, user, ask.text("callback_id"), channel, message)
    return outcome.wire()


async def submit_view(ask: Ask) -> dict[str, Any]:
    """A person submits a modal with `values`."""
    user = ask.user()
    view = _open_view(ask, user)
    given = ask.body.get("values", {})
    for block in view.body["blocks"]:
        if (block.get("element") or {}).get("type") == "file_input" and given.get(block["block_id"]):
            given[block["block_id"]] = _uploaded(ask, user, block["element"], given[block["block_id"]])
    outcome = await ask.platform.interactions.submit(ask.workspace, user, view, given)
    return outcome.wire()


def _uploaded(ask: Ask, user: User, element: dict[str, Any], items: list[Any]) -> list[dict[str, Any]]:
    """Files that a person has put into a form: they are in no channel."""
    if len(items) > element.get("max_files", limits.INPUT_FILES):
        raise PersonError("these are too many files for the form")
    files, base_url = ask.platform.files, ask.platform.base_url()
    ids = [_attach(ask, user, item) for item in items]
    uploaded = [files.wire(ask.workspace, file, base_url, with_shares=False) for file in ids]
    if any(file["size"] > limits.INPUT_FILE_BYTES for file in uploaded):
        raise PersonError(f"a file in a form has {limits.INPUT_FILE_BYTES} bytes at most")
    return uploaded


async def close_view(ask: Ask) -> dict[str, Any]:
    """A person closes a modal, or with `whole_stack` all of them."""
    user = ask.user()
    outcome = await ask.platform.interactions.close(
        ask.workspace, user, _open_view(ask, user), whole_stack=bool(ask.body.get("whole_stack"))
    )
    return outcome.wire() if outcome is not None else {}


def _open_view(ask: Ask, user: User) -> View:
    view = ask.platform.views.find(ask.workspace.id, ask.text("view_id"))
    if view is None or view.user != user.id:
        raise PersonError(f"{user.name} has no view {ask.text('view_id')!r} open", status=404)
    return view


async def open_home(ask: Ask) -> dict[str, Any]:
    """A person opens the app's home tab."""
    user = ask.user()
    channel = ask.platform.activity.open_im(ask.workspace, user.id)
    home = ask.platform.views.home(ask.workspace.id, user.id)
    ask.platform.events.home_opened(ask.workspace, user.id, channel, home.wire(ask.workspace) if home else None)
    return {}
