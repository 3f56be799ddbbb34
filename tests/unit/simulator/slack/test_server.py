"""The door, the feed, and the simulator as a process of its own."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from simulator.server import Simulator
from simulator.slack.person import SlackControl
from simulator.slack.platform import BOT_TOKEN


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
async def test_only_loopback_names_and_the_own_page_get_in(
    simulator: Simulator, headers: dict[str, str], status: int
) -> None:
    state = f"{simulator.url}/control/slack/state"
    async with aiohttp.ClientSession() as http, http.get(state, headers=headers) as response:
        assert response.status == status
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_slack_api_is_guarded_by_name_too(simulator: Simulator) -> None:
    headers = {"Host": "evil.example"}
    method = f"{simulator.slack_api_url}auth.test"
    async with aiohttp.ClientSession() as http, http.post(method, headers=headers) as response:
        assert response.status == 421


async def test_a_form_of_another_site_cannot_act(simulator: Simulator) -> None:
    body = json.dumps({"user": "ada", "channel": "general", "text": "x"})
    async with aiohttp.ClientSession() as http:
        for content_type in ("text/plain", "application/x-www-form-urlencoded"):
            headers = {"Content-Type": content_type}
            async with http.post(f"{simulator.url}/control/slack/messages", data=body, headers=headers) as response:
                assert response.status == 415


async def test_a_trusted_host_gets_in() -> None:
    simulator = Simulator(trusted_hosts=["simulator"])
    await simulator.start()
    try:
        state, headers = f"{simulator.url}/control/slack/state", {"Host": "simulator:8080"}
        async with aiohttp.ClientSession() as http, http.get(state, headers=headers) as response:
            assert response.status == 200
    finally:
        await simulator.stop()


async def read_ids(lines: Any, count: int) -> list[int]:
    found: list[int] = []
    async for line in lines:
        if line.startswith(b"id: "):
            found.append(int(line[4:]))
            if len(found) == count:
                break
    return found


async def test_the_feed_goes_on_where_it_was_cut(simulator: Simulator, slack: SlackControl) -> None:
    ada = slack.person("ada")
    for number in range(10):
        await ada.post("general", str(number))
    feed = f"{simulator.url}/control/slack/feed?kinds=message."
    async with aiohttp.ClientSession() as http:
        async with http.get(feed) as response:
            assert response.content_type == "text/event-stream"
            first = await read_ids(response.content, 4)
        async with http.get(feed, headers={"Last-Event-ID": str(first[-1])}) as response:
            rest = await read_ids(response.content, 6)
    assert first + rest == [e.id for e in simulator.truth.since(kinds=("message.",))]


async def test_the_feed_can_be_of_one_workspace(simulator: Simulator, slack: SlackControl) -> None:
    other = (await slack.post("teams", name="Globex"))["team"]
    async with SlackControl(simulator.url, team=other) as globex:
        await slack.person("ada").post("general", "in Acme")
        posted = await globex.person("ada").post("general", "in Globex")
    feed = f"{simulator.url}/control/slack/feed?kinds=message.&team={other}"
    async with aiohttp.ClientSession() as http, http.get(feed) as response:
        (entry_id,) = await read_ids(response.content, 1)
    entry = simulator.truth.since(entry_id - 1)[0]
    assert (entry.team, entry.data["message"]["ts"]) == (other, posted.ts)


async def test_a_new_person_is_told_to_the_feed_and_can_act(slack: SlackControl) -> None:
    await slack.post("users", name="dana", guest=True)
    added = await slack.wait_for(lambda e: e.kind == "user.added")
    assert added.data["user"]["is_restricted"]
    await slack.person("dana").post("general", "hello")


async def test_waiting_in_vain_says_what_was_awaited(slack: SlackControl) -> None:
    with pytest.raises(TimeoutError, match="containing 'nothing'"):
        await slack.wait_for_message(containing="nothing", timeout_s=0.05)


async def test_stopping_is_quick_while_feeds_and_sockets_are_open(simulator: Simulator, slack: SlackControl) -> None:
    await slack.person("ada").post("general", "so that the feed is open")
    await slack.wait_for_message(containing="feed is open")
    async with aiohttp.ClientSession() as http, http.ws_connect(simulator.slack.hub.new_url(simulator.url[7:])):
        await asyncio.wait_for(simulator.stop(), 2)


async def test_conversations_outlive_a_restart(tmp_path: Path) -> None:
    first = Simulator(state_folder=tmp_path)
    await first.start()
    async with SlackControl(first.url) as slack:
        root = await slack.person("ada").post("general", "root", files={"a.txt": b"bytes"})
        await slack.person("ben").reply(root, "reply")
        await slack.person("ada").post("@muster", "psst")
    last_id = first.truth.last_id
    await first.stop()
    second = Simulator(state_folder=tmp_path)
    await second.start()
    try:
        api = AsyncWebClient(token=BOT_TOKEN, base_url=second.slack_api_url)
        async with SlackControl(second.url) as slack:
            thread = await slack.thread("general", root.ts)
            assert [message.text for message in thread] == ["root", "reply"]
            assert await slack.download(root.files[0]["id"]) == b"bytes"
            await api.chat_postMessage(channel=root.channel, thread_ts=root.ts, text="on we go")
            shown = await slack.wait_for_message(containing="on we go", thread_ts=root.ts)
            assert shown.ts > thread[-1].ts
            assert second.truth.since()[0].id == last_id + 1
    finally:
        await second.stop()


@pytest.mark.slow
async def test_it_runs_as_a_process_and_ends_when_told(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "--port-file", str(port_file), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    printed = [(await asyncio.wait_for(process.stdout.readline(), 20)).decode() for _ in range(3)]
    url = f"http://127.0.0.1:{port_file.read_text()}"
    assert [url in line for line in printed] == [True] * 3
    api = AsyncWebClient(token=BOT_TOKEN, base_url=f"{url}/slack/api/")
    assert (await api.auth_test())["team"] == "Acme"
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 5) == 0
