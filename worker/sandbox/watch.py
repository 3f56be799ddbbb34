"""The watchdogs of one run: output, memory, disk. Wall time is the caller's `timeout`.

Called by `execution.py`. Each says how the run must end and returns; none kills anything itself.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from worker.sandbox.job import Ended, SandboxLimits
from worker.sandbox.workspace import scan

_MEMORY_EVERY_S = 0.1
_DISK_EVERY_S = 0.25
_READ_BYTES = 64 * 1024


class OutputKeeper:
    """Reads the run's output as it comes; keeps its first and last half, so that a traceback is seen."""

    def __init__(self, descriptor: int, limits: SandboxLimits) -> None:
        self._descriptor = descriptor
        self._half_bytes = limits.output_bytes // 2
        self._flood_bytes = limits.flood_bytes
        self._head = bytearray()
        self._tail = bytearray()
        self._total_bytes = 0
        os.set_blocking(descriptor, False)

    async def watch(self) -> Ended:
        """Read until there is too much; never returns for a run that writes less."""
        flooded = asyncio.Event()
        loop = asyncio.get_running_loop()

        def take() -> None:
            if not self._read_once():
                loop.remove_reader(self._descriptor)
            elif self._total_bytes > self._flood_bytes:
                flooded.set()
                loop.remove_reader(self._descriptor)

        loop.add_reader(self._descriptor, take)
        try:
            await flooded.wait()
        finally:
            loop.remove_reader(self._descriptor)
        return Ended.TOO_MUCH_OUTPUT

    def drain(self) -> None:
        """Take what is still in the pipe once all writers are dead."""
        with contextlib.suppress(BlockingIOError):
            while self._read_once():
                pass

    def _read_once(self) -> bool:
        piece = os.read(self._descriptor, _READ_BYTES)
        self._total_bytes += len(piece)
        room = self._half_bytes - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:]
        del self._tail[: -self._half_bytes]
        return bool(piece)

    @property
    def truncated(self) -> bool:
        """Whether something in the middle was left out."""
        return self._total_bytes > len(self._head) + len(self._tail)

    @property
    def text(self) -> str:
        """The kept output; what is not UTF-8 shows as U+FFFD."""
        if not self.truncated:
            return (self._head + self._tail).decode("utf-8", "replace")
        left_out = self._total_bytes - len(self._head) - len(self._tail)
        head, tail = self._head.decode("utf-8", "replace"), self._tail.decode("utf-8", "replace")
        return f"{head}\n[... {left_out} bytes left out ...]\n{tail}"


async def watch_memory(root: int, limits: SandboxLimits) -> Ended:
    """Return when process *root* and its descendants hold more than `memory_bytes` together."""
    # Polled: without cgroups the kernel tells nobody when memory or disk fills.
    while _held_bytes(process_tree(root)) <= limits.memory_bytes:  # noqa: ASYNC110
        await asyncio.sleep(_MEMORY_EVERY_S)
    return Ended.OUT_OF_MEMORY


async def watch_disk(folders: Iterable[Path], limits: SandboxLimits) -> Ended:
    """Return when one of *folders* holds more bytes or entries than a workspace may."""
    while True:
        for folder in folders:
            found = await asyncio.to_thread(scan, folder, most_entries=limits.workspace_entries)
            if not found.complete or found.total_bytes > limits.workspace_bytes:
                return Ended.TOO_MUCH_DISK
        await asyncio.sleep(_DISK_EVERY_S)


async def watch_inodes(first_process: int, folders: Iterable[str], limits: SandboxLimits) -> Ended:
    """Return when the memory-backed *folders* of a mount namespace hold more entries than a workspace may.

    Their size bounds the bytes in them, but not the kernel's memory for empty files.
    """
    root = f"/proc/{first_process}/root"
    while True:
        with contextlib.suppress(OSError):
            if any(_entries(root, folder) > limits.workspace_entries for folder in folders):
                return Ended.TOO_MUCH_DISK
        await asyncio.sleep(_DISK_EVERY_S)


def _entries(root: str, folder: str) -> int:
    if os.stat(root).st_dev == os.stat("/").st_dev:
        return 0  # the namespace's own root is not in place yet
    state = os.statvfs(f"{root}{folder}")
    return state.f_files - state.f_ffree


def process_tree(root: int) -> list[int]:
    """Return *root* and its living descendants, as process ids."""
    tree = [root]
    for process in tree:
        with contextlib.suppress(OSError):
            for children in Path(f"/proc/{process}/task").glob("*/children"):
                tree.extend(map(int, children.read_text().split()))
    return tree


def _held_bytes(processes: Iterable[int]) -> int:
    """Memory that only these processes keep alive; what they swapped out counts, mapped files do not."""
    total_kib = 0
    for process in processes:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith(("RssAnon:", "RssShmem:", "VmSwap:")):
                    total_kib += int(line.split()[1])
    return total_kib * 1024
