"""No more runs at once than the machine has room for, and none that nobody wants any more."""

import asyncio
from pathlib import Path

import pytest

from worker.sandbox.job import Ended, PythonJob, PythonResult
from worker.sandbox.turnstile import Turnstile

JOB = PythonJob(code="pass", workspace=Path("/nowhere"))
DONE = PythonResult(
    output="", output_truncated=False, exit_code=0, ended=Ended.OK, duration_s=0.0, changed_files=(),
    changed_files_left_out=0,
)  # fmt: skip


class Slow:
    """Runs until it is told to end."""

    name = "slow"

    def __init__(self) -> None:
        self.running = self.most = self.begun = 0
        self.end = asyncio.Event()

    async def run(self, job: PythonJob) -> PythonResult:
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.end.wait()
        finally:
            self.running -= 1
        return DONE


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_only_so_many_run_at_once_and_all_get_their_turn() -> None:
    inner = Slow()
    sandbox = Turnstile(inner, 2)
    runs = [asyncio.create_task(sandbox.run(JOB)) for _ in range(5)]
    await settle()
    assert (inner.running, sandbox.name) == (2, "slow")
    inner.end.set()
    assert await asyncio.gather(*runs) == [DONE] * 5
    assert inner.most == 2


async def test_a_run_that_is_stopped_while_it_waits_never_begins_and_takes_nobodys_turn() -> None:
    inner = Slow()
    sandbox = Turnstile(inner, 1)
    first, second, third = (asyncio.create_task(sandbox.run(JOB)) for _ in range(3))
    await settle()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    first.cancel()
    await settle()
    assert (inner.begun, inner.running) == (2, 1)
    inner.end.set()
    assert await third == DONE
