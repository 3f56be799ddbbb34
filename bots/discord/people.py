"""Who people and channels are, as Discord said less than a minute ago, or as its gateway keeps telling.

Asked by the handlers (names, places, guests) and by the front desk (may Muster post here, may this person read that).
What Discord does not say counts as no. Implements `core.ports.Conversations`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bots.discord import limits, replies
from bots.discord.calls import Rest, translated
from bots.discord.parse import shown_name
from bots.discord.places import (
    STARTABLE,
    THREADS,
    Kind,
    direct_place,
    direct_user,
    guild_of,
    guild_place,
    is_direct,
    target,
)
from bots.facts import Facts, Known
from core.domain.refs import ChannelId, Person, Place, UserId
from core.errors import MusterError, PermanentError, TransientError

log = structlog.get_logger(__name__)

NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "create_public_threads": "Create Public Threads",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}
"""Permissions without which Muster cannot work, as Discord's own settings name them."""
_NOT_IN_THREADS = frozenset({"send_messages", "create_public_threads"})


def invite_url(application: str) -> str:
    """Where somebody who manages a server lets Muster in, with the least rights that it needs.

    Source: https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow
    """
    needed = discord.Permissions(**dict.fromkeys(NEEDED, True)).value
    scopes = "bot%20applications.commands"
    return f"https://discord.com/oauth2/authorize?client_id={application}&scope={scopes}&permissions={needed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A channel or thread."""

    place: Place
    owned: bool  # a thread that Muster started


class DiscordConversations:
    """People and channels of all guilds that the bot is in, and direct messages."""

    def __init__(self, client: discord.Client, rest: Rest, *, facts: Facts, lasting: Facts) -> None:
        """
        Args:
            facts: of people.
            lasting: of what does not change.
        """
        self._client = client
        self._rest = rest
        self._facts = facts
        self._lasting = lasting

    @property
    def invite(self) -> str:
        """The link with which Muster is let in."""
        return invite_url(str(self._client.application_id))

    def ours(self, guild: str) -> frozenset[str]:
        """Ids that mean Muster when they are mentioned: its user, and its own role in the guild."""
        user = self._client.user
        ids = {str(user.id)} if user is not None else set[str]()
        known = self._client.get_guild(int(guild)) if guild else None
        if known is not None and known.self_role is not None:
            ids.add(str(known.self_role.id))
        return frozenset(ids)

    def names_in(self, guild: str) -> dict[str, str]:
        """Names of the guild's channels and roles, by id."""
        known = self._client.get_guild(int(guild)) if guild else None
        if known is None:
            return {}
        return {str(thing.id): thing.name.lstrip("@") for thing in (*known.channels, *known.threads, *known.roles)}

    def is_stranger_to(self, guild: str) -> bool:
        """Whether the bot is no member of the guild: somebody there has installed the app for themselves."""
        return self._client.get_guild(int(guild)) is None

    def is_plain_channel(self, guild: str, channel: str) -> bool:
        """Whether it is a channel of the guild and no thread, as far as the gateway has told."""
        known = self._client.get_guild(int(guild))
        return known is not None and known.get_channel(int(channel)) is not None

    async def where(self, guild: str, channel: str, user: str) -> Where:
        """Which place a channel or thread is.

        Args:
            guild: "" in direct messages with *user*.

        Raises:
            MusterError: Discord does not say.
        """
        if not guild:
            return Where(place=direct_place(user, channel), owned=True)
        known = self._client.get_guild(int(guild))
        found = known.get_channel_or_thread(int(channel)) if known is not None else None
        if isinstance(found, discord.Thread):
            raw = {"type": found.type.value, "parent_id": str(found.parent_id), "owner_id": str(found.owner_id)}
        elif found is not None:
            raw = {"type": found.type.value}
        else:
            raw = await self._lasting.get(("channel", channel), lambda: self._raw_channel(channel))
        kind, parent = int(raw["type"]), raw.get("parent_id")
        place = guild_place(guild, channel, kind=kind, parent=str(parent) if parent else None)
        own = str(self._client.user.id) if self._client.user is not None else ""
        return Where(place=place, owned=kind in THREADS and str(raw.get("owner_id")) == own)

    async def wrote(self, guild: str, author: Mapping[str, Any], member: Mapping[str, Any] | None) -> Known:
        """Who wrote a message; restricted when it is nobody who is in the guild now.

        Args:
            member: as it comes with the message; looked up when it did not.

        Raises:
            TransientError: it did not, and Discord does not say now.
        """
        person = Person(id=UserId(str(author["id"])), name=shown_name(author, member))
        if not guild:
            return Known(person=person, restricted=bool(author.get("bot")))
        if member is None:
            try:
                member = await self._raw_member(guild, person.id)
            except PermanentError:
                return Known(person=person, restricted=True)
            person = Person(id=person.id, name=shown_name(author, member))
        restricted = bool(author.get("bot") or member.get("pending"))
        return Known(
            person=person,
            restricted=restricted,
            admin=not restricted and self._manages(guild, author, member),
            groups=frozenset([guild, *map(str, member.get("roles", ()))]),  # a guild's id is that of its @everyone
        )

    async def who(self, guild: str, user: UserId, name: str = "") -> Known:
        """Who a member of the guild is; restricted when Discord does not say in time."""
        try:
            async with asyncio.timeout(limits.LOOK_UP_S):
                member = await self._raw_member(guild, user)
        except (MusterError, TimeoutError) as error:
            log.info("discord.user_unknown", user=user, error=str(error) or type(error).__name__)
            return Known(person=Person(id=user, name=name or user), restricted=True)
        return await self.wrote(guild, member["user"], member)

    async def admit(self, place: Place) -> str:
        """Whether Muster may do in the channel or thread what it has to.

        Raises:
            TransientError: Discord does not say now.
        """
        if is_direct(place.workspace):
            return ""
        guild = self._client.get_guild(int(guild_of(place.workspace)))
        if guild is None:
            return replies.not_in_server(self.invite)
        if guild.unavailable or guild.me is None:
            raise TransientError("the guild is not available", retry_after_s=5.0)
        try:
            channel = await self._channel(guild, target(place))
            permissions = channel.permissions_for(guild.me)
        except (PermanentError, discord.ClientException, AttributeError) as error:
            log.info("discord.not_admitted", place=place.encode(), error=str(error))
            return replies.GONE
        in_thread = isinstance(channel, discord.Thread)
        if not in_thread and channel.type.value not in STARTABLE:
            return replies.NOT_HERE
        if isinstance(channel, discord.Thread) and channel.locked and not permissions.manage_threads:
            return replies.LOCKED
        needed = {name: words for name, words in NEEDED.items() if not (in_thread and name in _NOT_IN_THREADS)}
        lacking = [words for name, words in needed.items() if not getattr(permissions, name)]
        return replies.missing(lacking) if lacking else ""

    async def may_view(self, place: Place, user: UserId) -> bool:
        """Whoever can view the channel now; in a private thread whoever is in it, or manages threads."""
        if is_direct(place.workspace):
            return user == direct_user(place.workspace)
        guild = self._client.get_guild(int(guild_of(place.workspace)))
        if guild is None or guild.unavailable:
            return False
        try:
            channel = await self._channel(guild, place.channel)
            member = await self._facts.get(("seen", guild.id, user), lambda: _member(guild, user))
            permissions = channel.permissions_for(member)
            if not permissions.view_channel or member.pending:
                return False
            private = isinstance(channel, discord.Thread) and channel.type.value == Kind.PRIVATE_THREAD
            return not private or permissions.manage_threads or await self._is_in_thread(place.channel, user)
        except (MusterError, discord.DiscordException, AttributeError) as error:
            log.info("discord.view_denied", place=place.encode(), user=user, error=str(error))
            return False

    async def direct_channel(self, user: UserId) -> ChannelId:
        """The conversation between Muster and the person alone, opened if need be."""

        async def ask() -> Any:
            opened = await self._rest.call("POST", "/users/@me/channels", body={"recipient_id": user}, reading=True)
            return str(opened["id"])

        return ChannelId(await self._lasting.get(("direct", user), ask))

    def _manages(self, guild: str, author: Mapping[str, Any], member: Mapping[str, Any]) -> bool:
        known = self._client.get_guild(int(guild))
        if known is None:
            return False
        roles = [known.default_role, *(known.get_role(int(role)) for role in member.get("roles", ()))]
        granted = [role.permissions for role in roles if role is not None]
        return known.owner_id == int(author["id"]) or any(p.administrator or p.manage_guild for p in granted)

    async def _channel(self, guild: discord.Guild, channel: str) -> Any:
        """A channel of the guild that has permissions; threads that sleep are asked for."""
        known = guild.get_channel_or_thread(int(channel))
        return known or await translated(guild.fetch_channel(int(channel)), reading=True)

    async def _raw_channel(self, channel: str) -> Any:
        return await self._rest.call("GET", "/channels/{channel_id}", reading=True, channel_id=channel)

    async def _raw_member(self, guild: str, user: UserId) -> Any:
        async def ask() -> Any:
            path = "/guilds/{guild_id}/members/{user_id}"
            return await self._rest.call("GET", path, reading=True, guild_id=guild, user_id=user)

        return await self._facts.get(("member", guild, user), ask)

    async def _is_in_thread(self, thread: str, user: UserId) -> bool:
        async def ask() -> Any:
            path = "/channels/{channel_id}/thread-members/{user_id}"
            await self._rest.call("GET", path, reading=True, channel_id=thread, user_id=user)
            return True

        return bool(await self._facts.get(("in", thread, user), ask))


async def _member(guild: discord.Guild, user: UserId) -> discord.Member:
    return await translated(guild.fetch_member(int(user)), reading=True)
