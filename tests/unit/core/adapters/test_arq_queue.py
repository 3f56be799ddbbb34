import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import arq
import arq.worker
import pytest
from redis.asyncio import Redis

from core.adapters.arq_queue import JOB, QUEUE, ArqQueue, WokenWorker, deserialize, serialize
from core.adapters.embedded_valkey import EmbeddedValkey
from core.domain.refs import SessionId
from core.ports import TOPIC_WORK
from tests.support.tcp_proxy import FaultProxy
from tests.support.valkey import ValkeyServer
from tests.support.waiting import until

pytestmark = pytest.mark.slow


class LocalBell:
    """A bell without Redis: all in one process."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []
        self.rung: list[tuple[str, str]] = []

    async def ring(self, topic: str, payload: str = "") -> None:
        self.rung.append((topic, payload))
        for listener in self.listeners:
            listener(payload)

    def subscribe(self, topic: str, on_ring: Callable[[str], None]) -> None:
        assert topic == TOPIC_WORK
        self.listeners.append(on_ring)


class Woken:
    """What a worker's job does: notes the session, then what the test says."""

    def __init__(self, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.sessions: asyncio.Queue[str] = asyncio.Queue()
        self._then = then

    async def __call__(self, _ctx: dict[Any, Any], session: str) -> None:
        self.sessions.put_nowait(session)
        if self._then is not None:
            await self._then()

    async def next(self) -> str:
        return await asyncio.wait_for(self.sessions.get(), 15)


@asynccontextmanager
async def working(
    url: str, woken: Woken, bell: LocalBell | None = None, *, max_jobs: int = 4, poll_s: float = 0.05
) -> AsyncIterator[WokenWorker]:
    async def on_wake(ctx: dict[Any, Any], session: str) -> None:
        await woken(ctx, session)

    worker = WokenWorker(on_wake, url, name="w1", max_jobs=max_jobs, poll_s=poll_s)
    if bell is not None:
        bell.subscribe(TOPIC_WORK, worker.poll_soon)
    main = asyncio.create_task(worker.main())
    try:
        yield worker
    finally:
        await worker.close()
        main.cancel()
        await asyncio.gather(main, return_exceptions=True)


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[ValkeyServer]:
    async with ValkeyServer(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
async def bell() -> LocalBell:
    return LocalBell()


@pytest.fixture
async def queue(valkey: ValkeyServer, bell: LocalBell) -> AsyncIterator[ArqQueue]:
    queue = ArqQueue(valkey.url, bell)
    yield queue
    await queue.close()


async def some_keys(client: Redis, pattern: str) -> bool:
    return bool(await client.keys(pattern))


async def no_keys(client: Redis, pattern: str) -> bool:
    return not await client.keys(pattern)


async def test_a_wake_up_reaches_a_worker_and_leaves_nothing_behind(valkey: ValkeyServer, queue: ArqQueue) -> None:
    woken = Woken()
    async with working(valkey.url, woken):
        await queue.wake(SessionId("s1"))
        assert await woken.next() == "s1"
    async with Redis.from_url(valkey.url) as client:
        assert await client.keys("*") == []


async def test_the_socket_of_the_embedded_server_serves(tmp_path: Path, bell: LocalBell) -> None:
    embedded = EmbeddedValkey(tmp_path / "a folder with spaces")
    await embedded.start()
    queue = ArqQueue(embedded.dsn, bell)
    woken = Woken()
    async with working(embedded.dsn, woken):
        await queue.wake(SessionId("s1"))
        assert await woken.next() == "s1"
    await queue.close()
    await embedded.stop()


async def test_a_ring_makes_the_worker_poll_at_once(valkey: ValkeyServer, queue: ArqQueue, bell: LocalBell) -> None:
    woken = Woken()
    async with working(valkey.url, woken, bell, poll_s=3600):
        await queue.wake(SessionId("s1"))
        assert await woken.next() == "s1"
        await queue.wake(SessionId("s2"))
        assert await woken.next() == "s2"
    assert bell.rung == [(TOPIC_WORK, "s1"), (TOPIC_WORK, "s2")]


async def test_a_session_can_be_woken_again_while_its_first_wake_up_waits(
    valkey: ValkeyServer, queue: ArqQueue
) -> None:
    await queue.wake(SessionId("s1"))
    await queue.wake(SessionId("s1"))
    woken = Woken()
    async with working(valkey.url, woken):
        assert [await woken.next(), await woken.next()] == ["s1", "s1"]


async def test_a_job_that_runs_longer_than_its_mark_is_not_started_twice(valkey: ValkeyServer, queue: ArqQueue) -> None:
    free = asyncio.Event()
    woken = Woken(then=free.wait)  # type: ignore[arg-type]
    async with working(valkey.url, woken, max_jobs=8) as worker:
        worker.in_progress_timeout_s = 0.1
        await queue.wake(SessionId("s1"))
        await woken.next()
        async with Redis.from_url(valkey.url) as client:
            await until(partial(no_keys, client, "arq:in-progress:*"))
        await queue.wake(SessionId("s2"))
        assert await woken.next() == "s2"  # the queue was read with s1 in it
        assert len(worker.tasks) == 2
        free.set()
    assert woken.sessions.empty()


async def test_running_jobs_survive_redis_and_the_worker_serves_again(
    valkey: ValkeyServer, queue: ArqQueue, bell: LocalBell
) -> None:
    free = asyncio.Event()
    done = asyncio.Event()

    async def hold() -> None:
        await free.wait()
        done.set()

    woken = Woken(then=hold)
    async with working(valkey.url, woken, max_jobs=2) as worker:
        await queue.wake(SessionId("s1"))
        await woken.next()
        valkey.kill()
        bell.rung.clear()
        await queue.wake(SessionId("lost"))
        assert bell.rung == [(TOPIC_WORK, "lost")], "workers must look into SQL all the same"
        await until(lambda: worker._quiet)
        free.set()
        await asyncio.wait_for(done.wait(), 5)
        await valkey.start()
        await queue.wake(SessionId("s2"))
        async with asyncio.timeout(15):
            while await woken.next() != "s2":
                continue


async def test_trouble_while_picking_costs_no_slot(valkey: ValkeyServer, queue: ArqQueue) -> None:
    woken = Woken()
    async with (
        FaultProxy("127.0.0.1", valkey.port) as proxy,
        working(f"redis://127.0.0.1:{proxy.port}", woken, max_jobs=1) as worker,
    ):
        for picked in (1, 2, 3):
            # The client tries twice, so two lost replies are one failure that the worker sees.
            proxy.drop_replies_to(b"WATCH", times=2)
            await queue.wake(SessionId(f"s{picked}"))
            assert await woken.next() == f"s{picked}"
            assert proxy.replies_dropped == 2 * picked
        await until(lambda: not worker.tasks)
        assert worker.job_counter == 0


async def test_a_server_that_goes_silent_does_not_hold_the_worker(valkey: ValkeyServer, queue: ArqQueue) -> None:
    woken = Woken()
    async with (
        FaultProxy("127.0.0.1", valkey.port) as proxy,
        working(f"redis://127.0.0.1:{proxy.port}", woken),
    ):
        await queue.wake(SessionId("s1"))
        await woken.next()
        proxy.half_open()
        await queue.wake(SessionId("s2"))
        assert await woken.next() == "s2"


async def test_a_dead_workers_wake_ups_are_offered_again_within_half_a_minute(
    valkey: ValkeyServer, queue: ArqQueue
) -> None:
    woken = Woken(then=asyncio.Event().wait)  # type: ignore[arg-type]
    async with working(valkey.url, woken), Redis.from_url(valkey.url) as client:
        await queue.wake(SessionId("s1"))
        await woken.next()
        (mark,) = await client.keys("arq:in-progress:*")
        assert 0 < await client.ttl(mark) <= 30


async def test_a_worker_started_without_redis_serves_when_it_is_there(valkey: ValkeyServer, queue: ArqQueue) -> None:
    valkey.kill()
    woken = Woken()
    async with working(valkey.url, woken):
        await valkey.start()
        await queue.wake(SessionId("s1"))
        assert await woken.next() == "s1"


async def test_a_worker_can_be_closed_while_redis_is_away(valkey: ValkeyServer) -> None:
    woken = Woken()
    async with asyncio.timeout(10), working(valkey.url, woken):
        valkey.kill()


async def test_a_closed_worker_hands_its_wake_ups_to_another(valkey: ValkeyServer, queue: ArqQueue) -> None:
    first, second = Woken(then=asyncio.Event().wait), Woken()  # type: ignore[arg-type]
    async with working(valkey.url, first):
        await queue.wake(SessionId("s1"))
        await first.next()
    async with working(valkey.url, second):
        assert await second.next() == "s1"


async def test_a_black_hole_holds_a_caller_up_for_no_longer_than_the_timeout(
    valkey: ValkeyServer, bell: LocalBell
) -> None:
    async with FaultProxy("127.0.0.1", valkey.port) as proxy:
        proxy.black_hole()
        queue = ArqQueue(f"redis://127.0.0.1:{proxy.port}", bell, timeout_s=0.2)
        async with asyncio.timeout(3):
            await queue.wake(SessionId("s1"))
            await queue.close()


async def test_a_cancelled_caller_does_not_break_the_wake_up(valkey: ValkeyServer, queue: ArqQueue) -> None:
    waking = asyncio.create_task(queue.wake(SessionId("s1")))
    await asyncio.sleep(0)
    waking.cancel()
    await asyncio.gather(waking, return_exceptions=True)
    woken = Woken()
    async with working(valkey.url, woken):
        assert await woken.next() == "s1"


async def test_two_workers_have_health_keys_of_their_own(valkey: ValkeyServer) -> None:
    async with working(valkey.url, Woken()) as worker, Redis.from_url(valkey.url) as client:
        await until(partial(some_keys, client, worker.health_check_key))
        assert worker.health_check_key == f"{QUEUE}:health:w1"


def test_jobs_are_json_and_never_pickle() -> None:
    job: dict[str, Any] = {"t": None, "f": JOB, "a": ("s1",), "k": {}, "et": 1}
    assert deserialize(serialize(job)) == {**job, "a": ["s1"]}
    assert deserialize(serialize({"r": ValueError("no")})) == {"r": "ValueError('no')"}


def test_arq_is_still_the_one_that_the_worker_was_written_for() -> None:
    """`WokenWorker` relies on these; look at each again when ARQ changes."""
    assert arq.VERSION.startswith("0.28")
    main = inspect.getsource(arq.worker.Worker.main)
    assert "async for _ in poll(self.poll_delay_s):\n            await self._poll_iteration()" in main
    picking = inspect.getsource(arq.worker.Worker.start_jobs)
    counted = picking.index("self.job_counter = self.job_counter + 1")
    assert picking.index("await self.sem.acquire()") < counted < picking.index("self.pool.pipeline")
    assert "int(self.in_progress_timeout_s * 1000)" in picking
    assert "await asyncio.gather(*self.tasks.values())" in inspect.getsource(arq.worker.Worker.close)
