"""What people write in a session's thread: answers, notes, and what comes after the end."""

import asyncio

import pytest

from tests.support.model_control import DONE, asks, said_to
from tests.support.room import COMPLETED, FAILED, STOPPED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_reply_answers_the_question_and_the_next_agent_goes_on(room: Room) -> None:
    await room.script(asks("Which colour?"), "Blue it is.", f"The result is blue.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    await room.until_card("💬 Waiting for you", root)
    await room.ada.reply(question, "Blue, please.")
    await room.until(COMPLETED, root)
    assert await room.speakers(root) == ["Ana", "Ana", "Bea"]
    [resumed] = [r for r in await room.stage.model.requests(room.name, agent="Ana") if "Blue, please." in said_to(r)]
    assert "Which colour?" in str(resumed["body"]["messages"])


async def test_choices_are_shown_with_the_question(room: Room) -> None:
    await room.script(asks("Which size?", choices=["small", "large"]), f"Large.{DONE}")
    root = await room.start()
    question = await room.until("Which size?", root)
    assert "small" in question.text
    assert "large" in question.text
    await room.ada.reply(question, "large")
    await room.until(COMPLETED, root)


@pytest.mark.platforms("slack")
async def test_of_two_replies_the_first_to_come_answers_and_the_other_author_is_told(room: Room) -> None:
    await room.script(asks("Which colour?"), "Green it is.", f"Green.{DONE}", f"Green with a little red.{DONE}")
    await room.fault("slow", agent="Bea", delay_s=4.0)
    root = await room.start()
    question = await room.until("Which colour?", root)
    after = room.chat.position
    await room.chat.add_fault(
        "delay_event", target="message", where={"user": await room.ada.id(), "channel": room.channel}, delay_s=1.0
    )
    await room.ada.reply(question, "Red, please.")
    await room.ben.reply(question, "Green, please.")
    told = await room.told(room.ada, "already answered by", after=after)
    assert room.called["ben"] in told.text
    assert "note" in told.text
    await room.until("Green with a little red.", root)
    await room.until(COMPLETED, root)
    resumed = [r for r in await room.stage.model.requests(room.name, agent="Ana") if "Green, please." in said_to(r)]
    assert "Red, please." not in said_to(resumed[0])


async def test_replies_at_the_same_moment_answer_once(room: Room) -> None:
    await room.script(asks("Which colour?"), "So be it.", *[f"Done so.{DONE}"] * 3)
    root = await room.start()
    question = await room.until("Which colour?", root)
    people = (room.ada, room.ben, room.chloe)
    await asyncio.gather(*(person.reply(question, f"Colour {n}.") for n, person in enumerate(people)))
    await room.until(COMPLETED, root)
    resumed = next(r for r in await room.stage.model.requests(room.name, agent="Ana") if "Colour " in said_to(r))
    answer = resumed["body"]["messages"][-1]
    assert answer["role"] == "tool"
    assert sum(f"Colour {n}." in answer["content"] for n in range(3)) == 1


@pytest.mark.platforms("slack")
async def test_a_reply_written_before_the_question_could_be_read_is_a_note(room: Room) -> None:
    await room.script(asks("Which colour?"), "Blue it is.", f"The result is blue.{DONE}")
    await room.fault("slow", kind="turn", delay_s=1.0)
    where = {"channel": room.channel, "user": await room.ada.id()}
    await room.chat.add_fault("delay_event", target="message", where=where, delay_s=9.0)
    root = await room.start()
    early = await room.ada.reply(root, "Keep it short.")
    question = await room.until("Which colour?", root)
    assert early.ts < question.ts
    assert not any("Noted." in text for text in await room.texts(root)), "Slack's word of the reply came too early"
    await room.until("Noted.", root)
    await room.ada.reply(question, "Blue, please.")
    await room.until(COMPLETED, root)
    [answered] = [r for r in await room.stage.model.requests(room.name, agent="Ana") if "Blue, please." in said_to(r)]
    assert "Keep it short." not in answered["body"]["messages"][-1]["content"]
    [told] = await room.stage.model.requests(room.name, agent="Bea")
    assert "Keep it short." in said_to(told)


async def test_a_note_while_the_team_works_is_acknowledged_and_read_at_the_next_turn(room: Room) -> None:
    await room.script("First part.", f"Second part.{DONE}")
    await room.fault("slow", kind="turn", delay_s=3.0)
    root = await room.start()
    await room.until_asked(kind="turn", outcome="running")
    await room.ben.reply(root, "Mind the budget.")
    await room.until("Noted.", root)
    await room.until(COMPLETED, root)
    [first] = await room.stage.model.requests(room.name, agent="Ana")
    [second] = await room.stage.model.requests(room.name, agent="Bea")
    assert "Mind the budget." not in said_to(first)
    assert "Mind the budget." in said_to(second)


async def test_a_note_at_the_last_moment_keeps_the_team_from_ending(room: Room) -> None:
    await room.script(f"The result.{DONE}", f"The result within the budget.{DONE}")
    await room.fault("slow", kind="turn", delay_s=3.0)
    root = await room.start()
    await room.until_asked(kind="turn", outcome="running")
    await room.ada.reply(root, "Mind the budget.")
    await room.until("within the budget", root)
    await room.until(COMPLETED, root)
    texts = await room.texts(root)
    assert sum(text.startswith(COMPLETED) for text in texts) == 1


async def test_a_reply_after_the_end_goes_on_from_the_old_result(room: Room) -> None:
    await room.script(f"The answer is 4217.{DONE}")
    root = await room.start("Find the number")
    ending = await room.until(COMPLETED, root)
    await room.script(f"Twice that is 8434.{DONE}", team=("Cleo", "Dan"))
    after = room.chat.position
    await room.ben.reply(ending, "Now double it.")
    await room.until("Twice that is 8434.", root)
    await room.until(COMPLETED, root, after=after)
    [asked] = await room.stage.model.requests(room.name, agent="Cleo")
    for said in ("Find the number", "The answer is 4217.", "Now double it."):
        assert said in said_to(asked)
    card = await room.until_card("Now double it.", root)
    assert f"Started by {room.called['ben']}" in card.text


async def test_a_late_reply_after_a_stop_goes_on_too(room: Room) -> None:
    await room.script(asks("Which colour?"))
    root = await room.start()
    await room.until("Which colour?", root)
    await room.ada.reply(root, "stop")
    stopped = await room.until(STOPPED, root)
    await room.script(f"Blue then.{DONE}")
    await room.ada.reply(stopped, "I meant blue.")
    await room.until("Blue then.", root)
    await room.until(COMPLETED, root)


async def test_a_late_reply_after_a_failure_goes_on_too(room: Room) -> None:
    await room.script()
    await room.fault("status", status=401, kind="turn")
    root = await room.start()
    failed = await room.until(FAILED, root)
    await room.stage.model.turn(f"It works now.{DONE}", text=room.name)
    await room.stage.model.team(("Ana", "Bea"), text=room.name)
    await room.ada.reply(failed, "Try again.")
    await room.until("It works now.", root)
    await room.until(COMPLETED, root)


@pytest.mark.platforms("slack")
async def test_a_reply_that_is_also_sent_to_the_channel_answers(room: Room) -> None:
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}")
    root = await room.start()
    await room.until("Which colour?", root)
    await room.ada.post(room.name, "Blue.", thread_ts=root.ts, broadcast=True)
    await room.until("Blue it is.", root)
    await room.until(COMPLETED, root)


async def test_in_other_peoples_thread_only_a_mention_answers(room: Room) -> None:
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}")
    begun = await room.ben.post(room.name, "We should paint the fence.")
    await room.thread_under(begun)
    await room.ada.reply(begun, room.task("@muster paint it"))
    question = await room.until("Which colour?", begun)
    assert "mention me" in question.text
    await room.ben.reply(begun, "I would not ask a machine.")
    await room.ada.reply(begun, "@muster blue, please")
    await room.until("Blue it is.", begun)
    await room.until(COMPLETED, begun)
    [resumed] = [r for r in await room.stage.model.requests(room.name, kind="turn") if "blue, please" in said_to(r)]
    assert "machine" not in said_to(resumed)


async def test_a_mention_in_the_thread_of_a_session_at_work_is_a_note_to_it(room: Room) -> None:
    await room.script("First part.", f"Second part.{DONE}")
    await room.fault("slow", kind="turn", delay_s=3.0)
    root = await room.start()
    await room.until_asked(kind="turn", outcome="running")
    await room.ben.reply(root, "@muster mind the budget")
    await room.until("Noted.", root)
    await room.until(COMPLETED, root)
    assert len(await room.roots()) == 1
    [second] = await room.stage.model.requests(room.name, agent="Bea")
    assert "mind the budget" in said_to(second)
