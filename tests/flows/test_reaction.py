"""A 🛑 on what Muster posted stops the session, by who may stop it in the other ways too."""

import asyncio

import pytest

from tests.support.model_control import DONE, asks
from tests.support.room import COMPLETED, STOPPED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN_S = 10.0


@pytest.mark.parametrize("on", ["card", "agent"])
async def test_a_stop_sign_on_any_of_its_posts_stops_a_session_at_work(room: Room, on: str) -> None:
    await room.script()
    await room.fault("hang", kind="turn", times=9)
    root = await room.start()
    await room.until_asked(kind="turn")
    marked = root if on == "card" else await room.until("The team:", root)
    await room.ada.react(marked, room.stop_sign)
    async with asyncio.timeout(WITHIN_S):
        ending = await room.until(STOPPED, root)
    assert f"Stopped by {room.called['ada']}" in ending.text


async def test_a_stop_sign_withdraws_the_question_that_it_is_put_on(room: Room) -> None:
    await room.script(asks("Which colour?"))
    root = await room.start()
    question = await room.until("Which colour?", root)
    await room.ada.react(question, room.stop_sign)
    async with asyncio.timeout(WITHIN_S):
        await room.until(STOPPED, root)


async def test_a_stop_sign_of_somebody_else_is_answered_in_private(room: Room) -> None:
    await room.script(asks("Which colour?"), f"Blue.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    after = room.chat.position
    await room.ben.react(question, room.stop_sign)
    told = await room.told(room.ben, "can stop it", after=after)
    assert f"Only {room.called['ada']}" in told.text
    await room.ada.reply(question, "Blue.")
    await room.until(COMPLETED, root)
