"""What of the simulated Discord is kept from one start to the next.

Used by the server, which writes it through a `Journal`. What lives for minutes (modals, interactions, sessions of the
gateway, the IDENTIFY budget, a token that was reset) is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from simulator.discord.guild import (
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Member,
    Message,
    MessageType,
    Overwrite,
    Role,
    User,
)
from simulator.discord.platform import DiscordPlatform
from simulator.journal import NOW_KEY, Key
from simulator.truth import TruthEntry

_MESSAGES = ("message", "ephemeral")
"""Restored last: they stand in channels and hold files."""
_DIRECT = ""
"""Stands for the guild in keys of direct messages."""


class DiscordState:
    """The simulated Discord as keys and values."""

    name = "discord"
    format = 1

    def __init__(self, platform: DiscordPlatform) -> None:
        self._platform = platform
        self._world = platform.world
        self.truth = platform.truth

    def now(self) -> dict[str, Any]:
        """From where ids go on."""
        return {"snowflakes": self._world.snowflakes.counters()}

    def small_keys(self) -> Iterator[Key]:
        """The app, people, guilds, channels and threads."""
        yield ("app",)
        yield from (("user", user_id) for user_id in self._world.users)
        for guild in self._world.guilds.values():
            yield ("guild", guild.id)
            yield from (("channel", guild.id, channel_id) for channel_id in guild.channels)
        yield from (("channel", _DIRECT, channel_id) for channel_id in self._world.dms)

    def large_keys(self) -> Iterator[Key]:
        """Messages of both kinds."""
        for channel in self._channels():
            yield from (("message", channel.id, message_id) for message_id in channel.messages)
            yield from (("ephemeral", channel.id, message_id) for message_id in channel.ephemerals)

    def changed_keys(self, entry: TruthEntry) -> Iterator[Key]:
        """The message that an entry is about; of a channel that is gone, everything that was in it."""
        subject, data = entry.kind.partition(".")[0], entry.data
        if subject in ("message", "reaction", "ephemeral"):
            message_id = data.get("message_id") or data["message"]["id"]
            yield ("ephemeral" if subject == "ephemeral" else "message", data["channel"], message_id)
        elif entry.kind == "channel.deleted":
            yield ("channel", entry.team, data["channel"])

    def value(self, key: Key) -> Any:
        """What is kept under *key*; None when it is gone."""
        match key:
            case ("app",):
                installs = sorted(self._world.application.user_installs)
                return {"user_installs": installs, "commands": self._platform.commands.by_scope()}
            case ("user", user_id):
                return _state(self._world.users[user_id])
            case ("guild", guild_id):
                return _state(self._world.guilds[guild_id], without=("channels",))
            case ("channel", _, channel_id):
                channel = self._world.channel(channel_id)
                return None if channel is None else _state(channel, without=("messages", "ephemerals"))
            case ("file", file_id):
                return _state(self._world.attachments[file_id], without=("content",))
            case (kind, channel_id, message_id):
                channel = self._world.channel(channel_id)
                return None if channel is None else _message_state(channel, kind, message_id)
            case _:
                raise KeyError(key)

    def files(self) -> Iterator[tuple[Key, str, bytes]]:
        """All attachments with their bytes."""
        for file in self._world.attachments.values():
            yield ("file", file.id), f"discord-{file.id}", file.content

    def restore(self, kept: dict[Key, Any], read: Callable[[str], bytes]) -> None:
        """Put the platform into the kept state."""
        world = self._world
        for things in (world.users, world.guilds, world.dms, world.attachments):
            things.clear()
        there = {key: value for key, value in kept.items() if value is not None}
        for key in sorted(there, key=lambda key: key[0] in _MESSAGES):
            self._restore(key, there[key], read)
        for guild in world.guilds.values():
            _drop_orphans(guild)
        world.bot = world.users[world.bot.id]
        world.snowflakes.continue_from(kept[NOW_KEY]["snowflakes"])

    def _restore(self, key: Key, value: Any, read: Callable[[str], bytes]) -> None:
        match key:
            case ("app",):
                self._world.application.user_installs = set(value["user_installs"])
                self._platform.commands.restore(value["commands"])
            case ("user", user_id):
                self._world.users[user_id] = User(**value)
            case ("guild", guild_id):
                self._world.guilds[guild_id] = _guild(value)
            case ("channel", guild_id, channel_id):
                place = self._world.guilds[guild_id].channels if guild_id else self._world.dms
                place[channel_id] = _channel(value)
            case ("file", file_id):
                self._world.attachments[file_id] = Attachment(**value, content=read(f"discord-{file_id}"))
            case ("message" | "ephemeral" as kind, channel_id, message_id):
                channel = self._world.channel(channel_id)
                if channel is not None:
                    messages = channel.messages if kind == "message" else channel.ephemerals
                    messages[message_id] = self._message(value)

    def _message(self, value: dict[str, Any]) -> Message:
        restored = {
            "type": MessageType(value["type"]),
            "edited_at": _moment(value["edited_at"]),
            "attachments": [self._world.attachments[file_id] for file_id in value["attachments"]],
        }
        return Message(**value | restored)

    def _channels(self) -> Iterator[Channel]:
        for guild in self._world.guilds.values():
            yield from guild.channels.values()
        yield from self._world.dms.values()


def _message_state(channel: Channel, kind: str, message_id: str) -> dict[str, Any] | None:
    message = (channel.messages if kind == "message" else channel.ephemerals).get(message_id)
    if message is None:
        return None
    files = [file.id for file in message.attachments]
    return _state(message, without=("attachments",)) | {"attachments": files}


def _state(thing: Any, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a part of the model, as JSON."""
    return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing) if field.name not in without}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return _state(value) if is_dataclass(value) else value


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def _guild(value: dict[str, Any]) -> Guild:
    members = {
        user_id: Member(
            **member | {"joined_at": datetime.fromisoformat(member["joined_at"]), "roles": set(member["roles"])}
        )
        for user_id, member in value["members"].items()
    }
    roles = {role_id: Role(**role) for role_id, role in value["roles"].items()}
    joined_at = datetime.fromisoformat(value["joined_at"])
    return Guild(**value | {"joined_at": joined_at, "members": members, "roles": roles})


def _drop_orphans(guild: Guild) -> None:
    """Remove the threads of channels that were deleted."""
    for thread in guild.threads(archived=None):
        if thread.parent_id not in guild.channels:
            del guild.channels[thread.id]


def _channel(value: dict[str, Any]) -> Channel:
    restored = {
        "type": ChannelType(value["type"]),
        "overwrites": {target: Overwrite(**overwrite) for target, overwrite in value["overwrites"].items()},
        "archive_changed_at": _moment(value["archive_changed_at"]),
        "members": {user_id: datetime.fromisoformat(at) for user_id, at in value["members"].items()},
    }
    return Channel(**value | restored)
