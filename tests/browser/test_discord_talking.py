"""What a person does in the page's Discord reaches the bot, and what the bot does is seen at once."""

from typing import Any

import discord
import pytest
from playwright.async_api import Locator, Page, expect

from simulator.discord.person import DiscordControl
from simulator.server import Simulator
from tests.browser.conftest import Open
from tests.browser.fake_bot import MENU, FakeBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

TASK = "compare solar and wind for a small town"


def composer(page: Page) -> Locator:
    """Where one writes into the channel."""
    return page.locator(".discord .channel-pane .composer-field")


def option(page: Page, name: str) -> Locator:
    """The field of a command's option."""
    return page.locator(f'.discord .channel-pane .option-field[data-option="{name}"] .option-input')


def thread(page: Page) -> Locator:
    """The thread beside the channel."""
    return page.locator(".discord .thread-pane")


def buttons(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """A row of components that outlives its message's maker."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


async def say_stop(bot: FakeBot) -> discord.Message:
    """Post a card with a button to stop, and one that cannot be pressed."""
    stop = discord.ui.Button[Any](label="Stop", style=discord.ButtonStyle.danger, custom_id="stop")
    off = discord.ui.Button[Any](label="Older", custom_id="older", disabled=True)
    return await bot.say(embed=discord.Embed(description="Working"), view=buttons(stop, off))


async def test_the_first_hint_fills_in_a_command_that_reaches_the_bot(discord_page: Page, bot: FakeBot) -> None:
    await discord_page.get_by_role("button", name=f"/agents run {TASK}").click()
    await expect(option(discord_page, "task")).to_have_value(TASK)
    await discord_page.keyboard.press("Enter")
    _, given = await bot.called()
    assert given == {"task": TASK}
    await expect(composer(discord_page)).to_be_focused()
    await expect(discord_page.locator(".channel-pane .command-form")).to_be_hidden()


async def test_a_command_is_chosen_filled_in_and_completed_by_keyboard_alone(discord_page: Page, bot: FakeBot) -> None:
    await composer(discord_page).press_sequentially("/ag")
    offered = discord_page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    await expect(offered.filter(has_text="/agents status")).to_be_visible()
    await discord_page.keyboard.press("Enter")
    await expect(option(discord_page, "task")).to_be_focused()
    await discord_page.keyboard.type("count the primes")
    await discord_page.keyboard.press("Tab")
    more = discord_page.get_by_role("button", name="+ model")
    await expect(more).to_be_visible()
    await more.press("Enter")
    await discord_page.keyboard.type("large")
    await expect(offered).to_have_text(["Model demo/large"])
    await discord_page.keyboard.press("Enter")
    await expect(option(discord_page, "model")).to_have_value("Model demo/large")
    await discord_page.keyboard.press("Enter")
    assert (await bot.called())[1] == {"task": "count the primes", "model": "demo/large"}


async def test_options_take_choices_and_files(discord_page: Page, bot: FakeBot) -> None:
    await composer(discord_page).press_sequentially("/agents run count")
    await expect(option(discord_page, "task")).to_have_value("count")
    await discord_page.get_by_role("button", name="+ provider").click()
    await discord_page.get_by_role("option", name="Openai").click()
    await discord_page.get_by_role("button", name="+ file").click()
    data = {"name": "data.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    await option(discord_page, "file").set_input_files(data)  # type: ignore[arg-type]
    await discord_page.get_by_role("button", name="Send").first.click()
    assert (await bot.called())[1] == {"task": "count", "provider": "openai", "file": "data.csv"}


async def test_a_command_without_what_it_needs_is_not_sent(discord_page: Page, guild: DiscordControl) -> None:
    await composer(discord_page).fill("/agents run ")
    await discord_page.keyboard.press("Enter")
    note = discord_page.locator(".channel-pane .composer-note")
    await expect(note).to_have_text("task: this option is required.")
    assert guild.entries("user.command") == []
    await discord_page.keyboard.press("Escape")
    await expect(composer(discord_page)).to_be_focused()


async def test_a_deferred_answer_is_thinking_until_it_is_there(discord_page: Page, bot: FakeBot) -> None:
    await composer(discord_page).fill("/agents status ")
    await discord_page.keyboard.press("Enter")
    private = discord_page.get_by_role("article").filter(has_text="Only you can see this")
    await expect(private).to_contain_text("Muster is thinking…")
    interaction, _ = await bot.called()
    await interaction.edit_original_response(content="Nothing is going on.")
    await expect(private).to_contain_text("Nothing is going on.")
    await expect(private).not_to_contain_text("thinking")
    await discord_page.get_by_label("You are").select_option(label="Ben Ortiz")
    await expect(private).to_have_count(0)
    await discord_page.get_by_label("You are").select_option(label="Ada Lovelace (admin)")
    await private.get_by_role("button", name="Dismiss message").click()
    await expect(private).to_have_count(0)


async def test_it_says_so_when_the_application_does_not_respond(
    discord_page: Page, bot: FakeBot, guild: DiscordControl
) -> None:
    async def ignore(_: Any) -> None:
        return None

    await guild.set(interaction_timeout_s=0.3)
    bot.answers["status"] = ignore
    await composer(discord_page).fill("/agents status ")
    await discord_page.keyboard.press("Enter")
    await expect(discord_page.get_by_text("The application did not respond")).to_be_visible()


async def test_a_session_is_watched_in_its_thread_and_answered(discord_page: Page, bot: FakeBot) -> None:
    card = await say_stop(bot)
    opened = await card.create_thread(name="#1 Solar and wind")
    await opened.send(embed=discord.Embed(description="I have a plan.").set_author(name="📋 Planner"))
    await expect(discord_page.get_by_role("navigation").get_by_role("link", name="#1 Solar and wind")).to_be_visible()
    await discord_page.locator(".thread-line").click()
    await expect(thread(discord_page).get_by_role("heading", name="#1 Solar and wind")).to_be_visible()
    await opened.send(embed=discord.Embed(description="Which one first?").set_author(name="📊 Analyst"))
    await expect(thread(discord_page)).to_contain_text("Which one first?")
    await expect(thread(discord_page).locator(".embed-author .avatar")).to_have_text(["📋", "📊"])
    await expect(thread(discord_page).get_by_role("combobox").first).to_be_focused()
    await discord_page.keyboard.type("The *solar* one")
    await discord_page.keyboard.press("Enter")
    answer = await bot.hear_text("The *solar* one")
    assert answer.channel.id == opened.id
    await expect(thread(discord_page).get_by_role("article", name="Ada Lovelace")).to_contain_text("The solar one")


async def test_a_session_is_stopped_by_its_button(discord_page: Page, bot: FakeBot) -> None:
    await say_stop(bot)
    await expect(discord_page.get_by_role("button", name="Older")).to_be_disabled()
    stop = discord_page.get_by_role("button", name="Stop", exact=True)
    await stop.click()
    pressed = await bot.used("stop")
    await expect(stop).to_have_attribute("aria-busy", "true")
    await pressed.response.edit_message(embed=discord.Embed(description="Stopped"), view=None)
    await expect(stop).to_have_count(0)
    await expect(discord_page.locator(".embed")).to_contain_text("Stopped")


async def test_a_choice_of_a_menu_reaches_the_bot(discord_page: Page, bot: FakeBot) -> None:
    options = [discord.SelectOption(label=name.title(), value=name) for name in ("small", "large", "huge")]
    one = discord.ui.Select[Any](custom_id="one", placeholder="One model", options=options)
    many = discord.ui.Select[Any](custom_id="many", placeholder="Some", options=options, max_values=3)
    await bot.say("Choose", view=buttons(one))
    await bot.say("Choose some", view=buttons(many))
    await discord_page.get_by_label("One model").select_option(label="Large")
    chosen = await bot.used("one")
    assert bot.picked(chosen) == ["large"]
    await chosen.response.defer()
    some = discord_page.locator("details[data-action=many]")
    await some.locator("summary").click()
    await some.get_by_label("Small").check()
    await some.get_by_label("Huge").check()
    await some.locator("summary").click()
    assert bot.picked(await bot.used("many")) == ["huge", "small"]


async def test_a_form_is_filled_in_and_what_was_typed_arrives(discord_page: Page, bot: FakeBot) -> None:
    class Form(discord.ui.Modal, title="Answer the team"):
        reply: discord.ui.TextInput[Any] = discord.ui.TextInput(
            label="Your answer", custom_id="reply", style=discord.TextStyle.paragraph
        )

    answer = discord.ui.Button[Any](label="Answer", custom_id="answer", style=discord.ButtonStyle.primary)
    await bot.say("Which one?", view=buttons(answer))
    await discord_page.get_by_role("button", name="Answer", exact=True).click()
    await (await bot.used("answer")).response.send_modal(Form(custom_id="form"))
    form = discord_page.get_by_role("dialog", name="Answer the team")
    await expect(form.get_by_label("Your answer")).to_be_focused()
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_role("alert").filter(has_text="Please complete this required field.")).to_be_visible()
    await discord_page.keyboard.type("The solar one")
    await form.get_by_role("button", name="Submit").click()
    sent = await bot.used("form")
    assert "The solar one" in str(sent.data)
    await sent.response.send_message("Thank you", ephemeral=True)
    await expect(form).to_have_count(0)
    await expect(discord_page.get_by_role("article").filter(has_text="Only you can see this")).to_contain_text("Thank")


async def test_a_message_is_given_to_the_app_from_its_menu(
    discord_page: Page, bot: FakeBot, guild: DiscordControl
) -> None:
    await guild.person("ben").post("general", "Compare solar and wind")
    message = discord_page.get_by_role("article", name="Ben Ortiz")
    await message.click(button="right")
    await discord_page.get_by_role("group", name="Apps").get_by_role("menuitem", name=MENU).click()
    assert (await bot.called())[1] == {"message": "Compare solar and wind"}
    await expect(discord_page.get_by_role("menu")).to_have_count(0)


async def test_messages_are_answered_reacted_to_edited_and_branched(
    discord_page: Page, bot: FakeBot, guild: DiscordControl
) -> None:
    said = await bot.say("Shall we?")
    message = discord_page.locator(f'.message[data-ts="{said.id}"]')
    await message.hover()
    await message.get_by_role("button", name="Reply").click()
    await expect(discord_page.locator(".answering").first).to_contain_text("Replying to Muster")
    await discord_page.keyboard.type("Yes")
    await discord_page.keyboard.press("Enter")
    heard = await bot.hear_text("Yes")
    assert heard.reference is not None
    assert heard.reference.message_id == said.id
    answer = discord_page.get_by_role("article", name="Ada Lovelace")
    await expect(answer.get_by_role("button", name="In reply to Muster")).to_contain_text("Shall we?")
    await said.add_reaction("🎉")
    chip = message.locator(".reaction").first
    await expect(chip).to_have_text("🎉1")
    await chip.click()
    await expect(chip).to_have_text("🎉2")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await discord_page.reload()
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await composer(discord_page).press("ArrowUp")
    await discord_page.get_by_label("Edit message").fill("Yes!")
    await discord_page.keyboard.press("Enter")
    await expect(answer).to_contain_text("Yes!(edited)")
    await message.hover()
    await message.get_by_role("button", name="More").click()
    await discord_page.get_by_role("menuitem", name="Create Thread").click()
    await discord_page.get_by_label("Thread name").fill("Aside")
    await discord_page.keyboard.press("Enter")
    await expect(thread(discord_page).get_by_role("heading", name="Aside")).to_be_visible()
    assert any(entry.data["body"]["name"] == "Aside" for entry in guild.entries("thread.created"))


async def test_direct_messages_and_servers_are_on_the_rail(
    discord_page: Page, bot: FakeBot, guild: DiscordControl
) -> None:
    rail = discord_page.get_by_role("group", name="Servers")
    await rail.get_by_role("button", name="Direct messages").click()
    await expect(discord_page.get_by_role("heading", level=1)).to_have_text("Muster")
    await composer(discord_page).fill("Compare two things")
    await discord_page.keyboard.press("Enter")
    assert isinstance((await bot.hear_text("Compare two things")).channel, discord.DMChannel)
    await rail.get_by_role("button", name="Elsewhere").click()
    await expect(discord_page.locator(".discord .workspace-name")).to_have_text("Elsewhere")
    await discord_page.reload()
    await expect(discord_page.locator(".discord .workspace-name")).to_have_text("Elsewhere")


async def test_what_is_new_elsewhere_on_discord_is_marked_until_it_is_read(
    discord_page: Page, guild: DiscordControl
) -> None:
    await guild.person("ben").post("random", "News, @ada")
    random = discord_page.get_by_role("navigation").get_by_role("link", name="random")
    await expect(random.locator(".badge")).to_have_text("1")
    await random.click()
    await expect(discord_page.locator(".channel-pane")).to_contain_text("News, @Ada Lovelace")
    await expect(discord_page.locator(".badge")).to_have_count(0)


async def test_a_locked_thread_cannot_be_written_in(discord_page: Page, bot: FakeBot, guild: DiscordControl) -> None:
    opened = await (await bot.say("root")).create_thread(name="Aside")
    await discord_page.locator(".thread-line").click()
    await guild.person("ada").change_thread(str(opened.id), locked=True)
    await expect(thread(discord_page)).to_contain_text("This thread is locked.")
    await guild.person("ada").change_thread(str(opened.id), locked=False, archived=True)
    await expect(thread(discord_page)).to_contain_text("Archived")


async def test_one_person_is_the_same_on_both_platforms(simulator: Simulator, open_page: Open) -> None:
    page = await open_page(simulator.url, at="/")
    await page.get_by_label("You are").select_option(label="Ben Ortiz")
    await expect(page.locator(".discord .user-area")).to_contain_text("Ben Ortiz")
    await expect(page.locator(".slack .place.you")).to_contain_text("Ben Ortiz")


async def test_the_menu_of_a_message_is_used_by_keyboard(discord_page: Page, bot: FakeBot) -> None:
    opened = await (await bot.say("root")).create_thread(name="Aside")
    await opened.send("Count the primes")
    await discord_page.locator(".thread-line").click()
    more = thread(discord_page).get_by_role("article").filter(has_text="primes").get_by_role("button", name="More")
    await more.press("Enter")
    await expect(discord_page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await discord_page.keyboard.press("Escape")
    await expect(discord_page.get_by_role("menu")).to_have_count(0)
    await expect(thread(discord_page)).to_be_visible()
    await more.press("Enter")
    await discord_page.keyboard.press("ArrowDown")
    await discord_page.keyboard.press("Enter")
    assert (await bot.called())[1] == {"message": "Count the primes"}
