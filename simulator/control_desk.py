"""What the control API of every simulated platform has alike: truth log and feed, settings, faults.

The base of each platform's `ControlDesk`, which adds the platform's state and the trouble with its connections. Used by
the browser page, by the control clients and by tests. Nothing here is done as a person.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, fields, replace
from typing import Any, Protocol

from aiohttp import web

from simulator.errors import PersonError
from simulator.faults import Fault, FaultBoard, FaultKind
from simulator.truth import TruthLog

FEED_HEARTBEAT_S = 15.0


class Controlled(Protocol):
    """What the desk needs of a platform."""

    truth: TruthLog
    faults: FaultBoard
    options: Any
    """A frozen dataclass; `settings` replaces it."""


class Desk:
    """Serves the log, the faults and the settings of one platform under *path*."""

    def __init__(self, controlled: Controlled, path: str) -> None:
        self._controlled = controlled
        self._path = path

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [
            web.get(f"{self._path}/truth", self.truth),
            web.get(f"{self._path}/feed", self.feed),
            web.get(f"{self._path}/faults", self.list_faults),
            web.post(f"{self._path}/faults", self.add_fault),
            web.delete(f"{self._path}/faults", self.clear_faults),
            web.post(f"{self._path}/settings", self.settings),
        ]

    def team_id(self, named: str) -> str:
        """Id of the workspace with that id or name.

        Raises:
            PersonError: there is none.
        """
        raise NotImplementedError

    # -- the log ----------------------------------------------------------------------------------------------

    async def truth(self, request: web.Request) -> web.Response:
        """Entries of the truth log above `after`, at most `limit`, of the kinds that start with one of `kinds`."""
        limit = int(request.query.get("limit", "1000"))
        entries = self._controlled.truth.since(_position(request), kinds=_kinds(request), limit=limit)
        wire = [entry.wire() for entry in entries]
        return web.json_response({"entries": wire, "last_id": self._controlled.truth.last_id})

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """The truth log as server-sent events, from `after` (or `Last-Event-ID`) on, live and without gaps.

        With `team` only what happened there, or to all; `kinds` as for `truth`.
        """
        team = self.team_id(request.query["team"]) if "team" in request.query else None
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        entries = self._controlled.truth.follow(_position(request), kinds=_kinds(request))
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

    # -- settings and faults ----------------------------------------------------------------------------------

    async def settings(self, request: web.Request) -> web.Response:
        """Change options by name; answers all of them."""
        controlled = self._controlled
        changes = await json_object(request)
        if unknown := changes.keys() - {field.name for field in fields(controlled.options)}:
            raise PersonError(f"unknown settings: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            if isinstance(getattr(controlled.options, name), tuple):
                changes[name] = tuple(value)
        controlled.options = replace(controlled.options, **changes)
        controlled.truth.append("settings.changed", changes)
        return web.json_response(asdict(controlled.options))

    async def list_faults(self, _: web.Request) -> web.Response:
        """The faults still in force."""
        return web.json_response({"faults": [asdict(fault) for fault in self._controlled.faults.listed()]})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Put a fault in force; the body has the fields of `Fault`."""
        body = await json_object(request)
        known = {field.name for field in fields(Fault)} - {"id"}
        if unknown := body.keys() - known:
            raise PersonError(f"unknown fields: {', '.join(sorted(unknown))}")
        try:
            kind = FaultKind(body.pop("kind", ""))
        except ValueError:
            raise PersonError(f"kind: one of {', '.join(FaultKind)}") from None
        fault = self._controlled.faults.add(Fault(kind=kind, **body))
        self._controlled.truth.append("fault.added", asdict(fault))
        return web.json_response(asdict(fault))

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Lift the fault `id`, or all."""
        wanted = request.query.get("id")
        self._controlled.faults.clear(int(wanted) if wanted else None)
        return web.json_response({"ok": True})


async def json_object(request: web.Request) -> dict[str, Any]:
    """The request's body.

    Raises:
        PersonError: it is no JSON object.
    """
    body = await request.json()
    if not isinstance(body, dict):
        raise PersonError("a JSON object is needed")
    return body


def _position(request: web.Request) -> int:
    asked = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
    if not asked.isdecimal():
        raise PersonError("after: a whole number is needed")
    return int(asked)


def _kinds(request: web.Request) -> tuple[str, ...]:
    return tuple(kind for kind in request.query.get("kinds", "").split(",") if kind)
