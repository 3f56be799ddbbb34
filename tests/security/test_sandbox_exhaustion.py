"""Guarantee: runs that use up memory, processes, disk or output end with their reason, and the worker goes on.

Bombs of all kinds go off at once beside a task that does what a worker does for its leases: it must never be late.
"""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.domain.refs import SessionId
from tests.security.figures import SIZE, figure
from tests.security.sandbox_marks import alive, marked
from tests.security.sandbox_rungs import rungs_to_try
from tests.security.sandbox_small_disk import run_on_a_small_disk
from tests.support.waiting import until
from tests.unit.worker.tools.folders import folder_of
from worker.ports import Sandbox
from worker.sandbox.job import PythonJob, SandboxLimits
from worker.sandbox.probe import probe
from worker.tools.run_python import PythonArguments, run_python
from worker.tools.tool import ToolContext

_REPOSITORY = Path(__file__).parents[2]
_LIMITS = SandboxLimits(
    memory_bytes=150 << 20, address_space_bytes=400 << 20, workspace_bytes=20 << 20, workspace_entries=300, wall_s=2.0
)
_RENEW_S = 0.05
_LATEST_S = 2.0  # a lease is renewed every two seconds and lapses after seven

# The reason that the model is told begins with one of these words.
BOMBS = {
    "memory of many processes": (
        "import os, time\nfor _ in range(6):\n    os.fork() or (bytearray(b'x') * (60 << 20), time.sleep(60))\n"
        "time.sleep(60)",
        ("it used more than 150 MB of memory",),
    ),
    "memory of one process": ("x = bytearray(8 << 30)", ("it used more than 150 MB of memory",)),
    "a fork bomb": (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        ("it ran longer than 2 s", "it used more than 150 MB of memory"),
    ),
    "threads": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
        ("The program ended with an error", "it ran longer than 2 s"),
    ),
    "bytes on disk": (
        "for i in range(100): open(f'f{i}', 'wb').write(bytes(1 << 20))\nimport time; time.sleep(60)",
        ("its files took over 20 MB",),
    ),
    "files on disk": (
        "for i in range(2000): open(f'f{i}', 'wb')\nimport time; time.sleep(60)",
        ("its files took over 20 MB, or were too many",),
    ),
    "a file of ten gigabytes": ("open('big', 'wb').truncate(10 << 30)", ("The program ended with an error",)),
    "a flood of output": ("while True: print('x' * 1000)", ("it printed too much",)),
}


@dataclass
class Heartbeat:
    """How late the event loop has let a task be that looks every 50 ms."""

    latest_s: float = 0.0

    async def beat(self) -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(_RENEW_S)  # the thing that is measured
            self.latest_s = max(self.latest_s, time.monotonic() - before_s - _RENEW_S)


async def _sandbox(rung: str) -> Sandbox:
    sandbox = (await probe(None, rungs=[rung], at_once=4)).sandbox
    if sandbox is None:
        pytest.skip(f"no {rung} here")
    return sandbox


async def _told(sandbox: Sandbox, code: str, root: Path) -> tuple[bool, str]:
    context = ToolContext(
        session=SessionId("s"), folder=folder_of(root, limits=_LIMITS), sandbox=sandbox, python_limits=_LIMITS
    )
    outcome = await run_python(context, PythonArguments(code=code))
    await context.folder.remove()
    return outcome.ok, outcome.text


@pytest.mark.slow
@pytest.mark.parametrize("rung", rungs_to_try())
async def test_a_worker_survives_all_that_its_runs_use_up_and_each_ends_with_its_reason(
    rung: str, tmp_path: Path
) -> None:
    sandbox = await _sandbox(rung)
    mark = f"mu{secrets.token_hex(6)}"
    heart = Heartbeat()
    beating = asyncio.create_task(heart.beat())
    ended = 0
    for round_ in range(SIZE):
        names = list(BOMBS)
        told = await asyncio.gather(
            *(_told(sandbox, marked(mark, BOMBS[name][0]), tmp_path / f"{round_}-{n}") for n, name in enumerate(names))
        )
        for name, (ok, text) in zip(names, told, strict=True):
            assert not ok, name
            assert any(reason in text for reason in BOMBS[name][1]), f"{name}: {text[-300:]}"
            ended += 1
    beating.cancel()
    assert alive(mark) == []
    assert heart.latest_s < _LATEST_S
    assert await _told(sandbox, "print(6 * 7)", tmp_path / "after") == (True, "42")
    assert _files_in(tmp_path) == []
    figure(
        "T23",
        f"{rung}: {ended} of {ended} bombs of {len(BOMBS)} kinds, four at once, ended with their reason;"
        f" the worker was late by {heart.latest_s * 1000:.0f} ms at most",
    )


@pytest.mark.slow
async def test_a_full_disk_fails_the_run_and_nothing_else(tmp_path: Path) -> None:
    held = [rung for rung in rungs_to_try() if (await probe(None, rungs=[rung])).sandbox]
    told = run_on_a_small_disk(held, tmp_path)
    assert told == "".join(f"{rung}: False No space left on device\n{rung}: True room again\n" for rung in held)


@pytest.mark.slow
@pytest.mark.parametrize("rung", rungs_to_try())
async def test_no_process_of_a_run_outlives_a_worker_that_is_killed(rung: str, tmp_path: Path) -> None:
    await _sandbox(rung)
    mark = f"mu{secrets.token_hex(6)}"
    code = marked(mark, "import time\nfor _ in range(3): os.fork()\nwhile True: time.sleep(0.01)")
    command = [sys.executable, "-m", "tests.security.sandbox_doomed_worker", rung, str(tmp_path), code]
    worker = await asyncio.create_subprocess_exec(*command, cwd=_REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        await until(lambda: len(alive(mark)) == 8, timeout_s=30)
    finally:
        worker.kill()
        await worker.wait()
    await until(lambda: not alive(mark))


@pytest.mark.parametrize("rung", rungs_to_try())
async def test_the_kernel_short_of_memory_ends_the_run_before_the_worker(rung: str, tmp_path: Path) -> None:
    """And the run's processes get the processor after the worker."""
    sandbox = await _sandbox(rung)
    mark = f"mu{secrets.token_hex(6)}"
    code = marked(mark, "import time\nos.fork()\ntime.sleep(60)")
    run = asyncio.create_task(sandbox.run(PythonJob(code=code, workspace=tmp_path)))
    try:
        await until(lambda: len(alive(mark)) == 2)
        scores = [_score(process) for process in alive(mark)]
        niceness = [os.getpriority(os.PRIO_PROCESS, int(process)) for process in alive(mark)]
    finally:
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
    assert scores == [1000, 1000]
    assert min(niceness) > os.getpriority(os.PRIO_PROCESS, 0)


def _files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _score(process: str) -> int:
    return int(Path(f"/proc/{process}/oom_score_adj").read_text())
