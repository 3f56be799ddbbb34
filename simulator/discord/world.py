"""All there is in the simulated Discord: one app, its bot, the users, the guilds, the direct messages.

Made by `platform`; read by everything. It finds things and adds them as they were before anybody looked (`found_*`);
what happens later happens in `activity`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simulator.discord.guild import (
    FOUNDED_MS,
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Member,
    Message,
    Overwrite,
    Role,
    Snowflakes,
    User,
)
from simulator.discord.permissions import BOT, EVERYONE, Permission

PEOPLE = {"ada": "Ada Lovelace", "ben": "Ben Ortiz", "chloe": "Chloe Tan", "gus": "Gus Guest"}
_FOUNDED = datetime.fromtimestamp(FOUNDED_MS / 1000, UTC)


@dataclass(slots=True, kw_only=True)
class Application:
    """The app as it is registered; its bot has the same id."""

    id: str
    name: str
    owner_id: str
    user_installs: set[str] = field(default_factory=set)
    """Users who installed it for themselves."""


class World:
    """The model's roots and how to find in them."""

    def __init__(self, *, app_name: str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.snowflakes = Snowflakes(clock)
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.dms: dict[str, Channel] = {}
        """Direct messages between the bot and one person each, by channel id."""
        self.attachments: dict[str, Attachment] = {}
        """All that were ever uploaded: an address lives longer than its message."""
        for username, global_name in PEOPLE.items():
            self.found_user(username=username, global_name=global_name)
        self.bot = self.found_user(username=app_name, global_name=None, is_bot=True)
        ada = self.user_named("ada")
        self.application = Application(id=self.bot.id, name=app_name, owner_id=ada.id, user_installs={ada.id})

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    # -- finding ----------------------------------------------------------------------------------------------

    def user_named(self, name: str) -> User:
        """The user with that username.

        Raises:
            KeyError: there is none.
        """
        for user in self.users.values():
            if user.username == name:
                return user
        raise KeyError(name)

    def channel(self, channel_id: str) -> Channel | None:
        """A channel, thread or direct messages."""
        if channel_id in self.dms:
            return self.dms[channel_id]
        return next((g.channels[channel_id] for g in self.guilds.values() if channel_id in g.channels), None)

    def guild_of(self, channel: Channel) -> Guild | None:
        """The guild of a channel; None for direct messages."""
        return self.guilds[channel.guild_id] if channel.guild_id is not None else None

    def dm_with(self, user_id: str) -> Channel | None:
        """The direct messages between that person and the bot."""
        return next((dm for dm in self.dms.values() if user_id in dm.recipients), None)

    def message(self, channel_id: str, message_id: str) -> Message | None:
        """A message that all in its channel see."""
        channel = self.channel(channel_id)
        return channel.messages.get(message_id) if channel is not None else None

    def bot_is_in(self, guild: Guild) -> bool:
        """Whether the bot is a member."""
        return self.bot.id in guild.members

    def bot_guilds(self) -> list[Guild]:
        """The guilds that the bot is a member of."""
        return [guild for guild in self.guilds.values() if self.bot_is_in(guild)]

    # -- what was there from the start ------------------------------------------------------------------------

    def found_user(self, *, username: str, global_name: str | None, is_bot: bool = False) -> User:
        """A new user, member of nothing."""
        user = User(id=self.snowflakes.founding(), username=username, global_name=global_name, is_bot=is_bot)
        self.users[user.id] = user
        return user

    def found_guild(self, name: str, *, with_bot: bool = True) -> Guild:
        """A guild with the usual people, roles and channels."""
        ids = self.snowflakes
        people = {username: self.user_named(username).id for username in PEOPLE}
        guild = Guild(id=ids.founding(), name=name, owner_id=people["ada"], joined_at=_FOUNDED)
        admins, crew = ids.founding(), ids.founding()
        guild.roles = {
            guild.id: Role(id=guild.id, name="@everyone", permissions=EVERYONE),
            crew: Role(id=crew, name="Crew", permissions=EVERYONE, position=1),
            admins: Role(id=admins, name="Admins", permissions=Permission.ADMINISTRATOR, position=3),
        }
        roles = {"ada": {admins, crew}, "ben": {crew}, "chloe": {crew}, "gus": set[str]()}
        for username, user_id in people.items():
            guild.members[user_id] = Member(user_id=user_id, joined_at=_FOUNDED, roles=roles[username])
        bot_role = ids.founding()
        if with_bot:
            self.let_bot_in(guild, bot_role, joined_at=_FOUNDED)
        for position, channel_name in enumerate(("general", "random", "leads")):
            channel = Channel(
                id=ids.founding(), type=ChannelType.TEXT, guild_id=guild.id, name=channel_name, position=position
            )
            guild.channels[channel.id] = channel
            if channel_name == "leads":
                channel.overwrites = _private(guild, [people["ada"], people["ben"]])
        self.guilds[guild.id] = guild
        return guild

    def let_bot_in(self, guild: Guild, role_id: str, *, joined_at: datetime) -> None:
        """Make the bot a member of *guild*, with a managed role of its own."""
        name = self.application.name
        guild.roles[role_id] = Role(id=role_id, name=name, permissions=BOT, position=2, bot_id=self.bot.id)
        guild.members[self.bot.id] = Member(user_id=self.bot.id, joined_at=joined_at, roles={role_id})


def _private(guild: Guild, members: list[str]) -> dict[str, Overwrite]:
    """Overwrites that let *members* alone see a channel."""
    view = int(Permission.VIEW_CHANNEL)
    overwrites = [Overwrite(id=guild.id, is_member=False, deny=view)]
    overwrites += [Overwrite(id=user_id, is_member=True, allow=view) for user_id in members]
    return {overwrite.id: overwrite for overwrite in overwrites}
