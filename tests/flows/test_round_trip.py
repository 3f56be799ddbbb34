"""One session all the way, as the people in the channel see it."""

import re

import pytest

from tests.support.room import ASKS, COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_task_becomes_a_team_that_asks_and_uses_the_answer(room: Room) -> None:
    root = await room.start("Compare solar and wind for a small town")
    question = await room.until(ASKS, root)
    assert question.speaker  # an agent's own name
    await room.ada.reply(question, "Mind the noise near the school.")
    await room.until(COMPLETED, root)
    lines = await room.lines(root)
    assert len(set(await room.speakers(root))) >= 3
    assert any(re.search(r"words: \d+", line.text) for line in lines), "the output of Python that really ran"
    assert [line for line in lines if line.pictures], "the plot"
    result = [line for line in lines if line.speaker][-1]
    assert "Mind the noise near the school." in result.text
    assert "scripted demo" in lines[2].text
    await room.until_card("✅ Completed", root)
    after = room.chat.position
    await room.history()
    listed = await room.told(room.ada, "Compare solar and wind", after=after)
    assert "Completed" in listed.text
