"""Fixtures that every suite may use: real databases, a clock that tests move, bells that only note."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.refs import SessionId
from tests.support.postgres import PostgresServer
from tests.support.schema import lay_schema


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class NotingBell:
    """Notes rings; reaches nobody."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, str]] = []

    async def ring(self, topic: str, payload: str = "") -> None:
        self.rings.append((topic, payload))

    def subscribe(self, topic: str, on_ring: object) -> None:
        pass


class NotingQueue:
    """Notes wake-ups; wakes nobody."""

    def __init__(self) -> None:
        self.woken: list[SessionId] = []

    async def wake(self, session: SessionId) -> None:
        self.woken.append(session)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A fresh, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = await server.create_database()
    yield url
    await server.drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the current schema."""
    database = Database(database_url)
    await lay_schema(database)
    yield database
    await database.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def bell() -> NotingBell:
    return NotingBell()


@pytest.fixture
def queue() -> NotingQueue:
    return NotingQueue()


@pytest.fixture
def uow(database: Database, clock: SetClock, bell: NotingBell, queue: NotingQueue) -> SqlUnitOfWork:
    return SqlUnitOfWork(database, clock, bell, queue)
