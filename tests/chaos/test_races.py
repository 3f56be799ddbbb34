"""T14: two people answer, and perhaps a third stops, all within milliseconds: one wins, the others are told."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.adapters.sql_tables import threads
from core.domain import events as ev
from simulator.slack.person import Shown
from tests.chaos.cluster import Cluster, People, cluster, dice, patience, question_in, sized

STOP = "muster_stop"
REPLIES = 2


async def test_of_two_answers_and_a_stop_one_wins_and_nothing_is_stuck(tmp_path: Path) -> None:
    chance = dice("race")
    number = sized(8)
    async with cluster(tmp_path, bots=2, workers=1) as running:
        people = People(running)
        await people.start(number)
        asked = [await question_in(running.stage, room) for room in people.rooms.values()]
        await running.checker.until_quiet(sessions_at_least=number, timeout_s=patience(60), waiting_is_quiet=True)
        for n, question in enumerate(asked):
            everybody = ("ada", "ben", "stop") if n % 2 else ("ada", "ben")
            await _race(running, question, chance.sample(everybody, len(everybody)))
        findings = await running.quiet(number)
        for thread in await running.checker.rows(sa.select(threads)):
            await _check_thread(running, thread)
        print(f"figure: {dict(findings.states)}")  # noqa: T201  # the figures of the run
        assert findings.clean, findings
        assert set(findings.states) <= {"stopped", "completed"}


async def test_without_a_winner_a_question_has_two_answers(tmp_path: Path) -> None:
    async with cluster(tmp_path, bots=0, workers=1) as running:
        await running.start("bots", 2, mutant="no_winner")
        people = People(running)
        room = await people.give("One task")
        asked = await question_in(running.stage, room)
        await running.checker.until_quiet(sessions_at_least=1, timeout_s=patience(60), waiting_is_quiet=True)
        await _race(running, asked, ("ada", "ben"))
        findings = await running.quiet(1)
    assert any("QuestionAnswered" in line for line in findings.duplicate)


async def _check_thread(running: Cluster, thread: Any) -> None:
    """Each reply was the answer, a note, or the task of what came next, or its author was told that it was not."""
    in_thread = [session for session in await running.checker.sessions() if session.thread == thread.id]
    happened = [r.event for session in in_thread for r in await running.checker.recorded(session.id)]
    first = [r.event for r in await running.checker.recorded(in_thread[0].id)]
    assert sum(isinstance(event, ev.QuestionAnswered) for event in first) <= 1
    heard = [
        event
        for event in happened
        if isinstance(event, ev.QuestionAnswered | ev.NoteGiven) or (isinstance(event, ev.TaskGiven) and event.parent)
    ]
    told = [
        entry
        for entry in running.stage.slack.entries("ephemeral.posted")
        if entry.data["channel"] == thread.channel and "Stopping #" not in str(entry.data)
    ]
    stopped = any(isinstance(event, ev.Stopped) for event in first)
    # The loser of two answers is heard, as a note, and told that another was first.
    assert len(heard) + len(told) >= REPLIES + (not stopped), (heard, told)


async def _race(running: Cluster, question: Shown, order: Sequence[str]) -> None:
    """All three at once, in this order."""
    slack = running.stage.slack
    [card, *_] = await slack.thread(question.channel, question.root_ts)

    async def do(who: str) -> None:
        if who == "stop":
            await slack.person("ada").press(card, STOP, stale=True)
        else:
            await slack.person(who).reply(question, f"{who.title()} says so")

    await asyncio.gather(*map(do, order))
