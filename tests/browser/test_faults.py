"""The fault panel: each fault that it orders strikes, and it shows what is armed and what has struck."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from slack_sdk.errors import SlackApiError

from simulator.discord.person import DiscordControl
from simulator.server import Simulator
from simulator.slack.person import SlackControl
from tests.browser.conftest import Open
from tests.browser.fake_app import FakeApp
from tests.browser.fake_bot import FakeBot

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def panel(simulator: Simulator, app: FakeApp, bot: FakeBot, open_page: Open) -> Locator:
    """The open panel over both platforms, their apps connected."""
    page = await open_page(simulator.url, at="/")
    await page.get_by_role("button", name="Faults").click()
    return page.get_by_role("region", name="Faults")


def order(panel: Locator, platform: str, label: str) -> Locator:
    """A button of one platform's part."""
    side = panel.locator(".faults-side").filter(has=panel.page.get_by_role("heading", name=platform, exact=True))
    return side.get_by_role("button", name=label, exact=True)


def armed(panel: Locator, platform: str) -> Locator:
    """What is armed on a platform."""
    return panel.get_by_role("list", name=f"Armed on {platform}")


def struck(panel: Locator) -> Locator:
    """What has struck, the latest first."""
    return panel.get_by_role("log", name="What struck")


async def test_the_next_event_is_duplicated_on_slack(panel: Locator, app: FakeApp, slack: SlackControl) -> None:
    await order(panel, "Slack", "Duplicate the next event").click()
    await expect(armed(panel, "Slack")).to_contain_text("Duplicate event, 1 left")
    await slack.person("ben").post("general", "twice")
    assert (await app.next("message"))["text"] == (await app.next("message"))["text"] == "twice"
    await expect(struck(panel)).to_contain_text("Slack: Duplicate event")
    await expect(armed(panel, "Slack")).to_contain_text("Nothing is armed.")


async def test_the_next_message_is_announced_twice_on_discord(
    panel: Locator, bot: FakeBot, guild: DiscordControl
) -> None:
    await order(panel, "Discord", "Duplicate the next event").click()
    await expect(armed(panel, "Discord")).to_contain_text("Duplicate event")
    await guild.person("ben").post("general", "twice")
    await bot.hear("message", count=2, where=lambda message: message.content == "twice")
    await expect(struck(panel)).to_contain_text("Discord: Duplicate event for MESSAGE_CREATE")


async def test_the_next_posts_on_slack_are_answered_429(panel: Locator, app: FakeApp) -> None:
    await order(panel, "Slack", "429 for the next 3 posts").click()
    await expect(armed(panel, "Slack")).to_contain_text("429 for chat.postMessage, 3 left")
    with pytest.raises(SlackApiError) as refused:
        await app.say("too much")
    assert refused.value.response.status_code == 429
    await expect(armed(panel, "Slack")).to_contain_text("2 left")
    await expect(struck(panel)).to_contain_text("Slack: 429 for chat.postMessage")


async def test_the_next_posts_on_discord_are_answered_429(panel: Locator, bot: FakeBot, guild: DiscordControl) -> None:
    await order(panel, "Discord", "429 for the next 3 posts").click()
    posting = asyncio.create_task(bot.say("too much"))
    await expect(struck(panel)).to_contain_text("Discord: 429 for POST /channels/{channel.id}/messages")
    assert guild.entries("message.posted") == []
    posting.cancel()


async def test_a_lost_reply_leaves_the_post(
    panel: Locator, app: FakeApp, bot: FakeBot, slack: SlackControl, guild: DiscordControl
) -> None:
    for platform in ("Slack", "Discord"):
        await order(panel, platform, "Lose the reply of the next post").click()
        await expect(armed(panel, platform)).to_contain_text("Lost reply")
    posting = [asyncio.create_task(say("posted anyway")) for say in (app.say, bot.say)]
    await slack.wait_for_message(containing="posted anyway")
    await guild.wait_for_message(containing="posted anyway")
    await expect(struck(panel)).to_contain_text("Slack: Lost reply")
    await expect(struck(panel)).to_contain_text("Discord: Lost reply")
    await asyncio.gather(*posting, return_exceptions=True)


@pytest.mark.parametrize("label", ["Drop the socket", "Refresh the socket", "Black-hole the socket"])
async def test_slacks_socket_is_dropped_refreshed_or_black_holed(
    panel: Locator, slack: SlackControl, label: str
) -> None:
    await slack.set(refresh_grace_s=0.1)
    await order(panel, "Slack", label).click()
    await expect(struck(panel)).to_contain_text(f"Slack: {label.lower()} (1 connection)")
    kind = "socket.black_holed" if label.startswith("Black") else "socket.closed"
    await slack.wait_for(lambda entry: entry.kind == kind, what=kind)


async def test_who_is_not_connected_is_said_over_the_chat(panel: Locator) -> None:
    await order(panel, "Slack", "Black-hole the socket").click()
    await expect(panel.page.locator(".chat.slack .banner")).to_contain_text("is not connected to this workspace")


async def test_discords_socket_is_dropped_with_and_without_its_session(panel: Locator, bot: FakeBot) -> None:
    await order(panel, "Discord", "Drop the socket, resumable").click()
    await bot.hear("resumed")
    await order(panel, "Discord", "Ask to reconnect").click()
    await bot.hear("resumed", count=2)
    await order(panel, "Discord", "Drop the socket, not resumable").click()
    await bot.hear("ready", count=2)
    await order(panel, "Discord", "Black-hole the socket").click()
    await expect(panel.page.locator(".chat.discord .banner")).to_contain_text("is not connected to this server")


async def test_all_is_cleared_at_once(panel: Locator, app: FakeApp, slack: SlackControl) -> None:
    page = panel.page
    await order(panel, "Slack", "429 for the next 3 posts").click()
    await order(panel, "Discord", "429 for the next 3 posts").click()
    await expect(page.locator(".icon-button.armed")).to_be_visible()
    await panel.get_by_role("button", name="Clear all").click()
    for platform in ("Slack", "Discord"):
        await expect(armed(panel, platform)).to_contain_text("Nothing is armed.")
    await app.say("as always")
    await expect(struck(panel)).to_have_text("Nothing yet.")
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("button", name="Faults")).to_be_focused()


async def test_one_fault_is_lifted(panel: Locator, app: FakeApp) -> None:
    await order(panel, "Slack", "Lose the reply of the next post").click()
    await panel.get_by_role("button", name="Lift Lost reply for chat.postMessage").click()
    await expect(armed(panel, "Slack")).to_contain_text("Nothing is armed.")
    await app.say("as always")
    await expect(struck(panel)).to_have_text("Nothing yet.")


async def test_a_fault_ordered_by_others_is_shown_too(panel: Locator, guild: DiscordControl) -> None:
    await guild.post("faults", kind="server_error", times=2)
    await expect(armed(panel, "Discord")).to_contain_text("Server error, 2 left")


@pytest_asyncio.fixture(loop_scope="session")
async def restarts() -> AsyncIterator[tuple[Simulator, asyncio.Queue[None]]]:
    """A simulator whose starter restarts workers."""
    asked: asyncio.Queue[None] = asyncio.Queue()

    async def restart() -> None:
        await asked.put(None)

    served = Simulator(on_restart_worker=restart)
    await served.start()
    yield served, asked
    await served.stop()


async def test_the_worker_is_restarted_where_that_is_possible(
    panel: Locator, restarts: tuple[Simulator, asyncio.Queue[None]], open_page: Open
) -> None:
    await expect(panel.get_by_role("button", name="Restart the worker")).to_be_hidden()
    served, asked = restarts
    page: Page = await open_page(served.url, at="/")
    await page.get_by_role("button", name="Faults").click()
    await page.get_by_role("button", name="Restart the worker").click()
    await asyncio.wait_for(asked.get(), 5)
    await expect(page.get_by_role("log", name="What struck")).to_contain_text("Worker restarted")


async def test_who_cannot_restart_a_worker_says_so(simulator: Simulator) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{simulator.url}/control/restart-worker", json={}) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"] == "there is no worker here that could be restarted"
