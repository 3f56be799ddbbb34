"""Bots processes of Discord that are killed: another takes over, what people see goes on, and IDENTIFYs stay few."""

from pathlib import Path

import pytest

from tests.support.discord_room import DiscordRoom
from tests.support.model_control import DONE, asks, said_to
from tests.support.processes import Child
from tests.support.room import COMPLETED, STOPPED, Room, Shown
from tests.support.stage import Stage, bots_process, distributed, embedded
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONNECTED = "discord.connected"
TAKEN_OVER_S = 40.0


async def _waiting(stage: Stage) -> tuple[Room, Shown]:
    """A session that waits for an answer, and its card."""
    room = await stage.room("discord")
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}")
    root = await room.start()
    await room.until("Which colour?", root)
    return room, root


async def _working(stage: Stage) -> tuple[Room, Shown]:
    """A session that works for ever, and its card."""
    room = await stage.room("discord")
    await room.script()
    await room.fault("hang", kind="turn", times=9)
    root = await room.start()
    await room.until_asked(kind="turn")
    return room, root


async def _stopped(room: Room, card: Shown) -> None:
    outcome = await room.press(card, "stop")
    assert outcome.acked, outcome
    await room.until(STOPPED, card)


def _identifies(stage: Stage) -> int:
    return len(stage.discord.entries("gateway.identify"))


async def test_a_standby_takes_over_and_a_crash_loop_stays_within_the_budget(tmp_path: Path) -> None:
    async with distributed(tmp_path, bots=2, workers=1) as stage:
        (waiting, asked), (working, card) = await _waiting(stage), await _working(stage)
        [first] = [child for child in stage.bots if CONNECTED in child.output]
        [standby] = [child for child in stage.bots if child is not first]
        await first.kill()
        await waiting.ben.reply(asked, "Blue, please.")  # nobody is connected
        await waiting.until("Blue it is.", asked, timeout_s=TAKEN_OVER_S)
        await waiting.until(COMPLETED, asked)
        requests = await stage.model.requests(waiting.name, kind="turn")
        assert said_to(requests[-1]).count("Blue, please.") == 1
        await standby.until_prints(CONNECTED, timeout_s=TAKEN_OVER_S)
        await _stopped(working, card)
        assert _identifies(stage) == 2
        async with bots_process(stage.env) as third:
            await standby.kill()
            await third.until_prints("discord.identifies_spent", timeout_s=TAKEN_OVER_S)
            assert third.is_running
        assert _identifies(stage) == 2


async def test_without_the_message_content_intent_people_answer_by_a_form_or_a_mention(tmp_path: Path) -> None:
    async with distributed(tmp_path, bots=1, workers=1) as stage:
        await stage.discord.set(message_content_intent=False)
        async with bots_process(stage.env) as second:
            await second.until_prints("discord.cannot_read_content")
            await _killed_and_replaced(stage.bots[0], second)
            room = await stage.room("discord")
            await room.script(asks("Which colour?"), asks("How large?"), f"Blue and large.{DONE}")
            root = await room.start()
            question = await room.until("Which colour?", root)
            assert "press **Answer**, or reply here and mention me" in question.text
            after = room.chat.position
            await room.ben.reply(question, "Red.")
            await room.told(room.ben, "without being mentioned", after=after)
            assert (await room.press(question, "answer", by=room.ben)).acked
            [form] = await room.ben.modals()
            outcome = await room.ben.submit(form["id"], {"muster:answer": "Blue, please."})
            assert outcome.acked, outcome
            second_question = await room.until("How large?", root)
            await room.ada.reply(second_question, "@muster large")
            await room.until(COMPLETED, root)
            last = (await stage.model.requests(room.name, kind="turn"))[-1]
            assert "Blue, please." in said_to(last)
            assert "large" in said_to(last)
            assert "Red." not in said_to(last)
            assert second.is_running


async def _killed_and_replaced(first: Child, second: Child) -> None:
    await first.kill()
    await second.until_prints(CONNECTED, timeout_s=TAKEN_OVER_S)


async def test_after_kill_and_restart_old_buttons_and_questions_still_work(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stage:
        (waiting, asked), (working, card) = await _waiting(stage), await _working(stage)
        kept = tmp_path / "data" / "simulator" / "discord.jsonl"
        await until(lambda: kept.exists() and "Which colour?" in kept.read_text())  # the simulated Discord's own memory
        await stage.bots[0].kill()
    async with embedded(tmp_path) as stage:
        waiting, working = (DiscordRoom(stage, room.name, room.channel) for room in (waiting, working))
        await _stopped(working, card)
        await stage.model.turn(f"Blue it is.{DONE}", text=waiting.name)
        await waiting.ada.reply(asked, "Blue, please.")
        await waiting.until("Blue it is.", asked)
        await waiting.until(COMPLETED, asked)
