"""Questions with choices: buttons under them, and the first press counts."""

import pytest

from tests.support.model_control import DONE, asks
from tests.support.room import COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_press_is_the_answer_and_a_second_one_is_told_who_was_first(room: Room) -> None:
    await room.script(asks("Which colour?", choices=["Red", "Blue"]), f"As you like it.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    assert "Red" in question.text
    assert room.button(question, "choice:0")
    after = room.chat.position
    assert (await room.press(question, "choice:1", by=room.ben)).acked
    await room.until("chose: Blue", root)
    await room.until(COMPLETED, root)
    assert any(
        "Blue" in str(request["body"]["messages"][-3:]) for request in await room.stage.model.requests(room.name)
    )
    assert (await room.press(question, "choice:0")).acked
    told = await room.told(room.ada, "already decided", after=after)
    assert room.called["ben"] in told.text
    assert "Blue" in told.text
