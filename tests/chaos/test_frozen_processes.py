"""T5: a worker that stood still past its lease finds its sessions taken, and writes nothing more to them.

T6: a sender that stood still in a call finds its place taken, and what was posted twice for that is removed.
"""

import asyncio
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.adapters.sql_tables import posts, sessions
from core.domain import events as ev
from core.domain.lifecycle import State
from tests.chaos.cluster import LONG_S, SIZE, Cluster, People, Process, cluster, patience, sized, until
from tests.support.history_checker import Findings

CODE = "import time\ntime.sleep({sleep_s})\nprint('words: 4')"
TEAM = {
    "agents": [
        {"name": "Analyst", "role": "Counts", "instructions": "Measure with Python; say only what the program printed, "
         "and save a plot.", "tools": ["run_python"], "icon": "bar_chart"},
        {"name": "Writer", "role": "Writes", "instructions": "Close the work: write the result from the figures and "
         "the answer.", "tools": [], "icon": "memo"},
    ]
}  # fmt: skip


async def test_a_frozen_worker_writes_nothing_once_its_sessions_were_taken_over(tmp_path: Path) -> None:
    findings = await _freeze(tmp_path, sized(4), mutant="")
    assert findings.clean, findings
    assert findings.interrupted, "nothing was taken over: the test has tested nothing"


async def test_without_the_fence_a_frozen_worker_writes_into_what_others_do(tmp_path: Path) -> None:
    findings = await _freeze(tmp_path, 3, mutant="no_fence")
    assert not findings.clean


async def _freeze(folder: Path, number: int, *, mutant: str) -> Findings:
    """Stop the clock for a worker in the middle of Python and of model calls until another has taken over."""
    async with cluster(folder, bots=1, workers=0, python=True, thinking_s=1.0) as running:
        model = running.stage.model
        await model.reply(kind="team", times=LONG_S, content=json.dumps(TEAM))
        call = {"name": "run_python", "arguments": {"code": CODE.format(sleep_s=2)}}
        await model.reply(kind="turn", agent="Analyst", times=number, tool_calls=[call])
        await running.start("worker", mutant=mutant)
        people = People(running)
        await people.start(number)
        await _under_way(running, number)
        frozen = running.workers[0]
        frozen.child.freeze()
        await running.start("worker")
        await _taken_over(running)
        frozen.child.thaw()
        return await _ended(running, number, mutant=mutant)


async def _ended(running: Cluster, number: int, *, mutant: str) -> Findings:
    if not mutant:
        return await running.quiet(number, timeout_s=150)

    async def all_ended() -> bool:
        return all(session.finished for session in await running.checker.sessions())

    await until(all_ended, timeout_s=150, every_s=0.5)
    await asyncio.sleep(3)
    return await running.checker.check()


async def _under_way(running: Cluster, number: int) -> None:
    """All run, and a tool has been started."""

    async def so_far() -> bool:
        kept = await running.checker.sessions()
        happened = [await running.checker.recorded(session.id) for session in kept]
        tools = sum(isinstance(r.event, ev.ToolStarted) for records in happened for r in records)
        return len(kept) == number and tools > 0 and all(s.state is not State.QUEUED for s in kept)

    await until(so_far, every_s=0.1)


async def _taken_over(running: Cluster) -> None:
    """What was held is held by the other worker now, and that has begun to write."""
    again = sa.select(sessions.c.id).where(sessions.c.epoch > 1, sessions.c.state.in_(["building", "running"]))
    await until(lambda: running.checker.rows(again), every_s=0.1)


@pytest.mark.skipif(SIZE <= 1, reason="what came twice is looked for after a minute: make chaos")
async def test_a_frozen_sender_leaves_no_message_twice(tmp_path: Path) -> None:
    number = sized(4)
    async with cluster(tmp_path, bots=2, workers=1, SENDER_LEASE_S="4", RECONCILE_AFTER_S="1") as running:
        slack = running.stage.slack
        people = People(running)
        async with people.answering():
            await people.start(1)
            # The call is held for longer than a successor waits before it looks for the message.
            await slack.add_fault("delay", target="chat.postMessage", delay_s=9.0, times=2)
            starting = asyncio.create_task(people.start(number - 1, every_s=0.3))
            sender = await running.sender()
            await _call_held(running)
            await _stand_still(running, sender)
            await starting
            await running.checker.until_quiet(sessions_at_least=number, timeout_s=patience(120))
            at_first = await running.checker.check()

            async def is_clean() -> bool:
                return (await running.checker.check()).clean

            await until(is_clean, timeout_s=100, every_s=2)
            findings = await running.checker.check()
    print(f"figure: {len(at_first.duplicate)} twice at first; {findings}")  # noqa: T201
    assert findings.clean, findings


async def _call_held(running: Cluster) -> None:
    """A post has been attempted and has no result."""
    under_way = sa.select(posts.c.key).where(posts.c.state == "unsent", posts.c.attempted_at.is_not(None))
    await until(lambda: running.checker.rows(under_way))


async def _stand_still(running: Cluster, sender: Process) -> None:
    sender.child.freeze()

    async def is_replaced() -> bool:
        return await running.sender() is not sender

    await until(is_replaced, every_s=0.2)
    await asyncio.sleep(6)
    sender.child.thaw()
