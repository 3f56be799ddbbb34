"""One thing asked of the control API, and the reading of what it names: people, channels, messages.

Made by `control`, taken by every doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.discord.guild import Channel, Guild, Message, User
from simulator.discord.interactions import Spot
from simulator.discord.permissions import Permission, in_channel
from simulator.discord.platform import DiscordPlatform
from simulator.errors import PersonError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing asked of the control API."""

    platform: DiscordPlatform
    guild: Guild
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
        """The user named in the body by id or name."""
        user = find_user(self.platform, self.text(name))
        if user is None:
            raise PersonError(f"there is no user {self.text(name)!r}", status=404)
        return user

    def member(self, name: str = "user") -> User:
        """The user named in the body, who is a member of the guild."""
        user = self.user(name)
        if user.id not in self.guild.members:
            raise PersonError(f"{user.username} is not in {self.guild.name}", status=404)
        return user

    def channel(self, *, as_seen_by: User | None = None) -> Channel:
        """The channel or thread named in the body by id or name; `@bot` is the person's direct messages with the app.

        With `thread_ts` the thread of that id; direct messages have none and stay what they are.
        """
        channel = self._channel(self.text("channel"), as_seen_by)
        thread_id = self.body.get("thread_ts")
        if thread_id and not channel.is_dm and channel.id != thread_id:
            thread = self.guild.channels.get(str(thread_id))
            if thread is None or not thread.is_thread:
                raise PersonError(f"there is no thread {thread_id}", status=404)
            channel = thread
        if as_seen_by is not None and Permission.VIEW_CHANNEL not in self.may(channel, as_seen_by):
            raise PersonError(f"{as_seen_by.username} cannot see {self.text('channel')!r}", status=404)
        return channel

    def _channel(self, name: str, user: User | None) -> Channel:
        if name.startswith("@") and user is not None:
            named = find_user(self.platform, name)
            if named is not None and named.is_bot:
                return self.platform.activity.open_dm(user.id)
        wanted = name.removeprefix("#")
        dm = self.platform.world.dms.get(wanted)
        found = dm or next((c for c in self.guild.channels.values() if wanted in (c.id, c.name)), None)
        if found is None:
            raise PersonError(f"there is no channel {name!r} in {self.guild.name}", status=404)
        return found

    def may(self, channel: Channel, user: User) -> Permission:
        """What *user* may in *channel*."""
        return in_channel(self.platform.world.guild_of(channel), channel, user.id)

    def needs(self, channel: Channel, user: User, permission: Permission) -> None:
        """Nothing when *user* may do that in *channel*.

        Raises:
            PersonError: they may not.
        """
        if permission not in self.may(channel, user):
            raise PersonError(f"{user.username} lacks {permission.name} in {channel.name or channel.id}", status=403)

    def spot(self) -> Spot:
        """The person and the place of an interaction."""
        user = self.user()
        channel = self.channel(as_seen_by=user)
        return Spot(user=user, channel=channel, guild=self.platform.world.guild_of(channel))

    def message(self, channel: Channel, *, seen_by: User | None = None) -> Message:
        """The message named in the body by its id; ephemeral ones are there for *seen_by* alone."""
        message_id = self.text("ts")
        message = channel.messages.get(message_id)
        if message is None and seen_by is not None:
            ephemeral = channel.ephemerals.get(message_id)
            message = ephemeral if ephemeral is not None and ephemeral.only_for == seen_by.id else None
        if message is None:
            raise PersonError(f"there is no message {message_id!r} in {channel.name or channel.id}", status=404)
        return message

    def show(self, channel: Channel, message: Message) -> dict[str, Any]:
        """A message as the control API shows it."""
        return shown(self.platform, channel, message)


def shown(platform: DiscordPlatform, channel: Channel, message: Message) -> dict[str, Any]:
    """A message with where it is; `parent` is the channel that a thread hangs under, else None."""
    body = platform.wire().message(message)
    return {"channel": channel.id, "parent": channel.parent_id if channel.is_thread else None, "message": body}


def find_user(platform: DiscordPlatform, name: str) -> User | None:
    """The user with that id or name, whatever its case."""
    wanted = name.removeprefix("@").casefold()
    return next((u for u in platform.world.users.values() if wanted in (u.id, u.username.casefold())), None)


def guild_named(platform: DiscordPlatform, team: str | None) -> Guild:
    """The guild with that id or name; the first when None."""
    if not team:
        return platform.first
    for guild in platform.world.guilds.values():
        if team in (guild.id, guild.name):
            return guild
    raise PersonError(f"there is no guild {team!r}", status=404)
