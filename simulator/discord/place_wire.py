"""How users, roles, channels, guilds and the app look on Discord's wire: the part of `wire` without messages.

Extended by `wire`. It only renders; every field that the published description of the REST API requires is there.
Source: https://docs.discord.com/developers/resources, and discord.py's `types`, which read it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.discord.guild import Channel, ChannelType, Guild, Member, MessageType, Role, User, made_at
from simulator.discord.guild_wire import GUILD_CONSTANTS
from simulator.discord.permissions import in_channel, in_guild
from simulator.discord.world import World

_CONTENT_LIMITED = 1 << 19
_MEMBERS_LIMITED = 1 << 15
_PRESENCE_LIMITED = 1 << 13


def moment(at: datetime) -> str:
    """A time as Discord writes it."""
    return at.isoformat(timespec="microseconds")


class PlaceWire:
    """Renders people and places."""

    def __init__(self, world: World) -> None:
        self._world = world

    # -- people -----------------------------------------------------------------------------------------------

    def user(self, user_id: str) -> dict[str, Any]:
        """A user as others see them."""
        user = self._world.users[user_id]
        return {
            "id": user.id,
            "username": user.username,
            "avatar": None,
            "discriminator": _discriminator(user),
            "public_flags": 0,
            "flags": 0,
            "bot": user.is_bot,
            "banner": None,
            "accent_color": None,
            "global_name": user.global_name,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
        }

    def own_user(self) -> dict[str, Any]:
        """The bot as it sees itself."""
        return self.user(self._world.bot.id) | {
            "mfa_enabled": True,
            "locale": "en-US",
            "premium_type": 0,
            "email": None,
            "verified": True,
        }

    def member(self, guild: Guild, user_id: str, *, with_user: bool = True) -> dict[str, Any]:
        """A membership; without the user where it stands beside the user."""
        member: Member = guild.members[user_id]
        body = {
            "avatar": None,
            "avatar_decoration_data": None,
            "banner": None,
            "collectibles": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": moment(member.joined_at),
            "nick": member.nick,
            "pending": False,
            "premium_since": None,
            "roles": sorted(member.roles),
            "mute": False,
            "deaf": False,
        }
        return body | ({"user": self.user(user_id)} if with_user else {})

    def role(self, role: Role) -> dict[str, Any]:
        """A role."""
        return {
            "id": role.id,
            "name": role.name,
            "permissions": str(int(role.permissions)),
            "position": role.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": role.bot_id is not None,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
            **({"tags": {"bot_id": role.bot_id}} if role.bot_id else {}),
        }

    # -- channels ---------------------------------------------------------------------------------------------

    def channel(self, channel: Channel) -> dict[str, Any]:
        """A channel of any type as the bot gets it."""
        if channel.is_dm:
            others = [user_id for user_id in channel.recipients if user_id != self._world.bot.id]
            return {
                "id": channel.id,
                "type": int(ChannelType.DM),
                "last_message_id": channel.last_message_id,
                "flags": 0,
                "recipients": [self.user(user_id) for user_id in others],
            }
        if channel.is_thread:
            return self._thread(channel)
        return {
            "id": channel.id,
            "type": int(channel.type),
            "last_message_id": channel.last_message_id,
            "last_pin_timestamp": None,
            "flags": 0,
            "guild_id": channel.guild_id,
            "name": channel.name,
            "parent_id": channel.parent_id,
            "rate_limit_per_user": channel.rate_limit_per_user,
            "topic": channel.topic,
            "position": channel.position,
            "permission_overwrites": [
                {"id": o.id, "type": int(o.is_member), "allow": str(int(o.allow)), "deny": str(int(o.deny))}
                for o in channel.overwrites.values()
            ],
            "nsfw": False,
        }

    def _thread(self, thread: Channel) -> dict[str, Any]:
        changed_at = thread.archive_changed_at or made_at(thread.id)
        metadata: dict[str, Any] = {
            "archived": thread.is_archived,
            "archive_timestamp": moment(changed_at),
            "auto_archive_duration": thread.auto_archive_min,
            "locked": thread.is_locked,
            "create_timestamp": moment(made_at(thread.id)),
        }
        if thread.type is ChannelType.PRIVATE_THREAD:
            metadata["invitable"] = thread.is_invitable
        body = {
            "id": thread.id,
            "type": int(thread.type),
            "last_message_id": thread.last_message_id,
            "last_pin_timestamp": None,
            "flags": 0,
            "guild_id": thread.guild_id,
            "name": thread.name,
            "parent_id": thread.parent_id,
            "rate_limit_per_user": thread.rate_limit_per_user,
            "owner_id": thread.owner_id,
            "thread_metadata": metadata,
            "message_count": sum(m.type is not MessageType.THREAD_STARTER for m in thread.messages.values()),
            "member_count": len(thread.members),
            "total_message_sent": thread.total_messages,
        }
        if self._world.bot.id in thread.members:
            body["member"] = self.thread_member(thread, self._world.bot.id)
        return body

    def thread_member(self, thread: Channel, user_id: str) -> dict[str, Any]:
        """A membership in a thread."""
        joined_at = moment(thread.members[user_id])
        return {"id": thread.id, "user_id": user_id, "join_timestamp": joined_at, "flags": 1}

    # -- guilds -----------------------------------------------------------------------------------------------

    def guild(self, guild: Guild, *, with_counts: bool = False) -> dict[str, Any]:
        """A guild as `GET /guilds/{guild.id}` shows it."""
        body = GUILD_CONSTANTS | {
            "id": guild.id,
            "name": guild.name,
            "owner_id": guild.owner_id,
            "roles": [self.role(role) for role in guild.roles.values()],
        }
        if with_counts:
            body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
        return body

    def guild_event(self, guild: Guild) -> dict[str, Any]:
        """The data of GUILD_CREATE: what of the guild the bot may see."""
        seen = [c for c in guild.channels.values() if in_channel(guild, c, self._world.bot.id)]
        return self.guild(guild) | {
            "joined_at": moment(guild.members[self._world.bot.id].joined_at),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [self.member(guild, user_id) for user_id in guild.members],
            "channels": [self.channel(c) for c in guild.channels.values() if not c.is_thread],
            "threads": [self.channel(c) for c in seen if c.is_thread and not c.is_archived],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def own_guild(self, guild: Guild) -> dict[str, Any]:
        """A guild in the list of the bot's guilds."""
        return {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": guild.owner_id == self._world.bot.id,
            "permissions": str(int(in_guild(guild, self._world.bot.id))),
            "features": [],
        }

    # -- the app ----------------------------------------------------------------------------------------------

    def application(self, *, message_content: bool, members: bool, presence: bool) -> dict[str, Any]:
        """The app as it sees itself; the arguments are the intents granted to it."""
        app = self._world.application
        flags = _CONTENT_LIMITED * message_content + _MEMBERS_LIMITED * members + _PRESENCE_LIMITED * presence
        return {
            "id": app.id,
            "name": app.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": self.user(self._world.bot.id),
            "bot_public": True,
            "bot_require_code_grant": False,
            "integration_types_config": {
                "0": {"oauth2_install_params": {"scopes": ["applications.commands", "bot"], "permissions": "0"}},
                "1": {"oauth2_install_params": {"scopes": ["applications.commands"], "permissions": "0"}},
            },
            "verify_key": "0" * 64,
            "flags": flags,
            "flags_new": str(flags),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.user(app.owner_id),
            "approximate_guild_count": len(self._world.bot_guilds()),
            "approximate_user_install_count": len(app.user_installs),
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": ["applications.commands", "bot"],
            "tags": [],
        }


def _discriminator(user: User) -> str:
    """Bots still have the four digits that people lost."""
    return f"{int(user.id) // 60_000 % 9_999 + 1:04d}" if user.is_bot else "0"
