"""A simulated Discord on a free port under a clock that tests move, and a plain client of its REST API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator.discord.guild import Channel, Message
from simulator.discord.options import DiscordOptions
from simulator.discord.platform import API_PATH, BOT_TOKEN, DiscordPlatform
from simulator.discord.rest import DiscordRestApi
from simulator.truth import TruthLog

HEADERS = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (https://example.org, 1)"}


class SetTime:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> int:
        return int(self.body["code"])


class World:
    """The platform, and short ways to what tests need of it."""

    def __init__(self, platform: DiscordPlatform, session: aiohttp.ClientSession, url: str) -> None:
        self.platform = platform
        self.url = url
        self._session = session

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """One call of the REST API; *body* is sent as JSON."""
        if body is not None:
            options["json"] = body
        options.setdefault("headers", HEADERS)
        async with self._session.request(method, f"{self.url}{API_PATH}{path}", **options) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            return Answer(
                response.status, await response.json() if is_json else await response.text(), response.headers
            )

    async def fetch(self, url: str) -> bytes:
        """The bytes at an address of the CDN."""
        async with self._session.get(url) as response:
            response.raise_for_status()
            return await response.read()

    async def post(self, channel: Channel, **fields: Any) -> Answer:
        """Create a message."""
        return await self.call("POST", f"/channels/{channel.id}/messages", fields)

    async def start_thread(self, channel: Channel, *, name: str = "a thread") -> Channel:
        """A thread of the bot's from a message of its own."""
        root = await self.post(channel, content="root")
        path = f"/channels/{channel.id}/messages/{root.body['id']}/threads"
        assert (await self.call("POST", path, {"name": name})).status == 201
        return self.platform.first.channels[root.body["id"]]

    def channel(self, name: str) -> Channel:
        """A channel of the first guild."""
        return next(c for c in self.platform.first.channels.values() if c.name == name)

    def user(self, name: str) -> str:
        """A person's id."""
        return self.platform.world.user_named(name).id

    def say(self, channel: Channel, name: str, content: str) -> Message:
        """A person posts a message."""
        message = Message(
            id=self.platform.world.snowflakes.next(),
            channel_id=channel.id,
            author_id=self.user(name),
            content=content,
        )
        return self.platform.activity.post_message(channel, message)

    def set_options(self, **changes: Any) -> None:
        """Change how the platform behaves."""
        kept = {name: getattr(self.platform.options, name) for name in DiscordOptions.__slots__}
        self.platform.options = DiscordOptions(**kept | changes)

    def recorded(self, kind: str) -> list[dict[str, Any]]:
        """What the truth log has of a kind."""
        return [entry.data for entry in self.platform.truth.since() if entry.kind == kind]


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
async def discord(time: SetTime) -> AsyncIterator[World]:
    """The simulated Discord without rate limits, which have their own tests."""
    options = DiscordOptions(enforce_limits=False)
    platform = DiscordPlatform(options=options, truth=TruthLog(clock=time), own_url=lambda: "http://own", clock=time)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.add_routes(DiscordRestApi(platform).routes())
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield World(platform, session, str(server.make_url("")).rstrip("/"))
    await platform.close()


@pytest.fixture
def general(discord: World) -> Channel:
    return discord.channel("general")
