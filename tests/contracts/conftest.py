"""A front desk on each database, and what it takes to have a second process beside it."""

from collections.abc import AsyncIterator

import pytest
import structlog

from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.chat import Chat
from tests.support.desk import Desk, World
from tests.support.discord_chat import discord_chat
from tests.support.slack_chat import slack_chat

CHATS = {"slack": slack_chat, "discord": discord_chat}


@pytest.fixture(autouse=True, scope="session")
def plain_tracebacks() -> None:
    """Unconfigured, structlog draws each traceback with all its values: seconds for one."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ]
    )


@pytest.fixture
async def other_uow(database: Database, clock: SetClock) -> AsyncIterator[SqlUnitOfWork]:
    """Another process' way to the same database."""
    other = Database(database.url.render_as_string(hide_password=False))
    yield SqlUnitOfWork(other, clock, NotingBell(), NotingQueue())
    await other.close()


@pytest.fixture
def world(uow: SqlUnitOfWork, clock: SetClock) -> World:
    return World(uow, clock)


@pytest.fixture
def desk(uow: SqlUnitOfWork, clock: SetClock) -> Desk:
    return Desk(uow=uow, clock=clock)


@pytest.fixture
def other_desk(other_uow: SqlUnitOfWork, clock: SetClock) -> Desk:
    """The front desk of another process."""
    return Desk(uow=other_uow, clock=clock)


@pytest.fixture(params=CHATS)
async def chat(request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    """Each platform, to speak on."""
    async with CHATS[request.param]() as chat:
        yield chat


@pytest.fixture(params=CHATS)
async def connected_chat(request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    """Each platform, where Muster also follows what happens."""
    async with CHATS[request.param](connected=True) as chat:
        yield chat
