"""What Slack tells twice, or too late to be acknowledged, happens once."""

import asyncio

import pytest

from tests.support.model_control import DONE, asks, said_to
from tests.support.room import COMPLETED, Room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]


async def test_a_reply_that_is_delivered_four_times_answers_once(room: Room) -> None:
    await room.script(asks("Which colour?"), asks("And how large?"), f"Done so.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    where = {"channel": room.channel, "user": await room.ada.id()}
    slack = room.stage.slack
    await slack.add_fault("duplicate_event", target="message", where=where, copies=3, spacing_s=0.4)
    await room.ada.reply(question, "Blue, please.")
    second = await room.until("And how large?", root)
    await _deliveries(room, 4)
    assert not any("Noted." in text for text in await room.texts(root))
    await room.ada.reply(second, "Large.")
    await room.until(COMPLETED, root)
    [first_answer] = [r for r in await room.stage.model.requests(room.name) if "Large." in said_to(r)][:1]
    assert said_to(first_answer).count("Blue, please.") == 1


async def test_a_note_that_is_delivered_four_times_is_noted_once(room: Room) -> None:
    await room.script(f"First part.{DONE}", f"Second part.{DONE}")
    await room.fault("slow", kind="turn", delay_s=3.0)
    root = await room.start()
    await room.until_asked(kind="turn", outcome="running")
    where = {"channel": room.channel, "user": await room.ben.id()}
    slack = room.stage.slack
    await slack.add_fault("duplicate_event", target="message", where=where, copies=3, same_envelope=True)
    await room.ben.reply(root, "Mind the budget.")
    await room.until(COMPLETED, root)
    assert sum("Noted." in text for text in await room.texts(root)) == 1


async def test_an_event_that_is_never_acknowledged_in_time_has_one_effect(room: Room) -> None:
    await room.script(f"First part.{DONE}", f"Second part.{DONE}")
    slack = room.stage.slack
    await slack.set(ack_timeout_s=0.0005, redelivery_s=(0.3, 0.6))
    try:
        await room.ada.post(room.name, room.task("@muster do it"))
        root = await room.root()
        await room.until(COMPLETED, root)
        await slack.wait_for(lambda entry: entry.kind == "event.lost", timeout_s=30)
    finally:
        await slack.set(ack_timeout_s=3.0, redelivery_s=(0.0, 60.0, 300.0))
    assert len(await room.roots()) == 1
    assert sum(text.startswith(COMPLETED) for text in await room.texts(root)) == 1
    assert len(await room.stage.model.requests(room.name, kind="team")) == 1


async def test_a_mention_which_slack_tells_by_two_events_starts_one_session(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    after = room.stage.slack.position
    await room.ada.post(room.name, room.task("@muster do it"))
    await room.until(COMPLETED, await room.root())
    kinds = {
        entry.data["event_type"]
        for entry in room.stage.slack.entries("envelope.acked", after=after)
        if entry.data.get("event_type")
    }
    assert {"message", "app_mention"} <= kinds
    assert len(await room.roots()) == 1
    assert len(await room.stage.model.requests(room.name, kind="team")) == 1


async def test_a_command_that_is_submitted_twice_starts_one_session(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    after = room.stage.slack.position
    task = room.task("Count to three")
    outcomes = await asyncio.gather(room.command(task), room.command(task))
    assert all(outcome.acked for outcome in outcomes)
    await room.ada.wait_for_ephemeral("You have just started this", after=after, timeout_s=30)
    await room.until(COMPLETED, await room.root())
    assert len(await room.roots()) == 1


async def test_the_same_task_of_two_people_starts_two_sessions(room: Room) -> None:
    for _ in range(2):
        await room.script(f"Done so.{DONE}")
    task = room.task("Count to three")
    await asyncio.gather(room.command(task), room.command(task, by=room.ben))
    await room.stage.slack.until(lambda: _two_roots(room), timeout_s=30)
    for root in await room.roots():
        await room.until(COMPLETED, root)


async def _two_roots(room: Room) -> bool:
    return len(await room.roots()) == 2


async def _deliveries(room: Room, number: int) -> None:
    """Wait until one message event of the room has been acknowledged *number* times."""
    slack = room.stage.slack

    async def delivered() -> bool:
        events = [
            entry.data["event_id"]
            for entry in slack.entries("envelope.acked")
            if entry.data.get("event_type") == "message"
        ]
        return any(events.count(event) >= number for event in set(events))

    await slack.until(delivered, timeout_s=30)
