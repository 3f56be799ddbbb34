"""Replies of which Slack told nobody, over the wire."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.session import transcript
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import SlackWorld, slack_world

pytestmark = pytest.mark.slow


async def started(world: SlackWorld, task: str = "count the primes") -> Shown:
    await world.slack.person("ada").command("/agents", task, channel="general")
    return await world.slack.wait_for_message(channel="general", containing=task)


async def asked(world: SlackWorld, root: Shown) -> Shown:
    await world.claim()
    await world.ask("Up to what?")
    return await world.slack.wait_for_message(containing="Up to what?", author="writer")


async def is_(world: SlackWorld, state: State, number: int = 1) -> bool:
    return (await world.session(number)).state is state


async def said(world: SlackWorld, number: int = 1) -> list[str]:
    async with world.uow.read(world.workspace) as work:
        recorded = await work.sessions.events((await world.session(number)).id)
    return [line.text for line in transcript(recorded) if line.human][1:]


async def unheard(world: SlackWorld) -> None:
    """Slack tells of no message any more."""
    await world.slack.add_fault("drop_event", target="message", times=None)
    await world.slack.add_fault("drop_event", target="app_mention", times=None)


async def test_an_answer_that_was_given_while_nobody_listened_is_found_after_a_restart(world: SlackWorld) -> None:
    root = await started(world)
    await asked(world, root)
    await world.stop_bots()
    await world.slack.set(redelivery_s=())
    ben = world.slack.person("ben")
    answer = await ben.reply(root, "a hundret")
    await ben.edit(answer, "a hundred")
    await world.slack.wait_for(lambda entry: entry.kind == "event.lost")
    await world.start_bot("bots-2")
    await until(lambda: is_(world, State.RESUMING))
    assert await said(world) == ["a hundred"]


async def test_a_broken_connection_makes_muster_look_for_what_it_missed(world: SlackWorld) -> None:
    root = await started(world)
    await asked(world, root)
    await unheard(world)
    await world.slack.person("ben").reply(root, "a hundred")
    await world.slack.wait_for(lambda entry: entry.kind == "event.dropped")
    assert await is_(world, State.WAITING)
    await world.slack.disconnect_sockets()
    await until(lambda: is_(world, State.RESUMING), timeout_s=30)


async def test_what_was_heard_already_is_not_heard_again(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    await ada.reply(root, "one")
    note = await ben.reply(root, "twoo")
    gone = await ben.reply(root, "three")
    await until(lambda: heard(world, 3))
    await ben.edit(note, "two")
    await ben.delete(gone)
    await until(lambda: heard(world, 5))
    before = await events(world)
    after = world.slack.position
    world.bot._catch_up.gap()
    await read_again(world, root, after=after)
    await unheard(world)
    await ada.reply(root, "four")
    world.bot._catch_up.gap()
    await until(lambda: heard(world, 6))
    assert (await events(world))[:-1] == before
    assert await said(world) == ["one", "two", "four"]


async def events(world: SlackWorld) -> list[object]:
    async with world.uow.read(world.workspace) as work:
        recorded = await work.sessions.events((await world.session()).id)
    return [r.event for r in recorded if isinstance(r.event, ev.NoteGiven | ev.ReplyChanged)]


async def heard(world: SlackWorld, number: int) -> bool:
    return len(await events(world)) == number


async def read_again(world: SlackWorld, root: Shown, *, after: int) -> None:
    await world.slack.wait_for(
        lambda entry: entry.kind == "api.call" and entry.data["method"] == "conversations.replies", after=after
    )


async def test_an_edit_that_was_missed_is_found_too(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    ben = world.slack.person("ben")
    note = await ben.reply(root, "in Frensh")
    await until(lambda: heard(world, 1))
    await unheard(world)
    await ben.edit(note, "in French")
    world.bot._catch_up.gap()
    await until(lambda: heard(world, 2))
    assert await said(world) == ["in French"]


async def test_a_follow_up_that_was_missed_after_the_end_is_found(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.record(ev.Completed(), move=Move.COMPLETE)
    await world.slack.wait_for_message(channel="general", containing="Completed. Reply here")
    await unheard(world)
    await world.slack.person("ben").reply(root, "once more")
    world.bot._catch_up.gap()
    await world.slack.wait_for_message(channel="general", containing="Going on from where")
    assert await is_(world, State.QUEUED, 2)


async def test_in_other_peoples_threads_only_what_is_said_to_muster_is_found(world: SlackWorld) -> None:
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    begun = await ben.post("general", "We should paint the fence.")
    await ada.reply(begun, "@muster paint it")
    await world.slack.wait_for_message(channel="general", containing="#1")
    await world.claim()
    await unheard(world)
    await ben.reply(begun, "I would not ask a machine.")
    await ada.reply(begun, "@muster status")
    await ada.reply(begun, "@muster blue, please")
    after = world.slack.position
    for _ in range(2):
        world.bot._catch_up.gap()
        await until(lambda: heard(world, 1))
    assert await said(world) == ["blue, please"]
    assert world.slack.entries("ephemeral.posted", after=after) == []


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    async with slack_world(tmp_path) as world:
        yield world


async def test_a_long_thread_is_read_page_by_page(pages: SlackWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.slack.limits.REPLIES_PAGE", 2)
    world = pages
    await world.start_bot()
    root = await started(world)
    await world.claim()
    await unheard(world)
    ada = world.slack.person("ada")
    texts = [f"note {n}" for n in range(5)]
    for text in texts:
        await ada.reply(root, text)
    world.bot._catch_up.gap()
    await until(lambda: heard(world, 5))
    assert await said(world) == texts


async def test_a_denied_or_limited_reading_leaves_muster_at_work(world: SlackWorld) -> None:
    root = await started(world)
    await asked(world, root)
    await unheard(world)
    await world.slack.person("ben").reply(root, "a hundred")
    await world.slack.add_fault("rate_limit", target="conversations.replies", retry_after_s=1, times=2)
    await world.slack.add_fault("server_error", target="conversations.replies", times=1)
    async with asyncio.timeout(30):
        world.bot._catch_up.gap()
        await until(lambda: is_(world, State.RESUMING), timeout_s=30)


async def test_the_gap_of_a_process_that_stands_by_is_read_by_the_one_that_speaks(world: SlackWorld) -> None:
    root = await started(world)
    await asked(world, root)
    standby = await world.start_bot("bots-2")
    await unheard(world)
    await world.slack.person("ben").reply(root, "a hundred")
    await world.slack.wait_for(lambda entry: entry.kind == "event.dropped")
    standby._on_gap()
    await until(lambda: is_(world, State.RESUMING))
