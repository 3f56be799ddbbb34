"""The control API under `/control/slack`: do something as a person of the workspace.

Used by the browser page, by `person` and by tests; loopback only, JSON only (the server sees to both).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.errors import PersonError
from simulator.slack import doing_places, doing_talk
from simulator.slack.ask import Ask, workspace_named
from simulator.slack.platform import SlackPlatform

CONTROL_PATH = "/control/slack"
Handler = Callable[[Ask], Awaitable[dict[str, Any]]]

DOINGS: dict[str, Handler] = {
    "messages": doing_talk.post,
    "messages/edit": doing_talk.edit,
    "messages/delete": doing_talk.delete,
    "reactions": doing_talk.react,
    "commands": doing_talk.command,
    "actions": doing_talk.press,
    "shortcuts": doing_talk.shortcut,
    "views/submit": doing_talk.submit_view,
    "views/close": doing_talk.close_view,
    "home": doing_talk.open_home,
    "channels": doing_places.create_channel,
    "channels/im": doing_places.open_im,
    "channels/join": doing_places.join,
    "channels/invite": doing_places.invite,
    "channels/leave": doing_places.leave,
    "channels/archive": doing_places.archive,
    "users": doing_places.add_user,
    "usergroups": doing_places.set_group,
    "teams": doing_places.add_team,
    "teams/revoke": doing_places.revoke,
}
"""What a POST to `/control/slack/<name>` does."""


class ControlApi:
    """Serves the doings; looking and ordering trouble are in `control_desk`."""

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [web.post(f"{CONTROL_PATH}/{name}", self._serve(handler)) for name, handler in DOINGS.items()]

    def _serve(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            body = await request.json()
            if not isinstance(body, dict):
                raise PersonError("a JSON object is needed")
            workspace = workspace_named(self._platform, body.get("team"))
            answer = await handler(Ask(platform=self._platform, workspace=workspace, body=body))
            return web.json_response({"ok": True, **answer})

        return serve
