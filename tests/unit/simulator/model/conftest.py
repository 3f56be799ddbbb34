from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import pytest
from aiohttp import web
from openai import AsyncOpenAI

from simulator.model.completions import DemoModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A demo model on a free port, with the real SDK and a plain HTTP session beside it."""

    model: DemoModel
    url: str
    openai: AsyncOpenAI
    http_client: httpx2.AsyncClient
    http: aiohttp.ClientSession

    @property
    def base_url(self) -> str:
        return f"{self.url}/model/v1"

    async def post(self, body: Any, *, key: str = "any") -> tuple[int, Any]:
        """A bare request: status and parsed answer."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self.http.post(f"{self.base_url}/chat/completions", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control API."""
        async with self.http.request(method, f"{self.url}/control/model/{path}", json=body) as response:
            return await response.json()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Served]]]:
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Served:
            model = DemoModel(**options)
            app = web.Application()
            app.add_routes(model.routes())
            runner = web.AppRunner(app, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.push_async_callback(model.close)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            http = await stack.enter_async_context(aiohttp.ClientSession())
            http_client = await stack.enter_async_context(httpx2.AsyncClient())
            openai = AsyncOpenAI(base_url=f"{url}/model/v1", api_key="any", max_retries=0, http_client=http_client)
            return Served(model=model, url=url, openai=openai, http_client=http_client, http=http)

        yield start


@pytest.fixture
async def served(serve: Callable[..., Awaitable[Served]]) -> Served:
    return await serve()
