import json
from typing import Any

import pytest
from aiohttp import ClientResponseError, FormData

from simulator.discord.guild import Channel
from simulator.discord.rest import DOWNLOAD
from simulator.faults import Fault, FaultKind
from tests.unit.simulator.discord.conftest import Answer, World


async def upload(
    discord: World, path: str, payload: dict[str, Any], *files: tuple[str, bytes], method: str = "POST"
) -> Answer:
    """A multipart call as discord.py makes it."""
    form = FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(payload))
    for index, (name, content) in enumerate(files):
        form.add_field(f"files[{index}]", content, filename=name, content_type="application/octet-stream")
    return await discord.call(method, path, data=form)


async def test_a_file_comes_back_from_the_cdn(discord: World, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    payload = {"attachments": [{"id": 0, "filename": "my report.csv", "description": "numbers"}]}
    posted = await upload(discord, path, payload, ("ignored", b"a,b\n1,2"))
    (file,) = posted.body["attachments"]
    assert (file["filename"], file["size"], file["description"]) == ("my_report.csv", 7, "numbers")
    assert file["content_type"] == "text/csv"
    assert await discord.fetch(file["url"]) == b"a,b\n1,2"


@pytest.mark.parametrize(("kind", "status"), [("server_error", 500), ("deny", 403), ("rate_limit", 429)])
async def test_a_file_can_fail_to_come(discord: World, general: Channel, kind: str, status: int) -> None:
    posted = await upload(discord, f"/channels/{general.id}/messages", {}, ("a.txt", b"x"))
    url = posted.body["attachments"][0]["url"]
    discord.platform.faults.add(Fault(kind=FaultKind(kind), target=DOWNLOAD))
    with pytest.raises(ClientResponseError, match=str(status)):
        await discord.fetch(url)
    assert await discord.fetch(url) == b"x"
    assert [entry["with_token"] for entry in discord.recorded("file.fetched")] == [False, False]


async def test_a_file_over_the_limit_is_too_large(discord: World, general: Channel) -> None:
    discord.set_options(file_bytes=10)
    path = f"/channels/{general.id}/messages"
    refused = await upload(discord, path, {}, ("a.txt", b"x" * 11))
    assert (refused.status, refused.code) == (413, 40005)
    assert (await upload(discord, path, {}, ("a.txt", b"x" * 10))).status == 200


async def test_an_image_in_an_embed_is_not_beside_it(discord: World, general: Channel) -> None:
    payload = {"embeds": [{"title": "t", "image": {"url": "attachment://plot.png"}}]}
    posted = await upload(discord, f"/channels/{general.id}/messages", payload, ("plot.png", b"png"))
    assert posted.body["attachments"] == []
    assert await discord.fetch(posted.body["embeds"][0]["image"]["url"]) == b"png"


async def test_an_edit_keeps_the_files_that_it_names(discord: World, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    posted = await upload(discord, path, {"content": "x"}, ("a.txt", b"a"), ("b.txt", b"b"))
    first, second = (file["id"] for file in posted.body["attachments"])
    one = f"{path}/{posted.body['id']}"
    same = await discord.call("PATCH", one, {"content": "y"})
    assert [file["id"] for file in same.body["attachments"]] == [first, second]
    fewer = await upload(discord, one, {"attachments": [{"id": second}]}, ("c.txt", b"c"), method="PATCH")
    assert [file["filename"] for file in fewer.body["attachments"]] == ["b.txt", "c.txt"]
    assert (await discord.call("PATCH", one, {"attachments": [{"id": first}]})).code == 50035


async def test_the_log_keeps_names_and_sizes_and_no_bytes(discord: World, general: Channel) -> None:
    await upload(discord, f"/channels/{general.id}/messages", {}, ("a.txt", b"secret bytes"))
    entry = discord.recorded("api.call")[-1]
    assert entry["files"] == [{"filename": "a.txt", "size": 12}]
    assert "secret bytes" not in str(discord.platform.truth.since())
