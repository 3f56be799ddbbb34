from simulator.discord.guild import Channel, Message
from tests.unit.simulator.discord.conftest import World


def events(discord: World, name: str = "") -> list[dict[str, object]]:
    """What the gateway was given to send."""
    told = [entry.data for entry in discord.platform.truth.since(kinds=("event.",))]
    return [event["data"] for event in told if name in ("", event["event"])]


def names(discord: World) -> list[str]:
    return [entry.data["event"] for entry in discord.platform.truth.since(kinds=("event.",))]


async def test_a_message_is_told_with_its_guild_and_its_authors_membership(discord: World, general: Channel) -> None:
    discord.say(general, "ben", "hi")
    (event,) = events(discord, "MESSAGE_CREATE")
    assert event["guild_id"] == discord.platform.first.id
    member = event["member"]
    assert isinstance(member, dict)
    assert "user" not in member
    assert member["roles"]


async def test_a_direct_message_is_told_without_a_guild(discord: World) -> None:
    discord.say(discord.platform.activity.open_dm(discord.user("ben")), "ben", "hi")
    (event,) = events(discord, "MESSAGE_CREATE")
    assert not {"guild_id", "member"} & event.keys()


async def test_a_started_thread_is_told_before_what_is_in_it(discord: World, general: Channel) -> None:
    root = discord.say(general, "ben", "root")
    discord.platform.activity.create_thread(general, name="t", owner_id=discord.user("ben"), starter=root)
    assert names(discord) == ["MESSAGE_CREATE", "THREAD_CREATE", "MESSAGE_UPDATE", "MESSAGE_CREATE"]
    assert events(discord, "THREAD_CREATE")[0]["newly_created"] is True
    assert events(discord, "MESSAGE_CREATE")[1]["type"] == 21


async def test_an_archived_thread_wakes_before_the_message_comes(discord: World, general: Channel) -> None:
    root = discord.say(general, "ben", "root")
    thread = discord.platform.activity.create_thread(general, name="t", owner_id=discord.user("ben"), starter=root)
    discord.platform.activity.update_channel(thread, is_archived=True)
    discord.say(thread, "ben", "again")
    assert names(discord)[-2:] == ["THREAD_UPDATE", "MESSAGE_CREATE"]


async def test_a_deleted_channel_takes_its_threads_along(discord: World, general: Channel) -> None:
    thread = discord.platform.activity.create_thread(general, name="t", owner_id=discord.user("ben"))
    discord.platform.activity.delete_channel(general)
    channels = discord.platform.first.channels
    assert general.id not in channels
    assert thread.id not in channels
    assert names(discord)[-1] == "CHANNEL_DELETE"


async def test_an_ephemeral_message_is_seen_by_one_and_found_by_no_route(discord: World, general: Channel) -> None:
    ids = discord.platform.world.snowflakes
    message = Message(
        id=ids.next(), channel_id=general.id, author_id=discord.platform.world.bot.id, only_for=discord.user("ben")
    )
    discord.platform.activity.post_message(general, message)
    assert [entry["user"] for entry in discord.recorded("ephemeral.posted")] == [discord.user("ben")]
    assert events(discord) == []
    assert (await discord.call("GET", f"/channels/{general.id}/messages/{message.id}")).code == 10008


def test_a_new_guild_is_told_apart_from_one_that_is_back(discord: World) -> None:
    guild = discord.platform.add_guild("Second")
    discord.platform.membership.set_outage(guild, is_unavailable=True)
    discord.platform.membership.set_outage(guild, is_unavailable=False)
    assert [event.get("unavailable") for event in events(discord)] == [None, True, False]


def test_ids_have_19_digits_and_only_grow(discord: World) -> None:
    ids = [discord.platform.world.snowflakes.next() for _ in range(5_000)]
    assert {len(snowflake) for snowflake in ids} == {19}
    assert ids == sorted(set(ids))
