"""T2: Slack's answers to posts get lost, and the sender dies at every point of sending; each message is there once."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa

from core.adapters.sql_tables import posts
from tests.chaos.cluster import Cluster, People, cluster, sized, until
from tests.support.history_checker import Findings

HELD_OPEN_S = 1.5
"""A call that a dead sender made is carried out before its successor asks for it, 4 s after the attempt."""
LOST_SHARE = 0.1

Point = Callable[[Cluster], Awaitable[None]]
_UNDER_WAY = sa.select(posts.c.key).where(posts.c.state == "unsent", posts.c.attempted_at.is_not(None))


async def test_lost_answers_and_dead_senders_neither_lose_nor_double_a_message(tmp_path: Path) -> None:
    findings = await _trouble(tmp_path, sized(8), mutant="", points=(_at_mark, _at_call, _at_reply, _at_commit))
    assert findings.clean, findings


async def test_without_looking_for_the_post_messages_come_twice(tmp_path: Path) -> None:
    findings = await _trouble(tmp_path, 3, mutant="no_reconciliation+no_repair", points=(_at_reply,))
    assert findings.duplicate


async def _trouble(folder: Path, number: int, *, mutant: str, points: tuple[Point, ...]) -> Findings:
    """At least *number* sessions, and as many more as it takes until the sender has died at all *points*."""
    async with cluster(folder, bots=0, workers=1, RECONCILE_AFTER_S="4", SENDER_LEASE_S="5") as running:
        await running.start("bots", 2, mutant=mutant)
        people = People(running)
        slack = running.stage.slack
        async with people.answering():
            await slack.add_fault("lose_reply", target="chat.postMessage", times=None, probability=LOST_SHARE)
            dying = asyncio.create_task(_die_at(running, points))
            while len(people.rooms) < number or not dying.done():
                await people.start(1)
                await asyncio.sleep(0.5)
            await dying
            findings = await running.quiet(len(people.rooms))
        lost = sum(entry.data.get("fault") == "lose_reply" for entry in slack.entries("api.call"))
        print(f"answers lost: {lost}, senders killed: {len(points)}")  # noqa: T201  # the figures of the run
        return findings


async def _die_at(running: Cluster, points: tuple[Point, ...]) -> None:
    for point in points:
        await point(running)


async def _at_mark(running: Cluster) -> None:
    """The attempt is noted, the call is never made."""
    await running.stage.slack.add_fault("lose_request", target="chat.postMessage")
    await _at_call(running)


async def _at_call(running: Cluster) -> None:
    """The call is under way, and carried out when nobody is there any more to hear of it."""
    await running.stage.slack.add_fault("delay", target="chat.postMessage", delay_s=HELD_OPEN_S)
    await until(lambda: running.checker.rows(_UNDER_WAY))
    await running.kill(await running.sender())


async def _at_reply(running: Cluster) -> None:
    """The call was carried out, its answer is lost, and the sender dies before it can ask."""
    slack = running.stage.slack
    after = slack.position
    await slack.add_fault("lose_reply", target="chat.postMessage")
    await slack.wait_for(lambda entry: entry.data.get("fault") == "lose_reply", after=after, timeout_s=60)
    await running.kill(await running.sender())


async def _at_commit(running: Cluster) -> None:
    """The answer is there, and the sender dies before it is noted: its database has become slow."""
    slack = running.stage.slack
    running.database.delay_s = 0.3
    after = slack.position
    await slack.wait_for(
        lambda entry: entry.kind == "message.posted" and "bot_id" in entry.data["message"], after=after, timeout_s=60
    )
    sender = await running.sender()
    await sender.child.kill()
    running.database.delay_s = 0.0
    await running.start_again(sender)
