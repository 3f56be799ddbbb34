"""T17: connections to Slack go half-open without a word; it is noticed, and what people said meanwhile comes in."""

import asyncio
import time
from pathlib import Path

from tests.chaos.cluster import People, answer_to, cluster, question_in, sized

BACK_WITHIN_S = 75.0
REDELIVERY_S = (0.0, *[5.0] * 20)


async def test_half_open_connections_are_noticed_and_replaced(tmp_path: Path) -> None:
    number = sized(2)
    async with cluster(tmp_path, bots=1, workers=1) as running:
        slack = running.stage.slack
        await slack.set(ping_interval_s=2.0, redelivery_s=REDELIVERY_S)
        people = People(running)
        await people.start(number)
        asked = [await question_in(running.stage, room) for room in people.rooms.values()]
        after = slack.position
        assert await slack.black_hole_sockets() == 1
        started = time.monotonic()
        await asyncio.gather(*(slack.person("ada").reply(question, answer_to(question)) for question in asked))
        await slack.wait_for(lambda entry: entry.kind == "socket.opened", after=after, timeout_s=2 * BACK_WITHIN_S)
        back_s = time.monotonic() - started
        findings = await running.quiet(number)
    print(f"figure: a new connection after {back_s:.0f} s")  # noqa: T201
    assert findings.clean, findings
    assert back_s <= BACK_WITHIN_S
