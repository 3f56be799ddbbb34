"""What a session is told first, and the lists of members that it asks for: READY, GUILD_CREATE, GUILD_MEMBERS_CHUNK.

Used by `gateway_server`. It renders and decides nothing.
Source: https://docs.discord.com/developers/events/gateway-events#ready and discord.py 2.7 `state.py`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from simulator.discord.gateway_protocol import GATEWAY_PATH, VERSION, Intent
from simulator.discord.gateway_session import Session
from simulator.discord.guild import Guild
from simulator.discord.options import DiscordOptions
from simulator.discord.wire import Wire
from simulator.discord.world import World

CHUNK = 1000
"""Members in one GUILD_MEMBERS_CHUNK."""
QUERY_LIMIT = 100


class Greeting:
    """Renders what a new session is told."""

    def __init__(self, *, world: World, wire: Callable[[], Wire], options: Callable[[], DiscordOptions]) -> None:
        self._world = world
        self._wire = wire
        self._options = options

    def to(self, session: Session, *, host: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events after IDENTIFY, in order.

        Args:
            host: host and port at which the client reached us, and will to resume.
        """
        guilds = [guild for guild in self._world.bot_guilds() if session.serves(guild.id)]
        yield "READY", self._ready(session, guilds, host)
        if Intent.GUILDS not in session.intents:
            return
        for guild in guilds:
            if not guild.is_unavailable:
                yield "GUILD_CREATE", without_members(self._wire().guild_event(guild), session, self._world.bot.id)

    def _ready(self, session: Session, guilds: list[Guild], host: str) -> dict[str, Any]:
        options = self._options()
        application = self._wire().application(
            message_content=options.message_content_intent,
            members=options.members_intent,
            presence=options.presence_intent,
        )
        return {
            "v": int(VERSION),
            "user": self._wire().own_user(),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": f"ws://{host}{GATEWAY_PATH}",
            "shard": list(session.shard),
            "application": {"id": application["id"], "flags": application["flags"]},
            "user_settings": {},
            "relationships": [],
            "private_channels": [],
            "presences": [],
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "_trace": [],
        }

    def members_chunks(self, intents: Intent, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The GUILD_MEMBERS_CHUNKs that answer a request; none for a guild that the bot is not in.

        All members of a guild are for who has the GUILD_MEMBERS intent.
        """
        guild = self._world.guilds.get(str(asked.get("guild_id")))
        if guild is None or not self._world.bot_is_in(guild):
            return
        wanted = [str(user_id) for user_id in _listed(asked.get("user_ids"))]
        if wanted:
            found, missing = [u for u in wanted if u in guild.members], [u for u in wanted if u not in guild.members]
        else:
            found, missing = self._matching(guild, intents, str(asked.get("query", "")), asked.get("limit")), []
        parts = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)] or [[]]
        for index, part in enumerate(parts):
            chunk = {
                "guild_id": guild.id,
                "members": [self._wire().member(guild, user_id) for user_id in part],
                "chunk_index": index,
                "chunk_count": len(parts),
                "not_found": missing,
            }
            nonce = asked.get("nonce")
            yield chunk | ({"nonce": nonce} if nonce is not None else {})

    def _matching(self, guild: Guild, intents: Intent, query: str, limit: Any) -> list[str]:
        """Members whose name begins with *query*, at most *limit*; all for an empty query."""
        if not query:
            return list(guild.members) if Intent.GUILD_MEMBERS in intents else []
        names = {u: (self._world.users[u].username, member.nick or "") for u, member in guild.members.items()}
        found = [u for u, own in names.items() if any(name.lower().startswith(query.lower()) for name in own)]
        return found[: limit if isinstance(limit, int) and 0 < limit <= QUERY_LIMIT else QUERY_LIMIT]


def without_members(guild: dict[str, Any], session: Session, bot_id: str) -> dict[str, Any]:
    """GUILD_CREATE's *guild* with the bot as its only member, unless the session asked for presences."""
    if Intent.GUILD_PRESENCES in session.intents:
        return guild
    return guild | {"members": [member for member in guild["members"] if member["user"]["id"] == bot_id]}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
