"""Slack refuses, fails and hangs up while a thread is posted: it is complete, in order, and nothing is doubled."""

import pytest

from tests.support.model_control import DONE, asks
from tests.support.room import COMPLETED, Room, Shown

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]

STORY = ["Chapter one.", "Chapter two.", "Chapter three."]


async def _told(room: Room, root: Shown) -> None:
    """The whole story stands in the thread, once, in order, and nothing comes after its end."""
    ending = await room.end(root)
    assert ending.text.startswith(COMPLETED)
    texts = await room.texts(root)
    assert texts[0].startswith("The team: ")
    assert texts[1:-1] == STORY
    assert texts[-1] == ending.text
    await room.until_card(COMPLETED, root)


async def _tell(room: Room) -> Shown:
    await room.script(*STORY[:-1], STORY[-1] + DONE)
    return await room.start()


async def test_a_thread_is_whole_after_slack_limited_its_posts(room: Room) -> None:
    where = {"channel": room.channel}
    await room.stage.slack.add_fault(
        "rate_limit", target="chat.postMessage", where=where, times=3, retry_after_s=1, probability=0.6
    )
    await _told(room, await _tell(room))


async def test_slack_is_left_alone_for_as_long_as_it_asks(room: Room) -> None:
    where = {"channel": room.channel, "username": "Bea"}
    slack = room.stage.slack
    await slack.add_fault("rate_limit", target="chat.postMessage", where=where, times=1, retry_after_s=3)
    root = await _tell(room)
    limited = await slack.wait_for(lambda entry: _status(entry.data) == 429, timeout_s=40)
    await _told(room, root)
    posts = [entry for entry in slack.entries("api.call", after=limited.id) if _method(entry.data)]
    assert posts[0].at - limited.at >= 3.0


@pytest.mark.parametrize("kind", ["server_error", "lose_request", "lose_reply"])
async def test_a_thread_is_whole_after_posts_without_an_answer(room: Room, kind: str) -> None:
    where = {"channel": room.channel, "username": "Bea"}
    await room.stage.slack.add_fault(kind, target="chat.postMessage", where=where, times=1)
    await _told(room, await _tell(room))


async def test_a_thread_is_whole_after_the_root_lost_its_reply(room: Room) -> None:
    where = {"channel": room.channel}
    await room.stage.slack.add_fault("lose_reply", target="chat.postMessage", where=where, times=1)
    await _told(room, await _tell(room))
    assert len(await room.roots()) == 1


async def test_a_thread_is_whole_after_every_third_answer_was_lost(room: Room) -> None:
    where = {"channel": room.channel}
    await room.stage.slack.add_fault("lose_reply", target="chat.postMessage", where=where, times=None, probability=0.34)
    await _told(room, await _tell(room))


async def test_a_card_that_slack_would_not_edit_is_right_in_the_end(room: Room) -> None:
    where = {"channel": room.channel}
    for kind in ("server_error", "rate_limit", "lose_reply"):
        await room.stage.slack.add_fault(kind, target="chat.update", where=where, times=1)
    await _told(room, await _tell(room))


async def test_a_question_whose_post_lost_its_reply_can_be_answered_at_once(room: Room) -> None:
    where = {"channel": room.channel, "username": "Ana"}
    await room.stage.slack.add_fault("lose_reply", target="chat.postMessage", where=where, times=1)
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    await room.ada.reply(question, "Blue.")
    await room.until("Blue it is.", root)
    await room.end(root)
    texts = await room.texts(root)
    assert sum("Which colour?" in text for text in texts) == 1
    assert not any("Noted." in text for text in texts)


async def test_a_dropped_socket_loses_no_reply(room: Room) -> None:
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    slack = room.stage.slack
    await slack.set(redelivery_s=(0.5, 1.0, 2.0, 4.0, 8.0))
    try:
        await slack.disconnect_sockets()
        await room.ada.reply(question, "Blue.")
        await room.until("Blue it is.", root)
    finally:
        await slack.set(redelivery_s=(0.0, 60.0, 300.0))


def _status(data: dict[str, object]) -> object:
    return data.get("status")


def _method(data: dict[str, object]) -> bool:
    return data.get("method") == "chat.postMessage" and data.get("status") == 200
