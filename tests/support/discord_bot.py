"""A bot made with the real discord.py, connected to a simulator over real sockets.

For tests of the simulated Discord itself. discord.py takes its addresses from module globals; they are put back.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from simulator.discord.options import DiscordOptions
from simulator.discord.platform import BOT_TOKEN
from simulator.server import Simulator

_WAIT_S = 10.0
QUICK = DiscordOptions(enforce_limits=False, identify_max_concurrency=1000)
"""Without the waits that keep tests long; what keeps time has tests of its own."""


def intents(*, content: bool = True) -> discord.Intents:
    """What Muster asks for."""
    wanted = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, reactions=True)
    wanted.message_content = content
    return wanted


class Bot(discord.Client):
    """A client that keeps what it hears; commands go on its `tree`."""

    def __init__(self, wanted: discord.Intents) -> None:
        super().__init__(intents=wanted, guild_ready_timeout=0.05, chunk_guilds_at_startup=False)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self._more = asyncio.Condition()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for nothing."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.heard.append((event, args))
        asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        async with self._more:
            self._more.notify_all()

    def all(self, event: str) -> list[Any]:
        """The first argument of each *event* heard so far."""
        return [args[0] if args else None for name, args in self.heard if name == event]

    async def hear(self, event: str, *, count: int = 1, where: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first argument of the *count*-th *event* for which *where* holds, now or to come."""
        async with asyncio.timeout(_WAIT_S), self._more:
            await self._more.wait_for(lambda: sum(map(where, self.all(event))) >= count)
        return [found for found in self.all(event) if where(found)][count - 1]

    async def hear_text(self, text: str) -> discord.Message:
        """The message with exactly that content."""
        found = await self.hear("message", where=lambda message: message.content == text)
        assert isinstance(found, discord.Message)
        return found


@contextlib.contextmanager
def pointed_at(simulator: Simulator) -> Any:
    """discord.py speaks to *simulator* for the time being."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = simulator.discord_api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(simulator.discord_gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@contextlib.asynccontextmanager
async def connected(bot: Bot, simulator: Simulator, *, commands: bool = False) -> AsyncIterator[Bot]:
    """*bot*, ready; with *commands* those of its tree are registered."""
    with pointed_at(simulator):
        running = asyncio.create_task(bot.start(BOT_TOKEN))
        try:
            ready = asyncio.create_task(bot.hear("ready"))
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                ready.cancel()
                await running
            await ready
            if commands:
                await bot.tree.sync()
            yield bot
        finally:
            await bot.close()
            await asyncio.gather(running, return_exceptions=True)
