"""A simulator, an app in its Slack, a bot in its Discord, and Debian's Chromium on its page.

These tests run only when they are named (`pytest tests/browser`, `make test-browser`): they need a browser, which the
other tests do not. Without one they are skipped. All share one event loop, because starting a browser takes seconds.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from simulator.discord.person import DiscordControl
from simulator.server import Simulator
from simulator.slack.options import SlackOptions
from simulator.slack.person import SlackControl
from tests.browser.fake_app import FakeApp
from tests.browser.fake_bot import FakeBot
from tests.support.discord_bot import QUICK, connected

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HERE = Path(__file__).parent
Open = Callable[..., Awaitable[Page]]
"""Opens the page of a simulator: `await open_page(url, at="/slack", width=..., height=..., dark=...)`."""


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out unless the command names it or something in it."""
    asked = ((config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args)
    return None if any(path == HERE or HERE in path.parents for path in asked) else True


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("There is no Chromium on this machine: `apt-get install chromium`, or `make test-browser` as root.")
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    served = Simulator(slack=SlackOptions(enforce_limits=False), discord=QUICK)
    await served.start()
    yield served
    await served.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def slack(simulator: Simulator) -> AsyncIterator[SlackControl]:
    async with SlackControl(simulator.url) as control:
        yield control


@pytest_asyncio.fixture(loop_scope="session")
async def app(simulator: Simulator) -> AsyncIterator[FakeApp]:
    async with FakeApp(simulator.slack_api_url) as connected:
        yield connected


@pytest_asyncio.fixture(loop_scope="session")
async def guild(simulator: Simulator) -> AsyncIterator[DiscordControl]:
    """The control API of the simulated guild."""
    async with DiscordControl(simulator.url) as control:
        yield control


@pytest_asyncio.fixture(loop_scope="session")
async def bot(simulator: Simulator) -> AsyncIterator[FakeBot]:
    async with connected(FakeBot(), simulator, commands=True) as ready:
        assert isinstance(ready, FakeBot)
        yield ready


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """Opens pages, and fails the test when one of them reported an error or asked anybody but the simulator."""
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    async def opened(url: str, *, at: str = "/slack", width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        size: ViewportSize = {"width": width, "height": height}
        context = await browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        contexts.append(context)
        context.set_default_timeout(8_000)
        page = await context.new_page()
        own = tuple(f"{kind}://{url.split('/')[2]}" for kind in ("http", "blob:http"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda asked: None if asked.url.startswith((*own, "data:")) else wrong.append(asked.url))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        await page.goto(url + at)
        await page.locator(".chat:not([hidden]) .channel-pane .message, .welcome").first.wait_for(state="attached")
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert wrong == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(simulator: Simulator, app: FakeApp, open_page: Open) -> Page:
    """The page as Ada sees it, in #general, with the app connected."""
    return await open_page(simulator.url)


@pytest_asyncio.fixture(loop_scope="session")
async def discord_page(simulator: Simulator, bot: FakeBot, open_page: Open) -> Page:
    """Discord alone as Ada sees it, in #general, with the bot connected."""
    return await open_page(simulator.url, at="/discord")
