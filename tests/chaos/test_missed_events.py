"""T16: the platform tells nobody of what people say for a while; it is found when the connection comes back, once."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.chaos.cluster import Cluster, People, answer_to, cluster, patience, question_in, sized

FOUND_WITHIN_S = 90.0
MISSED_WITHIN_S = 20.0


async def test_replies_that_nobody_was_told_of_are_found_and_none_twice(tmp_path: Path) -> None:
    number = sized(5)
    async with cluster(tmp_path, bots=2, workers=1) as running:
        await _answer_unheard(running, number)
        started = time.monotonic()
        findings = await running.quiet(number, timeout_s=FOUND_WITHIN_S)
        found_s = time.monotonic() - started
    print(f"figure: {number} replies found within {found_s:.0f} s")  # noqa: T201
    assert findings.clean, findings
    assert found_s <= FOUND_WITHIN_S


async def test_without_reading_threads_again_they_stay_unheard(tmp_path: Path) -> None:
    async with cluster(tmp_path, bots=0, workers=1) as running:
        await running.start("bots", 1, mutant="no_catch_up")
        await _answer_unheard(running, 1)
        with pytest.raises(TimeoutError):
            await running.stage.slack.wait_for_message(containing="✅ Completed", timeout_s=patience(MISSED_WITHIN_S))


async def _answer_unheard(running: Cluster, number: int) -> None:
    """Have *number* sessions ask, and be answered while the platform tells nobody; then all connections break."""
    slack = running.stage.slack
    people = People(running)
    await people.start(number)
    asked = [await question_in(running.stage, room) for room in people.rooms.values()]
    await slack.add_fault("drop_event", target="message", times=None)
    await asyncio.gather(*(slack.person("ada").reply(question, answer_to(question)) for question in asked))
    await slack.wait_for(lambda entry: entry.kind == "event.dropped")
    await slack.clear_faults()
    await slack.disconnect_sockets()
