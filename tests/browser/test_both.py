"""Slack and Discord side by side: one address, one person, one live connection for both."""

import pytest
from playwright.async_api import Page, expect

from simulator.discord.person import DiscordControl
from simulator.server import Simulator
from simulator.slack.person import SlackControl
from tests.browser.conftest import Open
from tests.browser.fake_app import FakeApp
from tests.browser.fake_bot import FakeBot
from tests.support.tcp_proxy import FaultProxy

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def texts(page: Page, pane: str) -> list[str]:
    """The texts of the messages in a pane, in order."""
    found: list[str] = await page.locator(f"{pane} .message .content").all_inner_texts()
    return found


async def test_both_are_shown_live_and_written_in_side_by_side(
    simulator: Simulator, app: FakeApp, bot: FakeBot, open_page: Open
) -> None:
    page = await open_page(simulator.url, at="/")
    await app.say("From the app")
    await bot.say("From the bot")
    await expect(page.get_by_role("region", name="Slack")).to_contain_text("From the app")
    await expect(page.get_by_role("region", name="Discord")).to_contain_text("From the bot")
    await page.locator(".chat.slack .composer-field").first.fill("To the app")
    await page.keyboard.press("Enter")
    while (await app.next("message"))["text"] != "To the app":
        continue
    await page.locator(".chat.discord .composer-field").first.fill("To the bot")
    await page.keyboard.press("Enter")
    await bot.hear_text("To the bot")
    await expect(page.locator(".chat.discord .channel-pane")).to_contain_text("To the bot")
    await expect(page.locator(".chat.discord .channel-pane")).not_to_contain_text("To the app")


async def test_the_address_keeps_what_is_open_on_both(
    simulator: Simulator, slack: SlackControl, bot: FakeBot, open_page: Open
) -> None:
    page = await open_page(simulator.url, at="/", width=1600)
    root = await slack.person("ben").post("random", "Slack's root")
    await slack.person("ben").reply(root, "Slack's reply")
    opened = await (await bot.say("Discord's root")).create_thread(name="Discord's thread")
    await opened.send("Discord's reply")
    await page.locator(".chat.slack").get_by_role("link", name="random").click()
    await page.locator(".chat.slack .thread-line").click()
    await page.locator(".chat.discord .thread-line").click()
    await page.reload()
    await expect(page.locator(".chat.slack .thread-pane")).to_contain_text("Slack's reply")
    await expect(page.locator(".chat.discord .thread-pane")).to_contain_text("Discord's reply")
    await page.get_by_role("button", name="Discord", exact=True).click()
    await expect(page.locator(".chat.slack")).to_have_count(0)
    await page.reload()
    await expect(page.locator(".chat.discord .thread-pane")).to_contain_text("Discord's reply")
    await expect(page.locator(".chat.slack")).to_have_count(0)
    await page.go_back()
    await expect(page.locator(".chat.slack .thread-pane")).to_contain_text("Slack's reply")


async def test_keys_go_to_the_platform_in_use(
    simulator: Simulator, app: FakeApp, bot: FakeBot, open_page: Open
) -> None:
    page = await open_page(simulator.url, at="/")
    root = await app.say("Root")
    await app.say("Reply", thread_ts=root)
    await (await bot.say("Root")).create_thread(name="Aside")
    await page.locator(".chat.slack .thread-line").click()
    await page.locator(".chat.discord .thread-line").click()
    await page.keyboard.press("Escape")
    await expect(page.locator(".chat.discord .thread-pane")).to_be_hidden()
    await expect(page.locator(".chat.slack .thread-pane")).to_be_visible()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator(".chat.discord .thread-pane")).to_be_visible()


async def test_what_calls_one_on_the_platform_not_shown_is_on_its_tab(page: Page, guild: DiscordControl) -> None:
    await guild.person("ben").post("random", "News, @ada")
    tab = page.get_by_role("button", name="Discord")
    await expect(tab.locator(".badge")).to_have_text("1")
    await tab.click()
    await page.get_by_role("link", name="random").click()
    await expect(page.locator(".badge")).to_have_count(0)


async def test_in_a_narrow_window_platforms_are_tabs(
    simulator: Simulator, app: FakeApp, bot: FakeBot, open_page: Open
) -> None:
    page = await open_page(simulator.url, at="/", width=390, height=760)
    await app.say("From the app")
    await bot.say("From the bot")
    await expect(page.locator(".chat.slack")).to_contain_text("From the app")
    await expect(page.locator(".chat.discord")).to_have_count(0)
    await expect(page.get_by_role("button", name="Both")).to_be_hidden()
    await page.get_by_role("button", name="Discord", exact=True).click()
    await expect(page.locator(".chat.discord")).to_contain_text("From the bot")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="Channels", exact=True).click()
    await page.get_by_role("link", name="random").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("random")


async def test_a_reload_in_the_middle_of_a_thread_of_discord_shows_each_message_once(
    discord_page: Page, bot: FakeBot
) -> None:
    opened = await (await bot.say("root")).create_thread(name="Aside")
    for number in range(4):
        await opened.send(f"reply {number}")
    await discord_page.locator(".thread-line").click()
    await discord_page.reload()
    for number in range(4, 8):
        await opened.send(f"reply {number}")
    await expect(discord_page.locator(".thread-pane .message")).to_have_count(9)
    assert await texts(discord_page, ".thread-pane") == ["root", *(f"reply {number}" for number in range(8))]


async def test_nothing_is_missed_on_either_platform_while_the_connection_is_cut(
    simulator: Simulator, app: FakeApp, bot: FakeBot, slack: SlackControl, guild: DiscordControl, open_page: Open
) -> None:
    async with FaultProxy("127.0.0.1", int(simulator.url.rpartition(":")[2])) as proxy:
        page = await open_page(f"http://127.0.0.1:{proxy.port}", at="/")
        before = await bot.say("before")
        await expect(page.locator(".chat.discord .message")).to_have_count(1)
        proxy.refuse()
        await expect(page.locator(".connection")).to_contain_text("Connection lost")
        await before.edit(content="before, edited")
        await guild.person("ben").post("general", "meanwhile")
        await slack.person("ben").post("general", "meanwhile")
        proxy.heal()
        await expect(page.locator(".connection")).to_have_text("Live")
        for number in range(3):
            await bot.say(f"after {number}")
            await app.say(f"after {number}")
            proxy.cut()
        after = [f"after {number}" for number in range(3)]
        await expect(page.locator(".message")).to_have_count(9)
        assert await texts(page, ".chat.discord .channel-pane") == ["before, edited", "meanwhile", *after]
        assert await texts(page, ".chat.slack .channel-pane") == ["meanwhile", *after]


async def test_a_link_into_the_other_platform_opens_there(
    simulator: Simulator, bot: FakeBot, app: FakeApp, open_page: Open
) -> None:
    page = await open_page(simulator.url, at="/")
    opened = await (await bot.say("root")).create_thread(name="Aside")
    reply = await opened.send("the reply")
    await app.say(f"See <{reply.jump_url}|the other thread>")
    await page.get_by_role("link", name="the other thread").click()
    await expect(page.locator(".chat.discord .thread-pane .message.found")).to_contain_text("the reply")
