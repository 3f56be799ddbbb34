"""What people give as a task on Discord, by each way that it has, and what they are told where that cannot be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bots.discord.called import RUN_ON_MESSAGE
from bots.discord.parse import STOP_SIGN
from simulator.discord.person import DiscordControl, file
from tests.support.discord_room import DiscordRoom
from tests.support.model_control import DONE, asks, runs, said_to
from tests.support.room import COMPLETED, STOPPED, Person, Room, Shown

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("discord")]

PYTHON_S = 90.0
ACK_MS = 3_000
FILE_BYTES = 10 * 1024 * 1024


def _control(room: Room) -> DiscordControl:
    assert isinstance(room, DiscordRoom)
    return room.stage.discord


async def _run(room: Room, *, by: Person | None = None, channel: str = "", thread: str = "", **options: object) -> None:
    where = {"channel": channel or room.name} | ({"thread_ts": thread} if thread else {})
    outcome = await (by or room.ada).command("/agents run", options=options, **where)
    assert outcome.acked, outcome
    assert outcome.latency_ms < ACK_MS


# --- by which way


@pytest.mark.parametrize("characters", [4_000, 6_000])
async def test_an_option_as_long_as_discord_allows_reaches_the_team_whole(room: Room, characters: int) -> None:
    await room.script(f"Read.{DONE}")
    task = room.task("é" * 1_000 + " x" * 1_000)
    task += "y" * (characters - len(task))
    await _run(room, task=task)
    root = await room.root()
    await room.until(COMPLETED, root)
    [asked] = await room.stage.model.requests(room.name, kind="team")
    assert task in said_to(asked)
    assert len(root.text) < 4_096


async def test_what_is_offered_while_typing_is_what_the_team_then_works_with(room: Room) -> None:
    where = {"channel": room.name}
    [provider, *_] = await room.ada.autocomplete("/agents run", "provider", "", **where)
    chosen = {"provider": provider["value"]}
    models = await room.ada.autocomplete("/agents run", "model", "demo", options=chosen, **where)
    assert models[0]["value"] == "demo"
    typed = await room.ada.autocomplete("/agents run", "model", "demo-small", options=chosen, **where)
    assert "demo-small" in [choice["value"] for choice in typed]
    await room.script(f"Twelve.{DONE}")
    await _run(room, task=room.task("Count"), **chosen, model="demo-small", team="a shepherd, a critic")
    root = await room.root()
    await room.until(COMPLETED, root)
    await room.until_card("demo\\-small", root)
    requests = await room.stage.model.requests(room.name)
    assert {request["body"]["model"] for request in requests} == {"demo-small"}
    [build] = [request for request in requests if request["kind"] == "team"]
    assert "a shepherd, a critic" in str(build["body"]["messages"])


async def test_a_provider_that_is_not_there_is_named_with_those_that_are(room: Room) -> None:
    after = room.chat.position
    await _run(room, task=room.task("Count"), provider="nowhere")
    await room.told(room.ada, "You can choose", after=after)
    assert await room.roots() == []


async def test_a_message_becomes_a_task_with_a_thread_of_its_own(room: Room) -> None:
    await room.script(f"It is green again.{DONE}")
    said = await room.ben.post(room.name, room.task("The build is <red> & late"))
    outcome = await room.ada.shortcut(RUN_ON_MESSAGE, on=said)
    assert outcome.acked, outcome
    root = await room.root()
    assert root.ts != said.ts
    assert "The build is <red> & late" in root.text.replace("\\", "")
    await room.until("It is green again.", root)
    await room.until(COMPLETED, root)


async def test_a_reply_among_people_becomes_a_task_that_is_worked_on_there(room: Room) -> None:
    await room.script(asks("Which branch?"), f"It is green again.{DONE}")
    begun = await room.ben.post(room.name, "Anybody here?")
    await room.thread_under(begun)
    said = await room.ben.reply(begun, room.task("The build is red"))
    assert (await room.ada.shortcut(RUN_ON_MESSAGE, on=said)).acked
    question = await room.until("Which branch?", begun)
    assert "mention me" in question.text
    await room.ben.reply(begun, "@muster the main one")
    await room.until(COMPLETED, begun)
    assert await room.roots() == []


async def test_a_message_without_words_is_no_task(room: Room) -> None:
    said = await room.ben.post(room.name, files={"picture.txt": b"blue"})
    after = room.chat.position
    await room.ada.shortcut(RUN_ON_MESSAGE, on=said)
    await room.told(room.ada, "no words that could be a task", after=after)
    assert await room.roots() == []


async def test_a_command_inside_a_thread_works_in_that_thread(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    begun = await room.ben.post(room.name, "Has anybody looked at the numbers?")
    await room.thread_under(begun)
    await _run(room, thread=begun.ts, task=room.task("Look at the numbers"))
    await room.until("Done so.", begun)
    await room.until(COMPLETED, begun)
    assert await room.roots() == []
    after = room.chat.position
    await room.ada.command("/agents status", channel=room.name, thread_ts=begun.ts)
    await room.told(room.ada, "Nothing is at work", after=after)


async def test_direct_messages_are_a_thread_in_themselves(room: Room) -> None:
    chloe, channel = room.chloe, await room.chloe.open_im()
    await room.script(asks("Which colour?"))
    after = room.chat.position
    await _run(room, by=chloe, channel=channel, task=room.task("Do it in private"))
    card = await _said(room, "Do it in private", channel, after)
    question = await _said(room, "Which colour?", channel, after)
    assert "Write your reply here" in question.text
    assert (await chloe.press(card, room.button(card, "stop"))).acked
    await _said(room, STOPPED, channel, after)
    await room.script(f"Blue it is.{DONE}")
    await chloe.post(channel, room.task("Blue, please."))
    await _said(room, "Blue it is.", channel, after)
    after = room.chat.position
    await chloe.command("/history", channel=channel, options={"query": room.name})
    await room.told(chloe, "Do it in private", after=after)


async def _said(room: Room, text: str, channel: str, after: int) -> Shown:
    return await room.chat.wait_for_message(containing=text, channel=channel, after=after, timeout_s=40)


# --- files


@pytest.mark.parametrize("way", ["option", "mention", "message command"])
async def test_a_file_reaches_the_workspace_of_the_team(room: Room, way: str) -> None:
    await room.script(runs("print(sum(int(line) for line in open('numbers.txt')))"), f"Read.{DONE}")
    content = b"".join(b"%d\n" % n for n in range(1_000))
    if way == "option":
        await _run(room, task=room.task("Add them up"), file=file("numbers.txt", content))
    elif way == "mention":
        await room.ada.post(room.name, room.task("@muster add them up"), files={"numbers.txt": content})
    else:
        said = await room.ben.post(room.name, room.task("Who adds them up?"), files={"numbers.txt": content})
        assert (await room.ada.shortcut(RUN_ON_MESSAGE, on=said)).acked
    root = await room.root()
    await room.until("499500", root, timeout_s=PYTHON_S)
    await room.until(COMPLETED, root)


async def test_a_file_at_the_limit_is_taken(room: Room) -> None:
    await room.script(runs("print('bytes:', len(open('large.bin', 'rb').read()))"), f"Read.{DONE}")
    await room.ada.post(room.name, room.task("@muster measure it"), files={"large.bin": b"x" * FILE_BYTES})
    root = await room.root()
    await room.until(f"bytes: {FILE_BYTES}", root, timeout_s=PYTHON_S)
    await room.until(COMPLETED, root)


# --- where it cannot be


@pytest.mark.parametrize(
    ("permission", "words"),
    [("CREATE_PUBLIC_THREADS", "Create Public Threads"), ("SEND_MESSAGES_IN_THREADS", "Send Messages in Threads")],
)
async def test_without_a_permission_it_says_which_and_starts_nothing(room: Room, permission: str, words: str) -> None:
    await _control(room).set_permissions(room.channel, "muster", deny=[permission])
    for do in (
        lambda: _run(room, task=room.task("Do it")),
        lambda: room.ada.post(room.name, room.task("@muster do it")),
    ):
        after = room.chat.position
        await do()
        told = await room.told(room.ada, words, after=after)
        assert "I lack permissions" in told.text
    assert await room.roots() == []


async def test_in_a_channel_that_it_cannot_see_it_says_so(room: Room) -> None:
    await _control(room).set_permissions(room.channel, "muster", deny=["VIEW_CHANNEL"])
    after = room.chat.position
    await _run(room, task=room.task("Do it"))
    await room.told(room.ada, "View Channel", after=after)


async def test_in_a_locked_thread_it_says_so(room: Room) -> None:
    begun = await room.ben.post(room.name, "Has anybody looked at the numbers?")
    await room.thread_under(begun)
    await room.ada.change_thread(begun.ts, locked=True)
    after = room.chat.position
    await _run(room, thread=begun.ts, task=room.task("Look at the numbers"))
    await room.told(room.ada, "This thread is locked", after=after)


async def test_in_a_server_without_the_bot_it_says_how_to_invite_it(room: Room) -> None:
    teams = (await room.chat.state())["teams"]
    [elsewhere] = [team["id"] for team in teams if team["name"] == "Elsewhere"]
    async with DiscordControl(room.stage.url, team=elsewhere) as control:
        ada = control.person("ada")
        after = room.chat.position
        outcome = await ada.command("/agents run", channel="general", options={"task": room.task("Do it")})
        assert outcome.acked, outcome
        assert outcome.latency_ms is not None
        assert outcome.latency_ms < ACK_MS
        told = await room.told(room.ada, "I am not a member here", after=after)
    assert "https://discord.com/oauth2/authorize?client_id=" in told.text
    assert "permissions=" in told.text
    assert await room.stage.model.requests(room.name) == []


async def test_while_the_database_takes_nothing_a_person_is_told_in_time_that_nothing_was_started(room: Room) -> None:
    after = room.chat.position
    async with _nobody_writes(room.stage.database_url):
        outcome = await room.command(room.task("Do it"))
        assert outcome.acked, outcome
        assert outcome.latency_ms is not None
        assert outcome.latency_ms < ACK_MS
        told = await room.told(room.ada, after=after)
    assert "nothing was started" in told.text
    await room.script(f"Done so.{DONE}")
    root = await room.start("Do it again")
    await room.until(COMPLETED, root)
    assert len(await room.roots()) == 1


@asynccontextmanager
async def _nobody_writes(database_url: str) -> AsyncIterator[None]:
    """Hold what the inbox needs to be written to."""
    engine = create_async_engine(database_url)
    lock = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text(lock))
            yield
            await connection.rollback()
    finally:
        await engine.dispose()


# --- stop, and who may


async def test_only_who_started_it_or_manages_the_server_stops_it(room: Room) -> None:
    await room.script(asks("Which colour?"))
    await _run(room, by=room.ben, task=room.task("Paint the fence"))
    root = await room.root()
    question = await room.until("Which colour?", root)
    gus = room.person("gus")
    for stop in (
        lambda: room.press(root, "stop", by=gus),
        lambda: gus.react(question, STOP_SIGN),
        lambda: room.command("stop", by=gus),
        lambda: gus.reply(root, "stop"),
    ):
        after = room.chat.position
        await stop()
        told = await room.told(gus, after=after)
        assert f"Only {room.called['ben']}" in told.text or "Nothing of yours" in told.text, told.text
    assert not any(STOPPED in text for text in await room.texts(root))
    await room.press(root, "stop", by=room.ada)
    ending = await room.until(STOPPED, root)
    assert f"Stopped by {room.called['ada']}" in ending.text
