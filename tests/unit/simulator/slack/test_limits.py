"""Rates: Slack's numbers, 429 and Retry-After."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack import limits
from simulator.slack.limits import RateLimiter
from simulator.slack.person import SlackControl


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def made(limiter: RateLimiter, calls: int, method: str, channel: str | None = None) -> int:
    """How many of so many calls at once are let through."""
    return sum(limiter.retry_after_s("T1", method, channel) == 0 for _ in range(calls))


def test_a_channel_takes_a_short_burst_and_then_one_message_a_second() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    assert made(limiter, 10, "chat.postMessage", "C1") == limits.CHANNEL_POST_BURST
    assert made(limiter, 10, "chat.postMessage", "C2") == limits.CHANNEL_POST_BURST
    for _ in range(20):
        clock.now_s += 1.0
        assert made(limiter, 10, "chat.postMessage", "C1") == 1


def test_a_workspace_has_a_ceiling_over_all_its_channels() -> None:
    limiter = RateLimiter(clock=Clock())
    through = sum(made(limiter, 1, "chat.postMessage", f"C{n}") for n in range(1_000))
    assert through == limits.WORKSPACE_POSTS_PER_MIN


def test_updates_are_counted_over_the_whole_workspace() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    assert made(limiter, 200, "chat.update", "C1") == 50
    assert limiter.retry_after_s("T1", "chat.update", "C2") == 2
    assert limiter.retry_after_s("T2", "chat.update", None) == 0
    clock.now_s += 60
    assert made(limiter, 200, "chat.update") == 50


async def test_what_is_too_fast_gets_429_with_retry_after(
    api: AsyncWebClient, slack: SlackControl, general: str
) -> None:
    for number in range(limits.CHANNEL_POST_BURST):
        await api.chat_postMessage(channel=general, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        for _ in range(20):
            await api.chat_postMessage(channel=general, text="one more")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    assert caught.value.response["error"] == "ratelimited"
    await slack.set(enforce_limits=False)
    await api.chat_postMessage(channel=general, text="one more")
