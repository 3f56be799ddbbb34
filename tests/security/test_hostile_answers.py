"""T30: no answer to an agent's request for a page takes more time or memory than it may, whatever its host sends."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence

import httpx2
import pytest

from tests.security.figures import figure
from tests.security.ssrf_world import Noting, here, pages_of
from tests.support.web_host import Asked, WebHost, http, leads_to, says
from worker.web.body import read_body
from worker.web.errors import WebError
from worker.web.pages import PageLimits

QUICK = PageLimits(total_s=0.25)
_tally: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def said_at_the_end() -> Iterator[None]:
    yield
    figure("T30", f"{_tally['answers']} hostile answers borne within their bounds")


async def _endless(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 100_000)
        await writer.drain()


async def _endless_head(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 8_000 + b"\r\n")
        await writer.drain()


async def _endless_hints(_: Asked, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)
        await writer.drain()


def _slow(head: bytes) -> Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]:
    """A byte whenever the loop has a moment, and never the last one."""

    async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)  # the attack itself, not a wait of the test

    return drip


async def _silent(_: Asked, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _endless_nothing(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n")
    writer.write(gzip.compress(b"x"))
    while True:
        writer.write(b"\0" * 100_000)
        await writer.drain()


def _gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b"\0" * 1_000_000
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


GZIPPED = {"Content-Encoding": "gzip"}
OVER = "larger than the 5 MB"
LATE = "not there within"

HOSTILE: dict[str, tuple[Callable[[Asked, asyncio.StreamWriter], Awaitable[None]], str]] = {
    "10 GB announced": (says(http("x", headers={"Content-Length": "10000000000"})), OVER),
    "a length of 4,000 digits": (says(http("x", headers={"Content-Length": "9" * 4_000})), "."),
    "endless body": (_endless, OVER),
    "endless bytes that unfold to nothing": (_endless_nothing, OVER),
    "endless headers": (_endless_head, "cannot be reached"),
    "endless hints": (_endless_hints, "."),
    "gzip bomb": (says(http(_gzip_bomb(20_000_000), kind="text/plain", headers=GZIPPED)), OVER),
    "gzip in gzip": (
        says(http(gzip.compress(_gzip_bomb(20_000_000)), headers={"Content-Encoding": "gzip, gzip"})),
        "not asked for",
    ),
    "brotli": (says(http(b"x", headers={"Content-Encoding": "br"})), "not asked for"),
    "deflate bomb": (
        says(http(zlib.compress(b"\0" * 20_000_000, 9), kind="text/plain", headers={"Content-Encoding": "deflate"})),
        OVER,
    ),
    "broken gzip": (says(http(b"nothing of the kind", headers=GZIPPED)), "damaged"),
    "slow body": (_slow(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"), LATE),
    "slow headers": (_slow(b"HTTP/1.1 200 OK\r\nX-Slow: "), LATE),
    "no answer": (_silent, LATE),
    "no HTTP": (says(b"220 mail.example ESMTP\r\n"), "cannot be reached"),
    "hangs up": (says(b""), "cannot be reached"),
    "breaks off": (says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 50\r\n\r\nx"), "be reached"),
    "leads to itself": (leads_to("/"), "more than 5 times"),
    "leads nowhere": (leads_to(""), "does not say where"),
    "leads to noise": (leads_to("http://[\x01"), "."),
    "a program": (says(http(b"\x7fELF", kind="application/octet-stream")), "not a page of text"),
    "a PDF": (says(http(b"%PDF", kind="application/pdf")), "PDF"),
    "nothing named": (says(http(b"x", kind="")), "no named kind"),
    "an error": (says(http("secret", status=500)), "answers 500"),
    "an odd status": (says(http("x", status=299)), "answers 299"),
}


@pytest.mark.parametrize("attack", HOSTILE)
async def test_no_answer_takes_more_than_it_may(attack: str) -> None:
    answer, words = HOSTILE[attack]
    async with WebHost(answer) as host:
        limits = QUICK if words == LATE or attack == "endless hints" else None
        started = asyncio.get_running_loop().time()
        with pytest.raises(WebError, match=words):
            await pages_of(here(), None, host, limits=limits).read(f"http://site.example:{host.port}/")
        assert asyncio.get_running_loop().time() - started < 10
    _tally["answers"] += 1


async def test_a_bomb_is_not_unfolded_further_than_it_may() -> None:
    response = httpx2.Response(200, headers=GZIPPED, stream=httpx2.ByteStream(_gzip_bomb(20_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(WebError, match="larger"):
            await read_body(response, most_bytes=1_000_000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5_000_000
    _tally["answers"] += 1


async def test_a_host_that_never_gets_looked_up_takes_no_longer_than_a_page_may() -> None:
    async def never(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(WebError, match=LATE):
        await pages_of(never, Noting(), limits=QUICK).read("http://site.example/")
    _tally["answers"] += 1
