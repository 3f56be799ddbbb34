"""The rest of the control API under `/control/slack`: state, truth log and feed, settings, faults, sockets.

Used by the browser page, by `person` and by tests. Nothing here is done as a person of the workspace.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, fields, replace
from typing import Any

from aiohttp import web

from simulator.faults import Fault, FaultKind
from simulator.slack.ask import workspace_named
from simulator.slack.control import CONTROL_PATH
from simulator.slack.errors import PersonError
from simulator.slack.options import SlackOptions
from simulator.slack.platform import SlackPlatform
from simulator.slack.snapshot import snapshot
from simulator.slack.wire import Wire

FEED_HEARTBEAT_S = 15.0


class ControlDesk:
    """Serves looking and ordering."""

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [
            web.get(f"{CONTROL_PATH}/state", self.state),
            web.get(f"{CONTROL_PATH}/thread", self.thread),
            web.get(f"{CONTROL_PATH}/files/{{file_id}}", self.file),
            web.get("/files/{user}/{file_id}/{name}", self.file),
            web.get(f"{CONTROL_PATH}/truth", self.truth),
            web.get(f"{CONTROL_PATH}/feed", self.feed),
            web.get(f"{CONTROL_PATH}/faults", self.list_faults),
            web.post(f"{CONTROL_PATH}/faults", self.add_fault),
            web.delete(f"{CONTROL_PATH}/faults", self.clear_faults),
            web.post(f"{CONTROL_PATH}/settings", self.settings),
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

    async def truth(self, request: web.Request) -> web.Response:
        """Entries of the truth log above `after`, at most `limit`, of the kinds that start with one of `kinds`."""
        after, kinds = _position(request), _kinds(request)
        limit = int(request.query.get("limit", "1000"))
        entries = self._platform.truth.since(after, kinds=kinds, limit=limit)
        wire = [entry.wire() for entry in entries]
        return web.json_response({"entries": wire, "last_id": self._platform.truth.last_id})

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """The truth log as server-sent events, from `after` (or `Last-Event-ID`) on, live and without gaps.

        With `team` only what happened there, or to all; `kinds` as for `truth`.
        """
        team = workspace_named(self._platform, request.query["team"]).id if "team" in request.query else None
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        entries = self._platform.truth.follow(_position(request), kinds=_kinds(request))
        upcoming = asyncio.ensure_future(anext(entries))
        try:
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=FEED_HEARTBEAT_S)
                if not done:
                    await response.write(b": still here\n\n")
                    continue
                entry = upcoming.result()
                if team is None or entry.team in ("", team):
                    await response.write(f"id: {entry.id}\ndata: {json.dumps(entry.wire())}\n\n".encode())
                upcoming = asyncio.ensure_future(anext(entries))
        except (ConnectionError, StopAsyncIteration):
            return response
        finally:
            upcoming.cancel()

    # -- settings and trouble ---------------------------------------------------------------------------------

    async def settings(self, request: web.Request) -> web.Response:
        """Change options by name; answers all of them."""
        known = {field.name for field in fields(SlackOptions)}
        changes = await _object(request)
        unknown = changes.keys() - known
        if unknown:
            raise PersonError(f"unknown settings: {', '.join(sorted(unknown))}")
        for name in ("commands", "redelivery_s"):
            if name in changes:
                changes[name] = tuple(changes[name])
        self._platform.options = replace(self._platform.options, **changes)
        self._platform.truth.append("settings.changed", changes)
        return web.json_response(asdict(self._platform.options))

    async def list_faults(self, _: web.Request) -> web.Response:
        """The faults still in force."""
        return web.json_response({"faults": [asdict(fault) for fault in self._platform.faults.listed()]})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Put a fault in force; the body has the fields of `Fault`."""
        body = await _object(request)
        known = {field.name for field in fields(Fault)} - {"id"}
        if unknown := body.keys() - known:
            raise PersonError(f"unknown fields: {', '.join(sorted(unknown))}")
        try:
            kind = FaultKind(body.pop("kind", ""))
        except ValueError:
            raise PersonError(f"kind: one of {', '.join(FaultKind)}") from None
        fault = self._platform.faults.add(Fault(kind=kind, **body))
        self._platform.truth.append("fault.added", asdict(fault))
        return web.json_response(asdict(fault))

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Lift the fault `id`, or all."""
        wanted = request.query.get("id")
        self._platform.faults.clear(int(wanted) if wanted else None)
        return web.json_response({"ok": True})

    async def disconnect(self, request: web.Request) -> web.Response:
        """End Socket Mode connections: with a `reason` announced, without one cut off."""
        body = await _object(request)
        count = await self._platform.hub.disconnect(reason=body.get("reason"), count=body.get("count"))
        return web.json_response({"connections": count})

    async def black_hole(self, request: web.Request) -> web.Response:
        """Make Socket Mode connections half-open."""
        body = await _object(request)
        return web.json_response({"connections": self._platform.hub.black_hole(body.get("count"))})


def _position(request: web.Request) -> int:
    asked = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
    if not asked.isdecimal():
        raise PersonError("after: a whole number is needed")
    return int(asked)


def _kinds(request: web.Request) -> tuple[str, ...]:
    return tuple(kind for kind in request.query.get("kinds", "").split(",") if kind)


async def _object(request: web.Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise PersonError("a JSON object is needed")
    return body
