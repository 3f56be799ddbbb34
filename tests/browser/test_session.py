"""Whole sessions of Muster, typed and answered on the page: `muster up` with nothing configured."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.support.processes import Child

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

TASK = "compare solar and wind for a small town"
ANSWER = "Begin with a short summary, please."
EVIL = "<img src=x onerror=\"document.title='owned'\"> & <script>document.title='owned'</script>"
STEP_MS = 60_000
Start = Callable[[str], Awaitable[tuple[Child, str]]]


@pytest_asyncio.fixture(loop_scope="session")
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts `muster up` on the one data folder of the test, on that port ("0": a free one); returns it and its URL."""
    async with AsyncExitStack() as stack:

        async def started(port: str) -> tuple[Child, str]:
            env = {"DATA_DIR": str(tmp_path), "SIMULATOR_PORT": port, "DEMO_THINKING_S": "0.2", "TERM": "dumb"}
            child = Child("muster", "up", ready="Ctrl-C stops it", env=env, timeout_s=90)
            await stack.enter_async_context(child)
            found = re.search(r"Chat\s+(http://\S+?)/\s", child.output)
            assert found, child.output
            return child, found[1]

        yield started


def thread(page: Page) -> Locator:
    """The thread beside the channel."""
    return page.get_by_role("complementary", name="Thread")


async def run_on_discord(page: Page, task: str) -> Locator:
    """Give a team on Discord a task, as soon as its commands are there; returns the card."""
    await page.locator(".first-command").wait_for(timeout=STEP_MS)
    await page.locator(".channel-pane .composer-field").press_sequentially("/agents run ")
    await page.keyboard.type(task)
    await page.keyboard.press("Enter")
    card = page.locator(".channel-pane .message").filter(has=page.locator(".thread-line"))
    await card.locator(".thread-line").click(timeout=STEP_MS)
    return card


async def type_command(page: Page, text: str) -> None:
    """Type a slash command as a person does, and send it."""
    field = page.locator(".channel-pane .composer-field")
    await field.click()
    await field.press_sequentially(text)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")


async def texts(page: Page) -> list[str]:
    """The thread's messages but the card, which changes."""
    found: list[str] = await page.locator(".thread-pane .message .content").all_inner_texts()
    return found[1:]


async def test_a_session_goes_from_the_first_word_to_the_history(start: Start, open_page: Open) -> None:
    _, url = await start("0")
    page = await open_page(url)
    await type_command(page, f"/agents {TASK}")
    card = page.locator(".channel-pane").get_by_role("article", name="Muster").filter(has_text=TASK)
    await card.locator(".thread-line").click(timeout=STEP_MS)
    question = thread(page).get_by_text("Reply in this thread to answer")
    await expect(question).to_be_visible(timeout=STEP_MS)
    await expect(thread(page).get_by_role("article", name="Planner").locator(".avatar").first).to_have_text("📋")
    plot = thread(page).locator(".image-button img").first
    await expect(plot).to_have_js_property("complete", True)
    assert await plot.evaluate("(image) => image.naturalWidth") > 200
    await expect(card).to_contain_text("Waiting for you", timeout=STEP_MS)
    before = await texts(page)
    await page.reload()
    await expect(question).to_be_visible()
    assert await texts(page) == before
    await thread(page).get_by_role("combobox").fill(ANSWER)
    await page.keyboard.press("Enter")
    await expect(thread(page).get_by_text("Completed. Reply here")).to_be_visible(timeout=STEP_MS)
    after = await texts(page)
    assert after[: len(before) + 1] == [*before, ANSWER]
    assert len(after) == len(set(after))
    await expect(thread(page).get_by_role("article", name="Writer").last).to_contain_text(ANSWER)
    await type_command(page, "/history")
    listed = page.get_by_role("article").filter(has_text="Only visible to you").filter(has_text=TASK)
    await expect(listed).to_contain_text("Completed")
    await thread(page).get_by_role("button", name="Close thread").click()
    await listed.get_by_role("link", name="Open the thread").click()
    await expect(thread(page).get_by_text("Completed. Reply here")).to_be_visible()


async def test_a_session_is_stopped_by_its_button_and_its_task_stays_text(start: Start, open_page: Open) -> None:
    _, url = await start("0")
    page = await open_page(url)
    await type_command(page, f"/agents {EVIL}")
    card = page.locator(".channel-pane").get_by_role("article", name="Muster").filter(has_text="onerror")
    await card.locator(".thread-line").click(timeout=STEP_MS)
    await expect(thread(page).get_by_role("article", name="Planner").first).to_be_visible(timeout=STEP_MS)
    await card.get_by_role("button", name="Stop", exact=True).click()
    await expect(thread(page).get_by_text("Stopped by")).to_be_visible(timeout=STEP_MS)
    await expect(card).to_contain_text("⏹ Stopped", timeout=STEP_MS)
    await expect(card.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    await expect(card).to_contain_text(EVIL)
    assert "owned" not in await page.title()
    assert await page.locator(".message :is(script, img[onerror])").count() == 0


async def test_the_page_and_the_session_go_on_after_a_kill(start: Start, open_page: Open) -> None:
    first, url = await start("0")
    page = await open_page(url)
    await type_command(page, f"/agents {TASK}")
    await page.locator(".thread-line").click(timeout=STEP_MS)
    await expect(thread(page).get_by_text("Reply in this thread to answer")).to_be_visible(timeout=STEP_MS)
    before = await texts(page)
    await first.kill()
    await expect(page.locator(".connection")).to_contain_text("Connection lost")
    await start(url.rpartition(":")[2])
    await expect(page.locator(".connection")).to_have_text("Live", timeout=STEP_MS)
    await expect(page.locator(".banner")).to_be_hidden(timeout=STEP_MS)
    assert await texts(page) == before
    await thread(page).get_by_role("combobox").fill(ANSWER)
    await page.keyboard.press("Enter")
    await expect(thread(page).get_by_text("Completed. Reply here")).to_be_visible(timeout=STEP_MS)
    after = await texts(page)
    assert after[: len(before) + 1] == [*before, ANSWER]
    assert len(after) == len(set(after))


async def test_a_session_on_discord_goes_from_the_command_to_its_end(start: Start, open_page: Open) -> None:
    _, url = await start("0")
    page = await open_page(url, at="/discord")
    card = await run_on_discord(page, TASK)
    question = thread(page).get_by_text("Reply in this thread to answer")
    await expect(question).to_be_visible(timeout=STEP_MS)
    await expect(thread(page).locator(".embed-author").filter(has_text="Planner").first).to_contain_text("📋")
    plot = thread(page).locator(".image-button img").first
    await expect(plot).to_have_js_property("complete", True)
    assert await plot.evaluate("(image) => image.naturalWidth") > 200
    await expect(card).to_contain_text("Waiting for you", timeout=STEP_MS)
    before = await texts(page)
    await page.reload()
    await expect(question).to_be_visible()
    assert await texts(page) == before
    await thread(page).locator(".composer-field").fill(ANSWER)
    await page.keyboard.press("Enter")
    await expect(thread(page).get_by_text("Completed.")).to_be_visible(timeout=STEP_MS)
    after = await texts(page)
    assert after[: len(before) + 1] == [*before, ANSWER]
    assert len(after) == len(set(after))
    await expect(card).to_contain_text("Completed", timeout=STEP_MS)


async def test_a_session_on_discord_is_stopped_by_its_button_and_its_task_stays_text(
    start: Start, open_page: Open
) -> None:
    _, url = await start("0")
    page = await open_page(url, at="/discord")
    card = await run_on_discord(page, EVIL)
    await expect(thread(page).locator(".embed-author").first).to_be_visible(timeout=STEP_MS)
    await card.get_by_role("button", name="Stop", exact=True).click()
    await expect(thread(page).get_by_text("Stopped by")).to_be_visible(timeout=STEP_MS)
    await expect(card.get_by_role("button", name="Stop", exact=True)).to_have_count(0, timeout=STEP_MS)
    await expect(card.locator(".embed")).to_contain_text(EVIL)
    assert "owned" not in await page.title()
    assert await page.locator(".message :is(script, img[onerror])").count() == 0


async def test_a_session_goes_on_when_the_panel_restarts_the_worker(start: Start, open_page: Open) -> None:
    _, url = await start("0")
    page = await open_page(url, at="/discord")
    await run_on_discord(page, TASK)
    await expect(thread(page).locator(".embed-author").first).to_be_visible(timeout=STEP_MS)
    await page.get_by_role("button", name="Faults").click()
    await page.get_by_role("button", name="Restart the worker").click()
    await expect(page.get_by_role("log", name="What struck")).to_contain_text("Worker restarted", timeout=STEP_MS)
    await expect(thread(page).get_by_text("Reply in this thread to answer")).to_be_visible(timeout=STEP_MS)
    shown = await texts(page)
    assert len(shown) == len(set(shown))
