"""An app in the simulated workspace that does what a test tells it, through the real SDK and over Socket Mode."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack.platform import APP_TOKEN, BOT_TOKEN

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]


class FakeApp:
    """Keeps what it is sent; acknowledges, and answers with what `answers` gives for that kind of envelope."""

    def __init__(self, api_url: str) -> None:
        self.api = AsyncWebClient(token=BOT_TOKEN, base_url=api_url)
        self.answers: dict[str, Answer] = {}
        self.acknowledges = asyncio.Event()
        self.acknowledges.set()
        self._sent: asyncio.Queue[SocketModeRequest] = asyncio.Queue()
        self._socket = SocketModeClient(app_token=APP_TOKEN, web_client=self.api)
        self._socket.socket_mode_request_listeners.append(self._take)

    async def __aenter__(self) -> Self:
        await self._socket.connect()  # type: ignore[no-untyped-call]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.acknowledges.set()
        await self._socket.close()  # type: ignore[no-untyped-call]

    async def channel(self, name: str) -> str:
        """Id of a public channel."""
        listed = (await self.api.conversations_list())["channels"]
        return next(str(channel["id"]) for channel in listed if channel["name"] == name)

    async def say(self, text: str = "", *, channel: str = "general", **more: Any) -> str:
        """Post a message; returns its ts."""
        posted = await self.api.chat_postMessage(channel=await self.channel(channel), text=text, **more)
        return str(posted["ts"])

    async def next(self, kind: str) -> dict[str, Any]:
        """The payload of the next envelope of that type (`slash_commands`, `interactive`) or event of that type."""
        async with asyncio.timeout(10):
            while True:
                request = await self._sent.get()
                event = request.payload.get("event", {})
                if kind == request.type:
                    return request.payload
                if kind == event.get("type") and "subtype" not in event:
                    return dict(event)

    async def _take(self, client: Any, request: SocketModeRequest) -> None:
        await self._sent.put(request)
        await self.acknowledges.wait()
        answer = self.answers.get(request.type)
        payload = await answer(request.payload) if answer else None
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))
