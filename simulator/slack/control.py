"""The control API under `/control/slack`: act as a person of the workspace, look at everything, order faults.

Used by the browser page, by `person` and by tests; loopback only, JSON only (the server sees to both). It checks what
Slack's own client would check and leaves the doing to `activity` and `interactions`.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.slack.errors import PersonError
from simulator.slack.interactions import find_action
from simulator.slack.markup import rich_text, typed
from simulator.slack.platform import SlackPlatform
from simulator.slack.views import View
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, ChannelKind, Ephemeral, Message, User, Workspace

CONTROL_PATH = "/control/slack"
Handler = Callable[["Ask"], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing asked of the control API."""

    platform: SlackPlatform
    workspace: Workspace
    body: dict[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """A text of the body.

        Raises:
            PersonError: it is missing and has no *default*.
        """
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise PersonError(f"{name}: a text is needed")
        return value

    def user(self, name: str = "user") -> User:
        """The user named in the body by id or handle."""
        user = self.workspace.find_user(self.text(name))
        if user is None:
            raise PersonError(f"there is no user {self.text(name)!r}", status=404)
        return user

    def channel(self, *, as_seen_by: User | None = None) -> Channel:
        """The channel named in the body by id or name; `@bot` is the person's direct messages with the app."""
        name = self.text("channel")
        named = self.workspace.find_user(name) if name.startswith("@") else None
        if named is not None and named.is_bot and as_seen_by is not None:
            return self.platform.activity.open_im(self.workspace, as_seen_by.id)
        channel = self.workspace.find_channel(name)
        if channel is None:
            raise PersonError(f"there is no channel {name!r}", status=404)
        if as_seen_by is not None and channel.kind is not ChannelKind.PUBLIC and as_seen_by.id not in channel.members:
            raise PersonError(f"{as_seen_by.name} cannot see {name!r}", status=404)
        return channel

    def message(self, channel: Channel) -> Message:
        """The message named in the body by its ts."""
        message = channel.messages.get(self.text("ts"))
        if message is None:
            raise PersonError(f"there is no message {self.text('ts')!r} in {channel.name}", status=404)
        return message

    def show(self, channel: Channel, message: Message) -> dict[str, Any]:
        """A message as the control API shows it."""
        wire = Wire(self.workspace, self.platform.files, self.platform.base_url())
        return {"channel": channel.id, "message": wire.message(channel, message)}


# -- messages ---------------------------------------------------------------------------------------------------


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


# -- talking to the app -----------------------------------------------------------------------------------------


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
    outcome = await ask.platform.interactions.submit(ask.workspace, user, view, ask.body.get("values", {}))
    return outcome.wire()


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


# -- channels and people ----------------------------------------------------------------------------------------


async def create_channel(ask: Ask) -> dict[str, Any]:
    """A person makes a channel and invites `members`."""
    user = ask.user()
    if ask.workspace.find_channel(ask.text("name")) is not None:
        raise PersonError("that name is taken")
    members = [_named(ask, name).id for name in ask.body.get("members", [])]
    kind = ChannelKind.PRIVATE if ask.body.get("private") else ChannelKind.PUBLIC
    channel = ask.platform.activity.create_channel(
        ask.workspace, name=ask.text("name"), kind=kind, creator=user.id, members=members
    )
    return {"channel": channel.id}


async def open_im(ask: Ask) -> dict[str, Any]:
    """A person opens their direct messages with the app."""
    return {"channel": ask.platform.activity.open_im(ask.workspace, ask.user().id).id}


async def join(ask: Ask) -> dict[str, Any]:
    """A person joins a public channel."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    if user.is_restricted:
        raise PersonError("guests are invited, they do not join", status=403)
    if user.id not in channel.members:
        ask.platform.activity.join(ask.workspace, channel, user.id)
    return {}


async def invite(ask: Ask) -> dict[str, Any]:
    """A member brings `invited` (a person or the bot) into a channel."""
    user, invited = ask.user(), ask.user("invited")
    channel = ask.channel(as_seen_by=user)
    if user.id not in channel.members:
        raise PersonError(f"{user.name} is not in {channel.name}", status=403)
    if invited.id not in channel.members:
        ask.platform.activity.join(ask.workspace, channel, invited.id, inviter=user.id)
    return {}


async def leave(ask: Ask) -> dict[str, Any]:
    """A person leaves a channel; with `removed` a member removes someone, the bot included."""
    user = ask.user()
    leaving = ask.user("removed") if "removed" in ask.body else user
    channel = ask.channel(as_seen_by=user)
    if leaving.id in channel.members:
        ask.platform.activity.leave(ask.workspace, channel, leaving.id)
    return {}


async def archive(ask: Ask) -> dict[str, Any]:
    """A member archives a channel."""
    user = ask.user()
    ask.platform.activity.archive(ask.workspace, ask.channel(as_seen_by=user), user.id)
    return {}


async def add_user(ask: Ask) -> dict[str, Any]:
    """A new person, in #general."""
    if ask.workspace.find_user(ask.text("name")) is not None:
        raise PersonError("that name is taken")
    user = ask.workspace.add_user(
        name=ask.text("name"),
        real_name=ask.text("real_name", ask.text("name").title()),
        is_admin=bool(ask.body.get("admin")),
        is_restricted=bool(ask.body.get("guest")),
    )
    general = next(c for c in ask.workspace.channels.values() if c.is_general)
    ask.platform.activity.join(ask.workspace, general, user.id)
    return {"user": user.id}


async def add_team(ask: Ask) -> dict[str, Any]:
    """A further workspace with the app installed."""
    workspace = ask.platform.add_workspace(ask.text("name"))
    return {"team": workspace.id, "token": workspace.token}


async def revoke(ask: Ask) -> dict[str, Any]:
    """The app's token stops working: every call answers `error`. Empty `error` makes it work again."""
    error = ask.text("error", "token_revoked")
    ask.workspace.token_error = error or None
    if error:
        ask.platform.events.uninstalled(ask.workspace)
    return {}


def _named(ask: Ask, name: str) -> User:
    user = ask.workspace.find_user(name)
    if user is None:
        raise PersonError(f"there is no user {name!r}", status=404)
    return user


DOINGS: dict[str, Handler] = {
    "messages": post,
    "messages/edit": edit,
    "messages/delete": delete,
    "reactions": react,
    "commands": command,
    "actions": press,
    "shortcuts": shortcut,
    "views/submit": submit_view,
    "views/close": close_view,
    "home": open_home,
    "channels": create_channel,
    "channels/im": open_im,
    "channels/join": join,
    "channels/invite": invite,
    "channels/leave": leave,
    "channels/archive": archive,
    "users": add_user,
    "teams": add_team,
    "teams/revoke": revoke,
}
"""What a POST to `/control/slack/<name>` does."""


class ControlApi:
    """Serves the doings; looking and ordering trouble are in `control_desk`."""

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [web.post(f"{CONTROL_PATH}/{name}", self._serve(handler)) for name, handler in DOINGS.items()]

    def _serve(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            body = await request.json()
            if not isinstance(body, dict):
                raise PersonError("a JSON object is needed")
            workspace = workspace_named(self._platform, body.get("team"))
            answer = await handler(Ask(platform=self._platform, workspace=workspace, body=body))
            return web.json_response({"ok": True, **answer})

        return serve


def workspace_named(platform: SlackPlatform, team: str | None) -> Workspace:
    """The workspace with that id or name; the first when None."""
    if not team:
        return platform.first
    for workspace in platform.workspaces.values():
        if team in (workspace.id, workspace.name):
            return workspace
    raise PersonError(f"there is no workspace {team!r}", status=404)
