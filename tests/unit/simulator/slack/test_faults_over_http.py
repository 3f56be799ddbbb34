"""Faults as the SDK meets them."""

import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack.person import RefusedError, SlackControl


async def test_a_lost_reply_leaves_the_post_behind(api: AsyncWebClient, slack: SlackControl, general: str) -> None:
    await slack.add_fault("lose_reply", target="chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await api.chat_postMessage(channel=general, text="once")
    assert [m.text for m in await slack.messages("general")] == ["once"]
    await api.chat_postMessage(channel=general, text="twice")
    call = await slack.wait_for(lambda e: e.kind == "api.call" and e.data.get("fault") == "lose_reply")
    assert call.data["answer"]["ok"] is True


async def test_a_lost_request_leaves_nothing(api: AsyncWebClient, slack: SlackControl, general: str) -> None:
    await slack.add_fault("lose_request", target="chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await api.chat_postMessage(channel=general, text="never")
    assert await slack.messages("general") == []


async def test_rates_errors_and_denials_are_answered_as_ordered(
    api: AsyncWebClient, slack: SlackControl, general: str
) -> None:
    await slack.add_fault("rate_limit", target="chat.postMessage", retry_after_s=7)
    await slack.add_fault("server_error", target="chat.postMessage", status=503)
    await slack.add_fault("deny", target="chat.postMessage", error="restricted_action", where={"channel": general})
    seen = []
    for _ in range(3):
        with pytest.raises(SlackApiError) as caught:
            await api.chat_postMessage(channel=general, text="x")
        response = caught.value.response
        seen.append((response.status_code, response["error"], response.headers.get("Retry-After")))
    assert seen == [(429, "ratelimited", "7"), (503, "internal_error", None), (200, "restricted_action", None)]
    await api.chat_postMessage(channel=general, text="x")


async def test_a_delay_goes_together_with_the_call(api: AsyncWebClient, slack: SlackControl) -> None:
    await slack.add_fault("delay", target="auth.test", delay_s=0.2)
    started = time.monotonic()
    assert (await api.auth_test())["ok"]
    assert time.monotonic() - started >= 0.2


async def test_faults_are_listed_and_cleared(api: AsyncWebClient, slack: SlackControl) -> None:
    fault_id = await slack.add_fault("deny", target="auth.test", error="fatal_error", times=None)
    for _ in range(3):
        with pytest.raises(SlackApiError, match="fatal_error"):
            await api.auth_test()
    assert [fault["id"] for fault in (await slack.get("faults"))["faults"]] == [fault_id]
    await slack.clear_faults(fault_id)
    assert (await api.auth_test())["ok"]
    with pytest.raises(RefusedError, match="unknown fields"):
        await slack.add_fault("deny", tarket="auth.test")
    with pytest.raises(RefusedError, match="kind: one of"):
        await slack.add_fault("explode")
