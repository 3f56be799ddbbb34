"""Who belongs to a guild and what they hold there: the part of `activity` that changes memberships, roles and guilds.

Called by the control API. Each function changes the model, writes the truth log and dispatches the gateway's events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.discord.activity import Activity
from simulator.discord.guild import Channel, Guild, Member, Overwrite, Role
from simulator.discord.seams import Dispatch
from simulator.discord.wire import Wire
from simulator.discord.world import World
from simulator.truth import TruthLog


class Membership:
    """Carries out what happens to memberships."""

    def __init__(
        self,
        *,
        world: World,
        truth: TruthLog,
        dispatch: Dispatch,
        activity: Activity,
        base_url: Callable[[], str],
    ) -> None:
        self._world = world
        self._truth = truth
        self._dispatch = dispatch
        self._activity = activity
        self._base_url = base_url

    def add_member(self, guild: Guild, user_id: str, *, roles: set[str] | None = None) -> Member:
        """Let a user in."""
        member = Member(user_id=user_id, joined_at=self._world.now(), roles=roles or set())
        guild.members[user_id] = member
        self._tell(guild, "member.joined", "GUILD_MEMBER_ADD", self._wire().member(guild, user_id), user=user_id)
        return member

    def change_member(self, guild: Guild, user_id: str, **changes: Any) -> None:
        """Change a member's `roles` or `nick`."""
        for name, value in changes.items():
            setattr(guild.members[user_id], name, value)
        self._tell(guild, "member.changed", "GUILD_MEMBER_UPDATE", self._wire().member(guild, user_id), user=user_id)

    def remove_member(self, guild: Guild, user_id: str) -> None:
        """Let a user go; for the bot this is its removal from the guild."""
        if user_id == self._world.bot.id:
            self._tell(guild, "guild.left", "GUILD_DELETE", {"id": guild.id})
            roles = guild.members.pop(user_id).roles
            for role_id in roles:
                guild.roles.pop(role_id, None)
            return
        self._tell(guild, "member.left", "GUILD_MEMBER_REMOVE", {"user": self._wire().user(user_id)}, user=user_id)
        del guild.members[user_id]

    def invite_bot(self, guild: Guild) -> None:
        """Let the bot in, with the permissions of its invite link."""
        self._world.let_bot_in(guild, self._world.snowflakes.next(), joined_at=self._world.now())
        self.announce(guild)

    def announce(self, guild: Guild) -> None:
        """Tell the bot of a guild that it is in from now on."""
        shown = self._wire().guild_event(guild)
        del shown["unavailable"]  # by its absence clients tell a new guild from one that is back after an outage
        self._tell(guild, "guild.joined", "GUILD_CREATE", shown)

    def set_outage(self, guild: Guild, *, is_unavailable: bool) -> None:
        """Begin or end an outage of the guild."""
        guild.is_unavailable = is_unavailable
        if is_unavailable:
            self._tell(guild, "guild.unavailable", "GUILD_DELETE", {"id": guild.id, "unavailable": True})
        else:
            self._tell(guild, "guild.available", "GUILD_CREATE", self._wire().guild_event(guild))

    def change_role(self, guild: Guild, role: Role, *, permissions: int) -> None:
        """Give a role other permissions."""
        role.permissions = permissions
        self._tell(guild, "role.changed", "GUILD_ROLE_UPDATE", {"role": self._wire().role(role)})

    def set_overwrite(self, channel: Channel, overwrite: Overwrite) -> None:
        """Put an overwrite of a channel in force, in place of the one that the role or member had."""
        self._activity.update_channel(channel, overwrites={**channel.overwrites, overwrite.id: overwrite})

    def _wire(self) -> Wire:
        return Wire(self._world, self._base_url())

    def _tell(self, guild: Guild, kind: str, name: str, data: dict[str, Any], *, user: str | None = None) -> None:
        known = {"guild_name": guild.name} | ({"user": user} if user else {})
        self._truth.append(kind, known, team=guild.id)
        named = data if name.startswith("GUILD_") and "id" in data else data | {"guild_id": guild.id}
        self._dispatch(name, named, guild_id=guild.id, channel=None)
