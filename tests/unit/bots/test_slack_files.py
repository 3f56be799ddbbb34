"""Where the bot's token goes when a file is fetched, and what is taken for the file. Over local sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bots.attachments import Attached, TooLarge
from bots.slack.files import SlackFiles
from core.errors import PermanentError, TransientError

TOKEN = "xoxb-secret"
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    """A server of its own on loopback; gives its address."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await serve(request)  # type: ignore[arg-type]

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fetched(
    url: str, *, api: str, mime: str = "text/csv", size_bytes: int | None = None, most: int = 100
) -> bytes:
    async with aiohttp.ClientSession() as http:
        client = AsyncWebClient(token=TOKEN, base_url=f"{api}/api/", session=http, retry_handlers=[])
        client.proxy = None
        attached = Attached(name="a.csv", mime=mime, size_bytes=size_bytes, source=url)
        files = SlackFiles(client, http)
        return await files.fetch(await files.look_up(attached), most)


async def test_a_file_of_the_configured_server_is_fetched_with_the_token() -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.headers["Authorization"])

    async with server(serve) as api:
        assert await fetched(f"{api}/files-pri/T1-F1/a.csv", api=api) == f"Bearer {TOKEN}".encode()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.csv",
        "http://files.slack.com/a.csv",
        "https://files.slack.com:8443/a.csv",
        "https://files.slack.com@evil.example/a.csv",
        "https://files.slack.com\\@evil.example/a.csv",
        "https://me:you@files.slack.com/a.csv",
        "https://files.slack.com.evil.example/a.csv",
        "https://evil.example/files.slack.com/a.csv",
        "https://127.0.0.1/a.csv",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "//files.slack.com/a.csv",
        "https://files.slack.com:x/a.csv",
    ],
)
async def test_nothing_is_fetched_from_where_slack_keeps_no_files(url: str) -> None:
    with pytest.raises(PermanentError, match="not where Slack keeps files"):
        await fetched(url, api="https://slack.com")


async def test_a_redirect_to_another_server_ends_the_fetching_and_the_token_stays_here() -> None:
    stolen: list[str | None] = []

    async def steal(request: web.Request) -> web.StreamResponse:
        stolen.append(request.headers.get("Authorization"))
        return web.Response(text="gotcha")

    async with server(steal) as evil:

        async def serve(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"{evil}/a.csv")

        async with server(serve) as api:
            with pytest.raises(PermanentError, match="not where Slack keeps files"):
                await fetched(f"{api}/a.csv", api=api)
    assert stolen == []


async def test_a_redirect_within_the_server_is_followed_and_one_in_circles_is_not() -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        if request.path == "/moved":
            return web.Response(text="here")
        raise web.HTTPFound("/moved" if request.path == "/a.csv" else request.path)

    async with server(serve) as api:
        assert await fetched(f"{api}/a.csv", api=api) == b"here"
        with pytest.raises(PermanentError, match="circles"):
            await fetched(f"{api}/round", api=api)


@pytest.mark.parametrize(
    ("mime", "size_bytes", "is_page"), [("text/csv", 4, True), ("text/html", 4, True), ("text/html", 17, False)]
)
async def test_the_page_to_sign_in_is_not_taken_for_the_file(mime: str, size_bytes: int, is_page: bool) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<h1>Sign in</h1>\n", content_type="text/html")

    async with server(serve) as api:
        wanted = fetched(f"{api}/a", api=api, mime=mime, size_bytes=size_bytes)
        if is_page:
            with pytest.raises(PermanentError):
                await wanted
        else:
            assert await wanted == b"<h1>Sign in</h1>\n"


async def test_no_more_is_read_than_is_taken_whatever_the_server_says() -> None:
    sent = 0

    async def serve(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
            sent += 65_536

    async with server(serve) as api:
        with pytest.raises(TooLarge):
            await fetched(f"{api}/a.csv", api=api, size_bytes=1, most=100_000)
    assert sent < 20_000_000


@pytest.mark.parametrize(
    ("status", "error"), [(500, TransientError), (429, TransientError), (403, PermanentError), (404, PermanentError)]
)
async def test_a_refusal_says_whether_it_may_come_later(status: int, error: type[Exception]) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with server(serve) as api:
        with pytest.raises(error):
            await fetched(f"{api}/a.csv", api=api)


async def test_a_server_that_is_not_there_may_be_later() -> None:
    with pytest.raises(TransientError):
        await fetched("http://127.0.0.1:9/a.csv", api="http://127.0.0.1:9")


async def test_a_file_that_is_named_by_its_id_alone_is_asked_about() -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/files.info":
            asked = (await request.post()).get("file") or request.query.get("file")
            address = f"http://{request.host}/files-pri/{asked!s}"
            return web.json_response({"ok": True, "file": {"id": asked, "url_private_download": address}})
        return web.Response(text=request.path)

    async with server(serve) as api:
        assert await fetched("F1", api=api) == b"/files-pri/F1"


async def test_a_file_that_is_gone_when_it_is_asked_about_is_not_fetched() -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, "file": {"id": "F1", "mode": "tombstone"}})

    async with server(serve) as api:
        with pytest.raises(PermanentError, match="not where Slack keeps files"):
            await fetched("F1", api=api)
