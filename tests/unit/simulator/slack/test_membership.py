"""What the app gets to know depends on where its bot is a member."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack.person import RefusedError, SlackControl

Listen = Callable[[], Awaitable[Any]]


async def test_messages_where_the_bot_is_no_member_are_withheld(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    ada = slack.person("ada")
    for channel in ("random", "leads", "general"):
        await ada.post(channel, f"@muster in {channel}")
    heard = [await listener.next() for _ in range(2)]
    assert {request.payload["event"]["type"] for request in heard} == {"message", "app_mention"}
    assert {request.payload["event"]["text"][-10:] for request in heard} == {"in general"}


async def test_the_bot_joins_public_channels_and_hears_from_then_on(
    api: AsyncWebClient, listen: Listen, slack: SlackControl
) -> None:
    listener = await listen()
    random = next(c["id"] for c in (await api.conversations_list())["channels"] if c["name"] == "random")
    assert (await api.conversations_info(channel=random))["channel"]["is_member"] is False
    assert (await api.conversations_join(channel=random))["channel"]["is_member"] is True
    joined = (await listener.next("member_joined_channel")).payload["event"]
    assert joined["channel"] == random
    assert (await listener.next("message")).payload["event"]["subtype"] == "channel_join"
    await slack.person("ada").post("random", "now?")
    assert (await listener.next("message")).payload["event"]["text"] == "now?"
    assert (await api.conversations_join(channel=random))["warning"] == "already_in_channel"


async def test_a_private_channel_is_unknown_until_the_bot_is_invited(api: AsyncWebClient, slack: SlackControl) -> None:
    leads = next(c for c in (await slack.state())["channels"] if c["name"] == "leads")["id"]
    for call in (api.conversations_info, api.conversations_join, api.conversations_history, api.conversations_members):
        with pytest.raises(SlackApiError, match="channel_not_found"):
            await call(channel=leads)
    await slack.person("ada").invite("leads", "muster")
    assert (await api.conversations_info(channel=leads))["channel"]["is_private"] is True
    listed = await api.conversations_list(types="public_channel,private_channel")
    assert {c["name"] for c in listed["channels"]} == {"general", "random", "leads"}
    mine = await api.users_conversations(types="public_channel,private_channel")
    assert {c["name"] for c in mine["channels"]} == {"general", "leads"}
    await slack.person("ada").remove("leads", "muster")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await api.chat_postMessage(channel=leads, text="hello?")


async def test_a_direct_message_reaches_the_app_without_a_mention(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    await slack.person("gus").post("@muster", "@muster hi")
    event = (await listener.next()).payload["event"]
    assert (event["type"], event["channel_type"], event["channel"][0]) == ("message", "im", "D")
    assert listener.requests.empty()


async def test_edits_and_deletions_are_told(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    ada = slack.person("ada")
    posted = await ada.post("general", "first")
    await ada.edit(posted, "second")
    await ada.delete(posted)
    events = [(await listener.next("message")).payload["event"] for _ in range(3)]
    assert [event.get("subtype") for event in events] == [None, "message_changed", "message_deleted"]
    assert (events[1]["previous_message"]["text"], events[1]["message"]["text"]) == ("first", "second")
    assert events[2]["deleted_ts"] == posted.ts


async def test_a_reply_tells_of_itself_and_of_its_root(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    ada = slack.person("ada")
    root = await ada.post("general", "root")
    reply = await ada.post("general", "reply", thread_ts=root.ts, broadcast=True)
    events = [(await listener.next("message")).payload["event"] for _ in range(3)]
    assert [event.get("subtype") for event in events] == [None, "thread_broadcast", "message_changed"]
    assert events[1]["thread_ts"] == root.ts
    assert events[1]["ts"] == reply.ts
    assert events[1]["root"]["ts"] == root.ts
    assert events[2]["message"]["reply_count"] == 1


async def test_people_cannot_do_what_slack_does_not_let_them(slack: SlackControl) -> None:
    ada, gus = slack.person("ada"), slack.person("gus")
    with pytest.raises(RefusedError, match="not supported in threads"):
        await ada.command("/agents", "x", channel="general", thread_ts="1.000001")
    with pytest.raises(RefusedError, match="not a valid command"):
        await ada.command("/nothing", channel="general")
    with pytest.raises(RefusedError, match="cannot see"):
        await gus.command("/agents", "x", channel="leads")
    with pytest.raises(RefusedError, match="join it first"):
        await gus.post("random", "hi")
    with pytest.raises(RefusedError, match="invited"):
        await gus.join("random")
    posted = await ada.post("general", "mine")
    with pytest.raises(RefusedError, match="not gus's"):
        await gus.edit(posted, "stolen")
    with pytest.raises(RefusedError, match="no element"):
        await ada.press(posted, "stop")


async def test_another_workspace_has_its_own_token_and_the_same_ids(simulator: Any, slack: SlackControl) -> None:
    other = await slack.post("teams", name="Globex")
    theirs = AsyncWebClient(token=other["token"], base_url=simulator.slack_api_url)
    who = await theirs.auth_test()
    assert who["team_id"] == other["team"]
    async with SlackControl(simulator.url, team=other["team"]) as globex:
        await globex.person("ada").post("general", "in Globex")
        shown = await globex.wait_for_message(containing="in Globex")
        assert [m.ts for m in await globex.messages("general")] == [shown.ts]
        assert await slack.messages("general") == []
        assert await globex.person("ada").id() == await slack.person("ada").id()
