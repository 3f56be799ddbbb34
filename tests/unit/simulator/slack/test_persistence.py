"""What the simulated Slack remembers of a life that ended, in order or not."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from simulator.server import Simulator
from simulator.slack.person import SlackControl
from simulator.slack.platform import BOT_TOKEN
from tests.support.waiting import until


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[tuple[SlackControl, AsyncWebClient, Simulator]]:
    """A simulator that keeps its state in *folder*, until the end of the block."""
    simulator = Simulator(state_folder=folder)
    await simulator.start()
    try:
        async with SlackControl(simulator.url) as slack:
            yield slack, AsyncWebClient(token=BOT_TOKEN, base_url=simulator.slack_api_url), simulator
    finally:
        await simulator.stop()


def written(folder: Path) -> str:
    """What the folder's file holds now."""
    path = folder / "slack.jsonl"
    return path.read_text() if path.exists() else ""


async def shown(slack: SlackControl) -> dict[str, Any]:
    """The workspace as people see it, without what belongs to one life alone."""
    state = await slack.state()
    for of_one_life in ("truth_id", "app", "options"):
        del state[of_one_life]
    return dict(_without_addresses(state))


def _without_addresses(value: Any) -> Any:
    """*value* without the addresses that hold the port."""
    if isinstance(value, dict):
        return {name: _without_addresses(each) for name, each in value.items() if not name.startswith(("url", "perma"))}
    return [_without_addresses(each) for each in value] if isinstance(value, list) else value


async def test_a_killed_workspace_is_as_it_was(tmp_path: Path) -> None:
    kept, killed = tmp_path / "kept", tmp_path / "killed"
    async with living(kept) as (slack, api, _):
        ada, ben = slack.person("ada"), slack.person("ben")
        town = await ada.create_channel("town", members=("ben",))
        root = await ada.post("general", "root", files={"a.txt": b"bytes"})
        reply = await ben.reply(root, "repyl")
        await ben.edit(reply, "reply")
        await ada.react(root, "tada")
        await ada.delete(await ada.post("general", "oops"))
        await slack.post("users", name="dana")
        await slack.person("dana").join(town)
        await slack.set_group("writers", "ada", "dana")
        users = (await api.users_list())["members"]
        ada_id = next(user["id"] for user in users if user["name"] == "ada")
        await api.chat_postEphemeral(channel=root.channel, user=ada_id, text="psst")
        uploaded = await api.files_upload_v2(content="unshared", filename="b.txt")
        await slack.person("dana").post("town", "the last word")
        await until(lambda: "the last word" in written(kept))
        shutil.copytree(kept, killed)
        before = await shown(slack)
    async with living(killed) as (slack, _, _):
        assert await shown(slack) == before
        assert await slack.download(root.files[0]["id"]) == b"bytes"
        assert await slack.download(uploaded["file"]["id"]) == b"unshared"
        assert [message.text for message in await slack.thread("general", root.ts)] == ["root", "reply"]


async def test_ids_and_timestamps_go_on_after_a_kill(tmp_path: Path) -> None:
    kept, killed = tmp_path / "kept", tmp_path / "killed"
    async with living(kept) as (slack, _, first):
        posted = await slack.person("ada").post("general", "one", files={"a.txt": b"a"})
        await until(lambda: '"one"' in written(kept))
        shutil.copytree(kept, killed)
        position = first.truth.last_id
    async with living(killed) as (slack, _, second):
        later = await slack.person("ada").post("general", "two", files={"a.txt": b"b"})
        assert later.ts > posted.ts
        assert later.files[0]["id"] != posted.files[0]["id"]
        assert second.truth.since()[0].id > position


async def test_a_line_cut_short_costs_that_change_alone(tmp_path: Path) -> None:
    async with living(tmp_path) as (slack, _, _):
        await slack.person("ada").post("general", "whole")
    with (tmp_path / "slack.jsonl").open("a") as out:
        out.write('[["message","T0000000001","C00')
    async with living(tmp_path) as (slack, _, _):
        assert [message.text for message in await slack.messages("general")] == ["whole"]
        await slack.person("ada").post("general", "more")
        await until(lambda: '"more"' in written(tmp_path))
    async with living(tmp_path) as (slack, _, _):
        assert [message.text for message in await slack.messages("general")] == ["whole", "more"]


async def test_a_change_writes_what_changed_and_not_the_rest(tmp_path: Path) -> None:
    async with living(tmp_path) as (slack, _, _):
        for number in range(30):
            await slack.person("ada").post("general", f"message {number}")
        await until(lambda: "message 29" in written(tmp_path))
        before = written(tmp_path)
        await slack.person("ada").post("general", "one more")
        await until(lambda: "one more" in written(tmp_path))
        after = written(tmp_path)
        assert after.startswith(before)
        assert "message 29" not in after[len(before) :]


async def test_what_cannot_be_written_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with living(tmp_path) as (slack, _, simulator):
        await slack.person("ada").post("general", "before")
        await until(lambda: "before" in written(tmp_path))
        state = simulator._journals[0]
        assert state._out is not None
        state._out.close()
        state._out = (tmp_path / "slack.jsonl").open()  # reads only: writing fails as on a full disk
        await slack.person("ada").post("general", "meanwhile")
        await until(lambda: state._has_gap)
        await slack.person("ada").post("general", "afterwards")
        await until(lambda: "afterwards" in written(tmp_path))
        assert "meanwhile" in written(tmp_path)


async def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "slack.jsonl").write_text('[["format"],99]\n')
    with pytest.raises(ValueError, match="format 99"):
        await Simulator(state_folder=tmp_path).start()
    assert (tmp_path / "slack.jsonl").read_text() == '[["format"],99]\n'
