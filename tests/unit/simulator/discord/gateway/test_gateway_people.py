"""What people can and cannot do on the simulated Discord, with and without a bot that hears of it."""

import discord
import pytest
from discord import app_commands

from simulator.discord.person import DiscordControl, Person, RefusedError
from simulator.server import Simulator
from tests.support.discord_bot import Bot, connected, intents

pytestmark = pytest.mark.slow


@pytest.fixture
def ada(control: DiscordControl) -> Person:
    """The owner of the guild."""
    return control.person("ada")


@pytest.fixture
def ben(control: DiscordControl) -> Person:
    """A member without rights of his own."""
    return control.person("ben")


async def test_an_archived_thread_wakes_by_a_message_and_a_locked_one_takes_none(
    control: DiscordControl, ada: Person, ben: Person
) -> None:
    thread = await ben.create_thread("general", "work")
    await ben.change_thread(thread, archived=True)
    await ben.post(thread, "again")
    woken = await control.wait_for(lambda e: e.kind == "channel.changed" and not _metadata(e.data)["archived"])
    assert woken.data["channel"] == thread
    with pytest.raises(RefusedError, match="MANAGE_THREADS"):
        await ben.change_thread(thread, locked=True)
    await ada.change_thread(thread, locked=True)
    with pytest.raises(RefusedError, match="archived"):
        await ben.post(thread, "one more")


def _metadata(data: dict[str, dict[str, dict[str, bool]]]) -> dict[str, bool]:
    return data["body"]["thread_metadata"]


async def test_people_see_private_channels_only_when_they_are_let_in(ada: Person, control: DiscordControl) -> None:
    await ada.create_channel("secret", private=True, members=("ben",))
    await control.person("ben").post("secret", "me too")
    with pytest.raises(RefusedError, match="cannot see"):
        await control.person("chloe").post("secret", "and me")


async def test_what_belongs_to_others_stays_as_it_is(ada: Person, ben: Person) -> None:
    posted = await ada.post("general", "mine")
    with pytest.raises(RefusedError, match="not ben's"):
        await ben.edit(posted, "his")
    with pytest.raises(RefusedError, match="not ben's"):
        await ben.delete(posted)
    with pytest.raises(RefusedError, match="may not make channels"):
        await ben.create_channel("his")
    await ada.delete(await ben.post("general", "moderated"))


async def test_a_message_is_as_short_and_a_file_as_small_as_discords_client_takes_it(
    ben: Person, control: DiscordControl
) -> None:
    with pytest.raises(RefusedError, match="2000 or fewer"):
        await ben.post("general", "x" * 2001)
    with pytest.raises(RefusedError, match="empty"):
        await ben.post("general", "")
    await control.set(file_bytes=10)
    with pytest.raises(RefusedError, match="too large"):
        await ben.post("general", files={"a.bin": b"x" * 11})


async def test_an_answer_notifies_whom_it_answers(ada: Person, ben: Person, control: DiscordControl) -> None:
    await ben.answer(await ada.post("general", "question"), "answer")
    answered = await control.wait_for(lambda e: e.kind == "message.posted" and e.data["message"]["type"] == 19)
    assert answered.data["message"]["referenced_message"]["content"] == "question"
    assert answered.data["notifies"] == [await ada.id()]


async def test_a_message_in_a_thread_is_found_by_its_channels_name(ada: Person, control: DiscordControl) -> None:
    thread = await ada.create_thread("general", "work")
    await ada.post(thread, "inside")
    found = await control.wait_for_message(channel="general", containing="inside")
    assert (found.channel, found.root_ts, found.is_by_app) == (thread, thread, False)
    assert await control.wait_for_message(thread_ts=thread, containing="inside") == found


async def test_a_command_is_called_in_a_thread_that_the_bot_has_forgotten(
    simulator: Simulator, ben: Person, control: DiscordControl
) -> None:
    thread = await ben.create_thread("general", "old")
    await ben.change_thread(thread, archived=True)
    bot = Bot(intents())

    @bot.tree.command(name="where", description="Where")
    async def where(interaction: discord.Interaction[Bot]) -> None:
        assert isinstance(interaction.channel, discord.Thread)
        await interaction.response.send_message(f"in {interaction.channel.name}")

    async with connected(bot, simulator, commands=True):
        assert bot.guilds[0].get_thread(int(thread)) is None
        assert (await ben.command("/where", channel=thread)).acked
    await control.wait_for_message(channel=thread, containing="in old")


async def test_a_command_for_moderators_is_not_there_for_others(simulator: Simulator, ada: Person, ben: Person) -> None:
    bot = Bot(intents())

    @bot.tree.command(name="admin", description="Admin")
    @app_commands.default_permissions(manage_guild=True)
    async def admin(interaction: discord.Interaction[Bot]) -> None:
        await interaction.response.send_message("yes", ephemeral=True)

    async with connected(bot, simulator, commands=True):
        assert (await ada.command("/admin", channel="general")).acked
        with pytest.raises(RefusedError, match="no command"):
            await ben.command("/admin", channel="general")


async def test_permissions_taken_from_the_bots_role_are_told_with_each_interaction(
    simulator: Simulator, ben: Person, control: DiscordControl
) -> None:
    bot = Bot(intents())
    seen: list[bool] = []

    @bot.tree.command(name="may", description="May")
    async def may(interaction: discord.Interaction[Bot]) -> None:
        seen.append(interaction.app_permissions.create_public_threads)
        await interaction.response.send_message("told", ephemeral=True)

    async with connected(bot, simulator, commands=True):
        await ben.command("/may", channel="general")
        await control.set_permissions("general", "@everyone", deny=["CREATE_PUBLIC_THREADS"])
        await ben.command("/may", channel="general")
        await control.set_permissions("general", "Muster", deny=["CREATE_PUBLIC_THREADS"])
        await ben.command("/may", channel="general")
    assert seen[0]
    assert not seen[-1]


async def test_a_new_member_and_a_changed_role_are_there_at_once(control: DiscordControl) -> None:
    await control.post("users", name="dora", roles=["Crew"])
    dora = control.person("dora")
    await dora.post("general", "hello")
    await control.post("members/roles", user="dora", roles=[])
    state = await control.state()
    assert next(u for u in state["users"] if u["username"] == "dora")["roles"] == []
    await control.post("members/remove", removed="dora")
    with pytest.raises(RefusedError, match="cannot see"):
        await dora.post("general", "still here")
