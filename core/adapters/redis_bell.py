"""The bell on Redis pub/sub: tells other processes that there is something new to read in SQL.

`core.bootstrap` makes one for each process; whoever waits for work subscribes to it. It never carries facts: pub/sub
loses messages whenever a connection is made again, so a ring only says "look now", and every listener polls SQL too.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

OnRing = Callable[[str], None]

CHANNEL_PREFIX = "muster:bell:"
IDLE_S = 5.0  # after this long without a message a ping shows whether the connection still lives
BACK_OFF_S = 0.1
BACK_OFF_MAX_S = 2.0


class RedisBell:
    """Implements `core.ports.Bell`; `run` must be running for rings of other processes to be heard."""

    def __init__(self, url: str, *, timeout_s: float = 1.0, idle_s: float = IDLE_S) -> None:
        """Connect nothing yet.

        Args:
            url: `redis://`, `rediss://` or `unix://`.
            timeout_s: the longest that a ring may hold up its caller.
            idle_s: a dead connection is noticed after twice this time.
        """
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._sender = uuid4().hex
        self._handlers: dict[str, list[OnRing]] = defaultdict(list)
        self._pubsub: PubSub | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._quiet = False  # an outage has been logged and has not ended
        self._redis = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url,
                max_connections=8,
                timeout=timeout_s,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
            )
        )

    async def ring(self, topic: str, payload: str = "") -> None:
        """Call this process's own listeners at once, then tell the others; never raises for Redis' trouble."""
        self._deliver(topic, payload)
        # Cancelling a command half way leaves its connection unusable, so the caller's cancellation stops here.
        task = self._in_background(self._publish(topic, payload))
        await asyncio.wait({task}, timeout=self._timeout_s)

    def subscribe(self, topic: str, on_ring: OnRing) -> None:
        """Call *on_ring* with each payload, and with "" whenever messages may have been lost."""
        is_new = topic not in self._handlers
        self._handlers[topic].append(on_ring)
        if is_new and self._pubsub is not None:
            self._in_background(self._listen_to(self._pubsub, topic))

    async def run(self) -> None:
        """Hear other processes' rings until cancelled, connecting again as often as needed."""
        back_off_s = BACK_OFF_S
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await self._listen()
            except Exception as error:
                # Nothing may end the listener: a process that no longer hears the bell would only be slow, unseen.
                self._note_trouble(error)
            if asyncio.get_running_loop().time() - started > BACK_OFF_MAX_S:
                back_off_s = BACK_OFF_S
            await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))
            back_off_s = min(back_off_s * 2, BACK_OFF_MAX_S)

    async def close(self) -> None:
        """Finish the rings under way and disconnect."""
        if self._background:
            await asyncio.wait(self._background, timeout=self._timeout_s)
        await self._redis.aclose()

    async def _publish(self, topic: str, payload: str) -> None:
        try:
            await self._redis.publish(CHANNEL_PREFIX + topic, f"{self._sender}:{payload}")
        except (RedisError, OSError) as error:
            self._note_trouble(error)
        else:
            self._note_recovery()

    async def _listen(self) -> None:
        """Read one connection until it breaks.

        Raises:
            RedisError, OSError: the connection could not be made, broke, or stopped answering.
        """
        async with self._redis.pubsub() as pubsub:
            self._pubsub = pubsub
            try:
                # Redis wants one channel at least; nobody rings the empty topic.
                await pubsub.subscribe(*(CHANNEL_PREFIX + topic for topic in ("", *self._handlers)))
                await self._read(pubsub)
            finally:
                self._pubsub = None

    async def _read(self, pubsub: PubSub) -> None:
        pinged = False
        while True:
            message = await pubsub.get_message(timeout=self._idle_s)
            if message is not None:
                pinged = False
                self._on_message(message)
            elif pinged:
                raise RedisConnectionError("a ping was not answered")
            else:
                await pubsub.ping()
                pinged = True

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":  # a first connection, or redis-py made a new one by itself
            self._note_recovery()
            self._deliver(_text(message["channel"]).removeprefix(CHANNEL_PREFIX), "")
        elif message["type"] == "message":
            sender, _, payload = _text(message["data"]).partition(":")
            if sender != self._sender:  # own rings were delivered when they were rung
                self._deliver(_text(message["channel"]).removeprefix(CHANNEL_PREFIX), payload)

    def _deliver(self, topic: str, payload: str) -> None:
        for on_ring in self._handlers.get(topic, ()):
            try:
                on_ring(payload)
            except Exception:
                # One listener's mistake must not keep the others asleep.
                log.exception("bell.listener_failed", topic=topic)

    async def _listen_to(self, pubsub: PubSub, topic: str) -> None:
        # When this fails the connection is broken, and the next one subscribes to every topic.
        with contextlib.suppress(RedisError, OSError):
            await pubsub.subscribe(CHANNEL_PREFIX + topic)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _note_trouble(self, error: Exception) -> None:
        if not self._quiet:
            self._quiet = True
            log.warning("bell.unheard", error=repr(error))

    def _note_recovery(self) -> None:
        if self._quiet:
            self._quiet = False
            log.info("bell.heard_again")


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
