"""Replies that the platform told nobody of: found when the connection comes back, and none of them twice."""

import asyncio

import pytest

from tests.support.model_control import DONE, asks
from tests.support.room import COMPLETED, Room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]

FOUND_WITHIN_S = 90.0


async def unheard(room: Room) -> None:
    """The platform tells of nothing that is said in the room."""
    await room.chat.add_fault("drop_event", target="message", where={"channel": room.channel}, times=None)


async def test_an_answer_that_nobody_was_told_of_is_found_after_a_gap(room: Room) -> None:
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    await unheard(room)
    await room.ben.reply(question, "Blue, please.")
    assert await room.chat.disconnect_sockets() >= 1
    async with asyncio.timeout(FOUND_WITHIN_S):
        await room.until(COMPLETED, root, timeout_s=FOUND_WITHIN_S)


async def test_notes_and_a_follow_up_that_nobody_was_told_of_come_once_and_in_order(room: Room) -> None:
    await room.script(asks("Which colour?"), "Blue it is.", f"Short: blue.{DONE}")
    root = await room.start()
    early = await room.ada.reply(root, "Keep it short.")
    question = await room.until("Which colour?", root)
    await room.ada.reply(early, "Blue, please.")
    await room.until(COMPLETED, root)
    await unheard(room)
    await room.script(f"Twice that.{DONE}", team=("Cleo", "Dan"))
    await room.ada.reply(question, "Now double it.")
    await room.chat.disconnect_sockets()
    await room.until("Twice that.", root, timeout_s=FOUND_WITHIN_S)
    after = room.chat.position
    await room.chat.disconnect_sockets()
    await room.chat.wait_for(
        lambda entry: entry.kind == "api.call" and entry.data["method"] == "conversations.replies",
        after=after,
        timeout_s=FOUND_WITHIN_S,
    )
    texts = await room.texts(root)
    assert sum(text.startswith(COMPLETED) for text in texts) <= 2
    [asked] = await room.stage.model.requests(room.name, agent="Cleo")
    for said in ("Keep it short.", "Blue, please.", "Now double it."):
        assert str(asked["body"]["messages"]).count(said) == 1
