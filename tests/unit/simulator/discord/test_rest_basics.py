from tests.unit.simulator.discord.conftest import HEADERS, World


async def test_a_call_without_the_bots_token_is_unauthorized(discord: World) -> None:
    for token in ("", "Bearer simulator-discord-bot-token", "Bot other"):
        answer = await discord.call("GET", "/users/@me", headers=HEADERS | {"Authorization": token})
        assert answer.status == 401
        assert answer.body == {"message": "401: Unauthorized", "code": 0}


async def test_a_call_without_a_user_agent_is_refused(discord: World) -> None:
    answer = await discord.call("GET", "/users/@me", headers=HEADERS, skip_auto_headers=["User-Agent"])
    assert answer.status == 200
    bare = {"Authorization": HEADERS["Authorization"]}
    answer = await discord.call("GET", "/users/@me", headers=bare, skip_auto_headers=["User-Agent"])
    assert (answer.status, answer.code) == (403, 40333)


async def test_answers_have_exactly_the_content_type_that_clients_look_for(discord: World) -> None:
    answer = await discord.call("GET", "/users/@me")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body["id"] == discord.platform.world.bot.id


async def test_a_route_that_there_is_not_answers_404(discord: World) -> None:
    answer = await discord.call("GET", "/nothing/here")
    assert (answer.status, answer.code) == (404, 0)


async def test_broken_json_is_refused_with_its_code(discord: World) -> None:
    headers = HEADERS | {"Content-Type": "application/json"}
    answer = await discord.call(
        "POST", f"/channels/{discord.channel('general').id}/messages", data="{", headers=headers
    )
    assert (answer.status, answer.code) == (400, 50109)


async def test_every_call_is_in_the_truth_log_without_the_token(discord: World) -> None:
    await discord.post(discord.channel("general"), content="hello")
    entry = discord.platform.truth.since(kinds=("api.call",))[-1]
    assert entry.team == discord.platform.first.id
    assert entry.data["route"] == "/channels/{channel.id}/messages"
    assert (entry.data["body"]["content"], entry.data["status"]) == ("hello", 200)
    assert discord.platform.token not in str(entry.data)


async def test_the_gateways_address_is_where_the_caller_reached_us(discord: World) -> None:
    answer = await discord.call("GET", "/gateway/bot")
    assert answer.body["url"] == discord.url.replace("http:", "ws:") + "/discord/gateway"
    assert answer.body["session_start_limit"].keys() == {"total", "remaining", "reset_after", "max_concurrency"}


async def test_the_app_knows_whether_it_may_read_messages(discord: World) -> None:
    for may_read, bit in ((True, 1 << 19), (False, 0)):
        discord.set_options(message_content_intent=may_read)
        answer = await discord.call("GET", "/oauth2/applications/@me")
        assert answer.body["flags"] & 1 << 19 == bit
