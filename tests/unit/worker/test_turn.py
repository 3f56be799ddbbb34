"""One agent's turn: its tool calls in every odd form, its questions, and going on after a crash."""

import asyncio
import json

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.session import Session
from core.ports import InState
from simulator.model.orders import FaultKind
from tests.unit.worker.conftest import ACME, BEN, Bench, Endpoint
from worker.settings import RunLimits
from worker.turn import INTERRUPTED, NO_MORE_CALLS, NOBODY_ANSWERED, ONE_AT_A_TIME

PYTHON = ("run_python", json.dumps({"code": "print(1)"}))
DONE = "Here it is.\nTERMINATE"
WAITING = InState(states=frozenset({State.WAITING}))


def ask(question: str, *choices: str) -> tuple[str, str]:
    return "ask_human", json.dumps({"question": question, "choices": choices} if choices else {"question": question})


async def finished(bench: Bench, session: Session) -> list[ev.ToolFinished]:
    return await bench.of_kind(session, ev.ToolFinished)


async def test_a_tool_call_is_intent_then_result_then_words(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says("I count.", PYTHON)
    endpoint.says(DONE)
    assert await bench.runner().work(ACME, session.id)
    happened = await bench.kinds(session)
    assert happened[3:] == ["TurnStarted", "ToolStarted", "ToolFinished", "Said", "Completed"]
    assert (await bench.session(session)).state is State.COMPLETED


async def test_the_intent_is_committed_before_the_tool_runs(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    seen: list[str] = []

    async def look() -> None:
        seen.extend(await bench.kinds(session))

    bench.sandbox.before = look
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert seen[-1] == "ToolStarted"


async def test_the_files_of_a_run_are_kept_and_lie_there_again_in_the_next_claim(
    bench: Bench, endpoint: Endpoint
) -> None:
    session = await bench.open_with_team()
    bench.sandbox.files = {"plot.png": b"PNG", "data/a.csv": b"1,2", ".hidden": b""}
    endpoint.says(None, PYTHON, ask("Which?"))
    await bench.runner().work(ACME, session.id)
    (run,) = await finished(bench, session)
    assert {(file.name, file.mime, file.size_bytes) for file in run.files} == {
        ("plot.png", "image/png", 3),
        ("data/a.csv", "text/csv", 3),
    }
    assert "plot.png" in run.output
    assert list(bench.workspaces.iterdir()) == [], "the folder is a cache"

    bench.sandbox.files = {}
    await bench.answer(session, "this")
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert bench.sandbox.seen == [set(), {"plot.png", "data/a.csv"}]


async def test_without_a_sandbox_the_tool_refuses(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner(sandbox=False).work(ACME, session.id)
    (run,) = await finished(bench, session)
    assert not run.ok
    assert "sandbox" in run.output
    assert bench.sandbox.jobs == []


async def test_a_question_waits_for_the_other_tools_and_only_one_is_asked(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, ask("First?", "yes", "no"), PYTHON, ask("Second?"))
    await bench.runner().work(ACME, session.id)
    assert len(bench.sandbox.jobs) == 1
    started = [event.tool for event in await bench.of_kind(session, ev.ToolStarted)]
    assert started == ["run_python", "ask_human", "ask_human"], "no question has begun while a tool may still crash"
    (asked,) = await bench.of_kind(session, ev.QuestionAsked)
    assert (asked.text, asked.choices) == ("First?", ("yes", "no"))
    assert (await bench.session(session)).state is State.WAITING
    assert [event.output for event in await finished(bench, session)][-1] == ONE_AT_A_TIME

    await bench.answer(session, "yes", BEN)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert (await bench.session(session)).state is State.COMPLETED, "the strict server had every call answered"
    sent = endpoint.bodies()[-1]["messages"]
    assert next(message["content"] for message in sent if message["role"] == "tool") == "[Ben]: yes"


async def test_a_question_resumed_without_an_answer_is_told_so(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, ask("Which?"))
    await bench.runner().work(ACME, session.id)
    async with bench.uow.begin(ACME) as work:
        await work.questions.withdraw(session.id)
        waiting = ev.Noticed(text="nobody answered")
        await work.sessions.record(session.id, WAITING, [waiting], move=Move.ANSWER)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert (await finished(bench, session))[-1].output == NOBODY_ANSWERED


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("read_mind", "{}"), "no tool 'read_mind'"),
        (("run_python", "{broken"), "not valid JSON"),
        (("run_python", "[]"), "do not fit"),
        (("run_python", '{"kode": "1"}'), "code: Field required"),
        (("ask_human", '{"question": ""}'), "question"),
        (("ask_human", '{"question": "x", "choices": "y"}'), "choices"),
    ],
)
async def test_a_bad_call_is_answered_with_what_is_wrong(
    bench: Bench, endpoint: Endpoint, call: tuple[str, str], words: str
) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, call)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    (told,) = await finished(bench, session)
    assert not told.ok
    assert words in told.output
    assert (await bench.session(session)).state is State.COMPLETED


async def test_a_call_that_a_crash_interrupted_is_not_repeated(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    runner = bench.runner()

    async def crash() -> None:
        runner.lose(session.id)
        await asyncio.Event().wait()

    bench.sandbox.before = crash
    endpoint.says(None, PYTHON)
    await runner.work(ACME, session.id)
    assert (await bench.session(session)).state is State.RUNNING
    assert (await bench.kinds(session))[-1] == "ToolStarted"

    await bench.lose_lease(session)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    (told,) = await finished(bench, session)
    assert (told.ok, told.output) == (False, INTERRUPTED)
    assert len(bench.sandbox.jobs) == 1
    assert (await bench.session(session)).state is State.COMPLETED


async def test_a_crash_during_the_model_call_repeats_the_call_and_no_step(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    runner = bench.runner()
    endpoint.says(None, PYTHON)
    endpoint.fails(FaultKind.SLOW, times=1, delay_s=0.0)
    endpoint.fails(FaultKind.HANG, times=1)
    working = asyncio.create_task(runner.work(ACME, session.id))
    assert await endpoint.model.requests.wait_for(lambda: endpoint.model.requests.entries()[1:], 5)
    runner.lose(session.id)
    await working
    before = await bench.kinds(session)
    assert before[-1] == "ToolFinished"

    await bench.lose_lease(session)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    assert (await bench.kinds(session))[len(before) :] == ["Interrupted", "Said", "Completed"]
    assert len(bench.sandbox.jobs) == 1


async def test_a_turn_has_a_number_of_tool_calls_and_then_has_to_speak(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, PYTHON, PYTHON, PYTHON)
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner(limits=RunLimits(tool_calls_per_turn=2)).work(ACME, session.id)
    outputs = [event.output for event in await finished(bench, session)]
    assert outputs[2:] == [NO_MORE_CALLS, NO_MORE_CALLS]
    assert len(bench.sandbox.jobs) == 2
    assert (await bench.session(session)).state is State.COMPLETED


async def test_an_agent_that_only_calls_tools_ends_the_session(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    endpoint.says(None, PYTHON, times=50)
    await bench.runner(limits=RunLimits(tool_calls_per_turn=2)).work(ACME, session.id)
    (failed,) = await bench.of_kind(session, ev.Failed)
    assert "kept calling tools" in failed.reason
    assert len(bench.sandbox.jobs) == 2


async def test_a_tool_that_breaks_is_no_end(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()

    async def full() -> None:
        raise OSError(28, "No space left on device")

    bench.sandbox.before = full
    endpoint.says(None, PYTHON)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    (told,) = await finished(bench, session)
    assert not told.ok
    assert (await bench.session(session)).state is State.COMPLETED


async def test_a_conversation_that_is_too_long_is_told_shorter(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team(task="word " * 20_000)
    endpoint.fails(FaultKind.CONTEXT_LENGTH, times=2)
    endpoint.says(DONE)
    await bench.runner().work(ACME, session.id)
    sizes = [len(body["messages"][1]["content"]) for body in endpoint.bodies()]
    assert sizes[0] > sizes[1] > sizes[2]
    assert (await bench.session(session)).state is State.COMPLETED


async def test_no_secret_is_kept_that_a_model_or_a_tool_says(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    secret = "sk-" + "a1" * 20
    bench.sandbox.output = f"found {secret}"
    endpoint.says(f"look: {secret}", ("run_python", json.dumps({"code": f"print('{secret}')"})), ask(f"{secret}?"))
    await bench.runner().work(ACME, session.id)
    assert secret not in str(await bench.steps(session))
    await bench.answer(session, "yes")
    endpoint.says(f"{secret}\nTERMINATE")
    await bench.runner().work(ACME, session.id)
    assert secret not in str(await bench.events(session))
    assert "[redacted]" in str(await bench.events(session))


async def test_long_words_and_outputs_are_shortened_before_they_are_kept(bench: Bench, endpoint: Endpoint) -> None:
    session = await bench.open_with_team()
    bench.sandbox.output = "x" * 20_000 + "\n" + "short\n" * 30_000
    endpoint.says(None, PYTHON)
    endpoint.fails(FaultKind.SLOW, delay_s=0.0)
    endpoint.fails(FaultKind.HUGE, size_bytes=200_000)
    endpoint.says(DONE, text="left out")
    await bench.runner().work(ACME, session.id)
    (run,) = await finished(bench, session)
    assert len(run.output) <= 64_000
    said = await bench.of_kind(session, ev.Said)
    assert len(said[0].text) <= 40_000
