"""T7: Redis is killed, emptied and cut off while sessions run: SQL carries on, only later."""

import asyncio
import time
from pathlib import Path

import sqlalchemy as sa

from core.adapters.sql_tables import events
from tests.chaos.cluster import Cluster, People, cluster, dice, sized, until
from tests.support.valkey import ValkeyServer

START_WITHIN_S = 10.0
CUT_EVERY_S = 2.0


async def test_sessions_go_on_without_redis(tmp_path: Path) -> None:
    chance = dice("redis outage")
    number = sized(6)
    async with cluster(tmp_path, thinking_s=0.3) as running:
        valkey = running.stage.valkey
        assert valkey is not None
        people = People(running)
        async with people.answering(delay_s=lambda: chance.uniform(0, 2)):
            cutting = asyncio.create_task(_cut_now_and_then(valkey))
            starting = asyncio.create_task(people.start(number - 1, every_s=0.5))
            await asyncio.sleep(2)
            await valkey.flush()
            await asyncio.sleep(2)
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)
            valkey.kill()
            await starting
            started_in_s = await _start_one(running, people)
            await asyncio.sleep(5 * chance.random())
            await valkey.start()
            findings = await running.quiet(number)
        print(f"figure: claimed {started_in_s:.1f} s after the command, without Redis")  # noqa: T201
        assert findings.clean, findings
        assert findings.states == {"completed": number}
        assert started_in_s <= START_WITHIN_S
        assert all(worker.child.is_running for worker in running.workers)


async def _start_one(running: Cluster, people: People) -> float:
    """Start a session; returns the seconds until a worker has it."""
    asked_at = time.monotonic()
    before = len(await running.checker.sessions())
    await people.give("One more task")
    claimed = sa.select(events.c.session).where(events.c.kind == "building_started")

    async def is_claimed() -> bool:
        return len(await running.checker.rows(claimed)) > before

    await until(is_claimed, every_s=0.1)
    return time.monotonic() - asked_at


async def _cut_now_and_then(valkey: ValkeyServer) -> None:
    while True:
        await valkey.cut_subscribers()
        await asyncio.sleep(CUT_EVERY_S)
