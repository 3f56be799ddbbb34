"""Takes the pictures of the documentation from a real session: `python -m tests.browser.screenshots [folder]`.

Run by hand when the page has changed; needs Chromium, as the tests beside it do.
"""

import asyncio
import io
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.browser.conftest import FLAGS
from tests.support.processes import Child

TASK = "compare solar and wind for a small town"
ANSWER = "Begin with a short summary."
WIDE: ViewportSize = {"width": 1440, "height": 900}
DOUBLE: ViewportSize = {"width": 1720, "height": 960}
NARROW: ViewportSize = {"width": 390, "height": 844}
STEP_MS = 90_000
CARD_MS = 6_000
"""The card is edited at most every 5 s."""


async def take_all(folder: Path) -> None:
    """Play sessions and picture them on the way."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium on this machine.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for play in (_play, _play_both):
            async with _muster() as url:
                await play(browser, url, folder)
        await browser.close()


@asynccontextmanager
async def _muster() -> AsyncIterator[str]:
    """A new Muster with nothing configured; gives the address of its page."""
    with tempfile.TemporaryDirectory() as data:
        env = {"DATA_DIR": data, "SIMULATOR_PORT": "0", "DEMO_THINKING_S": "1.2", "TERM": "dumb"}
        async with Child("muster", "up", ready="Ctrl-C stops it", env=env, timeout_s=90) as child:
            found = re.search(r"Chat\s+(http://\S+?)/\s", child.output)
            assert found
            yield found[1]


async def _play(browser: Browser, url: str, folder: Path) -> None:
    page = await browser.new_page(viewport=WIDE, color_scheme="light")
    await page.goto(f"{url}/slack")
    field = page.locator(".channel-pane .composer-field")
    await page.get_by_role("button", name="/agents").wait_for()
    await _save(page, folder / "start.png")
    await field.press_sequentially("/")
    await page.get_by_role("listbox").wait_for()
    await _save(page, folder / "commands.png")
    await field.press_sequentially(f"agents {TASK}")
    await page.keyboard.press("Enter")
    await page.locator(".thread-line").click(timeout=STEP_MS)
    await page.mouse.move(700, 300)
    await page.get_by_role("article", name="Analyst").first.wait_for(timeout=STEP_MS)
    await _save(page, folder / "team-at-work.png")
    thread = page.locator(".thread-pane")
    await thread.get_by_text("Reply in this thread to answer").wait_for(timeout=STEP_MS)
    await page.locator(".channel-pane").get_by_text("💬 Waiting for you").wait_for(timeout=STEP_MS)
    await _save(page, folder / "question.png")
    await thread.get_by_role("combobox").fill(ANSWER)
    await page.keyboard.press("Enter")
    await thread.get_by_text("Completed. Reply here").wait_for(timeout=STEP_MS)
    await field.fill("/history")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Open the thread").wait_for()
    await page.wait_for_timeout(CARD_MS)
    await page.emulate_media(color_scheme="dark")
    await _save(page, folder / "result-dark.png")
    await page.set_viewport_size(NARROW)
    await _save(page, folder / "narrow-dark.png")


async def _play_both(browser: Browser, url: str, folder: Path) -> None:
    """A session on each platform, pictured when both teams have asked something."""
    page = await browser.new_page(viewport=DOUBLE, color_scheme="light")
    await page.goto(url)
    slack, discord = page.locator(".chat.slack"), page.locator(".chat.discord")
    await discord.locator(".first-command").wait_for(timeout=STEP_MS)
    await slack.locator(".composer-field").first.fill(f"/agents {TASK}")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await discord.locator(".composer-field").first.fill("/agents run ")
    await page.keyboard.press("Enter")
    await page.keyboard.type(TASK)
    await page.keyboard.press("Enter")
    for chat in (slack, discord):
        await chat.locator(".thread-line").click(timeout=STEP_MS)
        await chat.locator(".thread-pane").get_by_text("Reply in this thread to answer").wait_for(timeout=STEP_MS)
    await page.mouse.move(5, 5)
    await _save(page, folder / "both.png")


async def _save(page: Page, path: Path) -> None:
    await page.wait_for_timeout(400)
    shot = Image.open(io.BytesIO(await page.screenshot()))
    shot.convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    asyncio.run(take_all(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")))
