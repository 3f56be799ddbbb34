"""What people and admins do about places: channels, memberships, accounts, workspaces.

Called by `control`. It checks what Slack's own client would check and leaves the doing to `activity`.
"""

from __future__ import annotations

from typing import Any

from simulator.errors import PersonError
from simulator.slack.ask import Ask
from simulator.slack.wire import Wire
from simulator.slack.workspace import ChannelKind, User


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
    shown = Wire(ask.workspace, ask.platform.files, ask.platform.base_url()).user(user)
    ask.platform.truth.append("user.added", {"user": shown}, team=ask.workspace.id)
    general = next(c for c in ask.workspace.channels.values() if c.is_general)
    ask.platform.activity.join(ask.workspace, general, user.id)
    return {"user": user.id}


async def set_group(ask: Ask) -> dict[str, Any]:
    """The user group `handle` has these `members` from now on; a new one is made, one without members is disabled."""
    users = [_named(ask, name).id for name in ask.body.get("members", [])]
    handle = ask.text("handle")
    group = ask.workspace.find_group(handle)
    if group is None:
        if ask.workspace.find_user(handle) is not None:
            raise PersonError("that name is taken")
        group = ask.workspace.add_group(handle=handle, name=ask.text("name", handle.title()), users=users)
    group.users, group.deleted = users, 0 if users else ask.workspace.now_s()
    shown = Wire(ask.workspace, ask.platform.files, ask.platform.base_url()).group(group)
    ask.platform.truth.append("usergroup.set", {"usergroup": shown}, team=ask.workspace.id)
    return {"usergroup": group.id}


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
