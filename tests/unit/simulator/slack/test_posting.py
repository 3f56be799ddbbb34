"""What may be posted, updated and deleted, and how it comes back."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack.person import SlackControl
from simulator.slack.workspace import ChannelKind


async def refused(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    data: dict[str, Any] = caught.value.response.data
    return data


async def test_a_post_under_a_customised_name_is_a_bot_message(api: AsyncWebClient, general: str) -> None:
    posted = await api.chat_postMessage(channel=general, text="hi", username="Researcher", icon_emoji=":mag:")
    message = posted["message"]
    assert message["subtype"] == "bot_message"
    assert message["username"] == "Researcher"
    assert message["icons"] == {"emoji": ":mag:"}
    assert "user" not in message
    await api.chat_update(channel=general, ts=posted["ts"], text="changed")


async def test_places_that_cannot_be_posted_to_are_told_apart(api: AsyncWebClient, slack: SlackControl) -> None:
    leads = next(c for c in (await slack.state())["channels"] if c["name"] == "leads")
    assert (await refused(api.chat_postMessage(channel="C9", text="hi")))["error"] == "channel_not_found"
    assert (await refused(api.chat_postMessage(channel=leads["id"], text="hi")))["error"] == "channel_not_found"
    assert (await refused(api.chat_postMessage(channel="#random", text="hi")))["error"] == "not_in_channel"
    await slack.person("ada").archive("general")
    assert (await refused(api.chat_postMessage(channel="#general", text="hi")))["error"] == "is_archived"


async def test_a_post_needs_text_or_blocks(api: AsyncWebClient, general: str) -> None:
    assert (await refused(api.api_call("chat.postMessage", json={"channel": general})))["error"] == "no_text"


async def test_long_text_is_cut_when_posted_and_refused_when_updated(api: AsyncWebClient, general: str) -> None:
    posted = await api.chat_postMessage(channel=general, text="x" * 50_000)
    assert len(posted["message"]["text"]) == 40_000
    assert (await refused(api.chat_update(channel=general, ts=posted["ts"], text="x" * 4_001)))[
        "error"
    ] == "msg_too_long"


async def test_an_unknown_thread_is_refused_and_a_reply_under_a_reply_joins_its_thread(
    api: AsyncWebClient, general: str
) -> None:
    refusal = await refused(api.chat_postMessage(channel=general, text="hi", thread_ts="1.000001"))
    assert refusal["error"] == "thread_not_found"
    root = await api.chat_postMessage(channel=general, text="root")
    reply = await api.chat_postMessage(channel=general, text="a", thread_ts=root["ts"])
    second = await api.chat_postMessage(channel=general, text="b", thread_ts=reply["ts"])
    assert second["message"]["thread_ts"] == root["ts"]


async def test_text_alone_removes_the_blocks_of_a_message(api: AsyncWebClient, general: str) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "old"}}]
    posted = await api.chat_postMessage(channel=general, text="old", blocks=blocks)
    updated = await api.chat_update(channel=general, ts=posted["ts"], text="new")
    assert "blocks" not in updated["message"]
    assert updated["message"]["edited"]["user"]


async def test_metadata_stays_until_it_is_replaced(api: AsyncWebClient, general: str) -> None:
    metadata = {"event_type": "muster_post", "event_payload": {"k": "1"}}
    posted = await api.chat_postMessage(channel=general, text="a", metadata=metadata)
    await api.chat_update(channel=general, ts=posted["ts"], text="b")
    history = await api.conversations_history(channel=general, include_all_metadata=True)
    assert history["messages"][0]["metadata"] == metadata
    history = await api.conversations_history(channel=general)
    assert history["messages"][0]["metadata"] == {"event_type": "muster_post"}


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "a b", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "a", "event_payload": []}, "invalid_metadata_schema"),
        ({"event_type": "a", "event_payload": {"k": "x" * 9_000}}, "metadata_too_large"),
    ],
)
async def test_metadata_of_the_wrong_shape_is_refused(
    api: AsyncWebClient, general: str, metadata: dict[str, Any], error: str
) -> None:
    assert (await refused(api.chat_postMessage(channel=general, text="a", metadata=metadata)))["error"] == error


async def test_others_messages_cannot_be_changed(api: AsyncWebClient, slack: SlackControl, general: str) -> None:
    theirs = await slack.person("ada").post("general", "mine")
    assert (await refused(api.chat_update(channel=general, ts=theirs.ts, text="x")))["error"] == "cant_update_message"
    assert (await refused(api.chat_delete(channel=general, ts=theirs.ts)))["error"] == "cant_delete_message"
    assert (await refused(api.chat_update(channel=general, ts="1.000001", text="x")))["error"] == "message_not_found"


async def test_a_deleted_root_with_replies_leaves_a_tombstone(api: AsyncWebClient, general: str) -> None:
    root = await api.chat_postMessage(channel=general, text="root")
    reply = await api.chat_postMessage(channel=general, text="reply", thread_ts=root["ts"])
    await api.chat_delete(channel=general, ts=root["ts"])
    thread = (await api.conversations_replies(channel=general, ts=root["ts"]))["messages"]
    assert [m.get("subtype") for m in thread] == ["tombstone", None]
    await api.chat_delete(channel=general, ts=reply["ts"])
    assert len((await api.conversations_replies(channel=general, ts=root["ts"]))["messages"]) == 1


async def test_an_ephemeral_message_is_seen_by_one_person_and_kept_nowhere(
    api: AsyncWebClient, slack: SlackControl, general: str
) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    await api.chat_postEphemeral(channel=general, user=await ada.id(), text="for you")
    assert [e.text for e in await ada.ephemerals()] == ["for you"]
    assert await ben.ephemerals() == []
    assert (await api.conversations_history(channel=general))["messages"] == []
    nobody = await refused(api.chat_postEphemeral(channel=general, user="U9", text="x"))
    assert nobody["error"] == "user_not_in_channel"


async def test_a_users_id_posts_into_the_direct_messages_with_them(api: AsyncWebClient, slack: SlackControl) -> None:
    ben = await slack.person("ben").id()
    posted = await api.chat_postMessage(channel=ben, text="hello you")
    opened = await api.conversations_open(users=[ben])
    assert posted["channel"] == opened["channel"]["id"]
    assert posted["channel"].startswith("D")


async def test_a_post_tells_whom_it_notifies(api: AsyncWebClient, slack: SlackControl, general: str) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "<!here> and <@U0000000002|ada>"}}]
    await api.chat_postMessage(channel=general, text="<!channel> &lt;!everyone&gt;", blocks=blocks)
    entry = await slack.wait_for(lambda e: e.kind == "message.posted")
    assert entry.data["notifies"] == ["channel", "here", "U0000000002"]


async def test_reactions_are_added_once_and_removed_once(api: AsyncWebClient, general: str) -> None:
    posted = await api.chat_postMessage(channel=general, text="a")
    where = {"channel": general, "timestamp": posted["ts"], "name": "eyes"}
    await api.reactions_add(**where)
    assert (await refused(api.reactions_add(**where)))["error"] == "already_reacted"
    await api.reactions_remove(**where)
    assert (await refused(api.reactions_remove(**where)))["error"] == "no_reaction"


def test_the_kinds_of_conversation_are_the_events_channel_types() -> None:
    assert [str(kind) for kind in ChannelKind] == ["channel", "group", "im"]
