"""The watch over the Socket Mode connection, on the real SDK and the simulated Slack."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.socket import SlackSocket
from simulator.server import Simulator
from simulator.slack.person import SlackControl
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN
from tests.support.waiting import until

pytestmark = pytest.mark.slow


class Watched:
    """A connection with its watch, and what it said."""

    def __init__(self, url: str, slack: SlackControl, *, ping_s: float) -> None:
        self.slack = slack
        self.gaps = 0
        self.asked = 0
        self.handlers: list[AsyncSocketModeHandler] = []
        self._url = url
        self._ping_s = ping_s
        self.socket = SlackSocket(
            make=self._make, on_gap=self._gap, monotonic=self._monotonic, silent_s=1.5, look_s=0.1
        )

    @property
    def client(self) -> SocketModeClient:
        return self.handlers[-1].client

    def _monotonic(self) -> float:
        self.asked += 1
        return time.monotonic()

    async def until_looked(self) -> None:
        """Wait for some looks of the watch, which asks for the time with each."""
        before = self.asked
        await until(lambda: self.asked > before + 20)

    def _gap(self) -> None:
        self.gaps += 1

    def _make(self) -> AsyncSocketModeHandler:
        api = AsyncWebClient(token=BOT_TOKEN, base_url=self._url)
        app = AsyncApp(client=api, token=BOT_TOKEN, request_verification_enabled=False)
        self.handlers.append(AsyncSocketModeHandler(app, APP_TOKEN, ping_interval=self._ping_s))
        return self.handlers[-1]

    def end_tasks(self) -> None:
        """Let the SDK's watch and its reader come to an end."""
        for task in (self.client.current_session_monitor, self.client.message_receiver):
            assert task is not None
            task.cancel()

    async def one_left(self) -> bool:
        return len(self.slack.entries("socket.opened")) - len(self.slack.entries("socket.closed")) == 1

    async def until_opened(self, times: int) -> None:
        async def opened() -> bool:
            return len(self.slack.entries("socket.opened")) >= times

        await until(opened, timeout_s=20)

    async def until_gap(self, times: int = 1) -> None:
        async def told() -> bool:
            return self.gaps >= times

        await until(told, timeout_s=20)


@asynccontextmanager
async def watched(*, ping_s: float = 0.3) -> AsyncIterator[Watched]:
    simulator = Simulator()
    await simulator.start()
    async with SlackControl(simulator.url) as slack:
        world = Watched(simulator.slack_api_url, slack, ping_s=ping_s)
        await world.socket.open()
        watching = asyncio.create_task(world.socket.run())
        try:
            yield world
        finally:
            watching.cancel()
            await world.socket.close()
            await simulator.stop()


async def test_a_connection_that_slack_refreshes_is_no_gap() -> None:
    async with watched() as world:
        await world.slack.set(refresh_grace_s=0.5)
        for times in (2, 3):
            await world.slack.disconnect_sockets(reason="refresh_requested")
            await world.until_opened(times)
            await until(world.one_left, timeout_s=20)
            await world.until_looked()
        assert world.gaps == 0
        assert len(world.handlers) == 1


async def test_a_connection_that_breaks_is_a_gap_when_the_next_is_there() -> None:
    async with watched() as world:
        await world.slack.disconnect_sockets()
        await world.until_gap()
        assert await world.socket.connected()


async def test_a_half_open_connection_that_the_sdk_does_not_notice_is_replaced() -> None:
    """The SDK would look every 60 s here; the pongs that its watch waits for never come."""
    async with watched(ping_s=60.0) as world:
        await world.slack.black_hole_sockets()
        await world.until_opened(2)
        await world.until_gap()
        assert len(world.handlers) >= 2


@pytest.mark.parametrize("broken", ["tasks", "session", "ticket"])
async def test_what_the_sdk_does_not_recover_from_is_replaced(broken: str) -> None:
    async with watched() as world:
        if broken == "session":
            await world.client.aiohttp_client_session.close()
        elif broken == "tasks":
            world.end_tasks()
        else:
            used = world.client.wss_uri

            async def same_again() -> str:
                return str(used)

            world.client.issue_new_wss_url = same_again  # type: ignore[method-assign]
            await world.slack.disconnect_sockets()
        await world.until_gap()

        async def back() -> bool:
            return await world.socket.connected()

        await until(back)


async def test_replacing_again_and_again_leaves_nothing_behind() -> None:
    async with watched() as world:
        for times in range(1, 4):
            before = len(world.handlers)
            world.end_tasks()
            await world.until_gap(times)
            assert len(world.handlers) == before + 1
        await until(world.one_left, timeout_s=20)
        for handler in world.handlers[:-1]:
            client = handler.client
            assert client.aiohttp_client_session.closed
            assert client.message_processor.done()
