"""The processes of one run: how they are started, and how every one of them is ended.

Called by `execution.py`. Killing must never depend on an `await`, so that a closing event loop cannot leave
an orphan, nor name a process by a number that may have come to mean another.
"""

import asyncio
import contextlib
import os
import re
import select
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from worker.sandbox.watch import process_tree

_CHILD_PID = re.compile(rb'"child-pid": *(\d+)')
_INFO_PATIENCE_MS = 1_000
_LEADER_PATIENCE_S = 2.0
CANNOT_START = "sandbox: "  # begins what the shell says when it does not find the command
# Where the kernel runs short of memory it ends a run, all of which inherit this, and not the worker.
_FIRST_TO_GO = (
    *("/bin/sh", "-c", '{ echo 1000 > /proc/self/oom_score_adj; } 2> /dev/null; exec "$@"'),
    CANNOT_START.rstrip(": "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A command that confines what it starts.

    It writes `{"child-pid": N}` to the info descriptor, where N is the process that all others of the run
    descend from, before the code begins; and ends with the code's exit code, or 128 + n for signal n.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    stdin: int
    inherited: tuple[int, ...]  # descriptors
    # True: N is the first process of a process namespace, and killing it kills all. False: N leads a process
    # group that nobody can leave, and the command kills it when told to terminate.
    namespaced: bool
    filled_on_disk: tuple[Path, ...] = field(default=())  # folders beside the workspace
    filled_in_memory: tuple[str, ...] = field(default=())  # folders of the mount namespace
    trouble: str  # what the output begins with when the walls could not be built


class ProcessTree:
    """The command that was launched, the first process inside, and all that descend from it."""

    def __init__(self, launch: Launch, *, stdout: int, info: int) -> None:
        """Start the command. Raises `OSError` when that fails; then nothing runs."""
        self._namespaced = launch.namespaced
        self._info = info
        self._info_read = False
        self._first: tuple[int, int] | None = None  # process id, descriptor
        self._command = subprocess.Popen(
            (*_FIRST_TO_GO, *launch.argv),
            stdin=launch.stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            env=launch.environment,
            cwd="/",
            pass_fds=launch.inherited,
            start_new_session=True,  # Ctrl-C at the terminal is for the worker to answer
        )
        try:
            self._command_descriptor = os.pidfd_open(self._command.pid)
        except OSError:
            self._command.kill()
            self._command.wait()
            raise

    @property
    def leader(self) -> int:
        """The process id of the command."""
        return self._command.pid

    @property
    def exit_code(self) -> int:
        """Of the command, once `all_dead` has returned."""
        return self._command.wait()

    async def exited(self) -> None:
        """Return when the command has ended; processes inside may still be alive."""
        await _readable(self._command_descriptor)

    async def first_process(self) -> int:
        """Return the id of the first process inside; never returns when there is none."""
        await _readable(self._info)
        self._read_info()
        if self._first is None:
            await asyncio.Event().wait()
            raise AssertionError("waiting for nothing has ended")
        return self._first[0]

    def kill(self) -> None:
        """Ask the kernel to end all; does not wait for it, and may be called at any time."""
        if not self._namespaced:
            self._command.terminate()
            return
        # Between its birth and its report the first process does not yet know that it must die with the
        # command; the report comes within milliseconds, or the end of the pipe does.
        if not self._info_read and _readable_now(self._info, _INFO_PATIENCE_MS):
            self._read_info()
        if self._first is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first[1], signal.SIGKILL)
        self._command.kill()

    async def all_dead(self) -> None:
        """Wait, after `kill`, until no process of the run is left."""
        try:
            async with asyncio.timeout(_LEADER_PATIENCE_S):
                await _readable(self._command_descriptor)
        except TimeoutError:
            for process in reversed(process_tree(self.leader)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            await _readable(self._command_descriptor)
        killed = self._command.wait() < 0
        os.close(self._command_descriptor)
        self._read_info()
        if self._first is not None:
            await self._bury_first(killed)

    async def _bury_first(self, command_killed: bool) -> None:
        assert self._first is not None
        process, descriptor = self._first
        if command_killed and not self._namespaced:
            # Nobody else is left to kill the group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
        await _readable(descriptor)
        os.close(descriptor)
        # It is ours to reap when it outlived the command and we are this machine's or container's first.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # noqa: ASYNC222 - does not block

    def _read_info(self) -> None:
        if self._info_read or not _readable_now(self._info, 0):
            return
        self._info_read = True
        found = _CHILD_PID.search(os.read(self._info, 4096))
        if found:
            with contextlib.suppress(ProcessLookupError):
                self._first = (int(found[1]), os.pidfd_open(int(found[1])))


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


def _readable_now(descriptor: int, patience_ms: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(patience_ms))
