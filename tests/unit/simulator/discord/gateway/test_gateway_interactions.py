"""What people do with an app on the simulated Discord, answered by the real discord.py."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from simulator.discord.person import DiscordControl, Person, RefusedError, file
from simulator.server import Simulator
from simulator.truth import TruthEntry
from tests.support.discord_bot import Bot, connected, intents

pytestmark = pytest.mark.slow

Itx = discord.Interaction[Bot]

_EVERYWHERE = app_commands.AppInstallationType(guild=True, user=True)
_ANY_CONTEXT = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)


class Question(discord.ui.Modal, title="One question"):
    """A text and a choice, each under a label."""

    words: discord.ui.Label[Any] = discord.ui.Label(
        text="Words", component=discord.ui.TextInput(custom_id="words", max_length=10)
    )
    size: discord.ui.Label[Any] = discord.ui.Label(
        text="Size",
        component=discord.ui.Select(
            custom_id="size", options=[discord.SelectOption(label=each) for each in ("small", "large")]
        ),
    )

    async def on_submit(self, interaction: Itx) -> None:  # type: ignore[override]
        text, select = self.words.component, self.size.component
        assert isinstance(text, discord.ui.TextInput)
        assert isinstance(select, discord.ui.Select)
        await interaction.response.send_message(f"{text.value} {select.values}", ephemeral=True)


class Buttons(discord.ui.View):
    """A button and a select that outlive every process."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Stop", custom_id="stop")
    async def stop_it(self, interaction: Itx, _: Any) -> None:
        await interaction.response.edit_message(content="stopped", view=None)

    @discord.ui.select(
        custom_id="size",
        placeholder="Size",
        options=[discord.SelectOption(label="small"), discord.SelectOption(label="large")],
    )
    async def choose(self, interaction: Itx, select: Any) -> None:
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)


def add_commands(bot: Bot) -> None:
    """What Muster has, as far as Discord can tell."""
    agents = app_commands.Group(
        name="agents", description="Agents", allowed_installs=_EVERYWHERE, allowed_contexts=_ANY_CONTEXT
    )

    @agents.command(name="run", description="Run")
    @app_commands.describe(task="What to do")
    async def run(
        interaction: Itx,
        task: app_commands.Range[str, 1, 4000],
        model: str | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        if task == "slowly":
            await asyncio.sleep(0.6)
        await interaction.response.defer(ephemeral=True)
        size = len(await file.read()) if file is not None else 0
        await interaction.followup.send(f"task {task} with {model} and {size} bytes")

    @run.autocomplete("model")
    async def models(_: Itx, typed: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=f"{typed}-{n}", value=f"{typed}-{n}") for n in range(26 if typed == "x" else 2)
        ]

    @agents.command(name="status", description="Status")
    async def status(interaction: Itx) -> None:
        await interaction.response.send_message("all is well", view=Buttons())

    @bot.tree.command(name="form", description="A form")
    async def form(interaction: Itx) -> None:
        await interaction.response.send_modal(Question())

    @bot.tree.context_menu(name="Run agents on this")
    async def on_message(interaction: Itx, message: discord.Message) -> None:
        await interaction.response.send_message(f"on {message.content} of {message.author.name}", ephemeral=True)

    bot.tree.add_command(agents)


@pytest.fixture
async def bot(simulator: Simulator) -> AsyncIterator[Bot]:
    client = Bot(intents())
    add_commands(client)
    async with connected(client, simulator, commands=True) as ready:
        yield ready


@pytest.fixture
def ada(control: DiscordControl) -> Person:
    return control.person("ada")


# -- commands ---------------------------------------------------------------------------------------------------------


async def test_a_command_is_deferred_and_followed_up_before_one_person_alone(bot: Bot, ada: Person) -> None:
    given = {"task": "count", "model": "m", "file": file("a.txt", b"abc")}
    outcome = await ada.command("/agents run", channel="general", options=given)
    assert outcome.acked
    assert outcome.payload is not None
    assert outcome.payload["type"] == 5
    told = await ada.wait_for_ephemeral("task count with m and 3 bytes")
    assert told.body["flags"] & 64
    assert [shown.text for shown in await ada.ephemerals()] == [told.text]


async def test_a_command_goes_by_free_text_too(bot: Bot, ada: Person) -> None:
    assert (await ada.command("/agents", "count the primes", channel="general")).acked
    await ada.wait_for_ephemeral("task count the primes with None and 0 bytes")
    outcome = await ada.command("/agents", "status", channel="general")
    assert outcome.payload is not None
    assert outcome.payload["type"] == 4


@pytest.mark.parametrize(
    ("command", "options", "why"),
    [
        ("/agents run", {}, "required"),
        ("/agents run", {"task": "x", "speed": 9}, "no option speed"),
        ("/agents run", {"task": "x" * 4001}, "1 to 4000 characters"),
        ("/nothing", {}, "no command"),
    ],
)
async def test_what_discords_client_would_not_send_is_refused(
    bot: Bot, ada: Person, command: str, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        await ada.command(command, channel="general", options=options)


async def test_an_answer_that_comes_too_late_is_unknown_and_the_person_is_told(
    bot: Bot, ada: Person, control: DiscordControl
) -> None:
    await control.set(interaction_timeout_s=0.3)
    outcome = await ada.command("/agents run", channel="general", options={"task": "slowly"})
    assert (outcome.acked, outcome.error) == (False, "did_not_respond")
    await ada.wait_for_ephemeral("The application did not respond")
    late = await control.wait_for(lambda e: e.kind == "api.call" and "callback" in e.data["route"])
    assert (late.data["status"], late.data["answer"]["code"]) == (404, 10062)


async def test_nobody_connected_is_no_answer(control: DiscordControl, simulator: Simulator) -> None:
    client = Bot(intents())
    add_commands(client)
    async with connected(client, simulator, commands=True):
        pass
    await control.set(interaction_timeout_s=0.1)
    outcome = await control.person("ada").command("/agents status", channel="general")
    assert not outcome.acked


async def test_a_second_answer_is_one_too_many(bot: Bot, ada: Person, simulator: Simulator) -> None:
    refused: list[discord.HTTPException] = []

    @bot.tree.command(name="twice", description="Twice")
    async def twice(interaction: Itx) -> None:
        await interaction.response.send_message("once")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("again")
        except discord.HTTPException as error:
            refused.append(error)

    await bot.tree.sync()
    assert (await ada.command("/twice", channel="general")).acked
    await ada._control.wait_for(lambda e: e.kind == "api.call" and e.data["status"] == 400)
    assert [(error.status, error.code) for error in refused] == [(400, 40060)]


async def test_a_token_that_is_too_old_is_refused(bot: Bot, ada: Person, control: DiscordControl) -> None:
    @bot.tree.command(name="late", description="Late")
    async def late(interaction: Itx) -> None:
        await interaction.response.defer()
        await control.set(interaction_token_life_s=0.0)
        await interaction.followup.send("too late")

    await bot.tree.sync()
    await ada.command("/late", channel="general")
    call = await control.wait_for(lambda e: e.kind == "api.call" and e.data["status"] == 401)
    assert call.data["answer"]["code"] == 50027


async def test_the_answers_of_a_command_are_changed_and_taken_back(
    bot: Bot, ada: Person, control: DiscordControl
) -> None:
    @bot.tree.command(name="talk", description="Talk")
    async def talk(interaction: Itx) -> None:
        answered = await interaction.response.send_message("first")
        assert isinstance(answered.resource, discord.InteractionMessage)
        more = await interaction.followup.send("second", wait=True)
        await more.edit(content="second, changed")
        await interaction.edit_original_response(content="first, changed")
        assert (await interaction.original_response()).content == "first, changed"
        await more.delete()
        await interaction.delete_original_response()

    await bot.tree.sync()
    await ada.command("/talk", channel="general")
    await control.wait_for(lambda e: e.kind == "message.deleted", what="deleted follow-up")
    second = next(e for e in control.entries("message.changed") if "second" in e.data["message"]["content"])
    assert second.data["message"]["interaction_metadata"]["type"] == 2
    await control.until(lambda: _is_empty(control))


async def _is_empty(control: DiscordControl) -> bool:
    return await control.messages("general") == []


async def test_autocomplete_offers_what_the_app_answers(bot: Bot, ada: Person) -> None:
    offered = await ada.autocomplete("/agents run", "model", "m", channel="general", options={"task": "t"})
    assert [choice["name"] for choice in offered] == ["m-0", "m-1"]


async def test_more_than_25_choices_are_refused(bot: Bot, ada: Person, control: DiscordControl) -> None:
    await control.set(interaction_timeout_s=0.3)
    assert await ada.autocomplete("/agents run", "model", "x", channel="general") == []
    call = await control.wait_for(lambda e: e.kind == "api.call" and e.data["status"] == 400)
    assert call.data["answer"]["code"] == 50035


async def test_a_command_of_the_context_menu_comes_with_its_message(
    bot: Bot, ada: Person, control: DiscordControl
) -> None:
    posted = await control.person("ben").post("general", "look here")
    assert (await ada.shortcut("Run agents on this", on=posted)).acked
    await ada.wait_for_ephemeral("on look here of ben")


# -- where ------------------------------------------------------------------------------------------------------------


async def test_a_command_works_in_direct_messages(bot: Bot, ada: Person, control: DiscordControl) -> None:
    outcome = await control.person("ben").command("/agents status", channel="@muster")
    assert outcome.acked
    sent = await control.wait_for(_is_interaction)
    interaction = sent.data["data"]
    assert sent.team == ""
    assert (interaction["context"], interaction["authorizing_integration_owners"]) == (1, {"0": "0"})
    assert "user" in interaction
    assert "member" not in interaction


def _is_interaction(entry: TruthEntry) -> bool:
    return entry.kind == "event.sent" and entry.data["event"] == "INTERACTION_CREATE"


async def test_who_installed_the_app_for_herself_has_it_where_the_bot_is_not(bot: Bot, simulator: Simulator) -> None:
    async with DiscordControl(simulator.url, team="Elsewhere") as elsewhere:
        ada = elsewhere.person("ada")
        outcome = await ada.command("/agents run", channel="general", options={"task": "here"})
        assert outcome.acked
        await ada.wait_for_ephemeral("task here")
        with pytest.raises(RefusedError, match="the app is not here"):
            await elsewhere.person("ben").command("/agents status", channel="general")
        sent = await elsewhere.wait_for(_is_interaction)
        assert sent.data["data"]["authorizing_integration_owners"] == {"1": await ada.id()}


# -- components -------------------------------------------------------------------------------------------------------


async def test_a_button_works_after_a_restart_of_the_bot(simulator: Simulator, control: DiscordControl) -> None:
    first = Bot(intents())
    async with connected(first, simulator):
        await first.guilds[0].text_channels[0].send("running", view=Buttons())
    shown = await control.wait_for_message(containing="running")
    assert shown.actions == ["stop", "size"]
    second = Bot(intents())
    second.add_view(Buttons())
    async with connected(second, simulator):
        outcome = await control.person("ben").press(shown, "stop")
        assert outcome.acked
        [after] = await control.messages("general")
        assert (after.text, after.actions) == ("stopped", [])
        assert (await control.person("ben").press(after, "stop", stale=True)).acked
        with pytest.raises(RefusedError, match="no element"):
            await control.person("ben").press(after, "stop")


async def test_a_select_sends_what_was_chosen_of_what_it_offers(bot: Bot, ada: Person, control: DiscordControl) -> None:
    await ada.command("/agents status", channel="general")
    shown = await control.wait_for_message(containing="all is well")
    assert (await ada.press(shown, "size", value="large")).acked
    await ada.wait_for_ephemeral("chose large")
    with pytest.raises(RefusedError, match="does not offer"):
        await ada.press(shown, "size", value="huge")


# -- modals -----------------------------------------------------------------------------------------------------------


async def test_a_modal_is_filled_in_and_submitted(bot: Bot, ada: Person) -> None:
    assert (await ada.command("/form", channel="general")).acked
    [modal] = await ada.modals()
    assert modal["title"] == "One question"
    with pytest.raises(RefusedError, match="words is required"):
        await ada.submit(modal["id"], {"size": "small"})
    with pytest.raises(RefusedError, match="characters"):
        await ada.submit(modal["id"], {"words": "x" * 11, "size": "small"})
    assert (await ada.submit(modal["id"], {"words": "hello", "size": "large"})).acked
    await ada.wait_for_ephemeral("hello ['large']")
    assert await ada.modals() == []


async def test_a_modal_stays_open_when_the_app_does_not_answer(bot: Bot, ada: Person, control: DiscordControl) -> None:
    await ada.command("/form", channel="general")
    [modal] = await ada.modals()
    await control.add_fault("drop_event", target="INTERACTION_CREATE")
    await control.set(interaction_timeout_s=0.1)
    outcome = await ada.submit(modal["id"], {"words": "hello", "size": "small"})
    assert not outcome.acked
    assert len(await ada.modals()) == 1
    await ada.close_view(modal["id"])
    assert await ada.modals() == []


async def test_no_modal_follows_on_a_modal(bot: Bot, ada: Person, control: DiscordControl) -> None:
    class Again(Question):
        async def on_submit(self, interaction: Itx) -> None:  # type: ignore[override]
            await interaction.response.send_modal(Question())

        async def on_error(self, interaction: Itx, error: Exception) -> None:  # type: ignore[override]
            assert isinstance(error, discord.HTTPException)
            await interaction.response.send_message(f"refused with {error.code}", ephemeral=True)

    @bot.tree.command(name="again", description="Again")
    async def again(interaction: Itx) -> None:
        await interaction.response.send_modal(Again())

    await bot.tree.sync()
    await ada.command("/again", channel="general")
    [modal] = await ada.modals()
    assert (await ada.submit(modal["id"], {"words": "a", "size": "small"})).acked
    await ada.wait_for_ephemeral("refused with 50035")
