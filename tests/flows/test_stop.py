"""Stop, by each way that there is and in each state: the end is seen within ten seconds, and nothing works on."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.model_control import DONE, asks, runs
from tests.support.programs import endless, left_of, running
from tests.support.room import STOPPED, Person, Room, Shown
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN_S = 10.0


async def _by_button(room: Room, root: Shown, who: Person) -> None:
    outcome = await room.press(root, "stop", by=who)
    assert outcome.acked, outcome


async def _by_command(room: Room, root: Shown, who: Person) -> None:
    outcome = await room.command("stop", by=who)
    assert outcome.acked, outcome


async def _by_word(room: Room, root: Shown, who: Person) -> None:
    await who.reply(root, "Stop")


async def _by_mention(room: Room, root: Shown, who: Person) -> None:
    await who.reply(root, "@muster stop")


WAYS = pytest.mark.parametrize("stop", [_by_button, _by_command, _by_word, _by_mention])
Way = Callable[[Room, Shown, Person], Awaitable[None]]


async def _stopped_in_time(room: Room, root: Shown) -> None:
    async with asyncio.timeout(WITHIN_S):
        ending = await room.until(STOPPED, root)
    assert f"Stopped by {room.called['ada']}" in ending.text
    card = await room.until_card(STOPPED, root)
    assert not room.button(card, "stop")
    assert (await room.texts(root))[-1] == ending.text


@WAYS
async def test_a_stop_cancels_the_call_of_a_model_that_hangs(room: Room, stop: Way) -> None:
    await room.script()
    await room.fault("hang", kind="turn", times=9)
    root = await room.start()
    await room.until_asked(kind="turn", outcome="running")
    await stop(room, root, room.ada)
    await _stopped_in_time(room, root)
    await room.until_asked(kind="turn", outcome="cancelled")  # the provider sees it a moment later
    assert await room.stage.model.requests(room.name, outcome="running") == []
    [cancelled] = await room.stage.model.requests(room.name, kind="turn")
    assert cancelled["outcome"] == "cancelled"


async def test_a_stop_while_the_team_is_built_ends_it(room: Room) -> None:
    await room.fault("hang", kind="team", times=9)
    root = await room.start()
    await room.until_asked(kind="team", outcome="running")
    await _by_button(room, root, room.ada)
    await _stopped_in_time(room, root)
    await room.until_asked(kind="team", outcome="cancelled")
    assert await room.stage.model.requests(room.name, outcome="running") == []


async def test_a_stop_kills_python_that_runs(room: Room) -> None:
    workers = [worker.pid for worker in room.stage.workers]
    await room.script(runs(endless(room.name)), f"Never said.{DONE}")
    root = await room.start()
    await room.until("Runs Python", root)
    await until(lambda: len(running(room.name, below=workers)) >= 2, timeout_s=60)
    program = running(room.name, below=workers)
    await _by_button(room, root, room.ada)
    await _stopped_in_time(room, root)
    await until(lambda: not left_of(program) and not running(room.name, below=workers))
    assert not any("Never said." in text for text in await room.texts(root))


@WAYS
async def test_a_stop_while_it_waits_withdraws_the_question(room: Room, stop: Way) -> None:
    await room.script(asks("Which colour?"))
    root = await room.start()
    await room.until("Which colour?", root)
    await stop(room, root, room.ada)
    await _stopped_in_time(room, root)


async def test_a_stop_before_any_worker_took_it_ends_it(room: Room) -> None:
    if room.stage.workers == room.stage.bots:
        pytest.skip("one process: nothing is queued for long; see the tests of the installation with one slot")
    await room.script(f"Never said.{DONE}")
    for worker in room.stage.workers:
        worker.freeze()
    try:
        root = await room.start()
        await room.until_card("🕒 Queued", root)
        await _by_button(room, root, room.ada)
        await _stopped_in_time(room, root)
    finally:
        for worker in room.stage.workers:
            worker.thaw()
    assert await room.stage.model.requests(room.name) == []


@WAYS
async def test_who_did_not_start_it_is_told_who_can_stop_it(room: Room, stop: Way) -> None:
    await room.script(asks("Which colour?"), f"Blue.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    after = room.chat.position
    await stop(room, root, room.ben)
    told = await room.told(room.ben, "can stop it", after=after)
    assert f"Only {room.called['ada']}" in told.text
    await room.ada.reply(question, "Blue.")
    await room.until("✅ Completed", root)


async def test_an_admin_may_stop_what_others_started(room: Room) -> None:
    await room.script(asks("Which colour?"))
    root = await room.start(by=room.ben)
    await room.until("Which colour?", root)
    await _by_button(room, root, room.ada)
    await _stopped_in_time(room, root)


async def test_a_stop_after_the_end_says_that_it_has_ended(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    root = await room.start()
    await room.until("✅ Completed", root)
    after = room.chat.position
    await room.ada.press(root, room.button(root, "stop"), value="1", stale=True)
    await room.told(room.ada, after=after)
    after = room.chat.position
    await _by_command(room, root, room.ada)
    await room.told(room.ada, "Nothing is at work here", after=after)


async def test_a_pressed_button_is_answered_in_private(room: Room) -> None:
    await room.script(asks("Which colour?"))
    root = await room.start()
    await room.until("Which colour?", root)
    after = room.chat.position
    await _by_button(room, root, room.ada)
    told = await room.told(room.ada, "Stopping #", after=after)
    assert "stays in its thread" in told.text
