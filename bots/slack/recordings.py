"""Recordings that may take longer than Slack waits, because files come first.

Used by `handlers` for events, which Slack tells again: each recording goes on by itself, once, and a later delivery of
the same event finds it under way or done. Acknowledges nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_DONE_KEPT = 1_000


class Recordings:
    """What is being recorded in this process, and what was a short while ago."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, None] = {}

    async def join(
        self, key: str, record: Callable[[], Coroutine[Any, Any, None]], *, within_s: float | None = None
    ) -> None:
        """Return when what *key* names is recorded; *record* is called unless it is already.

        Args:
            within_s: how long to wait; None is as long as it takes.

        Raises:
            TimeoutError: it is not recorded yet, and goes on.
            Exception: what *record* raised; the next call tries again.
        """
        if key in self._done:
            return
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(record())
            task.add_done_callback(lambda ended: self._ended(key, ended))
        await asyncio.wait({task}, timeout=within_s)
        if not task.done():
            raise TimeoutError
        task.result()

    async def close(self) -> None:
        """Give up what is under way: it was not acknowledged, so it is told again, or found when threads are read."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._under_way.pop(key, None)
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.warning("slack.files_not_recorded", error=str(error) or type(error).__name__)
            return
        self._done[key] = None
        if len(self._done) > _DONE_KEPT:
            del self._done[next(iter(self._done))]
