"""A whole simulator that waits for nothing, and the people of its Discord."""

from collections.abc import AsyncIterator

import pytest

from simulator.discord.person import DiscordControl
from simulator.server import Simulator
from tests.support.discord_bot import QUICK


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    served = Simulator(discord=QUICK)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def control(simulator: Simulator) -> AsyncIterator[DiscordControl]:
    async with DiscordControl(simulator.url) as connected:
        yield connected
