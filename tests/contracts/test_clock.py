"""One time for all processes: the database's, whatever this machine's wall clock says."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest
import sqlalchemy as sa

from core.adapters.clock import DatabaseClock
from core.adapters.sql_engine import Database


@pytest.mark.parametrize("off", [timedelta(minutes=10), -timedelta(minutes=10)], ids=["fast", "slow"])
async def test_a_wrong_wall_clock_is_corrected_by_the_databases(database: Database, off: timedelta) -> None:
    clock = DatabaseClock()
    clock._base += off
    before = clock.now()
    await clock.measure(database)
    if database.is_sqlite:  # its clock is this machine's: there is nothing to agree with
        assert abs(clock.now() - before) < timedelta(seconds=30)
        return
    async with database.read() as connection:
        theirs = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
    assert abs(clock.now() - theirs) < timedelta(seconds=5)


def test_a_wall_clock_that_steps_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=1)

    clock = DatabaseClock()
    before = clock.now()
    monkeypatch.setattr("core.adapters.clock.datetime", Tomorrow)
    assert Tomorrow.now(UTC).timestamp() - before.timestamp() > 82_800
    assert timedelta() <= clock.now() - before < timedelta(seconds=60)
    assert clock.now().utcoffset() == timedelta()
