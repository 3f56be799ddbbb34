"""The work queue on ARQ: a job is nothing but a wake-up for one session.

The unit of work wakes through `ArqQueue` after its commit; the worker process runs a `WokenWorker`. Nothing may
depend on a job arriving: SQL knows which sessions may be claimed, and workers poll it. Facts about ARQ are from the
source of version 0.28, which `tests/unit/core/adapters/test_arq_queue.py` pins.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.domain.refs import SessionId
from core.ports import TOPIC_WORK, Bell

log = structlog.get_logger(__name__)

QUEUE = "muster:work"
JOB = "work_on_session"
WAKE_UP_LIVES = timedelta(hours=1)  # long before that the SQL poll has found the session
POLL_S = 2.0  # when no ring is heard; SQL is looked at as well
JOB_TIMEOUT_S = 24 * 3600.0  # a session's own limits end it; ARQ never should
PICKED_FOR_S = 30.0  # a dead worker's wake-ups are offered again after this
NO_LIMIT = 1_000_000  # attempts are counted in SQL
REDIS_TROUBLE = (RedisError, OSError)

OnWake = Callable[[dict[Any, Any], str], Awaitable[None]]
"""Gets ARQ's context and the session's id."""


def serialize(job: dict[str, Any]) -> bytes:
    """ARQ's job as JSON: its default, pickle, would run code found in Redis. What JSON lacks becomes its repr."""
    return json.dumps(job, default=repr).encode()


def deserialize(job: bytes) -> dict[str, Any]:
    """The inverse of `serialize`; tuples come back as lists."""
    value: dict[str, Any] = json.loads(job)
    return value


def arq_redis(url: str, *, timeout_s: float = 2.0, connections: int = 8) -> ArqRedis:
    """A client that connects when it is first used.

    ARQ's own `RedisSettings` cannot say a read timeout, so a server that goes silent would hold a worker for ever.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        timeout_s: for connecting, for each answer, and for a free connection.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # A pooled connection may have died since it was last used: once more on a new one.
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
    )
    return ArqRedis(
        pool_or_conn=pool,
        job_serializer=serialize,
        job_deserializer=deserialize,
        default_queue_name=QUEUE,
    )


class ArqQueue:
    """Implements `core.ports.WorkQueue`."""

    def __init__(self, url: str, bell: Bell, *, timeout_s: float = 1.0) -> None:
        """Connect nothing yet; *timeout_s* is the longest that a wake-up may hold up its caller."""
        self._redis = arq_redis(url, timeout_s=timeout_s)
        self._bell = bell
        self._timeout_s = timeout_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._quiet = False  # an outage has been logged and has not ended

    async def wake(self, session: SessionId) -> None:
        """Enqueue a wake-up under a fresh job id (ARQ drops a known one), then ring so that a worker polls now."""
        # redis-py loses the connection of a pipeline that is cancelled, so the caller's cancellation stops here.
        task = asyncio.create_task(self._enqueue(session))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.wait({task}, timeout=self._timeout_s)

    async def close(self) -> None:
        """Finish the wake-ups under way and disconnect."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._timeout_s)
        await self._redis.aclose()

    async def _enqueue(self, session: SessionId) -> None:
        try:
            await self._redis.enqueue_job(JOB, session, _expires=WAKE_UP_LIVES)
        except REDIS_TROUBLE as error:
            if not self._quiet:
                self._quiet = True
                log.warning("queue.unreachable", error=repr(error))
        else:
            if self._quiet:
                self._quiet = False
                log.info("queue.reachable_again")
        await self._bell.ring(TOPIC_WORK, session)


class WokenWorker(Worker):
    """ARQ's worker, which also polls when it is told to, and outlives Redis.

    An ARQ worker ends when Redis goes away and takes its running jobs with it; sessions are held in SQL and must not
    end for that. Start it with `main()` in a task; end it with `close()`.
    """

    def __init__(self, on_wake: OnWake, url: str, *, name: str, max_jobs: int, poll_s: float = POLL_S) -> None:
        """Connect nothing yet.

        Args:
            on_wake: told of each session that was woken; runs as a job, holding one of the slots.
            name: tells workers apart: ARQ's own health key is one for all and any that stops deletes it.
            max_jobs: the slots.
            poll_s: how often the queue is read when nobody rings.
        """
        super().__init__(
            functions=[func(on_wake, name=JOB)],  # type: ignore[arg-type]  # arq wants a protocol with *args
            queue_name=QUEUE,
            # Each slot may be finishing its job while the poll reads the queue.
            redis_pool=arq_redis(url, connections=max_jobs + 8),
            handle_signals=False,
            job_completion_wait=0,
            max_jobs=max_jobs,
            job_timeout=JOB_TIMEOUT_S,
            keep_result=0,
            # ARQ's poll sleeps between calls of `_poll_iteration`; ours waits inside it, where a ring can end it.
            poll_delay=0,
            # Jobs that run stay in the queue and would hide those behind them.
            queue_read_limit=max(1000, 4 * max_jobs),
            max_tries=NO_LIMIT,
            health_check_interval=10,
            health_check_key=f"{QUEUE}:health:{name}",
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        self.in_progress_timeout_s = PICKED_FOR_S  # ARQ's would be the job timeout
        self._poll_s = poll_s
        self._poll_now = asyncio.Event()
        self._quiet = False

    def poll_soon(self, _payload: str = "") -> None:
        """Read the queue now instead of after `poll_s`; made to be subscribed to `TOPIC_WORK`."""
        self._poll_now.set()

    async def main(self) -> None:
        """Poll until cancelled."""
        # ARQ's `main` asks Redis for its version first and would end when there is no answer.
        while not await self._reaches_redis():
            await self._until_rung()
        await super().main()

    async def close(self) -> None:
        """Cancel what runs, wait for it, disconnect; never raises for Redis' trouble."""
        self.allow_pick_jobs = False
        running = list(self.tasks.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.tasks.clear()  # ARQ would gather them again and raise what they raised
        try:
            await super().close()
        except REDIS_TROUBLE as error:
            log.warning("queue.unreachable_at_close", error=repr(error))
            await self.pool.connection_pool.disconnect()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """ARQ's, except that a job which runs here is never picked here again, and trouble gives its slot back."""
        try:
            # `PICKED_FOR_S` is shorter than a job: ARQ would start it twice and forget the first.
            await super().start_jobs([job for job in job_ids if job.decode() not in self.tasks])
        except REDIS_TROUBLE:
            self._release_sem_dec_counter_on_complete()  # ARQ takes the slot before it asks Redis
            raise

    async def _poll_iteration(self) -> None:
        self._poll_now.clear()
        try:
            await super()._poll_iteration()
        except REDIS_TROUBLE as error:
            self._note_trouble(error)
        else:
            self._note_recovery()
        await self._until_rung()

    async def _reaches_redis(self) -> bool:
        try:
            await self.pool.ping()
            await self.pool.info("server")
        except REDIS_TROUBLE as error:
            self._note_trouble(error)
            return False
        self._note_recovery()
        return True

    async def _until_rung(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._poll_now.wait()
        except TimeoutError:
            return

    def _note_trouble(self, error: Exception) -> None:
        if not self._quiet:
            self._quiet = True
            log.warning("queue.unreachable", error=repr(error))

    def _note_recovery(self) -> None:
        if self._quiet:
            self._quiet = False
            log.info("queue.reachable_again")
