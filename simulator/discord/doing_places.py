"""What people and admins do about places: channels, threads, memberships, roles, guilds.

Called by `control`. It checks what Discord's own client would check and leaves the doing to `activity` and
`membership`.
"""

from __future__ import annotations

from typing import Any

from simulator.discord.ask import Ask, find_user
from simulator.discord.guild import Channel, ChannelType, Overwrite, Role, User
from simulator.discord.limits import CHANNEL_NAME_CHARS
from simulator.discord.permissions import NONE, Permission, in_guild
from simulator.errors import PersonError

# -- channels ---------------------------------------------------------------------------------------------------------


async def create_channel(ask: Ask) -> dict[str, Any]:
    """A moderator makes a text channel; with `private` for `members` (and themselves) alone."""
    user = ask.member()
    name = ask.text("name")
    if Permission.MANAGE_CHANNELS not in in_guild(ask.guild, user.id):
        raise PersonError(f"{user.username} may not make channels", status=403)
    if not 0 < len(name) <= CHANNEL_NAME_CHARS:
        raise PersonError(f"a name has 1 to {CHANNEL_NAME_CHARS} characters")
    channel = Channel(
        id=ask.platform.world.snowflakes.next(),
        type=ChannelType.TEXT,
        guild_id=ask.guild.id,
        name=name,
        position=len(ask.guild.channels),
    )
    if ask.body.get("private"):
        view = int(Permission.VIEW_CHANNEL)
        channel.overwrites[ask.guild.id] = Overwrite(id=ask.guild.id, is_member=False, deny=view)
        for member in [user, *(_named(ask, named) for named in ask.body.get("members", []))]:
            channel.overwrites[member.id] = Overwrite(id=member.id, is_member=True, allow=view)
    ask.platform.activity.create_channel(channel)
    return {"channel": channel.id}


async def open_im(ask: Ask) -> dict[str, Any]:
    """A person opens their direct messages with the app."""
    return {"channel": ask.platform.activity.open_dm(ask.user().id).id}


async def delete_channel(ask: Ask) -> dict[str, Any]:
    """A moderator deletes a channel with its threads, or a thread."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    ask.needs(channel, user, Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS)
    ask.platform.activity.delete_channel(channel)
    return {}


async def set_permissions(ask: Ask) -> dict[str, Any]:
    """An overwrite of a channel: `allow` and `deny` (names of permissions) for `for`, a user, a role or `@everyone`."""
    channel = ask.channel()
    target, is_member = _holder(ask, ask.text("for"))
    overwrite = Overwrite(
        id=target,
        is_member=is_member,
        allow=int(_permissions(ask.body.get("allow", []))),
        deny=int(_permissions(ask.body.get("deny", []))),
    )
    ask.platform.membership.set_overwrite(channel, overwrite)
    return {}


# -- threads ----------------------------------------------------------------------------------------------------------


async def create_thread(ask: Ask) -> dict[str, Any]:
    """A person starts a thread `name`, from the message `ts` or (also `private`) from none."""
    user = ask.user()
    parent = ask.channel(as_seen_by=user)
    if parent.is_thread or parent.is_dm:
        raise PersonError("threads are started in channels")
    is_private = bool(ask.body.get("private"))
    needed = Permission.CREATE_PRIVATE_THREADS if is_private else Permission.CREATE_PUBLIC_THREADS
    ask.needs(parent, user, needed)
    starter = ask.message(parent) if ask.body.get("ts") else None
    if starter is not None and starter.id in ask.guild.channels:
        raise PersonError("that message has a thread")
    thread = ask.platform.activity.create_thread(
        parent,
        name=ask.text("name"),
        owner_id=user.id,
        starter=starter,
        type=ChannelType.PRIVATE_THREAD if is_private else ChannelType.PUBLIC_THREAD,
    )
    return {"channel": thread.id}


async def change_thread(ask: Ask) -> dict[str, Any]:
    """Its owner or a moderator archives a thread or wakes it (`archived`); a moderator locks it (`locked`)."""
    user = ask.user()
    thread = _thread(ask, user)
    if thread.owner_id != user.id or "locked" in ask.body:
        ask.needs(thread, user, Permission.MANAGE_THREADS)
    named = {"archived": "is_archived", "locked": "is_locked"}
    changes = {field: bool(ask.body[name]) for name, field in named.items() if name in ask.body}
    ask.platform.activity.update_channel(thread, **changes)
    return {}


async def invite(ask: Ask) -> dict[str, Any]:
    """A person brings `invited` (a person or the bot) into a thread."""
    thread = _thread(ask, ask.user())
    ask.platform.activity.join_thread(thread, ask.member("invited").id)
    return {}


async def leave(ask: Ask) -> dict[str, Any]:
    """A person leaves a thread; with `removed` a moderator removes someone, the bot included."""
    user = ask.user()
    thread = _thread(ask, user)
    if "removed" in ask.body:
        ask.needs(thread, user, Permission.MANAGE_THREADS)
    ask.platform.activity.leave_thread(thread, (ask.user("removed") if "removed" in ask.body else user).id)
    return {}


def _thread(ask: Ask, user: User) -> Channel:
    thread = ask.channel(as_seen_by=user)
    if not thread.is_thread:
        raise PersonError(f"{thread.name} is not a thread")
    return thread


# -- people and roles -------------------------------------------------------------------------------------------------


async def add_user(ask: Ask) -> dict[str, Any]:
    """A new person, member of the guild, with `roles` by name."""
    name = ask.text("name")
    if find_user(ask.platform, name) is not None:
        raise PersonError("that name is taken")
    roles = {_role(ask, role).id for role in ask.body.get("roles", [])}
    user = ask.platform.add_user(username=name, global_name=ask.text("real_name", name.title()))
    ask.platform.membership.add_member(ask.guild, user.id, roles=roles)
    return {"user": user.id}


async def install(ask: Ask) -> dict[str, Any]:
    """A person installs the app for themselves, or with `remove` no longer."""
    installs = ask.platform.world.application.user_installs
    change = installs.discard if ask.body.get("remove") else installs.add
    change(ask.user().id)
    ask.platform.truth.append("app.installed", {"users": sorted(installs)})
    return {}


async def remove_member(ask: Ask) -> dict[str, Any]:
    """`removed`, a person or the bot, is kicked out of the guild."""
    ask.platform.membership.remove_member(ask.guild, ask.member("removed").id)
    return {}


async def change_roles(ask: Ask) -> dict[str, Any]:
    """A person has `roles` (by name) from now on."""
    roles = {_role(ask, role).id for role in ask.body.get("roles", [])}
    ask.platform.membership.change_member(ask.guild, ask.member().id, roles=roles)
    return {}


async def change_role(ask: Ask) -> dict[str, Any]:
    """The role `name` has `permissions` (by name) from now on; the bot's role is called as the app is."""
    permissions = int(_permissions(ask.body.get("permissions", [])))
    ask.platform.membership.change_role(ask.guild, _role(ask, ask.text("name")), permissions=permissions)
    return {}


# -- guilds -----------------------------------------------------------------------------------------------------------


async def add_guild(ask: Ask) -> dict[str, Any]:
    """A further guild with the bot in it."""
    return {"team": ask.platform.add_guild(ask.text("name")).id}


async def add_bot(ask: Ask) -> dict[str, Any]:
    """An admin lets the bot into the guild."""
    if ask.platform.world.bot_is_in(ask.guild):
        raise PersonError("the bot is there")
    ask.platform.membership.invite_bot(ask.guild)
    return {}


async def set_outage(ask: Ask) -> dict[str, Any]:
    """The guild is `unavailable`, or available again."""
    ask.platform.membership.set_outage(ask.guild, is_unavailable=bool(ask.body.get("unavailable", True)))
    return {}


def _named(ask: Ask, name: str) -> User:
    user = find_user(ask.platform, name)
    if user is None:
        raise PersonError(f"there is no user {name!r}", status=404)
    return user


def _role(ask: Ask, name: str) -> Role:
    role = next((r for r in ask.guild.roles.values() if name in (r.id, r.name)), None)
    if role is None:
        raise PersonError(f"there is no role {name!r}", status=404)
    return role


def _holder(ask: Ask, name: str) -> tuple[str, bool]:
    """Id of a user or role, and whether it is a user."""
    user = find_user(ask.platform, name)
    return (user.id, True) if user is not None else (_role(ask, name).id, False)


def _permissions(names: list[str]) -> Permission:
    held = NONE
    for name in names:
        if name not in Permission.__members__:
            raise PersonError(f"there is no permission {name!r}")
        held |= Permission[name]
    return held
