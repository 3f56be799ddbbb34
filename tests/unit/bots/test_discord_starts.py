"""How sessions are started on Discord, over the wire: real discord.py, the simulated Discord, real SQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bots.discord.places import direct_workspace
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import WorkspaceId
from simulator.discord.person import DiscordControl, file
from tests.support.waiting import until
from tests.unit.bots.discord_world import DiscordWorld, discord_world

pytestmark = pytest.mark.slow


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordWorld]:
    async with discord_world(tmp_path) as world:
        await world.start_bot()
        yield world


async def is_in(world: DiscordWorld, state: State, number: int = 1, workspace: WorkspaceId | None = None) -> bool:
    return (await world.session(number, workspace)).state is state


async def test_a_command_opens_a_thread_under_a_card(world: DiscordWorld) -> None:
    task = "compare 3 < 5 & *bold* <tag> 日本語 👩‍👩‍👧"
    outcome = await world.discord.person("ada").command("/agents run", channel="general", options={"task": task})
    assert outcome.acked
    root = await world.discord.wait_for_message(channel="general", containing="#1")
    assert "Queued" in root.text
    assert "日本語" in root.text
    assert root.actions == ["muster:stop:1"]
    assert (await world.session()).task == task
    assert "Started" in (await world.discord.person("ada").wait_for_ephemeral("Started")).text
    await world.claim()
    team = await world.discord.wait_for_message(channel="general", containing="The team:")
    assert team.is_reply
    assert team.root_ts == root.ts


async def test_what_is_chosen_reaches_the_session(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    offered = await ada.autocomplete("/agents run", "model", "mini", channel="general", options={"provider": "openai"})
    assert [choice["value"] for choice in offered] == ["gpt-5-mini", "mini"]
    options = {
        "task": "count",
        "provider": "openai",
        "model": "gpt-5-mini",
        "team": "one counter",
        "file": file("numbers.csv", b"1,2\n"),
    }
    await ada.command("/agents run", channel="general", options=options)
    await world.discord.wait_for_message(channel="general", containing="#1")
    session = await world.session()
    assert (session.provider, session.model) == ("openai", "gpt-5-mini")
    given = (await world.events())[0]
    assert isinstance(given, ev.TaskGiven)
    assert given.team == "one counter"
    assert [(kept.name, kept.size_bytes, kept.mime) for kept in given.files] == [("numbers.csv", 4, "text/csv")]


async def test_a_provider_that_is_not_there_is_refused_at_once(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    await ada.command("/agents run", channel="general", options={"task": "count", "provider": "nobody"})
    await ada.wait_for_ephemeral("no provider of that name")
    assert await world.discord.messages("general") == []


async def test_an_event_that_is_sent_again_has_one_effect(world: DiscordWorld) -> None:
    await world.discord.add_fault("duplicate_event", target="MESSAGE_CREATE", copies=3)
    await world.discord.person("ada").post("general", "@muster once only")
    await world.discord.wait_for_message(channel="general", containing="#1")
    await world.started("something else")
    assert len([m for m in await world.discord.messages("general") if "once only" in m.text and m.is_by_app]) == 1


async def test_the_message_command_takes_the_message_as_the_task(world: DiscordWorld) -> None:
    ben = world.discord.person("ben")
    message = await ben.post("general", "the report is late, find out why", files={"log.txt": b"late"})
    outcome = await world.discord.person("ada").shortcut("Run agents on this", on=message)
    assert outcome.acked
    await world.discord.wait_for_message(channel="general", containing="#1")
    session = await world.session()
    assert (session.task, session.starter.name) == ("the report is late, find out why", "Ada Lovelace")
    given = (await world.events())[0]
    assert isinstance(given, ev.TaskGiven)
    assert [kept.name for kept in given.files] == ["log.txt"]


async def test_a_direct_message_starts_and_the_next_one_answers(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    channel = await ada.open_im()
    workspace = direct_workspace(await ada.id())
    await ada.post("@muster", "add up the numbers")
    await world.discord.wait_for_message(channel=channel, containing="#1")
    await world.claim(workspace=workspace)
    await world.ask("Which numbers?", workspace=workspace)
    question = await world.discord.wait_for_message(channel=channel, containing="Which numbers?")
    assert question.channel == channel
    assert "Write your reply here" in question.text
    await ada.post("@muster", "1 and 2")
    await until(lambda: is_in(world, State.RESUMING, workspace=workspace))


async def test_a_thread_of_others_is_worked_in_and_only_mentions_count_there(world: DiscordWorld) -> None:
    ada, ben = world.discord.person("ada"), world.discord.person("ben")
    thread = await ben.create_thread("general", "plans")
    await ada.command("/agents run", channel=thread, options={"task": "help us plan"})
    card = await world.discord.wait_for_message(channel=thread, containing="#1")
    assert card.channel == thread
    await world.claim()
    await world.ask("When?")
    question = await world.discord.wait_for_message(channel=thread, containing="When?")
    assert "mention me" in question.text
    await ben.post(thread, "I would say Monday")
    await ben.answer(question, "Tuesday")
    await until(lambda: is_in(world, State.RESUMING))
    answered = [event.text for event in await world.events() if isinstance(event, ev.QuestionAnswered)]
    assert answered == ["Tuesday"]


async def test_bots_webhooks_and_news_are_not_heard(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    ours = world.simulator.discord.world.bot.id
    base: dict[str, Any] = {
        "id": "9" * 19,
        "channel_id": root.channel,
        "guild_id": world.guild,
        "content": f"<@{ours}> do it",
        "author": {"id": "77", "username": "x", "discriminator": "0", "avatar": None},
        "member": {"roles": [], "joined_at": None, "deaf": False, "mute": False, "flags": 0},
        "timestamp": "2026-11-22T16:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }
    for more in ({"webhook_id": "5"}, {"type": 7}, {"author": {**base["author"], "bot": True}}):
        await world.discord.inject("MESSAGE_CREATE", base | more)
    await world.started("the only other")
    async with world.uow.across() as across:
        rows = await across._connection.exec_driver_sql("SELECT count(*) FROM inbox")
    assert rows.scalar_one() == 2


async def test_a_command_that_cannot_be_kept_is_answered_with_nothing_was_started(world: DiscordWorld) -> None:
    world.uow.broken = True
    ada = world.discord.person("ada")
    outcome = await ada.command("/agents run", channel="general", options={"task": "lost?"})
    assert outcome.acked
    await ada.wait_for_ephemeral("nothing was started")
    assert await world.discord.messages("general") == []


async def test_fifty_commands_in_a_second_are_acknowledged_in_time(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    outcomes = await asyncio.gather(
        *(ada.command("/agents run", channel="general", options={"task": f"task {n}"}) for n in range(50))
    )
    assert all(outcome.acked for outcome in outcomes)


async def test_where_the_app_is_only_a_persons_it_says_how_to_invite_it(world: DiscordWorld) -> None:
    elsewhere = world.simulator.discord.elsewhere
    async with DiscordControl(world.simulator.url, team=elsewhere.id) as discord:
        ada = discord.person("ada")
        await ada.command("/agents run", channel="general", options={"task": "count"})
        refused = await ada.wait_for_ephemeral("Invite me")
        assert "oauth2/authorize" in refused.text
        after = discord.position
        await ada.command("/agents status", channel="general")
        await ada.wait_for_ephemeral("Invite me", after=after)
