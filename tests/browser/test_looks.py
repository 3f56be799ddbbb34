"""How messages look: markup, blocks, files, and that nothing in them can become part of the page."""

import base64
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from simulator.server import Simulator
from tests.browser.conftest import Open
from tests.browser.fake_app import FakeApp

pytestmark = pytest.mark.asyncio(loop_scope="session")

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EVIL = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "</textarea><svg onload=document.title='owned'>",
    "[click](javascript:document.title='owned')",
)


async def content(page: Page, ts: str) -> Locator:
    """What a message shows."""
    found = page.locator(f'.message[data-ts="{ts}"] .content')
    await found.wait_for()
    return found


async def html(page: Page, ts: str) -> str:
    """A message's content as markup, without the blocks' own frames."""
    inner: str = await (await content(page, ts)).locator(".text, .markdown").first.inner_html()
    return inner.replace(' tabindex="0"', "").replace(' target="_blank" rel="noopener noreferrer"', "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _italic_ ~gone~", "<strong>bold</strong> <em>italic</em> <s>gone</s>"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("`a *b* &lt;c&gt;`", "<code>a *b* &lt;c&gt;</code>"),
        ("&gt; said\n&gt; again\nafter", "<blockquote>said<br>again</blockquote>after"),
        ("• one\n• two", "<ul><li>one</li><li>two</li></ul>"),
        ("<https://example.com/?a=1&amp;b=2|there>", '<a href="https://example.com/?a=1&amp;b=2">there</a>'),
        ("See https://example.com/x.", 'See <a href="https://example.com/x">https://example.com/x</a>.'),
        ("<javascript:alert(1)|x>", "x (javascript:alert(1))"),
        ("a\n\nb", "a<br><br>b"),
        (":rocket: :no_such_thing:", '<span class="emoji" title=":rocket:">🚀</span> :no_such_thing:'),
    ],
)
async def test_slacks_markup_is_shown(page: Page, app: FakeApp, text: str, shown: str) -> None:
    assert await html(page, await app.say(text)) == shown


async def test_a_fence_keeps_what_is_in_it(page: Page, app: FakeApp) -> None:
    ts = await app.say("Runs:\n```\nfor x in y:\n    print(*x, `z`)\n```\ndone")
    assert await html(page, ts) == (
        'Runs:<pre class="code-block"><code>for x in y:\n    print(*x, `z`)</code></pre>done'
    )


async def test_markdown_blocks_are_shown(page: Page, app: FakeApp) -> None:
    parts = (
        "# Title\nSome **bold** and *em*",
        "1. one\n   - inner\n2. two",
        "| a | b |\n|---|---|\n| 1 | `2` |",
        "- [x] done",
    )
    text = "\n\n".join(parts)
    block = {"type": "markdown", "text": text}
    assert await html(page, await app.say("fallback", blocks=[block])) == (
        '<h3 class="heading-1">Title</h3><p>Some <strong>bold</strong> and <em>em</em></p>'
        '<ol start="1"><li>one<ul><li>inner</li></ul></li><li>two</li></ol>'
        '<div class="table"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
        "<tbody><tr><td>1</td><td><code>2</code></td></tr></tbody></table></div>"
        '<ul><li class="task"><input type="checkbox" disabled="">done</li></ul>'
    )


async def test_blocks_of_all_kinds_are_shown(page: Page, app: FakeApp) -> None:
    plain = {"type": "plain_text", "text": "A heading"}
    text = {"type": "mrkdwn", "text": "*Field*"}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich", "style": {"bold": True}}]}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain},
        {"type": "section", "text": text, "fields": [text, text]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_small_"}]},
        {"type": "rich_text", "elements": [rich]},
        {"type": "video", "alt_text": "a video"},
    ]
    message = await content(page, await app.say("fallback", blocks=blocks))
    await expect(message.get_by_role("heading", name="A heading")).to_be_visible()
    await expect(message.locator(".fields strong")).to_have_count(2)
    await expect(message.locator("hr")).to_have_count(1)
    await expect(message.locator(".block-context em")).to_have_text("small")
    await expect(message.locator(".block-rich_text strong")).to_have_text("rich")
    await expect(message).to_contain_text("This block cannot be shown here: video")


async def test_an_image_block_shows_the_apps_file_and_enlarges_it(page: Page, app: FakeApp) -> None:
    uploaded = await app.api.files_upload_v2(content=PIXEL, filename="plot.png")
    image = {"type": "image", "slack_file": {"id": uploaded["file"]["id"]}, "alt_text": "A plot"}
    message = await content(page, await app.say("A plot", blocks=[image]))
    await expect(message.get_by_role("img")).to_have_js_property("naturalWidth", 1)
    await message.get_by_role("button", name="Enlarge A plot").click()
    await expect(page.get_by_role("dialog", name="A plot").get_by_role("img")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_pictures_from_elsewhere_are_named_and_not_loaded(page: Page, app: FakeApp) -> None:
    image = {"type": "image", "image_url": "https://tracker.example/p.png", "alt_text": "A cat"}
    message = await content(page, await app.say("A cat", blocks=[image], icon_url="https://tracker.example/i.png"))
    await expect(message).to_contain_text("Image: A cat (tracker.example, not loaded)")
    await expect(page.locator("img")).to_have_count(0)


@pytest.mark.parametrize("evil", EVIL)
async def test_what_looks_like_markup_of_the_page_stays_text(page: Page, app: FakeApp, evil: str) -> None:
    escaped = evil.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    general = await app.channel("general")
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": evil}, {"type": "link", "url": evil}]}
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{evil} {escaped}"}},
        {"type": "header", "text": {"type": "plain_text", "text": evil}},
        {"type": "markdown", "text": evil},
        {"type": "rich_text", "elements": [rich]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": evil}, "action_id": "x"}],
        },
    ]
    await app.say(evil, username=evil[:80], blocks=blocks)
    await app.say(evil, username=evil[:80], thread_ts=await app.say(escaped))
    await app.api.files_upload_v2(channel=general, content="x", filename="<b onclick=x>.txt", title=evil)
    last = await app.say("the last one")
    await content(page, last)
    await page.locator(".thread-line").click()
    await expect(page.get_by_role("complementary", name="Thread").get_by_role("article")).to_have_count(2)
    assert "owned" not in await page.title()
    assert await page.locator(".message :is(img, script, svg[onload], [onclick], [onerror])").count() == 0
    assert await page.locator("a[href^='javascript' i]").count() == 0
    await expect(page.locator(".author").first).to_have_text(evil[:80])


async def test_the_page_is_served_with_a_policy_and_asks_nobody_else(page: Page, simulator: Simulator) -> None:
    answer = await page.request.get(simulator.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy


async def test_everything_that_can_be_used_has_a_name(page: Page, app: FakeApp) -> None:
    ts = await app.say("A root")
    await app.say("A reply", thread_ts=ts)
    await page.get_by_role("button", name="1 reply").click()
    await page.get_by_role("complementary", name="Thread").get_by_role("article").last.wait_for()
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea, dialog[open]")]
            .filter((node) => node.type !== "file" && node.checkVisibility())
            .filter((node) => !(node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("dark", [False, True])
async def test_text_can_be_read_in_light_and_dark(
    simulator: Simulator, app: FakeApp, open_page: Open, dark: bool
) -> None:
    page = await open_page(simulator.url, dark=dark)
    await app.say("Some `code`, <https://example.com|a link> and &gt; text", username="Planner")
    await page.locator(".message").first.wait_for()
    for selector in (".content", ".stamp", ".content code", ".content a", ".place", ".members", ".welcome p"):
        assert await contrast(page.locator(selector).first) >= 4.5, selector


async def contrast(locator: Locator) -> float:
    """Contrast of a text with what is behind it. Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    ratio: float = await locator.evaluate(
        """(node) => {
          const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
          const light = (colour) => {
            const [r, g, b] = parse(colour).slice(0, 3).map((v) => v / 255)
              .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          let behind = node;
          const clear = (colour) => colour === "transparent" || (parse(colour)[3] ?? 1) < 1;
          while (clear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
          const pair = [light(getComputedStyle(node).color), light(getComputedStyle(behind).backgroundColor)];
          return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        }"""
    )
    return ratio


async def test_in_a_narrow_window_one_thing_is_shown_at_a_time(
    simulator: Simulator, app: FakeApp, open_page: Open
) -> None:
    page = await open_page(simulator.url, width=390, height=760)
    ts = await app.say("A root")
    await app.say("A reply", thread_ts=ts)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="1 reply").click()
    await expect(page.locator(".channel-pane")).to_be_hidden()
    await page.get_by_role("button", name="Close thread").click()
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await page.get_by_role("button", name="Channels", exact=True).click()
    await page.get_by_role("link", name="random").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("random")
    await expect(page.get_by_role("navigation")).to_be_hidden()


async def test_the_keyboard_is_enough_to_get_about(page: Page, app: FakeApp) -> None:
    ts = await app.say("A root")
    await app.say("A reply", thread_ts=ts)
    await page.get_by_role("button", name="1 reply").focus()
    await page.keyboard.press("Enter")
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_role("combobox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()
    await expect(page.locator(".channel-pane .composer-field")).to_be_focused()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.get_by_role("heading", level=1)).to_have_text("leads")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.get_by_role("heading", level=1)).to_have_text("general")
