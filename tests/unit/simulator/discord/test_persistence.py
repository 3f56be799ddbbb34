"""The simulated Discord over restarts and kills of the simulator."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.discord.person import DiscordControl
from simulator.discord.platform import BOT_TOKEN
from simulator.server import Simulator
from tests.support.waiting import until

_HEADERS = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (test, 1)"}


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[tuple[DiscordControl, Simulator]]:
    """A simulator that keeps its state in *folder*, until the end of the block."""
    simulator = Simulator(state_folder=folder)
    await simulator.start()
    try:
        async with DiscordControl(simulator.url) as control:
            yield control, simulator
    finally:
        await simulator.stop()


async def call(simulator: Simulator, method: str, path: str, body: Any) -> Any:
    """A call of the bot's."""
    url = f"{simulator.discord_api_url}{path}"
    async with aiohttp.ClientSession(headers=_HEADERS) as http, http.request(method, url, json=body) as answer:
        return await answer.json()


def killed(folder: Path, copy: Path) -> Path:
    """The folder as a kill would leave it now."""
    shutil.copytree(folder, copy)
    return copy


def written(folder: Path) -> str:
    """What the folder's file holds now."""
    path = folder / "discord.jsonl"
    return path.read_text() if path.exists() else ""


async def state_of(control: DiscordControl) -> dict[str, Any]:
    """The state without what a restart may change."""
    state = await control.state()
    for address in ("truth_id", "modals"):
        del state[address]
    return dict(_without_addresses(state))


def _without_addresses(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = ("url", "proxy_url", "session_start_limit")
        return {name: _without_addresses(inner) for name, inner in value.items() if name not in dropped}
    return [_without_addresses(inner) for inner in value] if isinstance(value, list) else value


async def live(control: DiscordControl, simulator: Simulator) -> str:
    """Have all kinds of things happen; returns what was last said."""
    ada, ben = control.person("ada"), control.person("ben")
    app = simulator.discord.world.application.id
    command = {"name": "agents", "description": "Agents", "type": 1}
    await call(simulator, "PUT", f"/applications/{app}/commands", [command])
    posted = await ada.post("general", "kept", files={"a.txt": b"bytes"})
    sent = await call(simulator, "POST", f"/channels/{posted.channel}/messages", {"embeds": [{"title": "root"}]})
    path = f"/channels/{posted.channel}/messages/{sent['id']}/threads"
    await call(simulator, "POST", path, {"name": "work"})
    thread = await control.wait_for(lambda e: e.kind == "thread.created")
    await ben.post(thread.data["channel"], "in the thread")
    await ada.change_thread(thread.data["channel"], archived=True, locked=True)
    gone = await ada.post("general", "gone")
    await ada.delete(gone)
    await ben.edit(await ben.post("@muster", "direct"), "direct, changed")
    doomed = await ada.create_channel("doomed", private=True, members=("ben",))
    await ada.create_thread(doomed, "doomed too")
    await ada.delete_channel(doomed)
    await control.post("users", name="dora", roles=["Crew"])
    await control.set_permissions("general", "gus", deny=["SEND_MESSAGES"])
    await ada.react(posted, "🛑")
    await ada.post("random", "the last word")
    return "the last word"


async def test_a_stopped_discord_is_as_it_was(tmp_path: Path) -> None:
    async with living(tmp_path) as (control, simulator):
        await live(control, simulator)
        before = await state_of(control)
    async with living(tmp_path) as (control, _):
        assert await state_of(control) == before
        [posted, *_] = await control.messages("general")
        assert await control.download(posted.files[0]["id"]) == b"bytes"


async def test_a_killed_discord_is_as_it_was(tmp_path: Path) -> None:
    async with living(tmp_path / "living") as (control, simulator):
        last = await live(control, simulator)
        await until(lambda: last in written(tmp_path / "living"))
        before = await state_of(control)
        left = killed(tmp_path / "living", tmp_path / "killed")
    async with living(left) as (control, _):
        assert await state_of(control) == before


async def test_ids_go_on_after_a_restart(tmp_path: Path) -> None:
    async with living(tmp_path) as (control, _):
        first = await control.person("ada").post("general", "one")
        position = control.position
    async with living(tmp_path) as (control, _):
        second = await control.person("ada").post("general", "two")
        assert int(second.ts) > int(first.ts)
        await control.wait_for(lambda e: e.kind == "message.posted", after=position)
        assert [message.text for message in await control.messages("general")] == ["one", "two"]


async def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "discord.jsonl").write_text('[["format"],0]\n')
    with pytest.raises(ValueError, match="format 0"):
        await Simulator(state_folder=tmp_path).start()
