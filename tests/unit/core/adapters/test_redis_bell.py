import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.adapters.redis_bell import RedisBell
from tests.support.tcp_proxy import FaultProxy
from tests.support.valkey import ValkeyServer


class Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, payload: str) -> None:
        self.heard.put_nowait(payload)

    async def hears(self, payload: str) -> None:
        async with asyncio.timeout(15):
            while await self.heard.get() != payload:
                continue


@asynccontextmanager
async def listening(bell: RedisBell) -> AsyncIterator[RedisBell]:
    task = asyncio.create_task(bell.run())
    try:
        yield bell
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bell.close()


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[ValkeyServer]:
    async with ValkeyServer(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_a_ring_is_heard_in_another_process(valkey: ValkeyServer, stack: AsyncExitStack) -> None:
    ear = Ear()
    listener = RedisBell(valkey.url)
    listener.subscribe("work", ear)
    await stack.enter_async_context(listening(listener))
    await ear.hears("")  # connected
    ringer = RedisBell(valkey.url)
    await ringer.ring("other", "not for us")
    await ringer.ring("work", "s1: with a colon")
    assert await asyncio.wait_for(ear.heard.get(), 5) == "s1: with a colon"
    await ringer.close()


async def test_a_ring_is_heard_once_in_its_own_process_and_at_once(valkey: ValkeyServer, stack: AsyncExitStack) -> None:
    ear, other = Ear(), Ear()
    bell, far = RedisBell(valkey.url), RedisBell(valkey.url)
    bell.subscribe("work", ear)
    far.subscribe("work", other)
    await stack.enter_async_context(listening(bell))
    await stack.enter_async_context(listening(far))
    await ear.hears("")
    await other.hears("")
    ringing = asyncio.create_task(bell.ring("work", "s1"))
    await asyncio.sleep(0)
    assert ear.heard.get_nowait() == "s1"
    await ringing
    await other.hears("s1")
    await far.ring("work", "s2")
    assert await asyncio.wait_for(ear.heard.get(), 5) == "s2"  # the echo of s1 would have come before


async def test_a_topic_subscribed_later_is_heard_too(valkey: ValkeyServer, stack: AsyncExitStack) -> None:
    first, later = Ear(), Ear()
    bell = RedisBell(valkey.url)
    bell.subscribe("work", first)
    await stack.enter_async_context(listening(bell))
    await first.hears("")
    bell.subscribe("relay", later)
    await later.hears("")
    ringer = RedisBell(valkey.url)
    await ringer.ring("relay", "w1")
    await later.hears("w1")
    await ringer.close()


async def test_every_listener_is_told_to_look_after_a_cut(valkey: ValkeyServer, stack: AsyncExitStack) -> None:
    ears = [Ear(), Ear()]
    bell = RedisBell(valkey.url)
    for topic, ear in zip(("work", "relay"), ears, strict=True):
        bell.subscribe(topic, ear)
    await stack.enter_async_context(listening(bell))
    for ear in ears:
        await ear.hears("")
    await valkey.cut_subscribers()
    for ear in ears:
        await ear.hears("")


async def test_the_bell_is_heard_again_after_an_outage_that_is_logged_once(
    valkey: ValkeyServer, stack: AsyncExitStack
) -> None:
    ear = Ear()
    bell, ringer = RedisBell(valkey.url), RedisBell(valkey.url)
    bell.subscribe("work", ear)
    await stack.enter_async_context(listening(bell))
    await ear.hears("")
    valkey.kill()
    with capture_logs() as logs:
        for _ in range(3):
            await ringer.ring("work", "lost")
    assert [entry["event"] for entry in logs if entry["event"] == "bell.unheard"] in (
        ["bell.unheard"],
        ["bell.unheard"] * 2,  # the listener's own
    )
    await valkey.start()
    await ear.hears("")
    await ringer.ring("work", "s2")
    await ear.hears("s2")
    await ringer.close()


async def test_a_silent_connection_is_found_dead_and_made_again(valkey: ValkeyServer, stack: AsyncExitStack) -> None:
    proxy = await stack.enter_async_context(FaultProxy("127.0.0.1", valkey.port))
    ear = Ear()
    bell = RedisBell(f"redis://127.0.0.1:{proxy.port}", idle_s=0.1)
    bell.subscribe("work", ear)
    await stack.enter_async_context(listening(bell))
    await ear.hears("")
    proxy.half_open()
    await ear.hears("")


async def test_a_black_hole_holds_a_caller_up_for_no_longer_than_the_timeout(
    valkey: ValkeyServer, stack: AsyncExitStack
) -> None:
    proxy = await stack.enter_async_context(FaultProxy("127.0.0.1", valkey.port))
    proxy.black_hole()
    ringer = RedisBell(f"redis://127.0.0.1:{proxy.port}", timeout_s=0.2)
    async with asyncio.timeout(2):
        await ringer.ring("work")
        await ringer.close()


async def test_a_cancelled_caller_does_not_break_the_ring(valkey: ValkeyServer, stack: AsyncExitStack) -> None:
    ear = Ear()
    bell, ringer = RedisBell(valkey.url), RedisBell(valkey.url)
    bell.subscribe("work", ear)
    await stack.enter_async_context(listening(bell))
    await ear.hears("")
    ringing = asyncio.create_task(ringer.ring("work", "s1"))
    await asyncio.sleep(0)
    ringing.cancel()
    await asyncio.gather(ringing, return_exceptions=True)
    await ear.hears("s1")
    await ringer.close()


async def test_one_listener_that_fails_does_not_keep_the_others_asleep(valkey: ValkeyServer) -> None:
    ear = Ear()
    bell = RedisBell(valkey.url)

    def fails(_: str) -> None:
        raise ValueError("a mistake")

    bell.subscribe("work", fails)
    bell.subscribe("work", ear)
    with capture_logs() as logs:
        await bell.ring("work", "s1")
    assert ear.heard.get_nowait() == "s1"
    assert logs[0]["event"] == "bell.listener_failed"
    await bell.close()
