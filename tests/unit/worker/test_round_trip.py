"""A session from claim to end, with the demo model over HTTP and a real database."""

from core.domain import events as ev
from core.domain.lifecycle import State
from tests.unit.worker.conftest import ACME, Bench


async def test_a_session_is_built_waits_for_its_answer_without_a_worker_and_completes(bench: Bench) -> None:
    session = await bench.open("Compare 3 apples with 4 pears. Which ones?")
    assert await bench.runner().work(ACME, session.id)
    waiting = await bench.session(session)
    assert waiting.state is State.WAITING
    assert waiting.owner is None
    assert waiting.attempts == 0

    await bench.answer(session, "the pears, please")
    assert await bench.runner().work(ACME, session.id)
    done = await bench.session(session)
    assert done.state is State.COMPLETED, await bench.events(session)
    said = [event for event in await bench.events(session) if isinstance(event, ev.Said)]
    assert "the pears, please" in said[-1].text
    assert not any("TERMINATE" in event.text for event in said)
    assert await bench.steps(session) == []
