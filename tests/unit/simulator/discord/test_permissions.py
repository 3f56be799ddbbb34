import pytest

from simulator.discord.guild import Channel, ChannelType, Overwrite
from simulator.discord.permissions import Permission, in_channel
from tests.unit.simulator.discord.conftest import World


def may(discord: World, channel: Channel, name: str) -> Permission:
    return in_channel(discord.platform.first, channel, discord.user(name))


def deny(discord: World, channel: Channel, permission: Permission) -> None:
    """Take *permission* from the bot in *channel*."""
    overwrite = Overwrite(id=discord.platform.world.bot.id, is_member=True, deny=int(permission))
    discord.platform.membership.set_overwrite(channel, overwrite)


def test_a_private_channel_is_seen_by_its_members_and_administrators(discord: World) -> None:
    leads = discord.channel("leads")
    seen = {name: Permission.VIEW_CHANNEL in may(discord, leads, name) for name in ("ada", "ben", "chloe", "gus")}
    assert seen == {"ada": True, "ben": True, "chloe": False, "gus": False}


def test_a_members_overwrite_is_above_a_roles_and_that_above_everyones(discord: World, general: Channel) -> None:
    guild = discord.platform.first
    crew = next(role.id for role in guild.roles.values() if role.name == "Crew")
    send = int(Permission.SEND_MESSAGES)
    general.overwrites = {
        guild.id: Overwrite(id=guild.id, is_member=False, deny=send),
        crew: Overwrite(id=crew, is_member=False, allow=send),
        discord.user("ben"): Overwrite(id=discord.user("ben"), is_member=True, deny=send),
    }
    can = {name: Permission.SEND_MESSAGES in may(discord, general, name) for name in ("ada", "ben", "chloe", "gus")}
    assert can == {"ada": True, "ben": False, "chloe": True, "gus": False}


def test_a_private_thread_is_seen_by_its_members(discord: World, general: Channel) -> None:
    thread = discord.platform.activity.create_thread(
        general, name="t", owner_id=discord.user("ben"), type=ChannelType.PRIVATE_THREAD
    )
    assert Permission.SEND_MESSAGES_IN_THREADS in may(discord, thread, "ben")
    assert may(discord, thread, "chloe") == Permission(0)
    assert Permission.VIEW_CHANNEL in may(discord, thread, "ada")


async def test_what_the_bot_cannot_see_is_missing_access(discord: World) -> None:
    leads = discord.channel("leads")
    refused = await discord.post(leads, content="a")
    assert (refused.status, refused.code) == (403, 50001)
    assert (await discord.call("GET", f"/channels/{leads.id}")).code == 50001


@pytest.mark.parametrize(
    ("permission", "fields"),
    [
        (Permission.SEND_MESSAGES, {"content": "a"}),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "t"}]}),
    ],
)
async def test_what_the_bot_may_not_do_is_missing_permissions(
    discord: World, general: Channel, permission: Permission, fields: dict[str, object]
) -> None:
    assert (await discord.post(general, **fields)).status == 200
    deny(discord, general, permission)
    refused = await discord.post(general, **fields)
    assert (refused.status, refused.code) == (403, 50013)


async def test_threads_take_permissions_of_their_own(discord: World, general: Channel) -> None:
    thread = await discord.start_thread(general)
    root = await discord.post(general, content="root")
    deny(discord, general, Permission.SEND_MESSAGES_IN_THREADS | Permission.CREATE_PUBLIC_THREADS)
    assert (await discord.post(thread, content="a")).code == 50013
    path = f"/channels/{general.id}/messages/{root.body['id']}/threads"
    assert (await discord.call("POST", path, {"name": "t"})).code == 50013
    assert (await discord.post(general, content="a")).status == 200


async def test_a_guild_without_the_bot_is_unknown_to_it(discord: World) -> None:
    elsewhere = discord.platform.elsewhere
    assert (await discord.call("GET", f"/guilds/{elsewhere.id}")).code == 10004
    channel = next(iter(elsewhere.channels.values()))
    assert (await discord.post(channel, content="a")).code == 50001


async def test_a_bot_that_was_removed_is_out(discord: World, general: Channel) -> None:
    guild = discord.platform.first
    discord.platform.membership.remove_member(guild, discord.platform.world.bot.id)
    assert (await discord.post(general, content="a")).code == 50001
    assert (await discord.call("GET", f"/guilds/{guild.id}")).code == 10004
    discord.platform.membership.invite_bot(guild)
    assert (await discord.post(general, content="a")).status == 200
