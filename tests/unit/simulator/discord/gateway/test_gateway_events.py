"""The simulated gateway, heard by the real discord.py: its cache, events, intents, and what survives a lost socket."""

from collections.abc import AsyncIterator

import discord
import pytest

from simulator.discord.person import DiscordControl
from simulator.discord.platform import BOT_TOKEN
from simulator.server import Simulator
from tests.support.discord_bot import Bot, connected, intents, pointed_at

pytestmark = pytest.mark.slow


@pytest.fixture
async def bot(simulator: Simulator) -> AsyncIterator[Bot]:
    async with connected(Bot(intents()), simulator) as ready:
        yield ready


# -- what a session is told first -------------------------------------------------------------------------------------


async def test_the_guild_is_in_the_cache_when_the_bot_is_ready(simulator: Simulator, bot: Bot) -> None:
    [guild] = bot.guilds
    assert (guild.name, guild.member_count, guild.unavailable) == ("Acme", 5, False)
    assert {channel.name for channel in guild.text_channels} == {"general", "random", "leads"}
    assert guild.me.guild_permissions.send_messages_in_threads
    assert bot.application_id == int(simulator.discord.world.application.id)
    assert bot.user is not None
    assert bot.user.bot


async def test_without_the_presence_intent_only_the_bot_is_among_the_members(bot: Bot) -> None:
    assert [member.id for member in bot.guilds[0].members] == [bot.guilds[0].me.id]


async def test_a_thread_that_is_open_is_in_the_cache(simulator: Simulator, control: DiscordControl) -> None:
    thread_id = await control.person("ada").create_thread("general", "Ideas")
    async with connected(Bot(intents()), simulator) as bot:
        thread = bot.guilds[0].get_thread(int(thread_id))
        assert thread is not None
        assert thread.name == "Ideas"


async def test_members_are_found_by_name_on_request(bot: Bot) -> None:
    [found] = await bot.guilds[0].query_members("ad", limit=5)
    assert found.name == "ada"


# -- events -----------------------------------------------------------------------------------------------------------


async def test_a_message_comes_with_its_author_and_its_mentions(bot: Bot, control: DiscordControl) -> None:
    await control.person("ada").post("general", "hello @muster", files={"a.txt": b"abc"})
    message = await bot.hear("message")
    assert isinstance(message.author, discord.Member)
    assert message.author.name == "ada"
    assert bot.user in message.mentions
    assert message.content == f"hello {bot.guilds[0].me.mention}"
    assert [file.filename for file in message.attachments] == ["a.txt"]
    assert await message.attachments[0].read() == b"abc"


async def test_what_happens_to_a_message_is_told(bot: Bot, control: DiscordControl) -> None:
    ada = control.person("ada")
    posted = await ada.post("general", "one")
    await ada.edit(posted, "two")
    await ada.react(posted, "🛑")
    await ada.delete(posted)
    assert (await bot.hear("raw_message_edit")).message.content == "two"
    assert str((await bot.hear("raw_reaction_add")).emoji) == "🛑"
    assert (await bot.hear("raw_message_delete")).message_id == int(posted.ts)


async def test_a_direct_message_comes_without_a_guild(bot: Bot, control: DiscordControl) -> None:
    await control.person("ben").post("@muster", "just us")
    message = await bot.hear_text("just us")
    assert message.guild is None
    assert message.author.name == "ben"


async def test_a_reply_in_a_thread_comes_in_the_thread(bot: Bot, control: DiscordControl) -> None:
    root = await bot.guilds[0].text_channels[0].send("root")
    thread = await root.create_thread(name="work")
    posted = await control.wait_for_message(containing="root", channel="general")
    await control.person("ben").reply(posted, "yes")
    assert (await bot.hear_text("yes")).channel == thread
    lines = await control.thread(posted.channel, posted.ts)
    assert [line.text for line in lines] == ["root", "yes"]
    assert lines[1].root_ts == posted.ts
    assert lines[1].is_reply
    assert not lines[0].is_reply


async def test_nothing_is_heard_of_a_channel_that_the_bot_cannot_see(bot: Bot, control: DiscordControl) -> None:
    await control.person("ada").post("leads", "secret")
    await control.person("ada").post("general", "public")
    await bot.hear_text("public")
    assert [message.content for message in bot.all("message")] == ["public"]


async def test_without_the_content_intent_only_what_concerns_the_bot_is_readable(
    simulator: Simulator, control: DiscordControl
) -> None:
    async with connected(Bot(intents(content=False)), simulator) as bot:
        ada = control.person("ada")
        for channel, text in (("general", "blank"), ("general", "for @muster"), ("@muster", "direct")):
            await ada.post(channel, text)
        await bot.hear("message", count=3)
        assert [message.content for message in bot.all("message")] == ["", f"for {bot.guilds[0].me.mention}", "direct"]


async def test_a_privileged_intent_that_is_not_granted_ends_the_client(
    simulator: Simulator, control: DiscordControl
) -> None:
    await control.set(message_content_intent=False)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(Bot(intents()), simulator):
            pass


async def test_leaving_a_guild_and_an_outage_are_told_apart(bot: Bot, control: DiscordControl) -> None:
    await control.set_outage()
    await bot.hear("guild_unavailable")
    await control.set_outage(unavailable=False)
    await bot.hear("guild_available")
    await control.remove_bot()
    assert (await bot.hear("guild_remove")).name == "Acme"
    await control.add_bot()
    assert (await bot.hear("guild_join")).name == "Acme"


async def test_what_happens_to_threads_and_channels_is_told(bot: Bot, control: DiscordControl) -> None:
    ada = control.person("ada")
    thread = await ada.create_thread("general", "short-lived")
    await bot.hear("thread_create")
    await ada.change_thread(thread, archived=True, locked=True)
    await bot.hear("raw_thread_update")
    await ada.delete_channel(thread)
    assert (await bot.hear("raw_thread_delete")).thread_id == int(thread)
    channel = await ada.create_channel("lab")
    await ada.delete_channel(channel)
    assert (await bot.hear("guild_channel_delete")).name == "lab"


# -- faults -----------------------------------------------------------------------------------------------------------


async def test_events_are_dropped_doubled_and_delayed_on_order(bot: Bot, control: DiscordControl) -> None:
    await control.add_fault("drop_event", target="MESSAGE_CREATE", where={"content": "lost"})
    await control.add_fault("duplicate_event", target="MESSAGE_CREATE", where={"content": "twice"})
    await control.add_fault("delay_event", target="MESSAGE_CREATE", where={"content": "late"}, delay_s=0.2)
    ada = control.person("ada")
    for text in ("lost", "twice", "late", "last"):
        await ada.post("general", text)
    await bot.hear("message", count=4)
    heard = [message.content for message in bot.all("message")]
    assert sorted(heard) == ["last", "late", "twice", "twice"]
    assert heard[-1] == "late"


async def test_an_unknown_event_is_passed_over(bot: Bot, control: DiscordControl) -> None:
    assert await control.inject("SOMETHING_NEW", {"what": 1}) == 1
    await control.person("ada").post("general", "still here")
    await bot.hear_text("still here")


# -- lost sockets -----------------------------------------------------------------------------------------------------


async def test_a_session_that_is_resumed_gets_what_it_missed_once(bot: Bot, control: DiscordControl) -> None:
    assert await control.black_hole_sockets() == 1
    ada = control.person("ada")
    for text in ("one", "two"):
        await ada.post("general", text)
    assert await control.cut_sockets() == 1
    await bot.hear("resumed")
    await ada.post("general", "three")
    await bot.hear_text("three")
    assert [message.content for message in bot.all("message")] == ["one", "two", "three"]
    assert len(bot.all("ready")) == 1


async def test_a_session_that_cannot_be_resumed_begins_anew_and_misses_what_happened(
    bot: Bot, control: DiscordControl
) -> None:
    await control.black_hole_sockets()
    await control.person("ada").post("general", "missed")
    await control.cut_sockets(resumable=False)
    await bot.hear("ready", count=2)
    await control.person("ada").post("general", "heard")
    await bot.hear_text("heard")
    assert [message.content for message in bot.all("message")] == ["heard"]


async def test_a_session_that_is_lost_for_too_long_is_not_resumed(bot: Bot, control: DiscordControl) -> None:
    await control.set(resume_life_s=0.0)
    await control.cut_sockets()
    await bot.hear("ready", count=2)
    assert bot.all("resumed") == []


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_is_resumed_only_if_it_may(bot: Bot, control: DiscordControl, resumable: bool) -> None:
    await control.invalidate_sessions(resumable=resumable)
    await bot.hear("resumed") if resumable else await bot.hear("ready", count=2)
    assert len(bot.all("ready")) == (1 if resumable else 2)


async def test_a_client_that_is_asked_to_reconnect_resumes(bot: Bot, control: DiscordControl) -> None:
    await control.disconnect_sockets(reason="refresh_requested")
    await bot.hear("resumed")


async def test_a_close_with_a_code_is_followed_by_a_resume(bot: Bot, control: DiscordControl) -> None:
    await control.close_sockets(4000)
    await bot.hear("resumed")


async def test_a_token_that_is_revoked_ends_the_client(simulator: Simulator, control: DiscordControl) -> None:
    bot = Bot(intents())
    with pointed_at(simulator):
        await bot.login(BOT_TOKEN)
        await control.revoke_token()
        with pytest.raises(discord.ConnectionClosed) as closed:
            await bot.connect()
        assert closed.value.code == 4004
        await bot.close()
