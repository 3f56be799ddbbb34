"""Private notices: each reaches its person, in its order, once, and one that cannot be told holds up no other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots import notices
from bots.lease import SenderLease
from bots.notices import Notices
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.refs import ChannelId, Place, Platform, ProcessId, UserId, WorkspaceId
from core.errors import PermanentError, TransientError
from core.ports import Answer
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.schema import lay_schema
from tests.support.waiting import until

ACME, OTHER, GUILD = WorkspaceId("slack:T1"), WorkspaceId("slack:T2"), WorkspaceId("discord:G1")
ANA, BEN = UserId("U1"), UserId("U2")


@pytest.fixture
async def uow(tmp_path: Path, clock: SetClock) -> AsyncIterator[SqlUnitOfWork]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    yield SqlUnitOfWork(database, clock, NotingBell(), NotingQueue())
    await database.close()


class Teller:
    """A surface that notes what it told whom; `trouble` has what it raises for a person, one a time."""

    def __init__(self, uow: SqlUnitOfWork) -> None:
        self.uow = uow
        self.told: list[tuple[WorkspaceId, UserId, str]] = []
        self.trouble: dict[UserId, list[Exception]] = {}
        self.hangs_for: UserId | None = None
        self.monotonic = 0.0
        self.lease = SenderLease(uow=uow, name=ACME, process=ProcessId("me"), monotonic=lambda: self.monotonic)

    async def tell(self, place: Place, user: UserId, answer: Answer) -> None:
        if user == self.hangs_for:
            await asyncio.Event().wait()
        if self.trouble.get(user):
            raise self.trouble[user].pop()
        self.told.append((place.workspace, user, answer.text))

    async def notice(self, user: UserId, text: str, workspace: WorkspaceId = ACME) -> None:
        async with self.uow.begin(workspace) as work:
            await work.notices.add(Place(workspace=workspace, channel=ChannelId("C1")), user, text)

    async def left(self, workspace: WorkspaceId = ACME) -> list[str]:
        async with self.uow.read(workspace) as work:
            return [notice.text for notice in await work.notices.waiting()]

    @asynccontextmanager
    async def running(self, only: WorkspaceId | None = None) -> AsyncIterator[Notices]:
        running = Notices(platform=Platform.SLACK, uow=self.uow, lease=self.lease, tell=self.tell, only=only)
        task = asyncio.create_task(running.run())
        try:
            yield running
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def teller(uow: SqlUnitOfWork) -> Teller:
    teller = Teller(uow)
    await teller.lease.renew()
    return teller


async def until_left(teller: Teller, *texts: str, workspace: WorkspaceId = ACME) -> None:
    async def so_many() -> bool:
        return await teller.left(workspace) == list(texts)

    await until(so_many)


async def test_notices_are_told_in_their_order_and_forgotten(teller: Teller) -> None:
    await teller.notice(ANA, "one")
    await teller.notice(BEN, "two")
    async with teller.running() as running:
        await until_left(teller)
        await teller.notice(ANA, "three")
        running.wake()
        await until_left(teller)
        running.wake()
    assert teller.told == [(ACME, ANA, "one"), (ACME, BEN, "two"), (ACME, ANA, "three")]


async def test_people_of_other_workspaces_are_told_by_whoever_serves_them(teller: Teller) -> None:
    for workspace in (GUILD, OTHER, ACME):
        await teller.notice(ANA, f"for {workspace}", workspace)
    async with teller.running(only=ACME):
        await until_left(teller)
    assert teller.told == [(ACME, ANA, "for slack:T1")]
    async with teller.running():  # a token that serves all of its platform
        await until_left(teller, workspace=OTHER)
    assert teller.told[1:] == [(OTHER, ANA, "for slack:T2")]
    assert await teller.left(GUILD) == ["for discord:G1"]


async def test_a_notice_that_fails_waits_for_the_next_round_and_holds_up_no_other(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_TELL_S", 0.02)
    await teller.notice(ANA, "later")
    await teller.notice(BEN, "now")
    for trouble in (TransientError("slow down"), RuntimeError("a bug"), None):
        teller.trouble[ANA] = [trouble] if trouble else []
        teller.hangs_for = None if trouble else ANA
        async with teller.running():
            await until_left(teller, "later")
        assert teller.told == [(ACME, BEN, "now")]
        teller.told.clear()
        await teller.notice(BEN, "now")
    teller.hangs_for = None
    async with teller.running():
        await until_left(teller)
    assert teller.told == [(ACME, ANA, "later"), (ACME, BEN, "now")]


async def test_a_notice_that_can_never_be_told_is_given_up(teller: Teller) -> None:
    teller.trouble[ANA] = [PermanentError("no such person")]
    await teller.notice(ANA, "one")
    await teller.notice(ANA, "two")
    async with teller.running():
        await until_left(teller)
    assert teller.told == [(ACME, ANA, "two")]


async def test_only_the_process_that_holds_the_lease_tells(teller: Teller) -> None:
    await teller.notice(ANA, "one")
    await teller.notice(BEN, "two")
    teller.monotonic = 1_000.0  # the lease has run out
    async with teller.running() as running:
        for _ in range(5):
            running.wake()
            await asyncio.sleep(0)
        assert teller.told == []
        await teller.lease.renew()
        running.wake()
        await until_left(teller)
    assert len(teller.told) == 2


async def test_who_loses_the_lease_while_telling_leaves_the_rest_to_the_next(teller: Teller) -> None:
    async def tell_and_lose(place: Place, user: UserId, answer: Answer) -> None:
        teller.monotonic = 1_000.0
        await Teller.tell(teller, place, user, answer)

    await teller.notice(ANA, "one")
    await teller.notice(BEN, "two")
    losing = Notices(platform=Platform.SLACK, uow=teller.uow, lease=teller.lease, tell=tell_and_lose)
    task = asyncio.create_task(losing.run())
    await until_left(teller, "two")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert teller.told == [(ACME, ANA, "one")]
