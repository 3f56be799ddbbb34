"""How a claimed session ends, whatever happens to it, to the model, to the database or to its worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from config.providers import by_name
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, FINAL, Move, State
from core.domain.refs import ProcessId, SessionId, WorkspaceId
from core.domain.session import Session, Usage
from core.errors import TransientError
from core.ports import TOPIC_RELAY, Change, InState
from core.service.recovery import MAX_ATTEMPTS
from simulator.model.orders import FaultKind
from tests.conftest import NotingBell, NotingQueue
from tests.unit.worker.conftest import ACME, ADA, BEN, Bench, Endpoint
from worker.runner import Runner
from worker.settings import RunLimits
from worker.team.model import ModelPool, Patience

pytestmark = pytest.mark.slow

PYTHON = ("run_python", json.dumps({"code": "print(1)"}))
DONE = "Here it is.\nTERMINATE"


async def hanging(endpoint: Endpoint, runner: Runner, session: Session) -> asyncio.Task[bool]:
    """The session at work, in a model call that does not end."""
    endpoint.fails(FaultKind.HANG, times=9)
    seen = len(endpoint.model.requests.entries())
    working = asyncio.create_task(runner.work(ACME, session.id))
    assert await endpoint.model.requests.wait_for(lambda: endpoint.model.requests.entries()[seen:], 5)
    return working


# --- stop ---


@pytest.mark.parametrize("building", [True, False])
async def test_a_stop_in_mid_call_cancels_it_and_says_who(bench: Bench, endpoint: Endpoint, building: bool) -> None:
    session = await (bench.open() if building else bench.open_with_team())
    runner = bench.runner()
    working = await hanging(endpoint, runner, session)
    await bench.ask_to_stop(session, BEN)
    runner.stop(session.id)
    async with asyncio.timeout(5):
        assert await working
    assert (await bench.session(session)).state is State.STOPPED
    assert (await bench.events(session))[-1] == ev.Stopped(by=BEN)
    cancelled = endpoint.model.requests.entries
    assert await endpoint.model.requests.wait_for(lambda: cancelled(outcome="cancelled"), 5)


async def test_a_stop_is_recorded_even_when_the_work_swallows_its_cancellation(
    bench: Bench, endpoint: Endpoint
) -> None:
    session = await bench.open_with_team()
    runner = bench.runner()
    running, let_go = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        running.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    bench.sandbox.before = stubborn
    endpoint.says(None, PYTHON)
    working = asyncio.create_task(runner.work(ACME, session.id))
    await running.wait()
    await bench.ask_to_stop(session)
    runner.stop(session.id)
    async with asyncio.timeout(5):
        await working
    stopped = await bench.events(session)
    assert stopped[-1] == ev.Stopped(by=BEN)
    let_go.set()
    await asyncio.sleep(0)
    assert await bench.events(session) == stopped, "what was left behind writes nothing"


async def test_a_stop_between_two_steps_begins_nothing_new(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()

    async def stopped_meanwhile() -> None:
        await bench.ask_to_stop(session)

    bench.sandbox.before = stopped_meanwhile
    endpoint.says(None, PYTHON, PYTHON)
    await bench.runner().work(ACME, session.id)
    assert len(bench.sandbox.jobs) == 1
    assert (await bench.events(session))[-1] == ev.Stopped(by=BEN)
    assert await bench.steps(session) == []


async def test_a_stop_beats_an_end_that_comes_at_the_same_time(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, ("ask_human", '{"question": "Which?"}'))

    class StopsBeforeTheQuestion(SqlUnitOfWork):
        """As if a person stopped the session between the model's answer and the commit of its question."""

        @asynccontextmanager
        async def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AsyncIterator[SqlWork]:
            before = await bench.session(session)
            if before.state is State.RUNNING and endpoint.model.requests.entries(outcome="answered"):
                await bench.ask_to_stop(session)
            async with super().begin(workspace, urgent=urgent) as work:
                yield work

    bench.uow, plain = StopsBeforeTheQuestion(*_parts(bench.uow)), bench.uow
    runner = bench.runner()
    bench.uow = plain
    await runner.work(ACME, session.id)
    assert (await bench.events(session))[-1] == ev.Stopped(by=BEN)
    async with bench.uow.read(ACME) as work:
        assert await work.questions.open_in(session.id) is None


# --- leases ---


async def test_of_two_workers_one_gets_the_session(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(DONE)
    took = await asyncio.gather(*(bench.runner().work(ACME, session.id) for _ in range(4)))
    assert sorted(took) == [False, False, False, True]
    assert (await bench.kinds(session)).count("Said") == 1


async def test_a_worker_whose_session_was_taken_over_writes_nothing_more(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()

    async def taken_over() -> None:
        await bench.lose_lease(session)
        async with bench.uow.begin(ACME) as work:
            free = InState(states=CLAIMABLE)
            other = Change(owner=ProcessId("other"))
            await work.sessions.record(session.id, free, [], move=Move.CLAIM, change=other)

    bench.sandbox.before = taken_over
    endpoint.says(None, PYTHON)
    async with asyncio.timeout(5):
        await bench.runner().work(ACME, session.id)
    assert (await bench.kinds(session))[-2:] == ["ToolStarted", "Interrupted"]
    assert (await bench.session(session)).owner == "other"


async def test_a_lost_lease_ends_the_work_without_a_word(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    runner = bench.runner()
    working = await hanging(endpoint, runner, session)
    before = await bench.events(session)
    runner.lose(session.id)
    async with asyncio.timeout(5):
        await working
    assert await bench.events(session) == before
    assert (await bench.session(session)).state is State.RUNNING


@pytest.mark.parametrize("building", [True, False])
async def test_a_closing_worker_hands_its_sessions_over_at_once(
    bench: Bench, endpoint: Endpoint, queue: NotingQueue, building: bool
) -> None:
    session = await (bench.open() if building else bench.open_with_team())
    runner = bench.runner()
    working = await hanging(endpoint, runner, session)
    before = await bench.events(session)
    await runner.hand_back(timeout_s=5)
    assert await working
    after = await bench.session(session)
    assert after.state is (State.QUEUED if building else State.RESUMING)
    assert (after.owner, after.attempts) == (None, 0)
    assert await bench.events(session) == before, "nobody needs to hear of it"
    assert session.id in queue.woken


async def test_a_session_that_breaks_its_workers_again_and_again_fails(bench: Bench) -> None:
    session = await bench.open()
    async with bench.uow.begin(ACME) as work:
        worn = Change(attempts=MAX_ATTEMPTS)
        await work.sessions.record(session.id, InState(states=CLAIMABLE), [], change=worn)
    assert not await bench.runner().work(ACME, session.id)
    assert (await bench.session(session)).state is State.FAILED


async def test_a_claim_whose_answer_was_lost_is_given_back(bench: Bench, queue: NotingQueue) -> None:
    session = await bench.open_with_team()
    runner = bench.runner()
    async with bench.uow.begin(ACME) as work:
        mine = Change(owner=runner.process, attempts=1)
        await work.sessions.record(session.id, InState(states=CLAIMABLE), [], move=Move.CLAIM, change=mine)
    assert await runner.release(ACME, session.id)
    after = await bench.session(session)
    assert (after.state, after.attempts) == (State.RESUMING, 1)
    assert not await runner.release(ACME, session.id)


# --- errors ---


async def test_a_refused_key_fails_the_session_with_a_sentence(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open()
    endpoint.fails(FaultKind.STATUS, status=401)
    await bench.runner().work(ACME, session.id)
    (failed,) = await bench.of_kind(session, ev.Failed)
    assert "refused the key" in failed.reason
    assert (await bench.session(session)).state is State.FAILED


async def test_an_unknown_provider_or_model_fails_the_session(bench: Bench) -> None:
    for fields in ({"provider": "nowhere"}, {"model": "gpt-17"}):
        session = await bench.open(**fields)
        await bench.runner().work(ACME, session.id)
        (failed,) = await bench.of_kind(session, ev.Failed)
        assert "`nowhere`" in failed.reason or "`gpt-17`" in failed.reason


async def test_a_mistake_of_ours_fails_the_session_in_general_words(
    bench: Bench, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await bench.open_with_team()

    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("internal detail")

    monkeypatch.setattr(ModelPool, "model", broken)
    await bench.runner().work(ACME, session.id)
    (failed,) = await bench.of_kind(session, ev.Failed)
    assert "something in Muster broke" in failed.reason
    assert "internal" not in failed.reason


async def test_work_that_takes_too_long_fails(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.fails(FaultKind.HANG, times=9)
    async with asyncio.timeout(5):
        await bench.runner(limits=RunLimits(budget_s=0.3)).work(ACME, session.id)
    (failed,) = await bench.of_kind(session, ev.Failed)
    assert "took longer" in failed.reason


async def test_trouble_with_the_database_sends_the_session_back_for_another_claim(
    bench: Bench, endpoint: Endpoint, queue: NotingQueue
) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    failures = 3

    class FailsAfterTheTool(SqlUnitOfWork):
        """A database that is away for a while, just when the result of a tool is to be written."""

        @asynccontextmanager
        async def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AsyncIterator[SqlWork]:
            nonlocal failures
            if bench.sandbox.jobs and failures:
                failures -= 1
                raise TransientError("away")
            async with super().begin(workspace, urgent=urgent) as work:
                yield work

    plain, bench.uow = bench.uow, FailsAfterTheTool(*_parts(bench.uow))
    runner = bench.runner()
    bench.uow = plain
    await runner.work(ACME, session.id)
    assert (await bench.session(session)).state is State.RESUMING
    assert session.id in queue.woken
    await runner.work(ACME, session.id)
    assert (await bench.session(session)).state is State.COMPLETED
    assert len(bench.sandbox.jobs) == 1, "a call without a result is not repeated"


# --- rounds, notes, follow-ups ---


async def test_rounds_are_counted_over_the_whole_session(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team(max_rounds=2)
    endpoint.says("one")
    endpoint.says(None, ("ask_human", '{"question": "Which?"}'))
    await bench.runner().work(ACME, session.id)
    await bench.answer(session, "this")
    endpoint.says("two")
    await bench.runner().work(ACME, session.id)
    after = await bench.session(session)
    assert (after.state, after.round) == (State.FAILED, 2)
    (failed,) = await bench.of_kind(session, ev.Failed)
    assert "all its 2 rounds" in failed.reason
    assert "Reply here to go on" in failed.reason


async def test_a_note_while_the_team_works_is_read_before_the_end(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()

    async def noted() -> None:
        await bench.note(session, "mind the commas", BEN)

    bench.sandbox.before = noted
    endpoint.says(None, PYTHON)
    endpoint.says("first result\nTERMINATE")
    endpoint.says("with commas\nTERMINATE")
    await bench.runner().work(ACME, session.id)
    assert [said.text for said in await bench.of_kind(session, ev.Said)] == ["first result", "with commas"]
    assert (await bench.session(session)).state is State.COMPLETED
    heard = [str(body["messages"]) for body in endpoint.bodies()]
    assert ["mind the commas" in messages for messages in heard] == [False, False, True]


async def test_a_note_in_the_last_round_does_not_keep_the_result_back(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team(max_rounds=1)

    async def noted() -> None:
        await bench.note(session, "too late")

    bench.sandbox.before = noted
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert (await bench.session(session)).state is State.COMPLETED


async def test_a_follow_up_knows_what_was_said_and_has_the_files(bench: Bench, endpoint: Endpoint) -> None:
    first = await bench.open_with_team(task="draw the first plot")
    endpoint.says(None, PYTHON)
    endpoint.says("the first plot is blue\nTERMINATE")
    await bench.runner().work(ACME, first.id)

    second = await bench.open_with_team(task="now in red", parent=first.id)
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner().work(ACME, second.id)
    seen = [message["content"] for message in endpoint.bodies()[-1]["messages"] if message["role"] != "system"]
    assert seen[:3] == ["[Ada]: draw the first plot", "the first plot is blue", "[Ada]: now in red"]
    assert bench.sandbox.seen[-1] == {"plot.png"}


async def test_a_bare_terminate_still_ends_with_a_word(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says("TERMINATE")
    await bench.runner().work(ACME, session.id)
    assert [said.text for said in await bench.of_kind(session, ev.Said)] == ["Done."]


async def test_a_message_that_is_only_a_label_ends_its_turn(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team(max_rounds=1)
    endpoint.says("[Solo]:")
    await bench.runner().work(ACME, session.id)
    assert (await bench.session(session)).state is State.FAILED
    assert len(endpoint.bodies()) == 1


async def test_usage_is_counted_to_the_token_over_building_choosing_and_speaking(
    bench: Bench, endpoint: Endpoint
) -> None:
    session = await bench.open()
    await bench.runner().work(ACME, session.id)
    entries = endpoint.model.requests.entries()
    assert {entry.kind for entry in entries} == {"team", "speaker", "turn"}
    assert (await bench.session(session)).usage == Usage(
        prompt_tokens=sum(entry.prompt_tokens for entry in entries),
        completion_tokens=sum(entry.completion_tokens for entry in entries),
    )


async def test_a_slow_provider_is_told_of_in_the_thread(bench: Bench, endpoint: Endpoint, bell: NotingBell) -> None:
    session = await bench.open_with_team()
    bench.pool = ModelPool(by_name([endpoint.demo]), Patience(first_wait_s=0.01, notice_after_s=0.0))
    endpoint.fails(FaultKind.STATUS, status=503, times=3)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert (await bench.kinds(session)).count("Noticed") == 1
    assert (await bench.session(session)).state is State.COMPLETED
    assert (TOPIC_RELAY, ACME) in bell.rings
    await bench.pool.close()


@pytest.mark.parametrize("fault", list(FaultKind))
async def test_whatever_the_model_does_once_the_session_comes_to_an_end_or_a_question(
    bench: Bench, endpoint: Endpoint, fault: FaultKind
) -> None:
    for at in ("team", "speaker", "turn"):
        session = await bench.open()
        endpoint.fails(fault, kind=at)
        async with asyncio.timeout(20):
            await bench.runner(limits=RunLimits(budget_s=8, cancel_wait_s=0.2)).work(ACME, session.id)
        state = (await bench.session(session)).state
        assert state in FINAL | {State.WAITING}, (fault, at)
        await _forget(bench, session.id)


async def _forget(bench: Bench, session: SessionId) -> None:
    async with bench.uow.begin(ACME) as work:
        found = await work.sessions.get(session)
        assert found is not None
        if found.state is State.WAITING:
            waiting = InState(states=frozenset({State.WAITING}))
            await work.sessions.record(session, waiting, [ev.Stopped(by=ADA)], move=Move.STOP)


def _parts(uow: SqlUnitOfWork) -> tuple[Any, Any, Any, Any]:
    return uow._database, uow._clock, uow._bell, uow._queue
