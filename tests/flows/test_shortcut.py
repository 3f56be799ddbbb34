"""The shortcut on a message: what somebody wrote becomes a team's task, where it was written."""

import pytest

from bots.slack.parse import SHORTCUT_RUN
from tests.support.model_control import DONE, asks
from tests.support.room import COMPLETED, Person, Room, Shown

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]


async def run_agents_on(message: Shown, by: Person) -> str:
    """Start the shortcut and submit the form as it comes; returns the task that it showed."""
    outcome = await by.shortcut(SHORTCUT_RUN, on=message)
    assert outcome.acked, outcome
    [view] = await by.modals()
    [task] = [block["element"]["initial_value"] for block in view["blocks"] if block["block_id"] == "task"]
    assert (await by.submit(view["id"], {})).acked
    return str(task)


async def test_a_message_of_the_channel_becomes_a_task_with_a_thread_of_its_own(room: Room) -> None:
    await room.script(f"It is green again.{DONE}")
    said = await room.ben.post(room.name, room.task("The build is <red> & late"))
    task = await run_agents_on(said, room.ada)
    assert task == room.task("The build is <red> & late")
    root = await room.root()
    assert root.ts != said.ts
    assert "The build is <red> & late" in root.text
    await room.until("It is green again.", root)
    await room.until(COMPLETED, root)


async def test_a_reply_becomes_a_task_that_is_worked_on_in_its_thread(room: Room) -> None:
    await room.script(asks("Which branch?"), f"It is green again.{DONE}")
    begun = await room.ben.post(room.name, "Anybody here?")
    said = await room.ben.reply(begun, room.task("The build is red"))
    await run_agents_on(said, room.ada)
    question = await room.until("Which branch?", begun)
    assert "mention me" in question.text
    await room.ben.reply(begun, "@muster the main one")
    await room.until(COMPLETED, begun)
    assert await room.roots() == []


async def test_a_message_of_musters_own_thread_waits_for_the_session_there(room: Room) -> None:
    await room.script(asks("Which colour?"), f"Blue.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    after = room.chat.position
    await run_agents_on(question, room.ben)
    await room.ben.wait_for_ephemeral("still at work in this thread", after=after, timeout_s=30)
    await room.ada.reply(question, "Blue.")
    await room.until(COMPLETED, root)
