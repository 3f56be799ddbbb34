"""Files: up in two steps, shown, down again."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.server import Simulator
from simulator.slack.person import SlackControl
from simulator.slack.platform import BOT_TOKEN

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


async def upload(api: AsyncWebClient, name: str, content: bytes) -> str:
    """Put a file up, unshared; returns its id."""
    where = await api.files_getUploadURLExternal(filename=name, length=len(content))
    async with aiohttp.ClientSession() as http, http.post(where["upload_url"], data=content) as response:
        assert await response.text() == f"OK - {len(content)}"
    await api.files_completeUploadExternal(files=[{"id": where["file_id"], "title": name}])
    return str(where["file_id"])


async def test_a_file_is_shared_in_a_thread_and_known_by_its_shares(
    api: AsyncWebClient, slack: SlackControl, general: str
) -> None:
    root = await api.chat_postMessage(channel=general, text="root")
    answer = await api.files_upload_v2(
        filename="log é.txt", content="lines", channel=general, thread_ts=root["ts"], initial_comment="all of it"
    )
    shown = await slack.wait_for_message(containing="all of it", thread_ts=root["ts"])
    assert shown.body["subtype"] == "file_share"
    (file,) = shown.files
    assert await slack.download(file["id"]) == b"lines"
    assert answer["file"]["shares"] == {}
    info = (await api.files_info(file=file["id"]))["file"]
    assert [share["ts"] for share in info["shares"]["public"][general]] == [shown.ts]


async def test_an_unshared_image_is_shown_by_a_block(api: AsyncWebClient, slack: SlackControl, general: str) -> None:
    file_id = await upload(api, "plot.png", PNG)
    assert (await api.files_info(file=file_id))["file"]["shares"] == {}
    block = {"type": "image", "slack_file": {"id": file_id}, "alt_text": "a plot"}
    await api.chat_postMessage(channel=general, text="plot", blocks=[block], username="Analyst")
    shown = await slack.wait_for_message(containing="plot")
    assert shown.body["blocks"][0]["slack_file"] == {"id": file_id}


async def test_a_block_cannot_show_what_is_no_finished_image(api: AsyncWebClient, general: str) -> None:
    text_file = await upload(api, "a.txt", b"x")
    started = (await api.files_getUploadURLExternal(filename="b.png", length=3))["file_id"]
    for file_id in (text_file, started, "F9"):
        block = {"type": "image", "slack_file": {"id": file_id}, "alt_text": "a"}
        with pytest.raises(SlackApiError, match="invalid_blocks"):
            await api.chat_postMessage(channel=general, text="x", blocks=[block])
        if file_id != text_file:
            with pytest.raises(SlackApiError, match="file_not_found"):
                await api.files_info(file=file_id)


async def test_an_upload_is_completed_once(api: AsyncWebClient) -> None:
    file_id = await upload(api, "a.txt", b"x")
    with pytest.raises(SlackApiError, match="file_not_found"):
        await api.files_completeUploadExternal(files=[{"id": file_id}])


async def test_a_persons_file_comes_with_their_message_and_needs_the_token(
    simulator: Simulator, slack: SlackControl, listen: Callable[[], Awaitable[Any]]
) -> None:
    listener = await listen()
    await slack.person("ada").post("general", "see", files={"data.csv": b"a,b\n1,2\n"})
    event = (await listener.next("message")).payload["event"]
    assert event["subtype"] == "file_share"
    (file,) = event["files"]
    assert (file["name"], file["size"], file["mimetype"]) == ("data.csv", 8, "text/csv")
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
        async with http.get(file["url_private_download"], headers=headers) as response:
            assert await response.read() == b"a,b\n1,2\n"
        async with http.get(file["url_private"]) as response:
            assert response.content_type == "text/html"
            assert b"1,2" not in await response.read()


@pytest.mark.parametrize(("fault", "status"), [({"kind": "server_error", "status": 404}, 404), ({"kind": "deny"}, 200)])
async def test_fetching_a_file_can_fail_as_on_slack(slack: SlackControl, fault: dict[str, Any], status: int) -> None:
    """A token without the scope gets the page to sign in, and the status of success."""
    shown = await slack.person("ada").post("general", "see", files={"data.csv": b"a,b\n"})
    await slack.add_fault(**fault, target="files.download")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {BOT_TOKEN}"}) as http:
        async with http.get(shown.files[0]["url_private_download"]) as response:
            assert (response.status, b"a,b" in await response.read()) == (status, False)
        async with http.get(shown.files[0]["url_private_download"]) as response:
            assert await response.read() == b"a,b\n"
