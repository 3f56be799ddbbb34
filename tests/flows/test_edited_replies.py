"""Replies that are edited or deleted: until the team has read one, what it says last is what counts."""

import pytest

from tests.support.model_control import DONE, asks, said_to
from tests.support.room import COMPLETED, Room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]

READ_AS_IT_IS = "reads the message as it is now"


async def test_a_note_that_was_edited_in_time_is_read_as_it_is_then(room: Room) -> None:
    await room.script("First part.", f"Second part.{DONE}")
    await room.fault("slow", kind="turn", delay_s=5.0)
    root = await room.start()
    await room.until_asked(kind="turn", outcome="running")
    note = await room.ben.reply(root, "Mind the budgte.")
    gone = await room.ada.reply(root, "Mind the gap.")
    await room.ben.edit(note, "Mind the budget.")
    await room.ada.delete(gone)
    await room.until(READ_AS_IT_IS, root)
    await room.until("does not read what was deleted", root)
    await room.until(COMPLETED, root)
    [second] = await room.stage.model.requests(room.name, agent="Bea")
    assert "Mind the budget." in said_to(second)
    assert "budgte" not in said_to(second)
    assert "Mind the gap." not in said_to(second)


async def test_who_edits_what_the_team_has_read_is_told_and_nothing_changes(room: Room) -> None:
    await room.script(asks("Which colour?"), "Blue it is.", f"The result is blue.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    answer = await room.ben.reply(question, "Blue, please.")
    await room.until("Blue it is.", root)
    after = room.chat.position
    await room.ben.edit(answer, "Red, please.")
    await room.ben.wait_for_ephemeral("before you changed it", after=after, timeout_s=30)
    await room.ben.delete(answer)
    await room.ben.wait_for_ephemeral("your deleted message said", after=after, timeout_s=30)
    await room.until(COMPLETED, root)
    requests = await room.stage.model.requests(room.name, kind="turn")
    assert not any("Red, please." in said_to(request) for request in requests)
    assert not any(READ_AS_IT_IS in text for text in await room.texts(root))


async def test_an_answer_that_was_edited_before_any_worker_took_it_counts_as_it_is_then(room: Room) -> None:
    if room.stage.workers == room.stage.bots:
        pytest.skip("one process: a worker is always there to take it")
    await room.script(asks("Which colour?"), f"Red it is.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    for worker in room.stage.workers:
        worker.freeze()
    try:
        answer = await room.ben.reply(question, "Blue, please.")
        await room.until_card("Working", root)
        await room.ben.edit(answer, "Red, please.")
        await room.until(READ_AS_IT_IS, root)
    finally:
        for worker in room.stage.workers:
            worker.thaw()
    await room.until(COMPLETED, root)
    [resumed] = [r for r in await room.stage.model.requests(room.name, agent="Ana") if "please." in said_to(r)]
    assert "Red, please." in resumed["body"]["messages"][-1]["content"]
    assert "Blue, please." not in said_to(resumed)
