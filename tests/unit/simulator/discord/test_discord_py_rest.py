"""The REST API as discord.py's own HTTP client speaks to it."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator.discord.guild import Channel
from simulator.discord.platform import API_PATH, BOT_TOKEN
from simulator.faults import Fault, FaultKind
from tests.unit.simulator.discord.conftest import World

discord_py: Any = pytest.importorskip("discord")


@pytest.fixture
async def client(discord: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """discord.py's HTTP client, logged in."""
    monkeypatch.setattr(discord_py.http.Route, "BASE", f"{discord.url}{API_PATH}")
    http = discord_py.http.HTTPClient(asyncio.get_running_loop())
    await http.static_login(BOT_TOKEN)
    yield http
    await http.close()


async def send(client: Any, channel: Channel, content: str = "", **fields: Any) -> dict[str, Any]:
    with discord_py.http.handle_message_parameters(content, **fields) as parameters:
        sent: dict[str, Any] = await client.send_message(int(channel.id), params=parameters)
        return sent


async def test_a_resent_nonce_gives_the_same_message(client: Any, general: Channel) -> None:
    first = await send(client, general, "hello", nonce="n" * 25)
    assert (await send(client, general, "hello", nonce="n" * 25))["id"] == first["id"]


async def test_files_and_embeds_arrive(client: Any, general: Channel) -> None:
    embed = discord_py.Embed(title="t").set_author(name="Researcher", icon_url="https://example.org/a.png")
    file = discord_py.File(io.BytesIO(b"1,2"), "a.csv", description="numbers")
    sent = await send(client, general, "", embed=embed, files=[file])
    assert sent["embeds"][0]["author"]["name"] == "Researcher"
    assert await client.get_from_cdn(sent["attachments"][0]["url"]) == b"1,2"


async def test_refusals_are_its_exceptions_with_codes(client: Any, discord: World, general: Channel) -> None:
    with pytest.raises(discord_py.NotFound) as gone:
        await client.get_message(int(general.id), 1)
    assert gone.value.code == 10008
    with pytest.raises(discord_py.Forbidden) as forbidden:
        await send(client, discord.channel("leads"), "x")
    assert forbidden.value.code == 50001
    with pytest.raises(discord_py.HTTPException, match="Must be 2000 or fewer in length") as wrong:
        await send(client, general, "x" * 2001)
    assert wrong.value.code == 50035


async def test_a_429_is_waited_out_by_the_client(client: Any, discord: World, general: Channel) -> None:
    target = "POST /channels/{channel.id}/messages"
    discord.platform.faults.add(Fault(kind=FaultKind.RATE_LIMIT, target=target, retry_after_s=0))
    assert (await send(client, general, "a"))["content"] == "a"
    assert [call["status"] for call in discord.recorded("api.call") if call["method"] == "POST"] == [429, 200]


async def test_a_command_tree_is_synced_and_read_back(client: Any, discord: World) -> None:
    payload = [{"name": "agents", "description": "Agent teams", "type": 1, "options": []}]
    app = discord.platform.world.application.id
    synced = await client.bulk_upsert_global_commands(app, payload)
    assert await client.get_global_commands(app) == [
        {name: value for name, value in synced[0].items() if not name.endswith("_localizations")}
    ]
