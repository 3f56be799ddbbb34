"""T8: workers are told to end again and again in the middle of their work; nothing is lost, and no attempt used up."""

import asyncio
from collections import Counter
from pathlib import Path

from core.service.recovery import MAX_ATTEMPTS
from tests.chaos.cluster import Cluster, People, cluster, sized

ROUNDS = MAX_ATTEMPTS + 1


async def test_sessions_survive_more_deploys_than_they_have_attempts(tmp_path: Path) -> None:
    number, rounds = sized(4), ROUNDS
    async with cluster(tmp_path, bots=1, workers=1, thinking_s=1.0) as running:
        people = People(running)
        async with people.answering():
            await people.start(number)
            claims = 0
            for _ in range(rounds):
                claims += await _replace_worker(running)
            findings = await running.quiet(number)
        kept = await running.checker.sessions()
        asked = Counter(request["kind"] for request in await running.stage.model.requests())
        claims += _claims(running)
        print(f"figure: {rounds} deploys, {claims} claims of {number} sessions, model asked {dict(asked)}")  # noqa: T201
        assert findings.clean, findings
        assert findings.states == {"completed": number}
        assert findings.interrupted == 0, "a hand-over is no interruption"
        assert all(session.attempts == 0 for session in kept)
        # A session needs 8 answers of the model; each hand-over may cost the one that was under way.
        assert sum(asked.values()) <= 8 * number + (claims - 2 * number)


async def _replace_worker(running: Cluster) -> int:
    """SIGTERM in mid-work, then a fresh worker; returns how many sessions the old one had claimed."""
    worker = running.workers[0]
    await asyncio.sleep(1.5)
    worker.child.terminate()
    assert await worker.child.wait() == 0, worker.child.output
    claims = _claims(running)
    await running.start_again(worker)
    return claims


def _claims(running: Cluster) -> int:
    return running.workers[0].child.output.count("session.claimed")
