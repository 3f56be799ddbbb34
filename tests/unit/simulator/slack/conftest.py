"""A simulator on a free port, the real SDK's clients, and people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from simulator.server import Simulator
from simulator.slack.options import SlackOptions
from simulator.slack.person import SlackControl
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN

QUICK = SlackOptions(redelivery_s=(0.0, 0.05, 0.05), refresh_grace_s=0.1)


@dataclass
class Listener:
    """A Socket Mode client that keeps what it gets and acknowledges as it is told."""

    client: SocketModeClient
    requests: asyncio.Queue[SocketModeRequest] = field(default_factory=asyncio.Queue)
    answer: Callable[[SocketModeRequest], dict[str, Any] | None] = lambda _: None
    acks: Callable[[SocketModeRequest], bool] = lambda _: True

    async def take(self, client: Any, request: SocketModeRequest) -> None:
        """Keep *request*, and acknowledge it if so told."""
        await self.requests.put(request)
        if self.acks(request):
            await client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=self.answer(request))
            )

    async def next(self, kind: str = "") -> SocketModeRequest:
        """The next request of that event type or envelope type."""
        async with asyncio.timeout(5):
            while True:
                request = await self.requests.get()
                if kind in ("", request.type, request.payload.get("event", {}).get("type")):
                    return request


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    served = Simulator(slack=QUICK)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def slack(simulator: Simulator) -> AsyncIterator[SlackControl]:
    async with SlackControl(simulator.url) as control:
        yield control


@pytest.fixture
def api(simulator: Simulator) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=simulator.slack_api_url, retry_handlers=[])


@pytest.fixture
async def listen(simulator: Simulator, api: AsyncWebClient) -> AsyncIterator[Callable[[], Awaitable[Listener]]]:
    """Opens Socket Mode connections."""
    opened: list[SocketModeClient] = []

    async def connect() -> Listener:
        client = SocketModeClient(app_token=APP_TOKEN, web_client=api, ping_interval=0.2)
        listener = Listener(client=client)
        client.socket_mode_request_listeners.append(listener.take)
        await client.connect()  # type: ignore[no-untyped-call]
        opened.append(client)
        return listener

    yield connect
    for client in opened:
        await client.close()  # type: ignore[no-untyped-call]


@pytest.fixture
async def bolt(simulator: Simulator) -> AsyncIterator[AsyncApp]:
    """A Bolt app, connected; register listeners on it."""
    client = AsyncWebClient(token=BOT_TOKEN, base_url=simulator.slack_api_url)
    app = AsyncApp(token=BOT_TOKEN, client=client)
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    yield app
    await handler.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
async def general(api: AsyncWebClient) -> str:
    """Id of #general, where the bot is a member."""
    return await channel_id(api, "general")


async def channel_id(api: AsyncWebClient, name: str) -> str:
    """Id of a public channel."""
    channels = (await api.conversations_list())["channels"]
    return next(str(channel["id"]) for channel in channels if channel["name"] == name)
