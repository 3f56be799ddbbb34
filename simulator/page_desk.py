"""Serves the browser page, and what it asks of the simulator as a whole: one feed of everything, the worker's restart.

Mounted by the server. All else the page does goes through the platforms' own control APIs; it knows nothing of Muster,
so restarting a worker is a function that whoever starts the simulator may bring along.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator.control_desk import Desk
from simulator.errors import PersonError
from simulator.faults import FaultBoard
from simulator.truth import TruthLog

RestartWorker = Callable[[], Awaitable[None]]
CONTROL_PATH = "/control"
FOLDER = Path(__file__).parent / "page"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""The page shows what a model wrote: whatever slips through must find nothing to run and nowhere to send."""
PLACES = ("/", "/slack", "/discord", "/archives/{rest:.+}", "/channels/{rest:.+}")
"""Addresses of the page: both platforms, one of them, and where the platforms' own links lead."""


@dataclass(slots=True, kw_only=True)
class _Everything:
    """All platforms at once, as a desk looks at one."""

    truth: TruthLog
    faults: FaultBoard = field(default_factory=FaultBoard)
    options: Any = None


class PageDesk(Desk):
    """Serves the page. Its feed is that of all platforms: a browser keeps few connections to one server."""

    def __init__(self, truth: TruthLog, *, on_restart_worker: RestartWorker | None) -> None:
        """
        Args:
            on_restart_worker: ends the worker as a crash would and starts another one; the page offers it when given.
        """
        super().__init__(_Everything(truth=truth), CONTROL_PATH)
        self._on_restart_worker = on_restart_worker

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root; `static_routes` are to be mounted too."""
        return [
            *(web.get(place, self.index) for place in PLACES),
            web.get(f"{CONTROL_PATH}/feed", self.feed),
            web.get(f"{CONTROL_PATH}/about", self.about),
            web.post(f"{CONTROL_PATH}/restart-worker", self.restart_worker),
        ]

    def static_routes(self) -> list[web.AbstractRouteDef]:
        """The page's parts."""
        return [web.static("/page", FOLDER)]

    async def index(self, _: web.Request) -> web.FileResponse:
        """The page itself."""
        return web.FileResponse(FOLDER / "index.html")

    async def about(self, _: web.Request) -> web.Response:
        """What the page may offer."""
        return web.json_response({"can_restart_worker": self._on_restart_worker is not None})

    async def restart_worker(self, _: web.Request) -> web.Response:
        """Have the worker restarted; answers when the new one is there."""
        if self._on_restart_worker is None:
            raise PersonError("there is no worker here that could be restarted", status=404)
        await self._on_restart_worker()
        self._controlled.truth.append("worker.restarted", {})
        return web.json_response({"ok": True})


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of the page and its parts; a browser asks each time whether they have changed."""
    if request.path in PLACES or request.path.startswith(("/page/", "/archives/", "/channels/")):
        response.headers.update(HEADERS)
