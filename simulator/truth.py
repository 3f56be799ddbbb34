"""The truth log: everything that happened in the simulated world, in order, for tests and the browser page to read.

Every simulated platform appends to it; the control API and its feed read it. It must never be read by what is
being simulated: the platform's own state decides answers, the log only tells what they were.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

KEPT_ENTRIES = 200_000
"""Entries kept before the oldest are let go, so that a simulator left running for days stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthEntry:
    """One thing that happened."""

    id: int
    """Position in the log, from 1 without gaps."""
    at: float
    """Seconds since the epoch."""
    kind: str
    """Dotted name, such as `api.call` or `message.posted`."""
    team: str
    """Workspace it happened in; empty for what concerns all of them."""
    data: dict[str, Any]
    platform: str = ""
    """Platform it happened on, such as `slack`; empty for what concerns all of them."""

    def wire(self) -> dict[str, Any]:
        """The entry as the control API shows it."""
        return {
            "id": self.id,
            "at": self.at,
            "kind": self.kind,
            "team": self.team,
            "data": self.data,
            "platform": self.platform,
        }


class TruthLog:
    """An append-only list that can be read from any position and followed live."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        kept_entries: int = KEPT_ENTRIES,
        record: Callable[[TruthEntry], None] | None = None,
    ) -> None:
        """
        Args:
            record: told of each entry as it is made.
        """
        self._clock = clock
        self._record = record
        self._entries: deque[TruthEntry] = deque(maxlen=kept_entries)
        self._last_id = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._closed = False

    @property
    def last_id(self) -> int:
        """Id of the newest entry, 0 while there is none."""
        return self._last_id

    def continue_after(self, last_id: int) -> None:
        """Number the entries to come from *last_id* on, so that readers from before a restart miss none."""
        if self._entries:
            raise ValueError("the log has begun")
        self._last_id = max(self._last_id, last_id)

    def of(self, platform: str) -> TruthLog:
        """The same log as *platform* uses it: it writes its own entries, and reads them and those of all."""
        return _PlatformLog(self, platform)

    def append(self, kind: str, data: dict[str, Any], *, team: str = "", platform: str = "") -> TruthEntry:
        """Record that *kind* happened now. *data* must be JSON and must not be changed afterwards."""
        self._last_id += 1
        entry = TruthEntry(id=self._last_id, at=self._clock(), kind=kind, team=team, data=data, platform=platform)
        self._entries.append(entry)
        if self._record is not None:
            self._record(entry)
        self._wake()
        return entry

    def since(self, after: int = 0, *, kinds: tuple[str, ...] = (), limit: int | None = None) -> list[TruthEntry]:
        """Entries with an id above *after* whose kind starts with one of *kinds* (all when empty)."""
        count = max(0, min(len(self._entries), self._last_id - after))
        newer = list(islice(reversed(self._entries), count))
        newer.reverse()
        chosen = (entry for entry in newer if not kinds or entry.kind.startswith(kinds))
        return list(islice(chosen, limit))

    async def follow(self, after: int = 0, *, kinds: tuple[str, ...] = ()) -> AsyncIterator[TruthEntry]:
        """Entries above *after*, then each new one as it happens, until the log is closed."""
        seen = after
        while not self._closed:
            newest = self._last_id
            for entry in self.since(seen, kinds=kinds):
                yield entry
            seen = max(seen, newest)
            if self._last_id <= seen:
                await self._next()

    def close(self) -> None:
        """End all who follow; entries can still be read."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def _next(self) -> None:
        """Return after the next append, or at the close."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


class _PlatformLog(TruthLog):
    """One platform's view of a log that several share; it keeps no entries itself."""

    def __init__(self, whole: TruthLog, platform: str) -> None:
        super().__init__()
        self._whole = whole
        self._platform = platform

    @property
    def last_id(self) -> int:
        return self._whole.last_id

    def continue_after(self, last_id: int) -> None:
        self._whole.continue_after(last_id)

    def append(self, kind: str, data: dict[str, Any], *, team: str = "", platform: str = "") -> TruthEntry:
        return self._whole.append(kind, data, team=team, platform=platform or self._platform)

    def since(self, after: int = 0, *, kinds: tuple[str, ...] = (), limit: int | None = None) -> list[TruthEntry]:
        mine = (entry for entry in self._whole.since(after, kinds=kinds) if self._is_mine(entry))
        return list(islice(mine, limit))

    async def follow(self, after: int = 0, *, kinds: tuple[str, ...] = ()) -> AsyncIterator[TruthEntry]:
        async for entry in self._whole.follow(after, kinds=kinds):
            if self._is_mine(entry):
                yield entry

    def close(self) -> None:
        self._whole.close()

    def _is_mine(self, entry: TruthEntry) -> bool:
        return entry.platform in ("", self._platform)
