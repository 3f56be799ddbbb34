"""One pool of connections to SQLite or PostgreSQL, opened with the settings that lose nothing.

Used by the unit of work and by migrations. SQLite: write-ahead log, `BEGIN IMMEDIATE`, one writer a process; with the
default settings read-modify-write updates were lost silently (measured: 159 of 200).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.adapters import sqlite_driver
from core.adapters.urgent_lock import UrgentLock

_POSTGRES_POOL = 10
_SQLITE_READERS = 4
_POSTGRES_SETTINGS = {
    # A process that stands still in a transaction would keep its rows from everybody for as long as it does: its
    # sessions could not be taken over. Nothing of Muster's waits for anything else inside a transaction.
    "idle_in_transaction_session_timeout": "5000",  # ms; below a worker's lease
}
_PRAGMAS = ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


class Database:
    """Engines for writing and for reading, made once a process."""

    def __init__(self, url: str) -> None:
        """Prepare engines for `sqlite+aiosqlite:///path` or `postgresql+asyncpg://...`; connects on first use."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self._write_lock: UrgentLock | None = UrgentLock()
            self.writing = _sqlite_engine(self.url, begin="BEGIN IMMEDIATE", pool_size=1)
            self.reading = _sqlite_engine(self.url, begin="BEGIN", pool_size=_SQLITE_READERS)
        else:
            self._write_lock = None
            self.writing = create_async_engine(
                self.url,
                pool_size=_POSTGRES_POOL,
                max_overflow=5,
                pool_pre_ping=False,
                pool_recycle=1800,
                connect_args={"server_settings": _POSTGRES_SETTINGS},
            )
            self.reading = self.writing.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """A writing transaction; on SQLite the process's only one, and an urgent one goes before those that wait."""
        if self._write_lock is None:
            async with self.writing.begin() as connection:
                yield connection
            return
        async with self._write_lock.hold(urgent=urgent), self.writing.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction on one snapshot that ends without keeping anything."""
        async with self.reading.connect() as connection:
            await connection.begin()
            try:
                yield connection
            finally:
                await connection.rollback()

    async def close(self) -> None:
        """Close every connection."""
        await self.writing.dispose()
        if self.is_sqlite:
            await self.reading.dispose()


def _sqlite_engine(url: sa.URL, *, begin: str, pool_size: int) -> AsyncEngine:
    path = url.database or ":memory:"
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
        async_creator=lambda: sqlite_driver.connect(path, _PRAGMAS),
    )

    @sa.event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
