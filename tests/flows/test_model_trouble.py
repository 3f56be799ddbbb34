"""What a model can do wrong: the thread says in a sentence what happened and what to do, and the session ends."""

import pytest

from tests.support.model_control import DONE, asks, runs, said_to, uses
from tests.support.room import COMPLETED, FAILED, STOPPED, Room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]

AGAIN = "Reply here to try again"


@pytest.mark.parametrize("kind", ["team", "turn"])
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refused the key (401). Set a valid key for it."),
        (402, "has no credit left. Top it up."),
        (404, "does not know the model `demo`. Choose a model that it has."),
    ],
)
async def test_what_trying_again_cannot_mend_ends_the_session_with_what_to_do(
    room: Room, kind: str, status: int, words: str
) -> None:
    await room.script()
    await room.fault("status", status=status, kind=kind, times=9)
    root = await room.start()
    ending = await room.end(root)
    assert ending.text.startswith(FAILED)
    assert words in ending.text
    assert len(await room.stage.model.requests(room.name, kind=kind)) == 1
    await room.until_card(FAILED, root)


async def test_a_conversation_that_stays_too_long_ends_the_session_with_what_to_do(room: Room) -> None:
    await room.script()
    await room.fault("context_length", kind="turn", times=9)
    root = await room.start()
    ending = await room.end(root)
    assert "too long for the model" in ending.text
    assert "shorter task" in ending.text


async def test_a_model_that_is_busy_is_asked_again_when_it_says(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    await room.fault("status", status=429, retry_after_s=1.0, kind="turn", times=2)
    root = await room.start()
    await room.until("Done so.", root)
    await room.until(COMPLETED, root)


@pytest.mark.parametrize("fault", ["cut", "html", "empty", "empty_choices"])
async def test_an_answer_that_is_none_is_asked_for_again(room: Room, fault: str) -> None:
    # What is spoilt is used up, except by a proxy's page.
    await room.script(*[f"Done so.{DONE}"] * (1 if fault == "html" else 2))
    await room.fault(fault, kind="turn")
    root = await room.start()
    await room.until("Done so.", root)
    await room.until(COMPLETED, root)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("status", "has trouble (500)"),
        ("empty", "no chat completion"),
        ("html", "no chat completion"),
    ],
)
async def test_a_model_that_stays_broken_ends_the_session_with_what_to_do(room: Room, fault: str, words: str) -> None:
    await room.script()
    await room.fault(fault, kind="turn", times=99)
    root = await room.start()
    ending = await room.end(root)
    assert ending.text.startswith(FAILED)
    assert words in ending.text
    assert "again" in ending.text or "Check" in ending.text


async def test_a_model_that_hangs_is_given_up_after_its_time(room: Room) -> None:
    await room.script()
    await room.fault("hang", kind="turn", times=99)
    root = await room.start()
    ending = await room.end(root)
    assert "did not answer in time" in ending.text
    assert AGAIN in ending.text


async def test_a_long_wait_for_the_model_is_told_and_can_be_stopped(room: Room) -> None:
    await room.script()
    await room.fault("status", status=429, retry_after_s=11.0, kind="turn", times=9)
    root = await room.start()
    await room.until("slow to answer; still trying", root)
    await room.ada.reply(root, "stop")
    await room.until(STOPPED, root, timeout_s=10)


async def test_nonsense_for_a_team_leaves_one_assistant_who_says_so(room: Room) -> None:
    await room.stage.model.turn(f"I did it alone.{DONE}", text=room.name)
    await room.fault("nonsense", kind="team", times=2)
    root = await room.start()
    fallback = await room.until("one assistant does the work", root)
    assert "could not assemble a team" in fallback.text
    said = await room.until("I did it alone.", root)
    assert said.author == "Assistant"
    await room.until(COMPLETED, root)


async def test_one_bad_proposal_of_a_team_is_mended(room: Room) -> None:
    await room.stage.model.reply(kind="team", text=room.name, content="I would rather not.")
    await room.script(f"Done so.{DONE}")
    root = await room.start()
    said = await room.until("Done so.", root)
    assert said.author == "Ana"
    await room.until(COMPLETED, root)


async def test_nonsense_for_a_speaker_lets_the_agents_take_turns(room: Room) -> None:
    await room.script("First part.", "Second part.", f"Third part.{DONE}")
    await room.fault("nonsense", kind="speaker", times=99)
    root = await room.start()
    await room.until(COMPLETED, root)
    speakers = [line.author for line in await room.lines(root) if line.body.get("username")]
    assert speakers == ["Ana", "Bea", "Ana"]


async def test_a_tool_that_does_not_exist_is_refused_and_the_turn_goes_on(room: Room) -> None:
    await room.script(uses("launch_rockets", count=3), f"Without rockets then.{DONE}")
    root = await room.start()
    await room.until("Without rockets then.", root)
    await room.until(COMPLETED, root)
    [asked] = [r for r in await room.stage.model.requests(room.name, kind="turn") if "There is no tool" in said_to(r)]
    assert "run_python" in said_to(asked)


async def test_arguments_that_are_not_json_are_refused_and_the_turn_goes_on(room: Room) -> None:
    await room.stage.model.team(("Ana", "Bea"), text=room.name)
    broken = {"tool_calls": [{"name": "run_python", "arguments": '{"code": "print(1)'}]}
    await room.stage.model.turn(broken, text=room.name)
    await room.stage.model.turn(f"Without it then.{DONE}", text=room.name)
    root = await room.start()
    await room.until("Without it then.", root)
    await room.until(COMPLETED, root)
    assert any("It did not work" in text for text in await room.texts(root))


async def test_a_program_that_fails_is_shown_and_the_turn_goes_on(room: Room) -> None:
    await room.script(runs("print('before')\nraise ValueError('a bad thing')"), f"It failed, so be it.{DONE}")
    root = await room.start()
    shown = await room.until("It did not work", root, timeout_s=90)
    assert "ValueError: a bad thing" in shown.text
    assert "before" in shown.text
    await room.until(COMPLETED, root)


async def test_an_agent_that_calls_tools_for_ever_is_ended(room: Room) -> None:
    await room.script(*[uses("launch_rockets", count=n) for n in range(30)])
    root = await room.start()
    ending = await room.end(root, timeout_s=90)
    assert "Ana kept calling tools" in ending.text
    assert AGAIN in ending.text


async def test_a_team_without_an_end_stops_at_its_last_round(room: Room) -> None:
    await room.script(*[f"Part {n}." for n in range(1, 10)])
    root = await room.start()
    ending = await room.end(root)
    assert ending.text.startswith(FAILED)
    assert "used all its 6 rounds" in ending.text
    assert "Reply here to go on." in ending.text
    said = [text for text in await room.texts(root) if text.startswith("Part ")]
    assert said == [f"Part {n}." for n in range(1, 7)]
    last = (await room.stage.model.requests(room.name, kind="turn"))[-1]
    assert "This is round 6 of 6" in said_to(last)


async def test_several_questions_at_once_are_asked_one_by_one(room: Room) -> None:
    both = {"tool_calls": [asks("First?")["tool_calls"][0], asks("Second?")["tool_calls"][0]]}
    await room.script(both, f"Thanks.{DONE}")
    root = await room.start()
    question = await room.until("First?", root)
    await room.ada.reply(question, "Yes.")
    await room.until("Thanks.", root)
    await room.until(COMPLETED, root)
