"""Modals, triggers and response addresses."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack import limits
from simulator.slack.person import RefusedError, SlackControl

Listen = Callable[[], Awaitable[Any]]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def form(title: str = "A form", **more: Any) -> dict[str, Any]:
    option = {"text": plain("Blue"), "value": "blue"}
    return {
        "type": "modal",
        "title": plain(title),
        "submit": plain("Send"),
        "blocks": [
            {
                "type": "input",
                "block_id": "task",
                "label": plain("Task"),
                "element": {"type": "plain_text_input", "action_id": "text"},
            },
            {
                "type": "input",
                "block_id": "colour",
                "optional": True,
                "label": plain("Colour"),
                "element": {"type": "static_select", "action_id": "pick", "options": [option]},
            },
        ],
    } | more


async def trigger(listen: Listen, slack: SlackControl) -> tuple[Any, dict[str, Any]]:
    """A listener, and the payload of a command that ada typed."""
    listener = await listen()
    await slack.person("ada").command("/agents", channel="general")
    return listener, (await listener.next("slash_commands")).payload


async def test_a_trigger_opens_one_modal_within_its_life(
    api: AsyncWebClient, listen: Listen, slack: SlackControl
) -> None:
    listener, command = await trigger(listen, slack)
    opened = (await api.views_open(trigger_id=command["trigger_id"], view=form()))["view"]
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await api.views_open(trigger_id=command["trigger_id"], view=form())
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await api.views_open(trigger_id="1.2.x", view=form())
    await slack.set(trigger_life_s=0.0)
    await slack.person("ada").command("/agents", channel="general")
    late = (await listener.next("slash_commands")).payload["trigger_id"]
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await api.views_open(trigger_id=late, view=form())
    assert [m["id"] for m in await slack.person("ada").modals()] == [opened["id"]]
    assert await slack.person("ben").modals() == []


async def test_a_submission_carries_the_state_and_its_errors_keep_the_modal_open(
    api: AsyncWebClient, listen: Listen, slack: SlackControl
) -> None:
    listener, command = await trigger(listen, slack)
    view_id = (await api.views_open(trigger_id=command["trigger_id"], view=form(private_metadata="m")))["view"]["id"]
    ada = slack.person("ada")
    with pytest.raises(RefusedError, match="required"):
        await ada.submit(view_id, {})
    with pytest.raises(RefusedError, match="no input called"):
        await ada.submit(view_id, {"text": "a", "colou": "blue"})
    listener.answer = lambda _: {"response_action": "errors", "errors": {"task": "too short"}}
    await ada.submit(view_id, {"text": "a", "pick": "blue"})
    sent = (await listener.next("interactive")).payload
    values = sent["view"]["state"]["values"]
    assert values["task"]["text"] == {"type": "plain_text_input", "value": "a"}
    assert values["colour"]["pick"]["selected_option"]["value"] == "blue"
    assert (sent["type"], sent["view"]["private_metadata"]) == ("view_submission", "m")
    entry = await slack.wait_for(lambda e: e.kind == "view.errors")
    assert entry.data["errors"] == {"task": "too short"}
    assert len(await ada.modals()) == 1
    listener.answer = lambda _: {"response_action": "update", "view": form("Second")}
    await ada.submit(view_id, {"text": "abc"})
    assert [m["title"]["text"] for m in await ada.modals()] == ["Second"]


async def test_a_view_is_updated_under_its_hash_and_pushed_three_deep(
    api: AsyncWebClient, listen: Listen, slack: SlackControl
) -> None:
    listener, command = await trigger(listen, slack)
    view = (await api.views_open(trigger_id=command["trigger_id"], view=form(external_id="mine")))["view"]
    changed = (await api.views_update(view_id=view["id"], hash=view["hash"], view=form("B")))["view"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await api.views_update(view_id=view["id"], hash=view["hash"], view=form("C"))
    assert changed["hash"] != view["hash"]
    for depth in (2, 3, 4):
        await slack.person("ada").command("/agents", channel="general")
        trigger_id = (await listener.next("slash_commands")).payload["trigger_id"]
        if depth <= limits.MODAL_DEPTH:
            await api.views_push(trigger_id=trigger_id, view=form(str(depth)))
        else:
            with pytest.raises(SlackApiError, match="push_limit_reached"):
                await api.views_push(trigger_id=trigger_id, view=form(str(depth)))


@pytest.mark.parametrize(
    "view",
    [
        form("x" * 25),
        form(private_metadata="x" * 3_001),
        form(submit=None),
        form(type="home"),
        {"type": "modal", "title": plain("x")},
    ],
)
async def test_a_malformed_modal_is_refused(
    api: AsyncWebClient, listen: Listen, slack: SlackControl, view: dict[str, Any]
) -> None:
    _, command = await trigger(listen, slack)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await api.views_open(trigger_id=command["trigger_id"], view=view)


async def test_a_home_tab_is_published_for_one_person(api: AsyncWebClient, listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    ada = slack.person("ada")
    await ada.open_home()
    opened = (await listener.next("app_home_opened")).payload["event"]
    await api.views_publish(user_id=opened["user"], view={"type": "home", "blocks": [{"type": "divider"}]})
    assert list((await slack.state())["homes"]) == [await ada.id()]


async def test_a_response_address_is_good_five_times(listen: Listen, slack: SlackControl) -> None:
    _, command = await trigger(listen, slack)
    async with aiohttp.ClientSession() as http:
        statuses = []
        for number in range(limits.RESPONSE_URL_USES + 1):
            async with http.post(command["response_url"], json={"text": f"answer {number}"}) as response:
                statuses.append(response.status)
    assert statuses == [200] * 5 + [404]
    assert [e.text for e in await slack.person("ada").ephemerals()] == [f"answer {n}" for n in range(5)]


async def test_a_response_address_lives_for_its_time(listen: Listen, slack: SlackControl) -> None:
    await slack.set(response_url_life_s=0.0)
    _, command = await trigger(listen, slack)
    async with aiohttp.ClientSession() as http, http.post(command["response_url"], json={"text": "late"}) as response:
        assert (response.status, (await response.json())["error"]) == (404, "expired_url")


async def test_a_stale_button_can_still_be_pressed(
    api: AsyncWebClient, listen: Listen, slack: SlackControl, general: str
) -> None:
    listener = await listen()
    await api.chat_postMessage(channel=general, text="no buttons any more")
    shown = await slack.wait_for_message(containing="no buttons")
    await slack.person("ada").press(shown, "answer:yes", value="q1", stale=True)
    action = (await listener.next("interactive")).payload["actions"][0]
    assert (action["action_id"], action["value"]) == ("answer:yes", "q1")


def _with_element(**element: Any) -> dict[str, Any]:
    block = {"type": "input", "block_id": "b", "label": plain("L"), "element": {"action_id": "a", **element}}
    return form(blocks=[block])


@pytest.mark.parametrize(
    "view",
    [
        _with_element(type="plain_text_input", initial_value="x" * 11, max_length=10),
        _with_element(type="plain_text_input", max_length=limits.INPUT_CHARS + 1),
        _with_element(type="plain_text_input", placeholder=plain("x" * (limits.PLACEHOLDER_CHARS + 1))),
        _with_element(
            type="static_select",
            options=[{"text": plain("A"), "value": "a"}],
            initial_option={"text": plain("B"), "value": "b"},
        ),
    ],
)
async def test_a_form_that_slack_would_not_show_is_refused(
    api: AsyncWebClient, listen: Listen, slack: SlackControl, view: dict[str, Any]
) -> None:
    _, command = await trigger(listen, slack)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await api.views_open(trigger_id=command["trigger_id"], view=view)


@pytest.mark.parametrize("errors", [{}, {"nowhere": "wrong"}, {"task": ""}])
async def test_errors_are_about_inputs_of_the_form(
    api: AsyncWebClient, listen: Listen, slack: SlackControl, errors: dict[str, str]
) -> None:
    listener, command = await trigger(listen, slack)
    view = (await api.views_open(trigger_id=command["trigger_id"], view=form()))["view"]
    listener.answer = lambda _: {"response_action": "errors", "errors": errors}
    await slack.person("ada").submit(view["id"], {"task": "x"})
    refused = await slack.wait_for(lambda entry: entry.kind == "view.refused")
    assert refused.data["error"] == "invalid_arguments"
