import pytest

from simulator.discord import limits
from simulator.discord.guild import Channel
from tests.unit.simulator.discord.conftest import HEADERS, SetTime, World


@pytest.fixture(autouse=True)
def enforce(discord: World) -> None:
    discord.set_options(enforce_limits=True)


async def test_five_messages_in_five_seconds_are_taken_in_each_channel(
    discord: World, general: Channel, time: SetTime
) -> None:
    left = [(await discord.post(general, content="a")).headers["X-RateLimit-Remaining"] for _ in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    time.advance(1)
    refused = await discord.post(general, content="a")
    assert refused.status == 429
    assert refused.body == {"message": "You are being rate limited.", "code": 0, "retry_after": 4.0, "global": False}
    assert refused.headers["Retry-After"] == "4"
    assert refused.headers["X-RateLimit-Reset-After"] == "4.000"
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert refused.headers["Via"]
    assert (await discord.post(discord.channel("random"), content="a")).status == 200
    time.advance(4)
    assert (await discord.post(general, content="a")).status == 200


async def test_routes_have_buckets_of_their_own(discord: World, general: Channel) -> None:
    posted = await discord.post(general, content="a")
    read = await discord.call("GET", f"/channels/{general.id}/messages")
    assert posted.headers["X-RateLimit-Bucket"] != read.headers["X-RateLimit-Bucket"]


async def test_fifty_calls_a_second_are_taken_in_all(discord: World, time: SetTime) -> None:
    for _ in range(limits.GLOBAL_PER_S // 10):
        time.advance(0)
        for n in range(10):
            await discord.call("GET", f"/channels/{n}/messages")
    refused = await discord.call("GET", "/users/@me")
    assert refused.status == 429
    assert refused.body["global"] is True
    assert refused.headers["X-RateLimit-Global"] == "true"
    time.advance(1)
    assert (await discord.call("GET", "/users/@me")).status == 200


async def test_too_many_invalid_requests_are_answered_by_the_network_in_front(
    discord: World, time: SetTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INVALID_REQUESTS", 3)
    for _ in range(3):
        assert (await discord.call("GET", "/users/@me", headers=HEADERS | {"Authorization": ""})).status == 401
    banned = await discord.call("GET", "/users/@me")
    assert banned.status == 429
    assert "Via" not in banned.headers
    assert "1015" in banned.body
    time.advance(limits.INVALID_WINDOW_S + 1)
    assert (await discord.call("GET", "/users/@me")).status == 200
