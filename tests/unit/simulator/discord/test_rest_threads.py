from simulator.discord.guild import Channel
from tests.unit.simulator.discord.conftest import World


async def test_a_thread_from_a_message_has_its_id_and_is_made_once(discord: World, general: Channel) -> None:
    root = await discord.post(general, content="root")
    path = f"/channels/{general.id}/messages/{root.body['id']}/threads"
    made = await discord.call("POST", path, {"name": "work", "auto_archive_duration": 1440})
    assert (made.status, made.body["id"], made.body["type"]) == (201, root.body["id"], 11)
    again = await discord.call("POST", path, {"name": "work"})
    assert (again.status, again.code) == (400, 160004)
    shown = await discord.call("GET", f"/channels/{general.id}/messages/{root.body['id']}")
    assert shown.body["flags"] & 32
    assert shown.body["thread"]["name"] == "work"


async def test_a_threads_name_has_1_to_100_characters(discord: World, general: Channel) -> None:
    root = await discord.post(general, content="root")
    path = f"/channels/{general.id}/messages/{root.body['id']}/threads"
    for name in ("", "n" * 101, None):
        assert (await discord.call("POST", path, {"name": name})).code == 50035
    assert (await discord.call("POST", path, {"name": "n", "auto_archive_duration": 61})).code == 50035
    assert (await discord.call("POST", path, {"name": "n" * 100})).status == 201


async def test_sending_wakes_an_archived_thread_and_editing_does_not(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    posted = await discord.post(thread, content="a")
    path = f"/channels/{thread.id}/messages/{posted.body['id']}"
    discord.platform.activity.update_channel(thread, is_archived=True)
    for method, body in (("PATCH", {"content": "b"}), ("DELETE", None)):
        refused = await discord.call(method, path, body)
        assert refused.code == 50083
    assert thread.is_archived
    assert (await discord.post(thread, content="c")).status == 200
    assert not thread.is_archived


async def test_a_locked_thread_takes_nothing_of_the_bot(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    for is_archived in (False, True):
        discord.platform.activity.update_channel(thread, is_archived=is_archived, is_locked=True)
        refused = await discord.post(thread, content="a")
        assert (refused.status, refused.code) == (403, 50083)
    assert (await discord.call("PATCH", f"/channels/{thread.id}", {"archived": False})).code == 50013


async def test_a_deleted_thread_is_unknown(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    assert (await discord.call("DELETE", f"/channels/{thread.id}")).code == 50013
    discord.platform.activity.delete_channel(thread)
    assert (await discord.post(thread, content="a")).code == 10003


async def test_the_owner_renames_and_archives_and_only_a_manager_locks(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    path = f"/channels/{thread.id}"
    assert (await discord.call("PATCH", path, {"name": "new", "archived": True})).status == 200
    assert (thread.name, thread.is_archived) == ("new", True)
    assert (await discord.call("PATCH", path, {"name": "other"})).code == 50083
    assert (await discord.call("PATCH", path, {"archived": False, "name": "other"})).status == 200
    assert (await discord.call("PATCH", path, {"locked": True})).code == 50013


async def test_threads_without_a_message_announce_themselves(discord: World, general: Channel) -> None:
    made = await discord.call("POST", f"/channels/{general.id}/threads", {"name": "alone", "type": 11})
    assert made.status == 201
    newest = (await discord.call("GET", f"/channels/{general.id}/messages?limit=1")).body[0]
    assert (newest["type"], newest["content"]) == (18, "alone")
    assert newest["message_reference"]["channel_id"] == made.body["id"]


async def test_active_and_archived_threads_are_listed_apart(discord: World, general: Channel) -> None:
    first, second = await discord.start_thread(general), await discord.start_thread(general)
    discord.platform.activity.update_channel(first, is_archived=True)
    guild = discord.platform.first.id
    active = await discord.call("GET", f"/guilds/{guild}/threads/active")
    assert [thread["id"] for thread in active.body["threads"]] == [second.id]
    archived = await discord.call("GET", f"/channels/{general.id}/threads/archived/public")
    assert [thread["id"] for thread in archived.body["threads"]] == [first.id]


async def test_who_speaks_in_a_thread_joins_it(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    discord.say(thread, "ben", "me too")
    members = await discord.call("GET", f"/channels/{thread.id}/thread-members")
    assert {m["user_id"] for m in members.body} == {discord.platform.world.bot.id, discord.user("ben")}
    assert (await discord.call("GET", f"/channels/{thread.id}/thread-members/{discord.user('gus')}")).code == 10007
    assert (await discord.call("PUT", f"/channels/{thread.id}/thread-members/@me")).status == 204


async def test_a_thread_counts_its_messages_without_the_first(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    posted = await discord.post(thread, content="a")
    await discord.post(thread, content="b")
    await discord.call("DELETE", f"/channels/{thread.id}/messages/{posted.body['id']}")
    shown = (await discord.call("GET", f"/channels/{thread.id}")).body
    assert (shown["message_count"], shown["total_message_sent"]) == (1, 2)
