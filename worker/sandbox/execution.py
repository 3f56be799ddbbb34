"""One run from its first process to its last: start, watch, kill, collect.

Called by the adapters, which only say how to launch. Must never return or raise while a process of the run
is alive, cancelled or not.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from signal import SIGXCPU
from typing import TypeVar

from worker.sandbox import inside
from worker.sandbox.identity import choose_uid
from worker.sandbox.job import ChangedFile, Ended, PythonJob, PythonResult, SandboxFailed
from worker.sandbox.process_tree import CANNOT_START, Launch, ProcessTree
from worker.sandbox.watch import OutputKeeper, watch_disk, watch_inodes, watch_memory
from worker.sandbox.workspace import Scan, changed_files, hand_over, mend, scan

_SIGNAL_EXIT = 128

T = TypeVar("T")

# (job, user id, info descriptor)
Launcher = Callable[[PythonJob, int | None, int], AbstractContextManager[Launch]]


async def execute(job: PythonJob, launcher: Launcher) -> PythonResult:
    """Run *job* inside *launcher*'s walls.

    Raises:
        SandboxFailed: the walls could not be built, or the workspace not be handed over.
    """
    uid = choose_uid()
    try:
        before = await to_its_end(asyncio.to_thread(_prepare, job, uid))
    except OSError as error:
        raise SandboxFailed(f"the workspace cannot be used: {error}") from error
    try:
        output, output_end, info, info_end = _pipes()
    except OSError as error:
        raise SandboxFailed(f"no descriptors are left: {error}") from error
    keeper = OutputKeeper(output, job.limits)
    started_s = time.monotonic()
    try:
        try:
            with launcher(job, uid, info_end) as launch:
                tree = ProcessTree(launch, stdout=output_end, info=info)
        except OSError as error:
            raise SandboxFailed(f"could not start the sandbox: {error}") from error
        finally:
            os.close(output_end)
            os.close(info_end)
        breach = await _watch(job, launch, tree, keeper)
        keeper.drain()
    finally:
        os.close(output)
        os.close(info)
    duration_s = time.monotonic() - started_s
    if breach is None and tree.exit_code and keeper.text.startswith((launch.trouble, CANNOT_START)):
        raise SandboxFailed(keeper.text.strip())
    ended, exit_code = (breach, None) if breach else _meaning(tree.exit_code)
    changed, left_out = await to_its_end(asyncio.to_thread(_collect, job, before))
    return PythonResult(
        output=keeper.text,
        output_truncated=keeper.truncated,
        exit_code=exit_code,
        ended=ended,
        duration_s=duration_s,
        changed_files=changed,
        changed_files_left_out=left_out,
    )


async def to_its_end(work: Coroutine[object, object, T]) -> T:
    """Return what *work* returns; a cancellation on the way is raised once it is done, not before."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:
            break  # the task's own, raised below
    if cancelled:
        raise cancelled
    return task.result()


def _pipes() -> tuple[int, int, int, int]:
    output = os.pipe2(os.O_CLOEXEC)
    try:
        return (*output, *os.pipe2(os.O_CLOEXEC))
    except OSError:
        for descriptor in output:
            os.close(descriptor)
        raise


def _prepare(job: PythonJob, uid: int | None) -> Scan:
    if uid is not None:
        hand_over(job.workspace, uid)
    return scan(job.workspace, most_entries=job.limits.workspace_entries)


def _collect(job: PythonJob, before: Scan) -> tuple[tuple[ChangedFile, ...], int]:
    mend(job.workspace)
    return changed_files(job.workspace, before, job.limits)


async def _watch(job: PythonJob, launch: Launch, tree: ProcessTree, keeper: OutputKeeper) -> Ended | None:
    """Wait for the end, kill what is left, and return which limit was passed, if any."""
    exited = asyncio.create_task(tree.exited())
    watchdogs = [
        asyncio.create_task(keeper.watch()),
        asyncio.create_task(watch_memory(tree.leader, job.limits)),
        asyncio.create_task(watch_disk((job.workspace, *launch.filled_on_disk), job.limits)),
        asyncio.create_task(_watch_inodes(tree, launch, job)),
    ]
    try:
        done, _ = await asyncio.wait(
            (exited, *watchdogs), timeout=job.limits.wall_s, return_when=asyncio.FIRST_COMPLETED
        )
        if exited in done:
            return None
        breaches = [watchdog.result() for watchdog in watchdogs if watchdog in done]
        return breaches[0] if breaches else Ended.TIMED_OUT
    finally:
        tree.kill()
        for task in (exited, *watchdogs):
            task.cancel()
        await to_its_end(_bury(tree, (exited, *watchdogs)))


async def _bury(tree: ProcessTree, tasks: tuple[asyncio.Task[Ended] | asyncio.Task[None], ...]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
    await tree.all_dead()


async def _watch_inodes(tree: ProcessTree, launch: Launch, job: PythonJob) -> Ended:
    first_process = await tree.first_process()
    return await watch_inodes(first_process, launch.filled_in_memory, job.limits)


def _meaning(exit_code: int) -> tuple[Ended, int | None]:
    match exit_code:
        case 0:
            return Ended.OK, 0
        case inside.OUT_OF_MEMORY_EXIT:
            return Ended.OUT_OF_MEMORY, 1
        case code if code == _SIGNAL_EXIT + SIGXCPU:
            return Ended.OUT_OF_CPU_TIME, None
        case code if code < 0 or code > _SIGNAL_EXIT:
            return Ended.KILLED, None
        case code:
            return Ended.ERROR, code
