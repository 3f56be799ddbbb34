"""The simulated world as one HTTP server on one port: Slack, Discord, the demo model, some web, control API and page.

Started by `python -m simulator`, by the `muster` command and by tests. It mounts the parts and guards the door; it
knows nothing of Muster.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import structlog
from aiohttp import web

from simulator import recording
from simulator.discord.control import ControlApi as DiscordControlApi
from simulator.discord.control_desk import ControlDesk as DiscordControlDesk
from simulator.discord.gateway_protocol import GATEWAY_PATH
from simulator.discord.options import DiscordOptions
from simulator.discord.persistence import DiscordState
from simulator.discord.platform import API_PATH as DISCORD_API_PATH
from simulator.discord.platform import DiscordPlatform
from simulator.discord.rest import DiscordRestApi
from simulator.errors import PersonError
from simulator.journal import Journal, Kept
from simulator.model.completions import DemoModel
from simulator.page_desk import PageDesk, RestartWorker, add_headers
from simulator.slack.control import ControlApi
from simulator.slack.control_desk import ControlDesk
from simulator.slack.options import SlackOptions
from simulator.slack.persistence import SlackState
from simulator.slack.platform import SlackPlatform
from simulator.slack.web_api import API_PATH, SlackWebApi
from simulator.truth import TruthLog
from simulator.web.site import WEB_PATH, SimulatedWeb

MODEL_PATH = "/model/v1"
MAX_BODY_BYTES = 64 * 1024 * 1024
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PORT = re.compile(r":\d+$")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger(__name__)


class Simulator:
    """The server; its addresses are known once it is started."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        model_delay_s: float = 0.0,
        slack: SlackOptions | None = None,
        discord: DiscordOptions | None = None,
        state_folder: Path | None = None,
        trusted_hosts: Iterable[str] = (),
        on_restart_worker: RestartWorker | None = None,
    ) -> None:
        """
        Args:
            port: 0 is a free one.
            model_delay_s: seconds that the demo model thinks before each answer.
            state_folder: where the simulated Slack is kept from one start to the next; in memory alone without it.
            trusted_hosts: further names under which it may be reached, such as a compose service's.
            on_restart_worker: ends the worker as a crash would and starts another; the page's fault panel offers it.
        """
        self._host = host
        self._port = port
        self._hosts = LOOPBACK_NAMES | frozenset(trusted_hosts)
        self._runner: web.AppRunner | None = None
        self._recording = recording.asked_for()
        self.truth = TruthLog(record=self._recording.write if self._recording is not None else None)
        self.model = DemoModel(delay_s=model_delay_s)
        self._web = SimulatedWeb(self.truth.of("web"))
        self._page = PageDesk(self.truth, on_restart_worker=on_restart_worker)
        self.slack = SlackPlatform(
            options=slack or SlackOptions(), truth=self.truth.of("slack"), own_url=lambda: self.url
        )
        self.discord = DiscordPlatform(
            options=discord or DiscordOptions(), truth=self.truth.of("discord"), own_url=lambda: self.url
        )
        kept: tuple[Kept, ...] = (SlackState(self.slack), DiscordState(self.discord))
        self._journals = [Journal(state_folder, each) for each in kept] if state_folder is not None else []
        self._savers: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where the page and everything else is."""
        return f"http://{self._host}:{self._port}"

    @property
    def slack_api_url(self) -> str:
        """Base URL for Slack's SDK."""
        return f"{self.url}{API_PATH}/"

    @property
    def discord_api_url(self) -> str:
        """Base URL for discord.py's `Route.BASE`."""
        return f"{self.url}{DISCORD_API_PATH}"

    @property
    def discord_gateway_url(self) -> str:
        """Address for discord.py's `DiscordWebSocket.DEFAULT_GATEWAY`."""
        return f"{self.url.replace('http', 'ws', 1)}{GATEWAY_PATH}"

    @property
    def model_url(self) -> str:
        """Base URL for an OpenAI client."""
        return f"{self.url}{MODEL_PATH}"

    @property
    def web_url(self) -> str:
        """Where pages, searches and prices are: `/pages/`, `/tavily` and `/coingecko/api/v3` under it."""
        return f"{self.url}{WEB_PATH}"

    async def start(self) -> None:
        """Serve from now on.

        Raises:
            OSError: the port is taken.
            ValueError: the state folder was written by another version.
        """
        for journal in self._journals:
            journal.load()
        self._savers = [asyncio.create_task(journal.follow()) for journal in self._journals]
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard, _say_refusals])
        app.add_routes(SlackWebApi(self.slack).routes())
        app.add_routes(ControlApi(self.slack).routes())
        app.add_routes(ControlDesk(self.slack).routes())
        app.add_routes(DiscordControlApi(self.discord).routes())
        app.add_routes(DiscordControlDesk(self.discord).routes())
        app.add_routes(self.discord.routes())
        app.add_routes(DiscordRestApi(self.discord).routes())
        app.add_routes(self.model.routes(MODEL_PATH))
        app.add_routes(self._web.routes())
        app.add_routes(self._page.routes())
        app.add_routes(self._page.static_routes())
        app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        _log.info("simulator.started", url=self.url)

    async def stop(self) -> None:
        """End all connections and free the port."""
        self.truth.close()
        for saver in self._savers:
            saver.cancel()
        await asyncio.gather(*self._savers, return_exceptions=True)
        self._savers.clear()
        await self.slack.close()
        await self.discord.close()
        await self.model.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        for journal in self._journals:
            journal.close()
        if self._recording is not None:
            self._recording.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Answer only who came here by name, so that no page of another site can reach in (DNS rebinding, CSRF)."""
        if _PORT.sub("", request.host) not in self._hosts:
            return web.Response(status=421, text="This server answers to loopback names only.")
        if request.path.startswith("/control/"):
            origin = request.headers.get("Origin")
            if origin is not None and origin != f"http://{request.host}":
                return web.Response(status=403, text="The control API is for its own page.")
            if request.method == "POST" and request.content_type != "application/json":
                return web.Response(status=415, text="The control API takes JSON.")
        return await handler(request)


@web.middleware
async def _say_refusals(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Words for what the control API refuses."""
    try:
        return await handler(request)
    except PersonError as refusal:
        return web.json_response({"ok": False, "error": refusal.reason}, status=refusal.status)
    except json.JSONDecodeError:
        return web.json_response({"ok": False, "error": "that is not JSON"}, status=400)
