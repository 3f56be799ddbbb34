"""What a person does on the page reaches the app, and what the app does is seen at once."""

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from simulator.server import Simulator
from simulator.slack.person import SlackControl
from tests.browser.conftest import Open
from tests.browser.fake_app import FakeApp

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST = "/agents compare solar and wind for a small town"


def composer(page: Page) -> Locator:
    """Where one writes into the channel."""
    return page.locator(".channel-pane .composer-field")


def thread(page: Page) -> Locator:
    """The thread beside the channel."""
    return page.get_by_role("complementary", name="Thread")


def button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    """A block with one button."""
    element = {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}
    return {"type": "actions", "block_id": f"of-{action_id}", "elements": [element]}


async def test_the_first_hint_types_a_command_that_reaches_the_app(page: Page, app: FakeApp) -> None:
    await page.get_by_role("button", name=FIRST).click()
    await expect(composer(page)).to_have_value(FIRST)
    await page.keyboard.press("Enter")
    sent = await app.next("slash_commands")
    assert (sent["command"], f"/agents {sent['text']}") == ("/agents", FIRST)
    await expect(composer(page)).to_have_value("")


async def test_typing_a_slash_offers_the_commands_and_tab_takes_one(page: Page) -> None:
    await composer(page).fill("/")
    offered = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    await expect(offered.first).to_contain_text("/agents")
    await expect(offered.filter(has_text="/history").first).to_be_visible()
    await composer(page).press_sequentially("hi")
    await page.keyboard.press("Tab")
    await expect(composer(page)).to_have_value("/history")
    await page.keyboard.press("Escape")
    await expect(offered).to_have_count(0)


async def test_slash_commands_are_refused_in_threads_in_words(page: Page, app: FakeApp) -> None:
    root = await app.say("A root")
    await app.say("A reply", thread_ts=root)
    await page.get_by_role("button", name="1 reply").click()
    field = thread(page).get_by_role("combobox")
    await field.fill("/agents")
    await expect(thread(page)).to_contain_text("Slash commands do not work in threads.")
    await field.fill("/agents help")
    await page.keyboard.press("Enter")
    await expect(thread(page).get_by_role("status")).to_contain_text("/agents is not supported in threads. Sorry!")
    await expect(field).to_have_value("/agents help")


async def test_an_unknown_command_is_not_posted(page: Page, slack: SlackControl) -> None:
    await composer(page).fill("/nonsense here")
    await page.keyboard.press("Enter")
    await expect(page.locator(".composer-note").first).to_contain_text("/nonsense is not a valid command")
    assert await slack.messages("general") == []


async def test_lines_are_broken_with_shift_and_sent_with_enter(page: Page, app: FakeApp) -> None:
    await composer(page).focus()
    await page.keyboard.type("first")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second @muster")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    event = await app.next("app_mention")
    assert event["text"].startswith("first\nsecond <@U")
    await expect(page.get_by_role("log", name="Messages")).to_contain_text("second @Muster")


async def test_a_thread_grows_while_one_looks_and_takes_a_reply(page: Page, app: FakeApp) -> None:
    root = await app.say("A root")
    await app.say("The first reply", thread_ts=root, username="Planner", icon_emoji=":clipboard:")
    await expect(page.locator(".thread-line")).to_contain_text("1 new")
    await page.get_by_role("button", name="1 reply").click()
    await app.say("The second reply", thread_ts=root, username="Analyst", icon_emoji=":bar_chart:")
    second = thread(page).get_by_role("article", name="Analyst").last
    await expect(second).to_contain_text("The second reply")
    await expect(second.locator(".avatar")).to_have_text("📊")
    await expect(page.locator(".thread-line")).to_contain_text("2 replies")
    await expect(thread(page).get_by_role("combobox")).to_be_focused()
    await page.keyboard.type("An answer")
    await page.keyboard.press("Enter")
    event = await app.next("message")
    while event["text"] != "An answer":
        event = await app.next("message")
    assert event["thread_ts"] == root
    await expect(thread(page).get_by_role("article", name="Ada Lovelace")).to_contain_text("An answer")


async def test_a_private_message_is_for_one_person_alone(page: Page, app: FakeApp, simulator: Simulator) -> None:
    ada = simulator.slack.first.find_user("ada")
    assert ada is not None
    general = await app.channel("general")
    await app.api.chat_postEphemeral(channel=general, user=ada.id, text="For Ada's eyes")
    private = page.get_by_role("article").filter(has_text="For Ada's eyes")
    await expect(private).to_contain_text("Only visible to you")
    await page.get_by_label("You are").select_option(label="Ben Ortiz")
    await expect(private).to_have_count(0)
    await page.get_by_label("You are").select_option(label="Ada Lovelace (admin)")
    await expect(private).to_have_count(1)


async def test_a_pressed_button_is_at_work_until_the_app_has_answered(page: Page, app: FakeApp) -> None:
    await app.say("Press", blocks=[button("stop", "Stop", style="danger", value="7")])
    app.acknowledges.clear()
    await page.get_by_role("button", name="Stop").click()
    stop = page.locator("button[data-action=stop]")
    await expect(stop).to_have_attribute("aria-busy", "true")
    app.acknowledges.set()
    assert (await app.next("interactive"))["actions"][0]["value"] == "7"
    await expect(stop).not_to_have_attribute("aria-busy", "true")
    await expect(page.locator(".press-error")).to_have_count(0)


async def test_a_button_that_the_app_ignores_says_so(page: Page, app: FakeApp, slack: SlackControl) -> None:
    await slack.set(ack_timeout_s=0.2)
    app.acknowledges.clear()
    await app.say("Press", blocks=[button("go", "Go")])
    await page.get_by_role("button", name="Go", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="did not answer in time")).to_be_visible()


async def test_a_button_with_a_confirmation_asks_first(page: Page, app: FakeApp, slack: SlackControl) -> None:
    words = {"title": "Really?", "text": "It ends.", "confirm": "Yes", "deny": "No"}
    confirm = {name: {"type": "plain_text", "text": text} for name, text in words.items()}
    await app.say("Press", blocks=[button("end", "End", confirm=confirm)])
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="No").click()
    assert slack.entries("user.action") == []
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    assert (await app.next("interactive"))["actions"][0]["action_id"] == "end"


async def test_files_go_both_ways(page: Page, app: FakeApp, slack: SlackControl) -> None:
    data = {"name": "data.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    await page.locator(".channel-pane input[type=file]").set_input_files(data)  # type: ignore[arg-type]
    await expect(page.locator(".chip")).to_contain_text("data.csv")
    await composer(page).fill("Look at this")
    await page.keyboard.press("Enter")
    shown = await slack.wait_for_message(containing="Look at this")
    assert await slack.download(shown.files[0]["id"]) == b"a,b\n1,2\n"
    await expect(page.get_by_role("link", name="data.csv")).to_be_visible()
    await app.api.files_upload_v2(channel=await app.channel("general"), content="# Report", filename="report.md")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="report.md").click()
    assert (await (await download.value).path()).read_text() == "# Report"


async def test_edits_deletions_and_reactions_are_seen_at_once(page: Page, app: FakeApp) -> None:
    general = await app.channel("general")
    ts = await app.say("Befoer")
    message = page.locator(f'.message[data-ts="{ts}"]')
    await expect(message).to_contain_text("Befoer")
    await app.api.chat_update(channel=general, ts=ts, text="After")
    await expect(message).to_contain_text("After")
    await app.api.reactions_add(channel=general, timestamp=ts, name="tada")
    chip = message.get_by_role("button", name=":tada: by")
    await expect(chip).to_have_text("🎉1")
    await chip.click()
    await expect(chip).to_have_text("🎉2")
    assert (await app.next("reaction_added"))["reaction"] == "tada"
    await app.api.chat_delete(channel=general, ts=ts)
    await expect(message).to_have_count(0)


async def test_what_is_new_elsewhere_is_marked_until_it_is_read(page: Page, app: FakeApp, slack: SlackControl) -> None:
    await slack.person("ben").post("random", "News, @ada")
    random = page.get_by_role("link", name="random")
    await expect(random.locator(".badge")).to_have_text("1")
    await expect(page).to_have_title("(1) general - Acme - Muster")
    await random.click()
    await expect(page.get_by_role("log", name="Messages")).to_contain_text("News, @Ada Lovelace")
    await expect(page.locator(".badge")).to_have_count(0)
    await expect(page).to_have_title("random - Acme - Muster")


async def test_direct_messages_reach_the_app(page: Page, app: FakeApp) -> None:
    await page.get_by_role("navigation").get_by_role("button", name="Muster").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Muster")
    await composer(page).fill("Compare two things")
    await page.keyboard.press("Enter")
    assert (await app.next("message"))["channel_type"] == "im"


async def test_two_people_can_talk_in_two_windows(page: Page, simulator: Simulator, open_page: Open) -> None:
    ben = await open_page(simulator.url)
    await ben.get_by_label("You are").select_option(label="Ben Ortiz")
    await composer(ben).fill("Hello Ada")
    await ben.keyboard.press("Enter")
    await expect(page.get_by_role("article", name="Ben Ortiz")).to_contain_text("Hello Ada")


async def test_a_message_can_be_edited_and_deleted_by_its_author(page: Page, slack: SlackControl) -> None:
    await composer(page).fill("Hallo <b> & @ben")
    await page.keyboard.press("Enter")
    message = page.get_by_role("article", name="Ada Lovelace")
    await expect(message).to_contain_text("Hallo <b> & @Ben Ortiz")
    await expect(composer(page)).to_have_value("")
    await composer(page).press("ArrowUp")
    field = page.get_by_label("Edit message").first
    await expect(field).to_have_value("Hallo <b> & @ben")
    await field.fill("Hello")
    await page.keyboard.press("Enter")
    await expect(message).to_contain_text("Hello(edited)")
    await message.hover()
    await message.get_by_role("button", name="Delete message").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(message).to_have_count(0)
    assert await slack.messages("general") == []
