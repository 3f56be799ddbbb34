"""Muster's Slack side over the wire: real Bolt, real SDK, the simulated Slack, real SQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.bots.slack_world import SlackWorld, slack_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    async with slack_world(tmp_path) as world:
        await world.start_bot()
        yield world


async def test_a_command_opens_a_thread_with_a_card(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    outcome = await ada.command("/agents", "count the primes below 100", channel="general")
    assert outcome.acked
    root = await world.slack.wait_for_message(channel="general", containing="count the primes")
    assert "Queued" in root.text
    assert root.actions == ["muster_stop"]
    assert root.body["metadata"]["event_type"] == "muster_post" if "metadata" in root.body else True
