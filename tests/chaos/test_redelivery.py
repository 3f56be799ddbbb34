"""T3: whatever Slack delivers again, over whichever connection, has one effect.

T4: what Muster has acknowledged is carried out, and what it has not is delivered again, wherever the process dies.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.adapters.sql_tables import inbox, threads
from core.domain import events as ev
from simulator.slack.person import Shown
from tests.chaos.cluster import Cluster, People, answer_to, cluster, patience, question_in, sized, until

NOTES = 3
SPACING_S = 0.5
COPIES = 3
POINTS = ("before it is kept", "before it is acknowledged", "before it is carried out")


async def test_every_event_delivered_four_times_has_one_effect(tmp_path: Path) -> None:
    number = sized(4)
    async with cluster(tmp_path, workers=0) as running:
        effects = await _deliver_four_times(running, number)
        findings = await running.quiet(2 * number)
    assert findings.clean, findings
    assert effects == {"TaskGiven": 2 * number, "NoteGiven": 2 * NOTES * number, "QuestionAnswered": 2 * number}


async def test_without_dedupe_one_message_has_several_effects(tmp_path: Path) -> None:
    async with cluster(tmp_path, bots=0, workers=0) as running:
        await running.start("bots", 2, mutant="no_dedupe")
        effects = await _deliver_four_times(running, 1)
    assert effects["NoteGiven"] > 2 * NOTES


async def _deliver_four_times(running: Cluster, number: int) -> Counter[str]:
    """Sessions by command and by mention, notes before a worker begins, and answers: every event comes four times."""
    slack = running.stage.slack
    again: dict[str, Any] = {"times": None, "copies": COPIES, "spacing_s": SPACING_S}
    await slack.add_fault("duplicate_event", probability=0.5, same_envelope=True, **again)
    await slack.add_fault("duplicate_event", **again)
    people = People(running)
    await people.start(number)
    for task, room in people.rooms.items():
        await room.ada.post(room.name, f"@muster and the other half of {task}")
    roots = await _roots(running, 2 * number)
    for n in range(NOTES):
        await asyncio.gather(*(slack.person("ben").reply(root, f"Note {n}") for root in roots))
    await asyncio.sleep((COPIES + 1) * SPACING_S)
    async with people.answering():
        await running.start("worker")
        await running.checker.until_quiet(sessions_at_least=2 * number, timeout_s=patience(120), waiting_is_quiet=True)
        await asyncio.sleep((COPIES + 1) * SPACING_S)
    kinds = Counter(type(event).__name__ for event in await _happened(running))
    sent = sum(entry.data["type"] == "events_api" for entry in slack.entries("envelope.sent"))
    print(f"figure: {sent} envelopes of events, {kinds}")  # noqa: T201  # the figures of the run
    return Counter({kind: kinds[kind] for kind in ("TaskGiven", "NoteGiven", "QuestionAnswered")})


async def _roots(running: Cluster, number: int) -> list[Shown]:
    """The roots of *number* threads, once they are there."""
    query = sa.select(threads).where(threads.c.root.is_not(None))

    async def are_there() -> bool:
        return len(await running.checker.rows(query)) >= number

    await until(are_there, every_s=0.2)
    return [Shown(channel=row.channel, body={"ts": row.root}) for row in await running.checker.rows(query)]


async def _happened(running: Cluster) -> list[ev.Event | ev.Unknown]:
    sessions = await running.checker.sessions()
    return [record.event for session in sessions for record in await running.checker.recorded(session.id)]


@pytest.mark.parametrize("point", POINTS)
async def test_an_acknowledged_answer_is_carried_out_wherever_the_process_dies(tmp_path: Path, point: str) -> None:
    number = sized(4)
    async with cluster(tmp_path, bots=1, workers=1) as running:
        acked = await _die_with_answers_on_the_way(running, number, point)
        findings = await running.quiet(number)
        answers = [e.text for e in await _happened(running) if isinstance(e, ev.QuestionAnswered)]
    assert findings.clean, findings
    assert len(set(answers)) == len(answers) == number
    assert acked < number if point == POINTS[1] else acked == (number if point == POINTS[2] else 0)


async def test_without_keeping_first_an_acknowledged_answer_is_lost(tmp_path: Path) -> None:
    async with cluster(tmp_path, bots=0, workers=1) as running:
        await running.start("bots", mutant="ack_first+no_catch_up")  # which would find it again
        acked = await _die_with_answers_on_the_way(running, 1, POINTS[0])
        await asyncio.sleep(5)
        await running.checker.until_quiet(sessions_at_least=1, timeout_s=patience(60), waiting_is_quiet=True)
        findings = await running.checker.check()
    assert acked
    assert findings.states == {"waiting": 1}


async def _die_with_answers_on_the_way(running: Cluster, number: int, point: str) -> int:
    """Answer *number* questions and kill the only bots process at *point*; returns how many answers it acknowledged."""
    slack = running.stage.slack
    people = People(running)
    await people.start(number)
    asked = [await question_in(running.stage, room) for room in people.rooms.values()]
    await running.checker.until_quiet(sessions_at_least=number, timeout_s=patience(60), waiting_is_quiet=True)
    kept = sa.select(inbox.c.id).where(inbox.c.kind == "post_reply")

    async def is_kept() -> bool:
        return len(await running.checker.rows(kept)) == number

    async def is_acked() -> bool:
        return _acked(running, replies) == number

    if point == POINTS[0]:
        running.database.black_hole()
    else:
        running.database.delay_s = 0.2
    replies = await asyncio.gather(*(slack.person("ada").reply(question, answer_to(question)) for question in asked))
    if point == POINTS[0]:
        await asyncio.sleep(1)
    else:
        await until(is_kept if point == POINTS[1] else is_acked)
    await running.bots[0].child.kill()
    acked = _acked(running, replies)
    running.database.delay_s = 0.0
    running.database.cut()
    running.database.heal()
    await running.start_again(running.bots[0])
    return acked


def _acked(running: Cluster, replies: Sequence[Shown]) -> int:
    stamps = {reply.ts for reply in replies}
    acked = running.stage.slack.entries("envelope.acked")
    return len({entry.data["event_ts"] for entry in acked if entry.data.get("event_ts") in stamps})
