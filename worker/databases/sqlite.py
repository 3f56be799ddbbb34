"""Reads an SQLite file for agents: each query in a process of its own, which is killed when it takes too long.

Made by `access.Databases`. It must never run SQL in the worker's process, and never put the file's path into words.
What keeps a query from writing is in `sqlite_child.py`; an administrator should also give a file that Muster's user can
only read.
"""

import asyncio
import contextlib
import json
import signal
import sys
from typing import Any

import structlog

from worker.databases import sqlite_child
from worker.databases.table import Bounds, QueryFailed, Table, cut, too_many_columns, took_too_long

log = structlog.get_logger(__name__)

_AT_ONCE = 2
_GRACE_S = 2.0


class SqliteReader:
    """One file."""

    def __init__(self, path: str, bounds: Bounds) -> None:
        """Opens nothing yet."""
        self._path = path
        self._bounds = bounds
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def query(self, sql: str) -> Table:
        """The rows of *sql*. Raises `QueryFailed`."""
        async with self._turn:
            answer = await self._ask(sql)
        match answer:
            case {"columns": [], "rows": _}:
                raise QueryFailed("Not run. Only a single SELECT can be run here (also WITH ... SELECT, VALUES).")
            case {"columns": columns, "rows": rows, "more": more}:
                most = self._bounds.cell_chars
                cells = tuple(tuple(cut(cell, most) for cell in row) for row in rows)
                return Table(columns=tuple(columns), rows=cells, more=more)
            case {"wide": number}:
                raise too_many_columns(number, self._bounds.columns)
            case {"error": words}:
                raise QueryFailed(f"The database refused the query: {words.rstrip('.')}.")
            case _:
                raise took_too_long(self._bounds.timeout_s)

    async def _ask(self, sql: str) -> dict[str, Any]:
        job = {
            "path": self._path,
            "sql": sql,
            "timeout_s": self._bounds.timeout_s,
            "rows": self._bounds.rows,
            "columns": self._bounds.columns,
            "cell_chars": self._bounds.cell_chars,
        }
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-B", sqlite_child.__file__,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={}, cwd="/", start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._bounds.timeout_s + _GRACE_S):
                written, _ = await child.communicate(json.dumps(job).encode())
        except TimeoutError:
            return {}
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        if child.returncode == -signal.SIGALRM:
            return {}
        if child.returncode:
            log.warning("database.child_died", code=child.returncode)
            return {"error": "it needs too much memory"}
        answer: dict[str, Any] = json.loads(written)
        return answer
