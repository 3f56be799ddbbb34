"""What people give as a task, where they give it, and who may."""

import pytest

from simulator.slack.person import RefusedError
from tests.support.model_control import DONE, said_to
from tests.support.room import COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPTS = (
    "احسب مجموع الأعداد من واحد إلى عشرة",
    "请计算一到十的总和",
    "Посчитай сумму 👩‍👩‍👧‍👦 и 🇺🇦 флаг ✅",
    "ひらがな ①② ﷽ Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚",
)


@pytest.mark.parametrize("words", SCRIPTS)
async def test_a_task_reaches_the_team_in_any_script(room: Room, words: str) -> None:
    await room.script(f"{words}{DONE}")
    root = await room.start(words)
    await room.until(COMPLETED, root)
    [asked] = await room.stage.model.requests(room.name, kind="team")
    assert words in said_to(asked)
    assert words in root.text
    assert words in await room.texts(root)


async def test_a_task_may_have_one_character(room: Room) -> None:
    outcome = await room.command("?")
    assert outcome.acked
    thread = await room.root()
    await room.until("The team: ", thread)
    await room.ada.reply(thread, "stop")
    await room.end(thread)


@pytest.mark.platforms("slack")
async def test_a_task_may_have_ten_thousand_characters(room: Room) -> None:
    await room.script(f"Read.{DONE}")
    task = room.task("x" * 9_000 + "é" * 980)
    task += "y" * (10_000 - len(task))
    root = await room.start(task)
    await room.until(COMPLETED, root)
    [asked] = await room.stage.model.requests(room.name, kind="team")
    assert task in said_to(asked)


@pytest.mark.platforms("slack")
async def test_a_longer_task_is_refused_with_its_length(room: Room) -> None:
    after = room.chat.position
    outcome = await room.command("x" * 10_001)
    assert outcome.acked
    told = await room.told(room.ada, "10,001", after=after)
    assert "10,000 characters at most" in told.text
    assert await room.roots() == []


@pytest.mark.parametrize("text", ["help", "HELP"])
async def test_help_is_told_in_private(room: Room, text: str) -> None:
    after = room.chat.position
    await room.command(text)
    told = await room.told(room.ada, room.how_to_start, after=after)
    assert "/history" in told.text
    assert await room.roots() == []


async def test_a_mention_without_a_task_opens_help(room: Room) -> None:
    after = room.chat.position
    await room.ada.post(room.name, "@muster")
    await room.told(room.ada, room.how_to_start, after=after)
    assert await room.roots() == []


async def test_code_and_escapes_reach_the_team_as_they_were_typed(room: Room) -> None:
    words = "Explain\n```python\nif a < b and b > c:\n    print('&lt; & <tag>')\n```\nplease"
    await room.script(f"Here:\n\n```python\nif a < b and b > c: print('&lt;')\n```{DONE}")
    root = await room.start(words)
    await room.until(COMPLETED, root)
    [asked] = await room.stage.model.requests(room.name, kind="team")
    assert words in said_to(asked)
    said = (await room.said_by("Ana", root))[0]
    assert "if a < b and b > c: print('&lt;')" in said.text


async def test_nothing_in_a_task_or_an_answer_mentions_anybody(room: Room) -> None:
    ben = await room.ben.id()
    loud = f"<!channel> <!here> @channel @everyone <@{ben}> <!subteam^S1>"
    await room.script(f"{loud}{DONE}")
    after = room.chat.position
    root = await room.start(f"Tell @channel and @ben <{loud}>")
    await room.until(COMPLETED, root)
    said = [
        entry
        for entry in room.chat.entries("message.posted", "message.changed", after=after)
        if room.chat.shown(entry).is_by_app
    ]
    assert len(said) >= 4
    assert [entry.data["notifies"] for entry in said if entry.data["notifies"]] == []


async def test_a_person_mentioned_in_a_task_is_named(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    await room.ada.post(room.name, room.task("@muster write to @ben about #general"))
    root = await room.root()
    await room.until(COMPLETED, root)
    [asked] = await room.stage.model.requests(room.name, kind="team")
    assert f"write to @{room.called['ben']} about #general" in said_to(asked)


async def test_a_mention_in_other_peoples_thread_starts_a_session_there(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    begun = await room.ben.post(room.name, "Has anybody looked at the numbers?")
    await room.thread_under(begun)
    await room.ada.reply(begun, "Not yet.")
    await room.ada.reply(begun, room.task("@muster look at the numbers"))
    await room.until("Done so.", begun)
    await room.until(COMPLETED, begun)
    assert await room.roots() == []
    before = len(await room.texts(begun))
    await room.ben.reply(begun, "Thanks, all.")  # people talk on among themselves
    await room.script(f"Looked again.{DONE}")
    await room.ben.reply(begun, "@muster look again")
    await room.until("Looked again.", begun)
    texts = await room.texts(begun)
    assert not any("Thanks, all." in text for text in texts[before:])


async def test_a_direct_message_starts_a_session_and_a_reply_there_goes_on(room: Room) -> None:
    await room.script(f"Done in private.{DONE}")
    channel = await room.chloe.open_im()
    after = room.chat.position
    await room.chloe.post(channel, room.task("Do it in private"))
    said = await room.chat.wait_for_message(containing="Done in private.", channel=channel, after=after, timeout_s=40)
    await room.script(f"Gone on in private.{DONE}")
    await room.chloe.reply(said, "Go on.")
    await room.chat.wait_for_message(containing="Gone on in private.", channel=channel, after=after, timeout_s=40)


@pytest.mark.platforms("slack")
async def test_in_a_private_channel_without_muster_it_asks_to_be_invited(room: Room) -> None:
    private = await room.stage.room(room.platform, private=True, members=("ben",))
    after = room.chat.position
    outcome = await private.command(private.task("Do it"))
    assert outcome.acked
    await private.ada.wait_for_ephemeral("/invite @Muster", after=after, timeout_s=30)
    await private.ada.invite(private.channel, "muster")


@pytest.mark.platforms("slack")
async def test_in_a_public_channel_without_muster_it_joins(room: Room) -> None:
    other = await room.stage.room(room.platform, members=("ben",))
    await other.script(f"Done so.{DONE}")
    root = await other.start()
    await other.until(COMPLETED, root)


@pytest.mark.platforms("slack")
async def test_a_guest_is_refused_everywhere(room: Room) -> None:
    gus = room.person("gus")
    await room.ada.invite(room.channel, "gus")
    for do in (
        lambda: room.command(room.task("Do it"), by=gus),
        lambda: gus.post(room.name, room.task("@muster do it")),
    ):
        after = room.chat.position
        await do()
        await gus.wait_for_ephemeral("Only full members", after=after, timeout_s=30)
    assert await room.roots() == []


@pytest.mark.platforms("slack")
async def test_what_bots_and_slack_itself_write_starts_nothing(room: Room) -> None:
    root = await room.ada.post(room.name, "A thread of people.")
    edited = await room.ada.post(room.name, "Nothing yet.")
    await room.ada.edit(edited, room.task("@muster do it"))
    await room.ben.reply(root, "Talk among people.")
    with pytest.raises(RefusedError):
        await room.ada.command("/agents", "x", channel=room.name, thread_ts=root.ts)
    after = room.chat.position
    await room.command("status")
    await room.told(room.ada, "Nothing is at work", after=after)
    assert await room.roots() == []
