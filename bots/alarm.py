"""A sleep that others can end: how the relay and the sender wait for something to do.

Not `asyncio.wait_for`: on Python 3.11 that swallows a cancellation which comes together with the event.
"""

import asyncio


class Alarm:
    """Rings that come while nobody waits are not lost."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """End the present wait, or the next."""
        self._rung.set()

    async def wait(self, longest_s: float) -> None:
        """Return when rung, or after *longest_s* seconds."""
        try:
            async with asyncio.timeout(longest_s):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()
