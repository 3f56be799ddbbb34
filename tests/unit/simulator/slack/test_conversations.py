"""Reading conversations back: history, replies, pages."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack.person import SlackControl


@pytest.fixture
async def thread(slack: SlackControl) -> list[str]:
    """Ts of a root and five replies in #general."""
    ada = slack.person("ada")
    root = await ada.post("general", "root")
    replies = [await ada.reply(root, str(number)) for number in range(5)]
    return [root.ts, *(reply.ts for reply in replies)]


async def test_replies_come_after_their_root_in_pages(api: AsyncWebClient, general: str, thread: list[str]) -> None:
    seen: list[str] = []
    async for page in await api.conversations_replies(channel=general, ts=thread[0], limit=2):
        seen += [message["ts"] for message in page["messages"]]
    assert seen == thread


async def test_replies_may_be_asked_for_by_time_and_by_a_replys_ts(
    api: AsyncWebClient, general: str, thread: list[str]
) -> None:
    async def read(**when: str | bool) -> list[str]:
        answer = await api.conversations_replies(channel=general, ts=thread[3], **when)  # type: ignore[arg-type]
        return [message["ts"] for message in answer["messages"]]

    assert await read() == thread
    assert await read(oldest=thread[3]) == [thread[0], *thread[4:]]
    assert await read(oldest=thread[3], inclusive=True) == [thread[0], *thread[3:]]
    assert await read(latest=thread[2]) == thread[:2]


async def test_history_is_newest_first_and_leaves_replies_out(
    api: AsyncWebClient, slack: SlackControl, general: str, thread: list[str]
) -> None:
    newer = await slack.person("ben").post("general", "newer")
    history = await api.conversations_history(channel=general)
    assert [message["ts"] for message in history["messages"]] == [newer.ts, thread[0]]
    root = history["messages"][1]
    assert (root["reply_count"], root["latest_reply"], root["thread_ts"]) == (5, thread[-1], thread[0])
    first = await api.conversations_history(channel=general, limit=1)
    assert first["has_more"] is True


async def test_replies_can_be_denied_to_bots_in_channels_alone(
    api: AsyncWebClient, slack: SlackControl, general: str, thread: list[str]
) -> None:
    await slack.set(replies_error="not_allowed_token_type")
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await api.conversations_replies(channel=general, ts=thread[0])
    dm = await slack.person("ada").post("@muster", "hi")
    assert (await api.conversations_replies(channel=dm.channel, ts=dm.ts))["messages"][0]["ts"] == dm.ts


async def test_what_cannot_be_read_is_told_apart(api: AsyncWebClient, general: str) -> None:
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await api.conversations_replies(channel=general, ts="1.000001")
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await api.conversations_history(channel="C0000000002")
    with pytest.raises(SlackApiError, match="invalid_cursor"):
        await api.conversations_history(channel=general, cursor="nonsense")
    with pytest.raises(SlackApiError, match="invalid_ts_oldest"):
        await api.conversations_history(channel=general, oldest="yesterday")


async def test_people_are_listed_with_what_they_are(api: AsyncWebClient) -> None:
    members = {m["name"]: m for m in (await api.users_list())["members"]}
    assert members["ada"]["is_admin"]
    assert members["gus"]["is_restricted"]
    assert members["muster"]["is_bot"]
    assert (await api.users_info(user=members["ben"]["id"]))["user"]["profile"]["email"] == "ben@example.com"
    with pytest.raises(SlackApiError, match="user_not_found"):
        await api.users_info(user="U9")
    who = await api.auth_test()
    assert who["user_id"] == members["muster"]["id"]
    assert (await api.bots_info(bot=who["bot_id"]))["bot"]["user_id"] == who["user_id"]
    assert (await api.team_info())["team"]["id"] == who["team_id"]
    everyone = await api.conversations_members(channel="C0000000001")
    assert set(everyone["members"]) == {m["id"] for m in members.values()}


async def test_a_permalink_names_channel_message_and_thread(
    api: AsyncWebClient, general: str, thread: list[str]
) -> None:
    link = (await api.chat_getPermalink(channel=general, message_ts=thread[1]))["permalink"]
    assert link.endswith(f"/archives/{general}/p{thread[1].replace('.', '')}?thread_ts={thread[0]}&cid={general}")
