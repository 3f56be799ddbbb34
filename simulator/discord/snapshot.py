"""What a guild looks like right now, for the browser page and for tests: the control API's `state`.

Reads everything, changes nothing. `truth_id` in it says from where the feed goes on without a gap. What means the same
as on Slack has the same name there.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from simulator.discord.guild import Channel, Guild, Message, MessageType
from simulator.discord.permissions import Permission, in_channel
from simulator.discord.platform import DiscordPlatform


def snapshot(platform: DiscordPlatform, guild: Guild) -> dict[str, Any]:
    """The whole state of *guild*, and of all direct messages, as JSON."""
    world, wire = platform.world, platform.wire()
    channels = [*guild.channels.values(), *world.dms.values()]
    return {
        "truth_id": platform.truth.last_id,
        "teams": [
            {"id": g.id, "name": g.name, "has_bot": world.bot_is_in(g), "is_unavailable": g.is_unavailable}
            for g in world.guilds.values()
        ],
        "team": {"id": guild.id, "name": guild.name},
        "app": {
            "id": world.application.id,
            "name": world.application.name,
            "bot_user": world.bot.id,
            "commands": platform.commands.callable_in(guild.id),
            "user_installs": sorted(world.application.user_installs),
            "connections": [
                {
                    "id": c.id,
                    "black_holed": c.black_holed,
                    "identified": any(s.connection is c for s in platform.gateway.sessions),
                }
                for c in platform.gateway.connections
            ],
            "session_start_limit": platform.gateway.session_start_limit(),
        },
        "options": asdict(platform.options),
        "faults": [asdict(fault) for fault in platform.faults.listed()],
        "users": [
            {**wire.user(user_id), "roles": sorted(guild.members[user_id].roles) if user_id in guild.members else None}
            for user_id in world.users
        ],
        "roles": [wire.role(role) for role in guild.roles.values()],
        "channels": [channel_state(platform, channel) for channel in channels],
        "ephemerals": [
            {**wire.message(message), "channel": channel.id, "to": message.only_for}
            for channel in channels
            for message in channel.ephemerals.values()
        ],
        "modals": {modal.user_id: [modal.wire()] for modal in platform.interactions.modals.all()},
    }


def channel_state(platform: DiscordPlatform, channel: Channel) -> dict[str, Any]:
    """A channel, thread or direct messages, with who sees it and all its messages in the order of posting."""
    guild, wire = platform.world.guild_of(channel), platform.wire()
    people = channel.recipients if guild is None else list(guild.members)
    return {
        **wire.channel(channel),
        "name": channel.name,
        "kind": channel.type.name.lower(),
        "members": sorted(u for u in people if Permission.VIEW_CHANNEL in in_channel(guild, channel, u)),
        "messages": [wire.message(message) for message in channel.messages.values()],
    }


def thread_of(platform: DiscordPlatform, channel: Channel, ts: str) -> list[tuple[Channel, Message]]:
    """The messages of the thread that was started from the message *ts* of *channel*, that message first.

    Of direct messages, which have no threads, the messages from *ts* on.
    """
    if channel.is_dm:
        return [(channel, message) for message in channel.messages.values() if int(message.id) >= int(ts)]
    thread = platform.world.channel(ts)
    parent = platform.world.channel(thread.parent_id) if thread is not None and thread.parent_id else channel
    root = parent.messages.get(ts) if parent is not None else None
    found = [(parent, root)] if parent is not None and root is not None else []
    replies = thread.messages.values() if thread is not None else ()
    return [*found, *((thread, m) for m in replies if m.type is not MessageType.THREAD_STARTER and thread is not None)]
