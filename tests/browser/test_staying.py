"""The page over reloads, cut connections and restarts: nothing is missing, nothing is there twice."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from simulator.server import Simulator
from simulator.slack.person import SlackControl
from tests.browser.conftest import Open
from tests.browser.fake_app import FakeApp
from tests.support.tcp_proxy import FaultProxy

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def texts(page: Page, pane: str) -> list[str]:
    """The texts of the messages in a pane, in order."""
    found: list[str] = await page.locator(f"{pane} .message .text").all_inner_texts()
    return found


async def test_a_reload_in_the_middle_of_a_thread_shows_each_message_once(page: Page, app: FakeApp) -> None:
    root = await app.say("root")
    for number in range(5):
        await app.say(f"reply {number}", thread_ts=root)
    await page.locator(".thread-line").click()
    await page.reload()
    for number in range(5, 10):
        await app.say(f"reply {number}", thread_ts=root)
    await expect(page.locator(".thread-pane .message")).to_have_count(11)
    assert await texts(page, ".thread-pane") == ["root", *(f"reply {number}" for number in range(10))]


async def test_a_reload_stays_in_the_channel(page: Page) -> None:
    await page.get_by_role("link", name="random").click()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("random")


async def test_a_link_to_a_message_opens_its_thread(page: Page, app: FakeApp) -> None:
    root = await app.say("root")
    reply = await app.say("the reply", thread_ts=root)
    link = (await app.api.chat_getPermalink(channel=await app.channel("general"), message_ts=reply))["permalink"]
    await app.say(f"See <{link}|Open the thread>")
    await page.get_by_role("link", name="Open the thread").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread).to_contain_text("the reply")
    await page.go_back()
    await expect(thread).to_be_hidden()
    await page.goto(str(link))
    await expect(thread.locator(".message.found")).to_contain_text("the reply")


async def test_what_happened_while_the_connection_was_cut_is_there_afterwards(
    simulator: Simulator, app: FakeApp, slack: SlackControl, open_page: Open
) -> None:
    async with FaultProxy("127.0.0.1", int(simulator.url.rpartition(":")[2])) as proxy:
        page = await open_page(f"http://127.0.0.1:{proxy.port}")
        root = await app.say("before")
        await expect(page.locator(".message")).to_have_count(1)
        proxy.refuse()
        await expect(page.locator(".connection")).to_contain_text("Connection lost")
        await app.api.chat_update(channel=await app.channel("general"), ts=root, text="before, edited")
        await slack.person("ben").post("general", "meanwhile")
        proxy.heal()
        await expect(page.locator(".connection")).to_have_text("Live")
        for number in range(3):
            await app.say(f"after {number}")
            proxy.cut()
        await expect(page.locator(".message")).to_have_count(5)
        assert await texts(page, ".channel-pane") == ["before, edited", "meanwhile", "after 0", "after 1", "after 2"]


async def test_what_cannot_be_sent_stays_in_the_field(simulator: Simulator, open_page: Open) -> None:
    async with FaultProxy("127.0.0.1", int(simulator.url.rpartition(":")[2])) as proxy:
        page = await open_page(f"http://127.0.0.1:{proxy.port}")
        proxy.refuse()
        field = page.locator(".channel-pane .composer-field")
        await field.fill("Do not lose me")
        await page.keyboard.press("Enter")
        await expect(page.locator(".channel-pane .composer-note")).to_contain_text("cannot be reached")
        await expect(field).to_have_value("Do not lose me")


async def test_a_restarted_workspace_has_its_threads_and_goes_on(tmp_path: Path, open_page: Open) -> None:
    first = Simulator(state_folder=tmp_path)
    await first.start()
    port = int(first.url.rpartition(":")[2])
    async with FakeApp(first.slack_api_url) as app:
        root = await app.say("root")
        await app.say("reply 1", thread_ts=root)
        page = await open_page(first.url)
        await page.locator(".thread-line").click()
        await expect(page.locator(".thread-pane .message")).to_have_count(2)
    await first.stop()
    await expect(page.locator(".connection")).to_contain_text("Connection lost")
    second = Simulator(port=port, state_folder=tmp_path)
    await second.start()
    try:
        await expect(page.locator(".connection")).to_have_text("Live")
        async with FakeApp(second.slack_api_url) as app:
            await app.say("reply 2", thread_ts=root)
            await expect(page.locator(".thread-pane .message")).to_have_count(3)
            assert await texts(page, ".thread-pane") == ["root", "reply 1", "reply 2"]
    finally:
        await second.stop()


async def test_a_long_channel_shows_its_end_first_and_more_on_demand(page: Page, slack: SlackControl) -> None:
    ada = slack.person("ada")
    for number in range(160):
        await ada.post("general", f"message {number}")
    await expect(page.get_by_text("message 159")).to_be_visible()
    await expect(page.locator(".message")).to_have_count(150)
    await page.get_by_role("button", name="Show earlier messages (10)").click()
    await expect(page.locator(".message")).to_have_count(160)


async def test_a_draft_waits_where_it_was_written(page: Page) -> None:
    field = page.locator(".channel-pane .composer-field")
    await field.fill("half a thought")
    await page.get_by_role("link", name="random").click()
    await expect(field).to_have_value("")
    await page.get_by_role("link", name="general").click()
    await expect(field).to_have_value("half a thought")
