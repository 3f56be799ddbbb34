"""Where things are on Discord, in the form that all of Muster shares. Pure.

A guild's threads hang under their channel, and a thread that was started from a message has that message's id. A
private thread is a conversation of its own, seen by fewer than its channel; so are direct messages. Both are channel
and thread in one.
"""

from enum import IntEnum

from core.domain.refs import ChannelId, MessageId, Place, Platform, WorkspaceId, workspace_id

_DIRECT = f"{Platform.DISCORD}:dm:"


class Kind(IntEnum):
    """Channel types. Source: https://docs.discord.com/developers/resources/channel#channel-object-channel-types"""

    TEXT = 0
    DIRECT = 1
    GROUP_DIRECT = 3
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12


THREADS = frozenset({Kind.ANNOUNCEMENT_THREAD, Kind.PUBLIC_THREAD, Kind.PRIVATE_THREAD})
STARTABLE = frozenset({Kind.TEXT, Kind.ANNOUNCEMENT})
"""Channels in which a thread can be started from a message."""


def guild_workspace(guild: str) -> WorkspaceId:
    """The workspace of a guild."""
    return workspace_id(Platform.DISCORD, guild)


def direct_workspace(user: str) -> WorkspaceId:
    """The workspace of the direct messages with one person."""
    return WorkspaceId(f"{_DIRECT}{user}")


def is_direct(workspace: WorkspaceId) -> bool:
    """Whether it is somebody's direct messages."""
    return workspace.startswith(_DIRECT)


def guild_of(workspace: WorkspaceId) -> str:
    """The guild's id. Only for workspaces that are no direct messages."""
    return workspace.rpartition(":")[2]


def direct_user(workspace: WorkspaceId) -> str:
    """Whose direct messages they are."""
    return workspace.removeprefix(_DIRECT)


def direct_place(user: str, channel: str) -> Place:
    """Direct messages with one person."""
    return Place(workspace=direct_workspace(user), channel=ChannelId(channel), root=MessageId(channel))


def guild_place(guild: str, channel: str, *, kind: int, parent: str | None) -> Place:
    """A channel or thread of a guild.

    Args:
        parent: the channel that a thread hangs under.
    """
    workspace = guild_workspace(guild)
    if kind not in THREADS or parent is None:
        return Place(workspace=workspace, channel=ChannelId(channel))
    home = channel if kind == Kind.PRIVATE_THREAD else parent
    return Place(workspace=workspace, channel=ChannelId(home), root=MessageId(channel))


def target(place: Place) -> str:
    """The channel or thread to send to."""
    return place.root or place.channel
