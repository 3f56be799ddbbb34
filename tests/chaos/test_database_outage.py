"""T9: PostgreSQL goes away and comes back while sessions run. T10: it keeps silent while people ask for things."""

import asyncio
from pathlib import Path

from bots.replies import NOT_STARTED
from tests.chaos.cluster import People, answer_to, cluster, dice, patience, question_in, sized


async def test_sessions_survive_restarts_of_the_database(tmp_path: Path) -> None:
    chance = dice("database restarts")
    number, stops = sized(6), sized(3)
    async with cluster(tmp_path, thinking_s=0.5) as running:
        postgres = running.stage.postgres
        assert postgres is not None
        people = People(running)
        async with people.answering(delay_s=lambda: chance.uniform(0, 2)):
            starting = asyncio.create_task(people.start(number, every_s=1.0))
            for _ in range(stops):
                await asyncio.sleep(chance.uniform(1, 4))
                await asyncio.to_thread(postgres.stop_at_once)
                await asyncio.sleep(chance.uniform(0, 3))
                await asyncio.to_thread(postgres.start)
            await starting
            findings = await running.quiet(number)
        assert findings.clean, findings
        assert findings.states == {"completed": number}
        assert all(process.child.is_running for process in (*running.bots, *running.workers))


async def test_nothing_is_taken_while_the_database_keeps_silent_and_all_is_taken_later(tmp_path: Path) -> None:
    number = sized(4)
    async with cluster(tmp_path, bots=2, workers=1) as running:
        slack = running.stage.slack
        people = People(running)
        await people.start(number)
        asked = [await question_in(running.stage, room) for room in people.rooms.values()]
        await running.checker.until_quiet(sessions_at_least=number, timeout_s=patience(60), waiting_is_quiet=True)
        rooms = [*people.rooms.values()]

        running.database.black_hole()
        replies = await asyncio.gather(*(slack.person("ada").reply(one, answer_to(one)) for one in asked))
        outcomes = await asyncio.gather(
            *(room.ada.command("/agents", "A new task", channel=room.name) for room in rooms)
        )
        await asyncio.sleep(2)
        stamps = {reply.ts for reply in replies}
        acked = [e for e in slack.entries("envelope.acked") if e.data.get("event_ts") in stamps]
        running.database.cut()
        running.database.heal()

        findings = await running.quiet(number)
        told = [outcome.error or (outcome.payload or {}).get("text") for outcome in outcomes]
        print(f"figure: people were told {told}")  # noqa: T201
        assert not acked, "an answer was acknowledged that nobody had kept"
        assert told == [NOT_STARTED] * number
        assert findings.clean, findings
        assert findings.states == {"completed": number}, "nothing may be started of which people were told the opposite"
