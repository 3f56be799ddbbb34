"""T36: people's keys outlast the key pair that they are sealed with, and open for nobody else."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.settings import Settings
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import secrets
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import UserId, WorkspaceId
from core.errors import MusterError, PermanentError
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import SIZE, figure
from tests.support.processes import Child
from worker.keyring import Keyring, configured, keys_for, new_key, private_text
from worker.rotation import lost_keys, rotate, told

MANY = 100 * SIZE  # 1,000 at full size
READERS = 20
OLD, NEW = new_key(), new_key()
BOTH = Keyring([NEW, OLD])


@pytest.fixture
async def other_uow(database: Database, clock: SetClock) -> AsyncIterator[SqlUnitOfWork]:
    """Another process' way to the same database."""
    other = Database(database.url.render_as_string(hide_password=False))
    yield SqlUnitOfWork(other, clock, NotingBell(), NotingQueue())
    await other.close()


def whose(n: int) -> tuple[WorkspaceId, UserId]:
    """Ten people in each workspace."""
    return WorkspaceId(f"slack:T{n // 10}"), UserId(f"U{n % 10}")


def value(n: int) -> str:
    return f"key-number-{n:06}"


def sealed(keyring: Keyring, n: int, clock: SetClock) -> SealedSecret:
    workspace, owner = whose(n)
    made = keyring.sealer.seal(value(n), workspace=workspace, owner=owner, name="openai")
    return SealedSecret(
        owner=owner,
        name="openai",
        sealed=made.sealed,
        key_id=made.key_id,
        last4=made.last4,
        changed_at=clock.now(),
    )


async def keep_many(uow: SqlUnitOfWork, clock: SetClock) -> None:
    """All of `MANY`, sealed to the old key; every tenth is a candidate still."""
    for first in range(0, MANY, 10):
        async with uow.begin(whose(first)[0]) as work:
            for n in range(first, first + 10):
                secret = sealed(Keyring([OLD]), n, clock)
                await work.secrets.offer(secret)
                if n % 10:
                    assert await work.secrets.accept(secret)


class Readers:
    """Sessions that begin all the time, each of which needs its starter's key."""

    def __init__(self, uow: SqlUnitOfWork, keyring: Keyring) -> None:
        self._uow = uow
        self._keyring = keyring
        self._stopped = asyncio.Event()
        self.reads = 0
        self.failed: list[str] = []

    def stop(self) -> None:
        self._stopped.set()

    async def read(self, reader: int) -> None:
        n = reader
        while not self._stopped.is_set():
            n = (n * 7 + 1) % MANY
            workspace, owner = whose(n)
            try:
                found = await keys_for(self._uow, self._keyring, workspace, owner)
                if found != ({"openai": value(n)} if n % 10 else {}):
                    self.failed.append(f"{n}: {sorted(found)}")
            except MusterError as error:
                self.failed.append(f"{n}: {error}")
            self.reads += 1


@pytest.mark.slow
async def test_keys_are_moved_to_a_new_pair_while_sessions_read_them(
    uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.rotation._BATCH", 20)
    await keep_many(uow, clock)
    readers = Readers(other_uow, BOTH)
    reading = [asyncio.create_task(readers.read(n)) for n in range(READERS)]
    # One rotation is broken off half way, and two go on at once from where it was.
    half_way = asyncio.Event()
    broken_off = asyncio.create_task(rotate(uow, BOTH, on_progress=lambda _moved: half_way.set()))
    await half_way.wait()
    broken_off.cancel()
    await asyncio.gather(broken_off, return_exceptions=True)
    async with uow.across() as across:
        assert len(await across.key_ids()) == 2
    both = await asyncio.gather(rotate(uow, BOTH), rotate(other_uow, BOTH))
    readers.stop()
    await asyncio.gather(*reading)
    assert readers.failed == []
    assert readers.reads > READERS
    assert all(done.done and done.current == MANY for done in both)
    async with uow.across() as across:
        assert await across.key_ids() == {Keyring([NEW]).sealer.key_id: MANY}
        assert len(await across.untried(limit=MANY)) == MANY // 10
    for n in range(1, MANY, max(1, MANY // 50)):
        workspace, owner = whose(n)
        expected = {"openai": value(n)} if n % 10 else {}
        assert await keys_for(uow, Keyring([NEW]), workspace, owner) == expected
    figure("T36", f"{MANY} keys moved under {readers.reads} reads, {len(readers.failed)} failed; left to the old: 0")


async def test_an_old_key_that_was_removed_too_early_is_missed_by_name_and_number(
    uow: SqlUnitOfWork, clock: SetClock
) -> None:
    for n in range(10):
        workspace, _ = whose(n)
        async with uow.begin(workspace) as work:
            await work.secrets.offer(sealed(BOTH if n < 4 else Keyring([OLD]), n, clock))
    early, old = Keyring([NEW]), Keyring([OLD]).sealer.key_id
    assert await lost_keys(uow, early) == {old: 6}
    done = await rotate(uow, early)
    assert (done.moved, done.current, done.lost, done.done) == (0, 4, {old: 6}, False)
    put_back = await rotate(uow, BOTH)
    assert (put_back.moved, put_back.current, put_back.done) == (6, 10, True)
    assert await lost_keys(uow, early) == {}


async def test_lost_keys_keep_no_others_from_being_moved(uow: SqlUnitOfWork, clock: SetClock) -> None:
    lost = Keyring([new_key()])
    async with uow.begin(whose(0)[0]) as work:
        for n in range(150):
            keyring = lost if n < 120 else Keyring([OLD])
            secret = replace(sealed(keyring, n % 10, clock), name=f"{'a' if n < 120 else 'z'}{n}")
            made = keyring.sealer.seal(value(n), workspace=whose(0)[0], owner=secret.owner, name=secret.name)
            await work.secrets.offer(replace(secret, sealed=made.sealed))
    done = await rotate(uow, BOTH)
    assert (done.moved, done.lost) == (30, {lost.sealer.key_id: 120})
    forgotten = await rotate(uow, BOTH, forget_lost=True)
    assert (forgotten.forgotten, forgotten.done, forgotten.current) == (120, True, 30)


async def test_a_key_in_another_s_row_opens_for_neither_reader_nor_rotation(
    uow: SqlUnitOfWork, database: Database, clock: SetClock
) -> None:
    """Whoever can write to the database copies one person's key over another's, everybody's, another workspace's."""
    theirs = sealed(Keyring([OLD]), 1, clock)
    rows = [(whose(1)[0], UserId("U2")), (whose(1)[0], WORKSPACE), (WorkspaceId("slack:T9"), UserId("U1"))]
    for workspace, owner in rows:
        async with uow.begin(workspace) as work:
            placeholder = replace(theirs, owner=owner, sealed=owner.encode() or b"x")
            await work.secrets.offer(placeholder)
            await work.secrets.accept(placeholder)
    async with database.write() as connection:
        copied = secrets.update().values(sealed=theirs.sealed, key_id=theirs.key_id)
        assert (await connection.execute(copied)).rowcount == len(rows)
    refused = 0
    for workspace, owner in rows:
        with pytest.raises(PermanentError):
            await keys_for(uow, BOTH, workspace, owner)
        refused += 1
    done = await rotate(uow, BOTH)
    assert (done.moved, done.damaged) == (0, {theirs.key_id: len(rows)})
    async with database.read() as connection:
        kept = (await connection.execute(sa.select(secrets.c.sealed))).scalars().all()
    assert set(kept) == {theirs.sealed}
    figure("T36", f"{refused} of {len(rows)} copied rows refused")


async def test_a_worker_whose_private_keys_open_nothing_does_not_start(uow: SqlUnitOfWork, clock: SetClock) -> None:
    assert await lost_keys(uow, Keyring([NEW])) == {}  # nobody has brought a key yet
    secret = sealed(Keyring([OLD]), 1, clock)
    async with uow.begin(whose(1)[0]) as work:
        await work.secrets.offer(secret)
    with pytest.raises(PermanentError, match="open nothing that people brought") as refused:
        await lost_keys(uow, Keyring([NEW]))
    assert told({secret.key_id: 1}) in str(refused.value)


WRONG = {
    "none": "",
    "cut": private_text(OLD)[:-4],
    "public": Keyring([OLD]).public_key,
    "no key": "hunter2",
    "one of two": f"{private_text(OLD)},{private_text(NEW)[8:]}",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_private_key_is_told_in_a_sentence_that_does_not_repeat_it(wrong: str) -> None:
    with pytest.raises(PermanentError, match=r"`muster keys new`|put its private key there") as refused:
        configured(WRONG[wrong])
    assert not WRONG[wrong] or WRONG[wrong] not in str(refused.value)


@pytest.mark.slow
async def test_a_worker_without_a_private_key_says_so_and_does_not_start(tmp_path: Path) -> None:
    env = dict.fromkeys((name.upper() for name in Settings.model_fields if name.upper() in os.environ), "")
    env |= {"PRIVATE_KEYS": "", "DATA_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1/0"}
    async with Child("muster", "worker", env=env) as worker:
        assert await worker.wait() == 1
    assert "`muster keys new` makes one" in worker.output
    assert "Traceback" not in worker.output
