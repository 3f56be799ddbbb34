"""Threads and direct messages, read again. Implements `bots.catch_up.Threads`.

Called by the catch-up. It reads and hands on; what a message means is the handlers' business. Discord lists a guild's
active threads with their last messages, so only those in which something was said are read.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from bots.catch_up import Turn
from bots.discord import limits
from bots.discord.calls import Rest
from bots.discord.parse import Payload, snowflake_at
from bots.discord.places import guild_of, is_direct, target
from bots.facts import Facts
from core.domain.refs import Place
from core.errors import TransientError

_LATER_S = 2.0


class DiscordThreads:
    """Reads what the gateway may not have told."""

    def __init__(
        self,
        rest: Rest,
        facts: Facts,
        hear: Callable[[Payload, str], Awaitable[None]],
        connected: Callable[[], bool],
    ) -> None:
        """
        Args:
            facts: keeps a guild's list for as long as one round of reading takes.
            hear: takes a message as Discord shows it, and the guild it is in.
            connected: whether the guilds are known.
        """
        self._rest = rest
        self._facts = facts
        self._hear = hear
        self._connected = connected

    async def hear_again(self, place: Place, since: datetime, turn: Turn) -> None:
        """See `bots.catch_up.Threads`.

        Source: https://docs.discord.com/developers/resources/message#get-channel-messages
        """
        if not self._connected():
            raise TransientError("not connected yet", retry_after_s=_LATER_S)
        guild = "" if is_direct(place.workspace) else guild_of(place.workspace)
        channel, after = target(place), snowflake_at(since)
        if guild and int((await self._last_messages(guild, turn)).get(channel, after)) < int(after):
            return
        while True:
            await turn()
            query: dict[str, str | int] = {"after": after, "limit": limits.MESSAGES_PAGE}
            path = "/channels/{channel_id}/messages"
            page = await self._rest.call("GET", path, query=query, reading=True, channel_id=channel)
            page.sort(key=lambda message: int(message["id"]))
            for message in page:
                await self._hear(message, guild)
            if len(page) < limits.MESSAGES_PAGE:
                return
            after = str(page[-1]["id"])

    async def _last_messages(self, guild: str, turn: Turn) -> dict[str, str]:
        """The newest message of each active thread, by thread; one that sleeps or is gone is not there.

        Source: https://docs.discord.com/developers/resources/guild#list-active-guild-threads
        """

        async def ask() -> Any:
            await turn()
            path = "/guilds/{guild_id}/threads/active"
            listed = await self._rest.call("GET", path, reading=True, guild_id=guild)
            return {str(each["id"]): str(each.get("last_message_id") or each["id"]) for each in listed["threads"]}

        found: dict[str, str] = await self._facts.get(("active", guild), ask)
        return found
