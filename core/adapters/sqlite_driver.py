"""aiosqlite with one thread hop a statement instead of five.

Used by `sql_engine` only. SQLAlchemy asks the driver for a cursor, runs it, reads it and closes it, and aiosqlite
crosses to its thread for each of these; here all four happen in one crossing. Rows are always read whole.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite


class _WholeCursor:
    """What SQLAlchemy uses of a cursor, with the statement's outcome already at hand."""

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        await self._connection.in_thread(self._run, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        await self._connection.in_thread(self._run_many, sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        self._rows = []

    def _run(self, sql: str, parameters: Sequence[Any]) -> None:
        self._take(self._connection._conn.execute(sql, parameters))

    def _run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        self._take(self._connection._conn.executemany(sql, parameters))

    def _take(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        cursor.close()


class _Connection(aiosqlite.Connection):
    """An aiosqlite connection that hands out `_WholeCursor`s, ready at once."""

    def cursor(self) -> Any:
        return _WholeCursor(self)

    async def in_thread(self, call: Callable[..., None], *args: Any) -> None:
        """Run *call* in the connection's thread."""
        await self._execute(call, *args)  # type: ignore[no-untyped-call]


async def connect(path: str, pragmas: Sequence[str]) -> _Connection:
    """Open the database at *path* with *pragmas* set and transactions left to the caller."""

    def connector() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()
        return connection

    connection = _Connection(connector, iter_chunk_size=64)
    connection._thread.daemon = True  # a process that ends without closing must not hang here
    await connection
    return connection
