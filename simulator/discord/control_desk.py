"""The rest of the control API under `/control/discord`: state, threads, files; with the truth log, settings and faults.

Used by the browser page, by `person` and by tests. Nothing here is done as a person of a guild.
"""

from __future__ import annotations

from aiohttp import web

from simulator.control_desk import Desk
from simulator.discord.ask import guild_named, shown
from simulator.discord.control import CONTROL_PATH
from simulator.discord.platform import DiscordPlatform
from simulator.discord.snapshot import snapshot, thread_of
from simulator.errors import PersonError


class ControlDesk(Desk):
    """Serves looking and ordering."""

    def __init__(self, platform: DiscordPlatform) -> None:
        super().__init__(platform, CONTROL_PATH)
        self._platform = platform

    def team_id(self, named: str) -> str:
        """Id of the guild with that id or name."""
        return guild_named(self._platform, named).id

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [
            *super().routes(),
            web.get(f"{CONTROL_PATH}/state", self.state),
            web.get(f"{CONTROL_PATH}/thread", self.thread),
            web.get(f"{CONTROL_PATH}/files/{{file_id}}", self.file),
        ]

    async def state(self, request: web.Request) -> web.Response:
        """Everything about a guild, right now."""
        return web.json_response(snapshot(self._platform, guild_named(self._platform, request.query.get("team"))))

    async def thread(self, request: web.Request) -> web.Response:
        """The messages of a thread, its root first; of a whole channel, or thread, without `ts`."""
        guild = guild_named(self._platform, request.query.get("team"))
        named = request.query.get("channel", "")
        channel = self._platform.world.channel(named)
        channel = channel or next((c for c in guild.channels.values() if c.name == named), None)
        if channel is None:
            raise PersonError("there is no such channel", status=404)
        if ts := request.query.get("ts"):
            messages = thread_of(self._platform, channel, ts)
        else:
            messages = [(channel, message) for message in channel.messages.values()]
        told = [shown(self._platform, place, message) for place, message in messages]
        return web.json_response({"channel": channel.id, "messages": told, "truth_id": self._platform.truth.last_id})

    async def file(self, request: web.Request) -> web.Response:
        """The bytes of a file, for the page."""
        file = self._platform.world.attachments.get(request.match_info["file_id"])
        if file is None:
            raise PersonError("there is no such file", status=404)
        headers = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
        content_type = (file.content_type or "application/octet-stream").partition(";")[0]
        return web.Response(body=file.content, content_type=content_type, headers=headers)
