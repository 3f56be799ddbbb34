"""What a member of a guild may do where: Discord's permission bits and how they are worked out.

Asked by the REST routes, by the gateway (who may see an event) and by the control API (what people may do). It reads
the model and changes nothing.
Source: https://docs.discord.com/developers/topics/permissions
"""

from __future__ import annotations

from enum import IntFlag

from simulator.discord.guild import Channel, ChannelType, Guild, Overwrite


class Permission(IntFlag):
    """The bits that the simulator knows of."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


NONE = Permission(0)
ALL = Permission(sum(Permission))
EVERYONE = (
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What everybody may in a new guild."""
BOT = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
)
"""The least that the app asks for when it is invited: its managed role has these."""
DIRECT = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.PIN_MESSAGES
)
"""What both may in direct messages."""
_NEEDS_SENDING = (
    Permission.MENTION_EVERYONE | Permission.SEND_TTS_MESSAGES | Permission.ATTACH_FILES | Permission.EMBED_LINKS
)


def in_guild(guild: Guild, user_id: str) -> Permission:
    """What *user_id* may in all of *guild*, before any overwrite; nothing for who is no member."""
    member = guild.members.get(user_id)
    if member is None:
        return NONE
    if guild.owner_id == user_id:
        return ALL
    held = Permission(guild.everyone.permissions)
    for role_id in member.roles:
        held |= Permission(guild.roles[role_id].permissions)
    return ALL if Permission.ADMINISTRATOR in held else held


def in_channel(guild: Guild | None, channel: Channel, user_id: str) -> Permission:
    """What *user_id* may in *channel*; nothing for who cannot see it.

    Args:
        guild: the channel's; None for direct messages.
    """
    if guild is None:
        return DIRECT if user_id in channel.recipients else NONE
    held = in_guild(guild, user_id)
    if held == ALL or user_id not in guild.members:
        return held
    place = guild.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
    held = _overwritten(guild, place, user_id, held)
    if Permission.VIEW_CHANNEL not in held:
        return NONE
    is_shut_out = channel.type is ChannelType.PRIVATE_THREAD and user_id not in channel.members
    if is_shut_out and Permission.MANAGE_THREADS not in held:
        return NONE
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    return held if sending in held else held & ~_NEEDS_SENDING


def _overwritten(guild: Guild, channel: Channel, user_id: str, held: Permission) -> Permission:
    """*held* after the overwrites of *channel*: everyone's, then the roles' together, then the member's own."""
    held = _apply(held, [o for o in channel.overwrites.values() if o.id == guild.id])
    roles = guild.members[user_id].roles
    held = _apply(held, [o for o in channel.overwrites.values() if o.id in roles])
    return _apply(held, [o for o in channel.overwrites.values() if o.is_member and o.id == user_id])


def _apply(held: Permission, overwrites: list[Overwrite]) -> Permission:
    for overwrite in overwrites:
        held &= ~Permission(overwrite.deny)
    for overwrite in overwrites:
        held |= Permission(overwrite.allow)
    return held
