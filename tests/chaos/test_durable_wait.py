"""T13: sessions wait for their people while nothing of Muster runs; each goes on with its own answer."""

import asyncio
import time
from pathlib import Path

import sqlalchemy as sa

from core.adapters.sql_tables import processes, sessions
from core.domain import events as ev
from tests.chaos.cluster import People, answer_to, cluster, patience, question_in, sized

AT_ONCE = 25


async def test_sessions_wait_through_a_shutdown_and_go_on_with_their_own_answers(tmp_path: Path) -> None:
    number = sized(20)
    async with cluster(tmp_path, bots=1, workers=1) as running:
        slack = running.stage.slack
        await slack.set(enforce_limits=False)
        people = People(running)
        while len(people.rooms) < number:
            await people.start(min(AT_ONCE, number - len(people.rooms)))
        asked = [await question_in(running.stage, room, timeout_s=200) for room in people.rooms.values()]
        await running.checker.until_quiet(sessions_at_least=number, timeout_s=patience(200), waiting_is_quiet=True)
        held = await running.checker.rows(sa.select(sessions.c.id).where(sessions.c.owner.is_not(None)))
        assert not held, "a worker holds what waits"

        for process in (*running.bots, *running.workers):
            process.child.terminate()
            assert await process.child.wait() == 0, process.child.output
        assert not await running.checker.rows(sa.select(processes.c.name)), "a lease outlived its process"
        await asyncio.gather(*(running.start_again(process) for process in (*running.bots, *running.workers)))

        started = time.monotonic()
        await asyncio.gather(*(slack.person("ben").reply(question, answer_to(question)) for question in asked))
        findings = await running.quiet(number, timeout_s=200)
        took_s = time.monotonic() - started
        answers = {}
        for session in await running.checker.sessions():
            happened = [record.event for record in await running.checker.recorded(session.id)]
            [answer] = [event.text for event in happened if isinstance(event, ev.QuestionAnswered)]
            answers[answer] = [event.text for event in happened if isinstance(event, ev.Said)][-1]
        print(f"figure: {number} sessions went on and ended within {took_s:.1f} s")  # noqa: T201
        assert findings.clean, findings
        assert set(answers) == {answer_to(question) for question in asked}
        assert all(answer in result for answer, result in answers.items())
