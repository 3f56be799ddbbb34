"""How Discord's messages look: markup, embeds, components, files, and that nothing in them becomes part of the page."""

import io
from typing import Any

import discord
import pytest
from playwright.async_api import Locator, Page, expect

from simulator.server import Simulator
from tests.browser.conftest import Open
from tests.browser.fake_bot import FakeBot
from tests.browser.test_looks import EVIL, PIXEL, contrast

pytestmark = pytest.mark.asyncio(loop_scope="session")

IS_V2 = 1 << 15


async def shown(page: Page, message_id: int | str) -> Locator:
    """What a message shows."""
    found = page.locator(f'.message[data-ts="{message_id}"] .content')
    await found.wait_for()
    return found


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        (
            "**bold** *italic* _italic_ ~~gone~~",
            "<p><strong>bold</strong> <em>italic</em> <em>italic</em> <s>gone</s></p>",
        ),
        ("__under__ snake_case_name 2 * 3", "<p><u>under</u> snake_case_name 2 * 3</p>"),
        ("***both***", "<p><strong><em>both</em></strong></p>"),
        (r"\*not\* \[a\] \# \<b\>", "<p>*not* [a] # &lt;b&gt;</p>"),
        ("> said\nafter", "<blockquote><p>said</p></blockquote><p>after</p>"),
        (">>> all\nof it", "<blockquote><p>all\nof it</p></blockquote>"),
        ("# Title\n-# small", '<h3 class="heading-1">Title</h3><p class="small-text">small</p>'),
        ("- one\n- two\n1. three", '<ul><li>one</li><li>two</li></ul><ol start="1"><li>three</li></ol>'),
        ("[there](https://example.com/?a=1&b=2)", '<p><a href="https://example.com/?a=1&amp;b=2">there</a></p>'),
        ("See https://example.com/x.", '<p>See <a href="https://example.com/x">https://example.com/x</a>.</p>'),
        ("[x](javascript:alert(1))", "<p>x (javascript:alert(1))</p>"),
        ("<:wave:123> </agents run:9> <t:99999999999999:f>", None),
        ("| a | b |\n|---|---|", "<p>| a | b |\n|---|---|</p>"),
    ],
)
async def test_discords_markup_is_shown(discord_page: Page, bot: FakeBot, text: str, markup: str | None) -> None:
    posted = await bot.post({"content": text, "flags": 4, "allowed_mentions": {"parse": []}})
    content = await shown(discord_page, posted["id"])
    if markup is None:
        await expect(content).to_have_text(":wave: /agents run <t:99999999999999:f>")
        return
    inner = await content.locator(".markdown").inner_html()
    assert inner.replace(' target="_blank" rel="noopener noreferrer"', "") == markup


async def test_mentions_times_and_spoilers_are_shown(discord_page: Page, bot: FakeBot, simulator: Simulator) -> None:
    ada = simulator.discord.world.user_named("ada")
    random = bot.place("random")
    message = await bot.say(f"<@{ada.id}> in <#{random.id}> <t:1700000000:R> ||secret|| @everyone")
    content = await shown(discord_page, message.id)
    await expect(content.locator(".mention.mine").first).to_have_text("@Ada Lovelace")
    await expect(content.locator("time")).to_contain_text("ago")
    spoiler = content.get_by_role("button", name="Spoiler")
    await spoiler.click()
    await expect(content.locator(".spoiler")).to_have_attribute("aria-expanded", "true")
    await content.get_by_role("link", name="#random").click()
    await expect(discord_page.get_by_role("heading", level=1)).to_have_text("random")


async def test_an_embed_shows_all_that_it_has(discord_page: Page, bot: FakeBot) -> None:
    embed = discord.Embed(title="A **title**", description="Some *text*\n```\ncode\n```", color=0xED4245)
    embed.set_author(name="📊 Analyst").set_footer(text="Started by Ada").set_image(url="attachment://plot.png")
    embed.add_field(name="Cost", value="`0.01`").add_field(name="Time", value="3 s")
    message = await bot.say(embed=embed, file=discord.File(io.BytesIO(PIXEL), "plot.png"))
    content = await shown(discord_page, message.id)
    await expect(content.locator(".embed-author")).to_have_text("📊Analyst")
    await expect(content.locator(".embed-title strong")).to_have_text("title")
    await expect(content.locator(".embed-field code")).to_have_text("0.01")
    await expect(content.locator(".embed-footer")).to_have_text("Started by Ada")
    await expect(content.locator(".embed")).to_have_css("border-left-color", "rgb(237, 66, 69)")
    await expect(content.get_by_role("img")).to_have_js_property("naturalWidth", 1)
    await content.get_by_role("button", name="Enlarge A **title**").click()
    await discord_page.keyboard.press("Escape")
    await expect(discord_page.get_by_role("dialog")).to_have_count(0)


async def test_attachments_are_shown_and_can_be_fetched(discord_page: Page, bot: FakeBot) -> None:
    files = [discord.File(io.BytesIO(PIXEL), "plot.png"), discord.File(io.BytesIO(b"# Report"), "report.md")]
    content = await shown(discord_page, (await bot.say("Done", files=files)).id)
    await expect(content.get_by_role("img")).to_have_js_property("naturalWidth", 1)
    async with discord_page.expect_download() as download:
        await content.get_by_role("link", name="report.md").click()
    assert (await (await download.value).path()).read_text() == "# Report"


async def test_pictures_from_elsewhere_are_not_loaded_on_discord_either(discord_page: Page, bot: FakeBot) -> None:
    embed = discord.Embed(description="A cat").set_image(url="https://tracker.example/p.png")
    embed.set_thumbnail(url="https://tracker.example/t.png").set_author(
        name="Cat", icon_url="https://tracker.example/i"
    )
    content = await shown(discord_page, (await bot.say(embed=embed)).id)
    await expect(content).to_contain_text("tracker.example, not loaded")
    await expect(discord_page.locator("img")).to_have_count(0)


async def test_components_of_the_second_version_are_shown(discord_page: Page, bot: FakeBot) -> None:
    stop = {"type": 2, "style": 4, "label": "Stop", "custom_id": "stop"}
    held: list[dict[str, Any]] = [
        {"type": 10, "content": "# Team\n**two** agents"},
        {"type": 14},
        {"type": 9, "components": [{"type": 10, "content": "Running"}], "accessory": stop},
        {"type": 1, "components": [{"type": 5, "custom_id": "who", "placeholder": "Whose"}]},
    ]
    body = {"flags": IS_V2, "components": [{"type": 17, "accent_color": 0x5865F2, "components": held}]}
    content = await shown(discord_page, (await bot.post(body))["id"])
    await expect(content.get_by_role("heading", name="Team")).to_be_visible()
    await expect(content.get_by_role("button", name="Stop")).to_be_enabled()
    await expect(content.get_by_label("Whose").get_by_role("option")).to_have_count(5)
    await expect(content.locator("hr")).to_have_count(1)


@pytest.mark.parametrize("evil", EVIL)
async def test_what_looks_like_markup_of_the_page_stays_text_on_discord(
    discord_page: Page, bot: FakeBot, evil: str
) -> None:
    embed = {
        "title": evil,
        "description": f"{evil}\n\n> {evil}\n- {evil}\n```\n{evil}\n```",
        "author": {"name": f"📊 {evil}"},
        "footer": {"text": evil},
        "fields": [{"name": evil, "value": evil}],
    }
    button = {"type": 2, "style": 1, "label": evil[:80], "custom_id": evil}
    select = {"type": 3, "custom_id": f"x{evil}", "placeholder": evil, "options": [{"label": evil, "value": evil}]}
    rows = [{"type": 1, "components": [part]} for part in (button, select)]
    posted = await bot.post({"content": f"{evil} ||{evil}||", "embeds": [embed], "components": rows})
    opened = await (await bot.place().fetch_message(int(posted["id"]))).create_thread(name=evil[:90])
    await opened.send(evil, file=discord.File(io.BytesIO(b"x"), "<b onclick=x>.txt"))
    await discord_page.locator(".thread-line").click()
    await expect(discord_page.locator(".thread-pane").get_by_role("article")).to_have_count(2)
    assert "owned" not in await discord_page.title()
    assert await discord_page.locator(".message :is(img, script, svg[onload], [onclick], [onerror])").count() == 0
    assert await discord_page.locator("a[href^='javascript' i]").count() == 0
    await expect(discord_page.locator(".embed-footer").first).to_have_text(evil)


async def test_everything_that_can_be_used_on_discord_has_a_name(discord_page: Page, bot: FakeBot) -> None:
    await (await bot.say("A root")).create_thread(name="Aside")
    await discord_page.locator(".thread-line").click()
    await discord_page.get_by_role("button", name="Faults").click()
    await discord_page.locator(".channel-pane .composer-field").fill("/agents run ")
    nameless = await discord_page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea, dialog[open]")]
            .filter((node) => node.checkVisibility())
            .filter((node) => !(node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("dark", [False, True])
async def test_discords_text_can_be_read_in_light_and_dark(
    simulator: Simulator, bot: FakeBot, open_page: Open, dark: bool
) -> None:
    page = await open_page(simulator.url, at="/discord", dark=dark)
    view = discord.ui.View(timeout=None)
    for style in (discord.ButtonStyle.primary, discord.ButtonStyle.danger, discord.ButtonStyle.success):
        view.add_item(discord.ui.Button(label=style.name, style=style, custom_id=style.name))
    embed = discord.Embed(description="Some `code` and [a link](https://example.com)").set_footer(text="Foot")
    await bot.say("Hello <t:1700000000:f>", embed=embed, view=view)
    await page.locator(".message").first.wait_for()
    parts = (".content", ".stamp", ".content code", ".content a", ".place", ".embed-footer", ".app-tag", ".user-area")
    for selector in (*parts, ".button.blurple", ".button.danger", ".button.primary", ".welcome p", ".moment"):
        assert await contrast(page.locator(f".discord {selector}").first) >= 4.5, selector
