"""Forms that the app opens: filling in, what is missing, what the app objects to, submitting, closing."""

from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from simulator.slack.person import SlackControl
from tests.browser.fake_app import FakeApp
from tests.browser.test_talking import button

pytestmark = pytest.mark.asyncio(loop_scope="session")


def plain(text: str) -> dict[str, str]:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def labelled(block_id: str, label: str, **element: Any) -> dict[str, Any]:
    """An input block."""
    optional = element.pop("optional", False)
    element["action_id"] = f"{block_id}-action"
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, "optional": optional}


MODELS = [{"text": plain("Small"), "value": "small"}, {"text": plain("Large"), "value": "large"}]
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "start",
    "title": plain("Start a team"),
    "submit": plain("Start"),
    "notify_on_close": True,
    "blocks": [
        labelled("task", "Task", type="plain_text_input", multiline=True),
        labelled("model", "Model", type="static_select", options=MODELS, initial_option=MODELS[0]),
        labelled("extras", "Extras", type="checkboxes", optional=True, options=MODELS),
        labelled("who", "Who may stop it", type="users_select", optional=True),
    ],
}


A_FILE: FilePayload = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"1,2"}


async def open_form(page: Page, app: FakeApp, form: dict[str, Any] = FORM) -> None:
    """Have the app open *form* at the press of a button."""
    await app.say("Press", blocks=[button("ask", "Ask")])
    await page.get_by_role("button", name="Ask").click()
    pressed = await app.next("interactive")
    await app.api.views_open(trigger_id=pressed["trigger_id"], view=form)
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_a_form_is_filled_in_and_what_was_chosen_arrives(page: Page, app: FakeApp) -> None:
    await open_form(page, app)
    await expect(page.get_by_label("Task")).to_be_focused()
    await page.keyboard.type("Compare two things")
    await page.get_by_role("dialog").get_by_label("Model").select_option(label="Large")
    await page.get_by_label("Small").check()
    await page.get_by_label("Who may stop it").select_option(label="Ben Ortiz")
    await page.get_by_role("button", name="Start").click()
    sent = await app.next("interactive")
    values = sent["view"]["state"]["values"]
    assert values["task"]["task-action"]["value"] == "Compare two things"
    assert values["model"]["model-action"]["selected_option"]["value"] == "large"
    assert [option["value"] for option in values["extras"]["extras-action"]["selected_options"]] == ["small"]
    assert values["who"]["who-action"]["selected_user"].startswith("U")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_missing_is_asked_for_before_anything_is_sent(
    page: Page, app: FakeApp, slack: SlackControl
) -> None:
    await open_form(page, app)
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("alert").filter(has_text="Please complete this required field.")).to_be_visible()
    await expect(page.get_by_label("Task")).to_be_focused()
    assert slack.entries("user.submit") == []


async def test_what_the_app_objects_to_stands_under_its_field(page: Page, app: FakeApp) -> None:
    async def object_once(payload: dict[str, Any]) -> dict[str, Any] | None:
        if payload["type"] != "view_submission":
            return None
        return {"response_action": "errors", "errors": {"task": "That is too short."}}

    await open_form(page, app)
    app.answers["interactive"] = object_once
    await page.get_by_label("Task").fill("Hm")
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator(".input-error[data-block=task]")).to_have_text("That is too short.")
    await expect(page.get_by_label("Task")).to_have_value("Hm")


async def test_what_was_typed_outlives_a_change_of_the_form(page: Page, app: FakeApp, slack: SlackControl) -> None:
    await open_form(page, app)
    await page.get_by_label("Task").fill("Half a tho")
    opened = await slack.wait_for(lambda entry: entry.kind == "view.opened")
    changed = {**FORM, "title": plain("Start a crew")}
    await app.api.views_update(view_id=opened.data["view"]["id"], view=changed)
    await expect(page.get_by_role("heading", name="Start a crew")).to_be_visible()
    await expect(page.get_by_label("Task")).to_have_value("Half a tho")


async def test_escape_closes_a_form_and_the_app_hears_of_it(page: Page, app: FakeApp) -> None:
    await open_form(page, app)
    await page.keyboard.press("Escape")
    assert (await app.next("interactive"))["type"] == "view_closed"
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_clearing_takes_a_whole_stack_of_forms_away(page: Page, app: FakeApp) -> None:
    async def push_then_clear(payload: dict[str, Any]) -> dict[str, Any] | None:
        if payload["type"] != "view_submission":
            return None
        if payload["view"]["callback_id"] == "second":
            return {"response_action": "clear"}
        return {"response_action": "push", "view": {**FORM, "callback_id": "second", "title": plain("Really?")}}

    await open_form(page, app)
    app.answers["interactive"] = push_then_clear
    await page.get_by_label("Task").fill("First")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("heading", name="Really?")).to_be_visible()
    await page.get_by_label("Task").fill("Second")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_files_are_put_into_a_form(page: Page, app: FakeApp) -> None:
    files = labelled("files", "Files", type="file_input", optional=True)
    await open_form(page, app, {**FORM, "blocks": [*FORM["blocks"], files]})
    await page.get_by_label("Task").fill("Sum it up")
    await page.get_by_role("dialog").get_by_label("Files").set_input_files(A_FILE)
    await page.get_by_role("button", name="Start").click()
    sent = await app.next("interactive")
    [file] = sent["view"]["state"]["values"]["files"]["files-action"]["files"]
    assert (file["name"], file["size"]) == ("a.csv", 3)


async def test_a_command_carries_no_files_and_the_page_says_so(page: Page, slack: SlackControl) -> None:
    await page.locator(".channel-pane input[type=file]").set_input_files(A_FILE)
    await page.locator(".channel-pane .composer-field").press_sequentially("/agents sum it up ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("/agents cannot carry files")).to_be_visible()
    assert slack.entries("user.command") == []
