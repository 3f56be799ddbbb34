"""A Valkey server on TCP that a test may kill, empty and start again, as production's Redis may be.

Tests with more than one process use it; Muster's own embedded server has only a socket, which no proxy reaches.
"""

import asyncio
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from redis.asyncio import Redis

from core.adapters.embedded_valkey import end_with_parent, valkey_binary
from tests.support.ports import free_port


class ValkeyServer:
    """`async with ValkeyServer(tmp_path) as valkey: ... valkey.url`; always on the same port, contents kept."""

    def __init__(self, folder: Path) -> None:
        """Start nothing yet; *folder* holds the append-only file."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """`redis://` address, for Muster's settings."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    async def start(self) -> None:
        """Start the server and return when it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(  # noqa: ASYNC220  # a fork; `kill` must work from synchronous code
            [
                str(valkey_binary()),
                *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)),
                *("--appendonly", "yes", "--appendfsync", "no", "--save", ""),
                *("--logfile", str(self._folder / "valkey.log")),
            ],
            env={"LC_ALL": "C"},
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGKILL),
        )
        async with asyncio.timeout(10):
            while not self._answers():
                assert self._process.poll() is None, (self._folder / "valkey.log").read_text()
                await asyncio.sleep(0.01)

    def kill(self) -> None:
        """`kill -9`; the port refuses connections from now on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP: connections are accepted by the kernel and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def flush(self) -> None:
        """FLUSHALL: every queue and key is gone."""
        async with Redis.from_url(self.url) as client:
            await client.flushall()

    async def cut_subscribers(self) -> None:
        """Close every pub/sub connection, as a failover does."""
        async with Redis.from_url(self.url) as client:
            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"PING\r\n")
                return client.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
