import pytest

from simulator.discord.guild import Channel
from simulator.discord.message_content import without_content
from tests.unit.simulator.discord.conftest import SetTime, World


async def test_a_message_is_posted_and_told_to_the_log(discord: World, general: Channel) -> None:
    answer = await discord.post(general, content="  hello ", nonce="n1")
    assert answer.status == 200
    assert (answer.body["content"], answer.body["nonce"]) == ("hello", "n1")
    assert answer.body["author"]["bot"]
    assert discord.recorded("message.posted")[0]["message"]["id"] == answer.body["id"]
    read = await discord.call("GET", f"/channels/{general.id}/messages/{answer.body['id']}")
    assert "nonce" not in read.body


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"content": "x" * 2001}, ["content"]),
        ({"content": "x", "nonce": "n" * 26}, ["nonce"]),
        ({"content": 5}, ["content"]),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, ["allowed_mentions", "parse", "0"]),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, ["allowed_mentions"]),
        ({"content": "x", "message_reference": {"message_id": "1"}}, ["message_reference"]),
    ],
)
async def test_what_is_wrong_is_told_by_its_place(
    discord: World, general: Channel, fields: dict[str, object], where: list[str]
) -> None:
    answer = await discord.post(general, **fields)
    assert (answer.status, answer.code) == (400, 50035)
    place = answer.body["errors"]
    for step in where:
        place = place[step]
    assert place["_errors"][0].keys() == {"code", "message"}


async def test_an_empty_message_is_refused_in_posting_and_in_editing(discord: World, general: Channel) -> None:
    assert (await discord.post(general, content=" ")).code == 50006
    posted = await discord.post(general, content="a")
    edited = await discord.call("PATCH", f"/channels/{general.id}/messages/{posted.body['id']}", {"content": None})
    assert edited.code == 50006


async def test_only_own_messages_are_edited(discord: World, general: Channel) -> None:
    own = await discord.post(general, content="a")
    edited = await discord.call("PATCH", f"/channels/{general.id}/messages/{own.body['id']}", {"content": "b"})
    assert edited.body["content"] == "b"
    assert edited.body["edited_timestamp"] is not None
    bens = discord.say(general, "ben", "mine")
    refused = await discord.call("PATCH", f"/channels/{general.id}/messages/{bens.id}", {"content": "b"})
    assert (refused.status, refused.code) == (403, 50005)


async def test_a_deleted_message_is_unknown(discord: World, general: Channel) -> None:
    own = await discord.post(general, content="a")
    path = f"/channels/{general.id}/messages/{own.body['id']}"
    assert (await discord.call("DELETE", path)).status == 204
    for method, body in (("GET", None), ("PATCH", {"content": "b"}), ("DELETE", None)):
        assert (await discord.call(method, path, body)).code == 10008


async def test_lists_are_newest_first_and_can_be_paged(discord: World, general: Channel) -> None:
    ids = [discord.say(general, "ben", str(n)).id for n in range(7)]

    async def listed(query: str) -> list[int]:
        answer = await discord.call("GET", f"/channels/{general.id}/messages?{query}")
        return [ids.index(message["id"]) for message in answer.body]

    assert await listed("limit=3") == [6, 5, 4]
    assert await listed(f"after={ids[2]}&limit=2") == [4, 3]
    assert await listed(f"before={ids[2]}") == [1, 0]
    assert await listed(f"around={ids[3]}&limit=3") == [4, 3, 2]
    assert (await discord.call("GET", f"/channels/{general.id}/messages?limit=101")).code == 50035


async def test_without_the_intent_others_messages_are_blank_when_read(discord: World, general: Channel) -> None:
    discord.set_options(message_content_intent=False)
    bens = discord.say(general, "ben", "secret")
    own = await discord.post(general, content="open")
    messages = (await discord.call("GET", f"/channels/{general.id}/messages")).body
    assert {m["id"]: m["content"] for m in messages} == {bens.id: "", own.body["id"]: "open"}
    assert without_content(messages[1], "nobody", is_direct=True) == messages[1]


async def test_a_reply_shows_what_it_replies_to(discord: World, general: Channel) -> None:
    bens = discord.say(general, "ben", "question")
    reply = await discord.post(general, content="answer", message_reference={"message_id": bens.id})
    assert reply.body["type"] == 19
    assert reply.body["referenced_message"]["content"] == "question"
    assert [user["username"] for user in reply.body["mentions"]] == ["ben"]


async def test_reactions_come_and_go(discord: World, general: Channel) -> None:
    bens = discord.say(general, "ben", "hi")
    path = f"/channels/{general.id}/messages/{bens.id}/reactions/%F0%9F%9B%91"
    assert (await discord.call("PUT", f"{path}/@me")).status == 204
    assert (await discord.call("PUT", f"{path}/@me")).status == 204
    assert [user["username"] for user in (await discord.call("GET", path)).body] == ["Muster"]
    assert (await discord.call("DELETE", f"{path}/@me")).status == 204
    assert (await discord.call("GET", path)).body == []
    assert len(discord.recorded("reaction.added")) == 1
    assert (await discord.call("PUT", path.replace("%F0%9F%9B%91", "stop") + "/@me")).code == 10014


async def test_an_enforced_nonce_gives_the_first_message_again(discord: World, general: Channel, time: SetTime) -> None:
    first = await discord.post(general, content="one", nonce="same", enforce_nonce=True)
    time.advance(50)
    second = await discord.post(general, content="two", nonce="same", enforce_nonce=True)
    assert second.body["id"] == first.body["id"]
    assert second.body["content"] == "one"
    time.advance(20)
    third = await discord.post(general, content="three", nonce="same", enforce_nonce=True)
    assert third.body["id"] != first.body["id"]


async def test_a_nonce_that_is_not_enforced_repeats_nothing(discord: World, general: Channel) -> None:
    first = await discord.post(general, content="one", nonce="same")
    assert (await discord.post(general, content="two", nonce="same")).body["id"] != first.body["id"]


async def test_the_nonce_of_a_deleted_message_finds_it_gone(discord: World, general: Channel) -> None:
    first = await discord.post(general, content="one", nonce="same", enforce_nonce=True)
    await discord.call("DELETE", f"/channels/{general.id}/messages/{first.body['id']}")
    again = await discord.post(general, content="one", nonce="same", enforce_nonce=True)
    assert (again.status, again.code) == (404, 10008)


async def test_edits_of_old_messages_are_limited(discord: World, general: Channel, time: SetTime) -> None:
    discord.set_options(enforce_limits=True)
    posted = await discord.post(general, content="a")
    path = f"/channels/{general.id}/messages/{posted.body['id']}"
    time.advance(3_601)
    for n in range(3):
        assert (await discord.call("PATCH", path, {"content": str(n)})).status == 200
    refused = await discord.call("PATCH", path, {"content": "once more"})
    assert (refused.status, refused.code) == (429, 30046)
    assert refused.body["retry_after"] == 20.0


async def test_hidden_embeds_stay_hidden_until_they_are_shown(discord: World, general: Channel) -> None:
    posted = await discord.post(general, content="a", embeds=[{"title": "t"}], flags=4)
    assert posted.body["embeds"] == []
    path = f"/channels/{general.id}/messages/{posted.body['id']}"
    assert (await discord.call("PATCH", path, {"content": "b"})).body["flags"] & 4
    shown = await discord.call("PATCH", path, {"flags": 0})
    assert shown.body["embeds"] == [{"type": "rich", "title": "t"}]


async def test_direct_messages_are_opened_once(discord: World) -> None:
    body = {"recipient_id": discord.user("ben")}
    first = await discord.call("POST", "/users/@me/channels", body)
    assert first.body["recipients"][0]["username"] == "ben"
    assert (await discord.call("POST", "/users/@me/channels", body)).body["id"] == first.body["id"]
    assert (await discord.call("POST", f"/channels/{first.body['id']}/messages", {"content": "hi"})).status == 200
    assert discord.platform.truth.since(kinds=("message.posted",))[0].team == ""
