"""Time for every lease and deadline: monotonic, and agreeing with the database's clock.

Made by bootstrap, passed to whatever needs to know the time. Never read from SQL's `now()` inside a statement.
"""

import time
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from core.adapters.sql_engine import Database


class DatabaseClock:
    """UTC by the database's clock, carried on by this machine's monotonic one: a wrong or stepping wall clock here
    neither ends a lease too early nor keeps it too long."""

    def __init__(self) -> None:
        """Start from this machine's wall clock until `measure` has asked the database."""
        self._base = datetime.now(UTC) - timedelta(seconds=time.monotonic())

    def now(self) -> datetime:
        return self._base + timedelta(seconds=time.monotonic())

    async def measure(self, database: Database) -> None:
        """Take over the database's time; on SQLite the machine's own clock is the database's."""
        if database.is_sqlite:
            return
        async with database.reading.connect() as connection:
            before = time.monotonic()
            theirs = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
            middle = (before + time.monotonic()) / 2
            await connection.rollback()
        self._base = theirs.astimezone(UTC) - timedelta(seconds=middle)
