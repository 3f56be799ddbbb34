"""The one worker of `muster up`, which can be replaced while the rest goes on.

Run by `muster.py`; the simulator's page asks for a replacement. Knows nothing of how a worker is made.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from core.running import serve
from worker.jobs import Worker


class Seat:
    """Where a worker sits; whoever asks has it replaced by another, as a restart would."""

    def __init__(self) -> None:
        self._vacated = asyncio.Event()

    async def run(self, open_one: Callable[[], AbstractAsyncContextManager[Worker]]) -> None:
        """Keep a worker at work until cancelled."""
        while True:
            self._vacated.clear()
            async with open_one() as working:
                await serve([working.run], self._vacated)

    async def replace(self) -> None:
        """End the worker; the next one goes on with what it had."""
        self._vacated.set()
