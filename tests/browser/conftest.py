"""A simulator, an app in it, and Debian's Chromium on its page.

These tests run only when they are named (`pytest tests/browser`, `make test-browser`): they need a browser, which the
other tests do not. Without one they are skipped.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from simulator.server import Simulator
from simulator.slack.options import SlackOptions
from simulator.slack.person import SlackControl
from tests.browser.fake_app import FakeApp

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
"""Opens the page of a simulator: `await open_page(path, width=..., height=..., dark=...)`."""


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


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    served = Simulator(slack=SlackOptions(enforce_limits=False))
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def slack(simulator: Simulator) -> AsyncIterator[SlackControl]:
    async with SlackControl(simulator.url) as control:
        yield control


@pytest.fixture
async def app(simulator: Simulator) -> AsyncIterator[FakeApp]:
    async with FakeApp(simulator.slack_api_url) as connected:
        yield connected


@pytest.fixture
async def open_page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    """Opens pages, and fails the test when one of them reported an error or asked anybody but the simulator."""
    wrong: list[str] = []

    async def opened(url: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        scheme = "dark" if dark else "light"
        context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(8_000)
        page = await context.new_page()
        own = tuple(f"{kind}://{url.split('/')[2]}" for kind in ("http", "blob:http"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda asked: None if asked.url.startswith((*own, "data:")) else wrong.append(asked.url))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        await page.goto(url)
        await page.locator(".channel-pane .composer, .channel-pane .join-bar").first.wait_for(state="attached")
        return page

    yield opened
    assert wrong == []


@pytest.fixture
async def page(simulator: Simulator, app: FakeApp, open_page: Open) -> Page:
    """The page as Ada sees it, in #general, with the app connected."""
    return await open_page(simulator.url)
