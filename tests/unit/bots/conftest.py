"""The simulated workspace with a bot in it, for the tests over the wire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.bots.slack_world import SlackWorld, slack_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    async with slack_world(tmp_path) as world:
        await world.start_bot()
        yield world
