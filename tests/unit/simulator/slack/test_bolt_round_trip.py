"""A real Bolt app lives in the simulated workspace."""

from typing import Any

from slack_bolt.app.async_app import AsyncApp

from simulator.slack.person import SlackControl


async def test_a_command_is_acknowledged_and_its_post_is_seen(bolt: AsyncApp, slack: SlackControl) -> None:
    @bolt.command("/agents")
    async def on_agents(ack: Any, command: dict[str, Any], client: Any) -> None:
        await ack("on it")
        await client.chat_postMessage(channel=command["channel_id"], text=f"Task: {command['text']}")

    ada = slack.person("ada")
    outcome = await ada.command("/agents", "count to 3", channel="general")
    assert outcome.acked
    assert outcome.latency_ms is not None
    assert outcome.latency_ms < 3000
    shown = await slack.wait_for_message(containing="Task: count to 3", channel="#general")
    assert shown.author == (await slack.state())["app"]["bot_user"]
    assert (await ada.wait_for_ephemeral("on it")).body["user"] == shown.author


async def test_a_reply_in_the_thread_reaches_the_app_and_its_answer_the_thread(
    bolt: AsyncApp, slack: SlackControl, general: str
) -> None:
    @bolt.event("message")
    async def on_message(event: dict[str, Any], say: Any) -> None:
        if event.get("subtype") is None and event.get("thread_ts"):
            await say(f"you said {event['text']}", thread_ts=event["thread_ts"])

    root = await bolt.client.chat_postMessage(channel=general, text="root")
    seen = await slack.wait_for_message(containing="root")
    assert seen.ts == root["ts"]
    await slack.person("ben").reply(seen, "a < b & c")
    answer = await slack.wait_for_message(containing="you said a < b & c", thread_ts=seen.ts)
    assert answer.body["text"] == "you said a &lt; b &amp; c"
    assert [m.ts for m in await slack.thread("general", seen.ts)][0::2] == [seen.ts, answer.ts]


async def test_a_button_opens_a_modal_and_its_submission_comes_back(
    bolt: AsyncApp, slack: SlackControl, general: str
) -> None:
    got: list[str] = []

    @bolt.action("ask")
    async def on_ask(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @bolt.view("form")
    async def on_form(ack: Any, view: dict[str, Any], respond: Any) -> None:
        await ack()
        got.append(view["state"]["values"]["q"]["answer"]["value"])

    button = {"type": "button", "action_id": "ask", "text": {"type": "plain_text", "text": "Ask"}, "value": "7"}
    await bolt.client.chat_postMessage(
        channel=general, text="Press", blocks=[{"type": "actions", "elements": [button]}]
    )
    ada = slack.person("ada")
    shown = await slack.wait_for_message(containing="Press")
    assert (await ada.press(shown, "ask")).acked
    opened = await slack.wait_for(lambda e: e.kind == "view.opened")
    assert [m["title"]["text"] for m in await ada.modals()] == ["A form"]
    assert (await ada.submit(opened.data["view"]["id"], {"answer": "42"})).acked
    assert got == ["42"]
    assert await ada.modals() == []


FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "A form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "q",
            "label": {"type": "plain_text", "text": "What?"},
            "element": {"type": "plain_text_input", "action_id": "answer"},
        }
    ],
}


async def test_respond_replaces_the_message_whose_button_was_pressed(
    bolt: AsyncApp, slack: SlackControl, general: str
) -> None:
    @bolt.action("stop")
    async def on_stop(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="stopped", replace_original=True)

    button = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}}
    await bolt.client.chat_postMessage(
        channel=general, text="Working", blocks=[{"type": "actions", "elements": [button]}]
    )
    shown = await slack.wait_for_message(containing="Working")
    await slack.person("chloe").press(shown, "stop")
    changed = await slack.wait_for_message(containing="stopped")
    assert changed.ts == shown.ts
    assert changed.actions == []


async def test_a_mention_comes_as_two_events_for_one_message(bolt: AsyncApp, slack: SlackControl) -> None:
    got: dict[str, str] = {}

    @bolt.event("app_mention")
    async def on_mention(event: dict[str, Any], body: dict[str, Any]) -> None:
        got["mention"] = f"{event['ts']} {body['event_id']}"

    @bolt.event("message")
    async def on_message(event: dict[str, Any], body: dict[str, Any]) -> None:
        got["message"] = f"{event['ts']} {body['event_id']}"

    await slack.person("ada").post("general", "hello @muster")
    for kind in ("message", "app_mention"):
        await slack.wait_for(lambda e, k=kind: e.kind == "envelope.acked" and e.data["event_type"] == k)  # type: ignore[misc]
    (ts, event_id), (other_ts, other_id) = got["mention"].split(), got["message"].split()
    assert ts == other_ts
    assert event_id != other_id
