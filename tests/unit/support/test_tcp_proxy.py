import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.support.tcp_proxy import FaultProxy

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """Answers each line with itself and remembers it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            self.lines.append(line)
            writer.write(line)
            await writer.drain()
        writer.close()


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with FaultProxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()


async def connect(proxy: FaultProxy) -> Pair:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def say(pair: Pair, line: bytes) -> bytes:
    reader, writer = pair
    writer.write(line)
    return await asyncio.wait_for(reader.readline(), 5)


async def is_silent(reading: "asyncio.Task[bytes]") -> bool:
    _, pending = await asyncio.wait({reading}, timeout=0.1)
    return bool(pending)


async def test_it_passes_bytes_both_ways_and_the_end_of_a_side(proxy: FaultProxy) -> None:
    reader, writer = pair = await connect(proxy)
    assert await say(pair, b"hello\n") == b"hello\n"
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert proxy.connections == 1


async def test_a_cut_breaks_old_connections_and_leaves_new_ones_alone(proxy: FaultProxy) -> None:
    old = await connect(proxy)
    await say(old, b"1\n")
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await say(old, b"2\n")
    assert await say(await connect(proxy), b"3\n") == b"3\n"


async def test_a_refusing_proxy_breaks_new_connections_until_it_heals(proxy: FaultProxy) -> None:
    proxy.refuse()
    with suppress(ConnectionResetError):  # whether the client meets the end or the reset first is a race
        assert await say(await connect(proxy), b"1\n") == b""
    proxy.heal()
    assert await say(await connect(proxy), b"2\n") == b"2\n"


async def test_a_black_hole_is_silent_and_gives_back_what_it_held(proxy: FaultProxy, echo: Echo) -> None:
    pair = await connect(proxy)
    await say(pair, b"1\n")
    proxy.black_hole()
    saying = asyncio.create_task(say(pair, b"2\n"))
    assert await is_silent(saying)
    assert echo.lines == [b"1\n"]
    proxy.heal()
    assert await saying == b"2\n"


async def test_a_half_open_connection_stays_silent_while_new_ones_work(proxy: FaultProxy, echo: Echo) -> None:
    old = await connect(proxy)
    await say(old, b"1\n")
    proxy.half_open()
    saying = asyncio.create_task(say(old, b"2\n"))
    assert await is_silent(saying)
    assert await say(await connect(proxy), b"3\n") == b"3\n"
    assert echo.lines == [b"1\n", b"3\n"]
    saying.cancel()


async def test_a_dropped_reply_leaves_the_request_carried_out(proxy: FaultProxy, echo: Echo) -> None:
    pair = await connect(proxy)
    proxy.drop_replies_to(b"post")
    assert await say(pair, b"read\n") == b"read\n"
    pair[1].write(b"po")
    await pair[1].drain()
    with pytest.raises(ConnectionResetError):
        await say(pair, b"st\n")
    assert echo.lines == [b"read\n", b"post\n"]
    assert proxy.replies_dropped == 1
    assert await say(await connect(proxy), b"post\n") == b"post\n"


async def test_a_delay_is_added_in_each_direction(proxy: FaultProxy) -> None:
    proxy.delay_s = 0.05
    pair = await connect(proxy)
    started = asyncio.get_running_loop().time()
    await say(pair, b"1\n")
    assert asyncio.get_running_loop().time() - started >= 0.1
