"""Where attachments are fetched from, and where not: an address in a payload may lead nowhere else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bots.attachments import Attached, TooLarge
from bots.discord.cdn import Cdn
from bots.discord.files import attached
from core.errors import PermanentError, TransientError

HERE = "/files"
MOST = 100_000


class Server:
    """Gives what a test wants of a file, and keeps what it was asked with."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.answers: list[Any] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            return web.Response(status=answer, headers={"Location": "http://127.0.0.1:1/inside"})
        response = web.StreamResponse()  # chunked: no header says how much there will be
        await response.prepare(request)
        for chunk in answer:
            await response.write(chunk)
        return response


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    served = Server()
    app = web.Application()
    app.router.add_get(f"{HERE}/{{name}}", served.serve)
    async with TestServer(app) as running:
        yield served, str(running.make_url("")).rstrip("/")


def at(url: str) -> Attached:
    return Attached(name="a.txt", mime="text/plain", size_bytes=None, source=url)


async def test_a_file_at_the_configured_server_is_fetched_without_a_token(server: tuple[Server, str]) -> None:
    served, url = server
    served.answers = [[b"one ", b"two"]]
    assert await Cdn(f"{url}/api/v10").fetch(at(f"{url}{HERE}/a.txt?ex=1&hm=2"), MOST) == b"one two"
    [request] = served.requests
    assert request.query_string == "ex=1&hm=2"
    assert not {"Authorization", "Cookie"} & set(request.headers)


@pytest.mark.parametrize(
    "source",
    [
        "http://127.0.0.1:8000/files/a.txt",
        "https://127.0.0.1/a.txt",
        "http://cdn.discordapp.com/attachments/1/2/a.txt",  # not encrypted
        "http://cdn.discordapp.com:443/attachments/1/2/a.txt",
        "https://cdn.discordapp.com:8443/attachments/1/2/a.txt",
        "https://cdn.discordapp.com.evil.example/a.txt",
        "https://evil.example/cdn.discordapp.com/a.txt",
        "https://cdn.discordapp.com@evil.example/a.txt",
        "https://me:secret@cdn.discordapp.com/a.txt",
        "https://evil.example\\@cdn.discordapp.com/a.txt",
        "file:///etc/passwd",
        "ftp://cdn.discordapp.com/a.txt",
        "//cdn.discordapp.com/a.txt",
        "attachments/1/2/a.txt",
        "",
    ],
)
async def test_no_other_address_is_even_asked(server: tuple[Server, str], source: str) -> None:
    served, url = server
    for cdn in (Cdn(""), Cdn(f"{url}/api/v10")):
        with pytest.raises(PermanentError):
            await cdn.fetch(at(source), MOST)
    assert served.requests == []


async def test_discords_own_server_is_no_other_server(server: tuple[Server, str]) -> None:
    served, url = server
    with pytest.raises(PermanentError, match="not where Discord"):
        await Cdn("").fetch(at(f"{url}{HERE}/a.txt"), MOST)
    assert served.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(server: tuple[Server, str], status: int) -> None:
    served, url = server
    served.answers = [status]
    with pytest.raises(PermanentError, match=str(status)):
        await Cdn(url).fetch(at(f"{url}{HERE}/a.txt"), MOST)


@pytest.mark.parametrize(("status", "error"), [(404, PermanentError), (403, PermanentError), (500, TransientError)])
async def test_what_may_work_later_is_told_apart(
    server: tuple[Server, str], status: int, error: type[Exception]
) -> None:
    served, url = server
    served.answers = [status]
    with pytest.raises(error):
        await Cdn(url).fetch(at(f"{url}{HERE}/a.txt"), MOST)


async def test_nobody_there_is_no_end(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(TransientError):
        await Cdn(url).fetch(at(f"{url}/a.txt"), MOST)


@pytest.mark.parametrize(("sent", "is_taken"), [(MOST, True), (MOST + 1, False), (50 * MOST, False)])
async def test_no_more_is_read_than_may_be(server: tuple[Server, str], sent: int, is_taken: bool) -> None:
    served, url = server
    served.answers = [[b"x" * MOST] * (sent // MOST) + [b"x" * (sent % MOST)]]
    if is_taken:
        assert len(await Cdn(url).fetch(at(f"{url}{HERE}/a.txt"), MOST)) == sent
        return
    with pytest.raises(TooLarge):
        await Cdn(url).fetch(at(f"{url}{HERE}/a.txt"), MOST)


def test_an_attachment_is_read_as_discord_describes_it() -> None:
    told = {"filename": "a.csv", "size": 4, "content_type": "text/csv; charset=utf-8", "url": "https://x"}
    assert attached(told) == Attached(name="a.csv", mime="text/csv", size_bytes=4, source="https://x")
    assert attached({}) == Attached(name="file", mime="application/octet-stream", size_bytes=None, source="")
