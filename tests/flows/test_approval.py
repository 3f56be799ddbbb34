"""Leave for a tool that costs money: a button, pressed by somebody who may, and nothing else."""

import pytest

from tests.support.model_control import DONE, uses
from tests.support.room import COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_only_a_press_of_somebody_who_may_lets_a_costly_tool_run(room: Room) -> None:
    await room.script(
        uses("generate_image", prompt="a red kite"),
        uses("generate_image", prompt="a blue kite"),
        f"There.{DONE}",
        f"A word is no leave.{DONE}",  # the note is read first
    )
    root = await room.start()
    request = await room.until("a red kite", root)
    after = room.chat.position
    await room.press(request, "choice:0", by=room.ben)
    assert room.called["ada"] in (await room.told(room.ben, after=after)).text
    await room.ada.reply(root, "Approve")
    await room.until("Noted", root, after=after)
    await room.press(request, "choice:1")
    await room.until("chose: Deny", root)
    await room.press(await room.until("a blue kite", root, after=after), "choice:0")
    await room.until(COMPLETED, root)
    made = [file["name"] for line in await room.lines(root) for file in (*line.pictures, *line.files)]
    assert made == ["image-1.png"]
    asked = await room.stage.model.requests(wait_s="1", kind="image")
    assert "red" not in str([request["body"] for request in asked if "kite" in str(request["body"])])
