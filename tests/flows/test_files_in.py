"""Files that people attach: from their message into the team's folder."""

import pytest

from tests.support.model_control import DONE, asks, runs
from tests.support.room import ASKS, COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

PYTHON_S = 90.0
"""The first program on a machine waits for its packages to be compiled."""


async def test_files_of_a_task_and_of_an_answer_are_in_the_teams_folder(room: Room) -> None:
    await room.script(
        runs("print(open('sheep.csv').read())"),
        asks("And the goats?"),
        runs("print(open('goats.csv').read())"),
        f"Seventeen.{DONE}",
    )
    after = room.chat.position
    task = room.task("@muster count the sheep and the goats")
    await room.ada.post(room.channel, task, files={"sheep.csv": b"sheep,12"})
    root = await room.root(after=after)
    await room.until("sheep,12", root, timeout_s=PYTHON_S)
    await room.until(ASKS, root)
    await room.ben.reply(root, files={"goats.csv": b"goats,5"})
    await room.until("goats,5", root, timeout_s=PYTHON_S)
    await room.until(COMPLETED, root)
    told = [request for request in await room.stage.model.requests(room.name) if "goats.csv" in str(request["body"])]
    assert told  # the team hears which files have come
