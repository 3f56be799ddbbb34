"""The rest of the control API under `/control/slack`: state, truth log and feed, settings, faults, sockets.

Used by the browser page, by `person` and by tests. Nothing here is done as a person of the workspace.
"""

from __future__ import annotations

from aiohttp import web

from simulator.control_desk import Desk, json_object
from simulator.errors import PersonError
from simulator.slack.ask import workspace_named
from simulator.slack.control import CONTROL_PATH
from simulator.slack.platform import SlackPlatform
from simulator.slack.snapshot import snapshot
from simulator.slack.wire import Wire


class ControlDesk(Desk):
    """Serves looking and ordering."""

    def __init__(self, platform: SlackPlatform) -> None:
        super().__init__(platform, CONTROL_PATH)
        self._platform = platform

    def team_id(self, named: str) -> str:
        """Id of the workspace with that id or name."""
        return workspace_named(self._platform, named).id

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [
            *super().routes(),
            web.get(f"{CONTROL_PATH}/state", self.state),
            web.get(f"{CONTROL_PATH}/thread", self.thread),
            web.get(f"{CONTROL_PATH}/files/{{file_id}}", self.file),
            web.get("/files/{user}/{file_id}/{name}", self.file),
            web.post(f"{CONTROL_PATH}/sockets/disconnect", self.disconnect),
            web.post(f"{CONTROL_PATH}/sockets/black_hole", self.black_hole),
        ]

    # -- looking ----------------------------------------------------------------------------------------------

    async def state(self, request: web.Request) -> web.Response:
        """Everything about a workspace, right now."""
        return web.json_response(snapshot(self._platform, workspace_named(self._platform, request.query.get("team"))))

    async def thread(self, request: web.Request) -> web.Response:
        """The messages of a thread, its root first; of a whole channel without `ts`."""
        workspace = workspace_named(self._platform, request.query.get("team"))
        channel = workspace.find_channel(request.query.get("channel", ""))
        if channel is None:
            raise PersonError("there is no such channel", status=404)
        ts = request.query.get("ts")
        messages = workspace.thread(channel, ts) if ts else list(channel.messages.values())
        wire = Wire(workspace, self._platform.files, self._platform.base_url())
        shown = [wire.message(channel, message) for message in messages]
        return web.json_response({"channel": channel.id, "messages": shown, "truth_id": self._platform.truth.last_id})

    async def file(self, request: web.Request) -> web.Response:
        """The bytes of a file, for the page, which has no token."""
        workspace = workspace_named(self._platform, request.query.get("team"))
        file = self._platform.files.find(workspace.id, request.match_info["file_id"])
        if file is None or not file.is_complete:
            raise PersonError("there is no such file", status=404)
        headers = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    # -- trouble ----------------------------------------------------------------------------------------------

    async def disconnect(self, request: web.Request) -> web.Response:
        """End Socket Mode connections: with a `reason` announced, without one cut off."""
        body = await json_object(request)
        count = await self._platform.hub.disconnect(reason=body.get("reason"), count=body.get("count"))
        return web.json_response({"connections": count})

    async def black_hole(self, request: web.Request) -> web.Response:
        """Make Socket Mode connections half-open."""
        body = await json_object(request)
        return web.json_response({"connections": self._platform.hub.black_hole(body.get("count"))})
