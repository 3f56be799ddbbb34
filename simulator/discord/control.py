"""The control API under `/control/discord`: do something as a person of a guild.

Used by the browser page, by `person` and by tests; loopback only, JSON only (the server sees to both). What means the
same as on Slack has the same name there: `ts` is a message's id, `thread_ts` a thread's, `action_id` a custom id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.control_desk import json_object
from simulator.discord import doing_places, doing_talk, doing_trouble
from simulator.discord.ask import Ask, guild_named
from simulator.discord.errors import ApiError
from simulator.discord.platform import DiscordPlatform
from simulator.errors import PersonError

CONTROL_PATH = "/control/discord"
Handler = Callable[[Ask], Awaitable[dict[str, Any]]]

DOINGS: dict[str, Handler] = {
    "messages": doing_talk.post,
    "messages/edit": doing_talk.edit,
    "messages/delete": doing_talk.delete,
    "reactions": doing_talk.react,
    "commands": doing_talk.command,
    "commands/autocomplete": doing_talk.autocomplete,
    "shortcuts": doing_talk.shortcut,
    "actions": doing_talk.press,
    "views/submit": doing_talk.submit_view,
    "views/close": doing_talk.close_view,
    "channels": doing_places.create_channel,
    "channels/im": doing_places.open_im,
    "channels/delete": doing_places.delete_channel,
    "channels/permissions": doing_places.set_permissions,
    "threads": doing_places.create_thread,
    "threads/change": doing_places.change_thread,
    "threads/invite": doing_places.invite,
    "threads/leave": doing_places.leave,
    "users": doing_places.add_user,
    "users/install": doing_places.install,
    "members/remove": doing_places.remove_member,
    "members/roles": doing_places.change_roles,
    "roles": doing_places.change_role,
    "teams": doing_places.add_guild,
    "teams/bot": doing_places.add_bot,
    "teams/outage": doing_places.set_outage,
    "teams/revoke": doing_trouble.revoke,
    "sockets/disconnect": doing_trouble.disconnect,
    "sockets/invalidate": doing_trouble.invalidate,
    "sockets/heartbeat": doing_trouble.ask_for_heartbeat,
    "sockets/black_hole": doing_trouble.black_hole,
    "sockets/inject": doing_trouble.inject,
    "sockets/raw": doing_trouble.send_raw,
}
"""What a POST to `/control/discord/<name>` does."""


class ControlApi:
    """Serves the doings; looking, settings and faults are in `control_desk`."""

    def __init__(self, platform: DiscordPlatform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [web.post(f"{CONTROL_PATH}/{name}", self._serve(handler)) for name, handler in DOINGS.items()]

    def _serve(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            body = await json_object(request)
            guild = guild_named(self._platform, body.get("team"))
            try:
                answer = await handler(Ask(platform=self._platform, guild=guild, body=body))
            except ApiError as refusal:
                raise PersonError(f"{refusal.message} {refusal.extra or ''}".strip(), status=refusal.status) from None
            return web.json_response({"ok": True, **answer})

        return serve
