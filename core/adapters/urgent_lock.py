"""A lock whose urgent waiters go first.

Used by `sql_engine` for SQLite's one writer: while many sessions commit their steps, a request that somebody waits for
must not stand at the end of the line.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class UrgentLock:
    """Held by one task at a time; among the urgent and among the others, who came first goes first."""

    def __init__(self) -> None:
        self._held = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def hold(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """Have the lock for the block."""
        if self._held:
            await self._handed_over(self._urgent if urgent else self._others)
        self._held = True
        try:
            yield
        finally:
            self._hand_over()

    async def _handed_over(self, line: deque[asyncio.Future[None]]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._hand_over()  # it was ours already
            raise

    def _hand_over(self) -> None:
        for line in (self._urgent, self._others):
            while line:
                turn = line.popleft()
                if not turn.done():
                    turn.set_result(None)  # stays held: nobody can come in between
                    return
        self._held = False
