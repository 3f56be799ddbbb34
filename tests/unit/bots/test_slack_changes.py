"""Replies that people edit and delete, over the wire."""

from typing import Any

import pytest

from bots.slack import parse
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.session import transcript
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import SlackWorld

CHANGE: dict[str, Any] = {
    "type": "message",
    "subtype": "message_changed",
    "channel": "C1",
    "ts": "1700000009.000100",
    "message": {
        "user": "U1", "text": "now", "ts": "1700000002.000100", "thread_ts": "1700000001.000100",
        "parent_user_id": "UBOT", "edited": {"user": "U1", "ts": "1700000009.000000"},
    },
    "previous_message": {"user": "U1", "text": "before", "ts": "1700000002.000100"},
}  # fmt: skip


def with_message(**more: Any) -> dict[str, Any]:
    return CHANGE | {"message": CHANGE["message"] | more}


def test_an_edited_reply_is_read_with_what_it_says_now() -> None:
    change = parse.changed(CHANGE, "UBOT")
    assert change is not None
    assert (change.ts, change.thread, change.text, change.at) == (
        "1700000002.000100", "1700000001.000100", "now", "1700000009.000000",
    )  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        with_message(text="before"),  # a preview was added
        with_message(edited=None),
        with_message(thread_ts=None),  # a message of the channel
        with_message(thread_ts="1700000002.000100"),  # the root: its thread has grown
        with_message(bot_id="B1"),
        with_message(user="UBOT"),
        with_message(parent_user_id="U7"),  # other people's thread
        with_message(subtype="tombstone"),
        CHANGE | {"subtype": None},
    ],
)
def test_what_is_no_edit_of_a_persons_reply_is_left_alone(event: dict[str, Any]) -> None:
    assert parse.changed(event, "UBOT") is None


def test_in_other_peoples_threads_a_mention_makes_the_difference() -> None:
    assert parse.changed(with_message(parent_user_id="U7", text="<@UBOT> now"), "UBOT") is not None


async def started(world: SlackWorld) -> Shown:
    await world.slack.person("ada").command("/agents", "count the primes", channel="general")
    return await world.slack.wait_for_message(channel="general", containing="count the primes")


async def said(world: SlackWorld) -> list[str]:
    async with world.uow.read(world.workspace) as work:
        recorded = await work.sessions.events((await world.session()).id)
    return [line.text for line in transcript(recorded) if line.human][1:]


async def says(world: SlackWorld, *texts: str) -> None:
    async def so() -> bool:
        return await said(world) == list(texts)

    await until(so)


@pytest.mark.slow
async def test_a_note_reaches_the_team_as_it_was_edited_and_not_when_it_was_deleted(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    ben = world.slack.person("ben")
    note = await ben.reply(root, "in Frensh &amp; short")
    other = await ben.reply(root, "quickly")
    await says(world, "in Frensh &amp; short", "quickly")
    await ben.edit(note, "in French & <short>")
    await says(world, "in French & <short>", "quickly")
    await ben.delete(other)
    await says(world, "in French & <short>")
    await world.slack.wait_for_message(channel="general", containing="reads the message as it is now")
    await world.slack.wait_for_message(channel="general", containing="does not read what was deleted")


@pytest.mark.slow
async def test_who_edits_what_was_read_is_told_in_private(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.ask("Up to what?")
    await world.slack.wait_for_message(containing="Up to what?", author="writer")
    ben = world.slack.person("ben")
    answer = await ben.reply(root, "a hundred")

    async def answered() -> bool:
        return (await world.session()).state is State.RESUMING

    await until(answered)
    await ben.edit(answer, "a thousand")
    await says(world, "a thousand")
    await world.go_on()
    await ben.edit(answer, "a million")
    told = await ben.wait_for_ephemeral("before you changed it")
    assert told.root_ts == root.ts
    await ben.delete(answer)
    await ben.wait_for_ephemeral("your deleted message said")
    assert await said(world) == ["a thousand"]


@pytest.mark.slow
async def test_an_edit_that_is_told_again_and_again_has_one_effect(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    ada = world.slack.person("ada")
    note = await ada.reply(root, "one")
    await says(world, "one")
    where = {"subtype": "message_changed"}
    await world.slack.add_fault("duplicate_event", target="message", where=where, copies=3, times=9)
    await ada.edit(note, "two")
    await says(world, "two")
    await ada.edit(note, "three")
    await says(world, "three")
    async with world.uow.read(world.workspace) as work:
        recorded = await work.sessions.events((await world.session()).id)
    assert sum(isinstance(record.event, ev.ReplyChanged) for record in recorded) == 2
