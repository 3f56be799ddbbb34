"""Child processes of a test: started until they say that they are ready, killed or frozen on demand, never left over.

Tests with more than one process use it; it signals only processes that it started.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from core.adapters.embedded_valkey import end_with_parent

ROOT = Path(__file__).parents[2]


class ChildEnded(AssertionError):
    """The process ended, or kept silent, while the test waited for it; the message holds its output."""


class Child:
    """One process: `async with Child("muster", "worker", ready="worker.started") as worker: ...`."""

    def __init__(
        self,
        *arguments: str,
        ready: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        timeout_s: float = 30.0,
    ) -> None:
        """Start nothing yet.

        Args:
            arguments: what follows `python -m`.
            ready: text that the process prints when it can be used; "" does not wait.
            env: added to this process's environment.
            timeout_s: for the ready text, and for each later wait that says nothing else.
        """
        self._command = (sys.executable, "-u", "-m", *arguments)
        self._name = " ".join(arguments)
        self._ready = ready
        self._env = {**os.environ, **(env or {})}
        self._cwd = cwd
        self._timeout_s = timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._printed = asyncio.Condition()
        self.output = ""  # standard output and error, as they came

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._cwd,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGKILL),
        )
        self._reader = asyncio.create_task(self._read())
        try:
            if self._ready:
                await self.until_prints(self._ready)
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.kill()
        if error is not None:
            error.add_note(f"--- output of {self._name} ---\n{self.output}")

    @property
    def pid(self) -> int:
        """Its process id; it also leads a process group of its own."""
        return self._running.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet; a frozen process counts as running."""
        return self._running.returncode is None

    async def until_prints(self, text: str, *, timeout_s: float | None = None) -> str:
        """Wait until *text* has been printed; returns all output so far.

        Raises:
            ChildEnded: it ended or the time was over before that.
        """
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s), self._printed:
                await self._printed.wait_for(lambda: text in self.output or self._at_end)
        except TimeoutError:
            raise ChildEnded(f"{self._name} did not print {text!r}:\n{self.output}") from None
        if text not in self.output:
            raise ChildEnded(f"{self._name} ended before it printed {text!r}:\n{self.output}")
        return self.output

    async def wait(self, *, timeout_s: float | None = None) -> int:
        """Its exit code; negative when a signal ended it.

        Raises:
            ChildEnded: it still runs when the time is over.
        """
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                code = await self._running.wait()
                await self._read_to_end()
        except TimeoutError:
            raise ChildEnded(f"{self._name} did not end:\n{self.output}") from None
        return code

    def interrupt(self) -> None:
        """Ctrl-C: SIGINT."""
        self._signal(signal.SIGINT)

    def terminate(self) -> None:
        """Ask it to stop: SIGTERM."""
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop the clock for it: SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    async def kill(self) -> None:
        """`kill -9` it and what it started in its process group, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):  # it ended just now
            if self.is_running:
                os.killpg(self.pid, signal.SIGKILL)
        await self._running.wait()
        await self._read_to_end()

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the process was not started"
        return self._process

    @property
    def _at_end(self) -> bool:
        assert self._running.stdout is not None
        return self._running.stdout.at_eof()

    def _signal(self, signum: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.is_running:
                self._running.send_signal(signum)

    async def _read(self) -> None:
        stream = self._running.stdout
        assert stream is not None
        while chunk := await stream.read(65_536):
            async with self._printed:
                self.output += chunk.decode(errors="replace")
                self._printed.notify_all()
        async with self._printed:
            self._printed.notify_all()

    async def _read_to_end(self) -> None:
        """Take what is still in the pipe; a grandchild may hold it open, so not for ever."""
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=1.0)
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None
