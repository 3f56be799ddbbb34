"""T1: bots and workers are killed at any moment, and every session ends as if nothing had been."""

import asyncio
from pathlib import Path

from tests.chaos.cluster import Cluster, People, Process, cluster, dice, sized
from tests.support.history_checker import HistoryChecker

KILL_EVERY_S = 3.0


async def test_sessions_end_with_every_line_once_while_processes_are_killed(tmp_path: Path) -> None:
    chance = dice("killed processes")
    number, kills = sized(10), sized(5)
    async with cluster(tmp_path, bots=2, workers=2, thinking_s=1.0) as running:
        people = People(running)
        async with people.answering(delay_s=lambda: chance.uniform(0, 2)):
            async with asyncio.TaskGroup() as group:
                group.create_task(people.start(number, every_s=1.0))
                for _ in range(kills):
                    await asyncio.sleep(KILL_EVERY_S)
                    if alive := _alive(running):
                        victim = chance.choice(alive)
                        await victim.child.kill()
                        group.create_task(running.start_again(victim))
            findings = await running.quiet(number)
        assert findings.clean, findings
        assert findings.states == {"completed": number}


def _alive(running: Cluster) -> list[Process]:
    return [process for process in (*running.bots, *running.workers) if process.child.is_running]


async def test_one_process_with_everything_in_it_is_killed_in_the_middle_and_goes_on(tmp_path: Path) -> None:
    """`muster up` on its own database and its own Redis; Slack and the model are elsewhere, and live."""
    chance = dice("killed all in one")
    number, kills = sized(5), sized(2)
    async with cluster(tmp_path, bots=0, workers=0, thinking_s=0.7) as running:
        await running.start("up", DATABASE_URL="", REDIS_URL="")
        database = tmp_path / "data" / "muster.db"
        people = People(running)
        async with (
            HistoryChecker(running.stage.slack, f"sqlite+aiosqlite:///{database}") as running.checker,
            people.answering(delay_s=lambda: chance.uniform(0, 1)),
        ):
            async with asyncio.TaskGroup() as group:
                group.create_task(people.start(number, every_s=0.7))
                for _ in range(kills):
                    await asyncio.sleep(chance.uniform(2, 5))
                    await running.kill(running.bots[0])
            findings = await running.quiet(number)
        assert findings.clean, findings
        assert findings.states == {"completed": number}
