"""A sandbox that lets only so many runs in at once; the others wait for their turn.

Put around the sandbox by the probe: each run has limits of its own, and a worker holds more sessions than its machine
has room for runs. It must never be what keeps a run from being stopped.
"""

import asyncio

from worker.ports import Sandbox
from worker.sandbox.job import PythonJob, PythonResult


class Turnstile:
    """*inner*, for at most *at_once* runs at a time. Waiting does not count towards a run's time."""

    def __init__(self, inner: Sandbox, at_once: int) -> None:
        self._inner = inner
        self._turns = asyncio.Semaphore(at_once)

    @property
    def name(self) -> str:
        """That of the sandbox itself."""
        return self._inner.name

    async def run(self, job: PythonJob) -> PythonResult:
        """See `worker.ports.Sandbox.run`."""
        async with self._turns:
            return await self._inner.run(job)
