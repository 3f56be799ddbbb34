"""Where Muster may work on Discord and who may read what: what Discord does not say counts as no. Over the wire."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bots.discord import limits
from bots.discord.people import NEEDED, DiscordConversations, invite_url
from bots.discord.places import direct_place, guild_place
from bots.facts import Facts
from core.domain.refs import Place, UserId
from simulator.discord.person import Person
from tests.support.waiting import until
from tests.unit.bots.discord_world import DiscordWorld, discord_world

pytestmark = pytest.mark.slow


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class People:
    """The side of Muster that asks, and the guild that is asked about."""

    def __init__(self, world: DiscordWorld) -> None:
        self.world = world
        self.time = Time()
        self.client = world.bot._client
        facts, lasting = Facts(self.time, keep_s=limits.FACTS_S), Facts(self.time, keep_s=limits.PLACES_S)
        self.ask = DiscordConversations(self.client, world.bot._rest, facts=facts, lasting=lasting)
        self.ada = world.discord.person("ada")
        self.ben = world.discord.person("ben")

    async def user(self, person: Person) -> UserId:
        return UserId(await person.id())

    async def place(self, name: str = "general") -> Place:
        state = await self.world.discord.state()
        channel = next(str(c["id"]) for c in state["channels"] if c["name"] == name)
        return await self.at(channel)

    async def at(self, channel: str) -> Place:
        return (await self.ask.where(self.world.guild, channel, "0")).place

    async def permissions_are(self, channel: str, name: str, granted: bool) -> None:
        guild = self.client.get_guild(int(self.world.guild))
        assert guild is not None
        found = guild.get_channel(int(channel))
        assert found is not None
        await until(lambda: getattr(found.permissions_for(guild.me), name) is granted)


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with discord_world(tmp_path) as world:
        await world.start_bot()
        yield People(world)


async def test_members_and_who_manages_the_guild_are_known(people: People) -> None:
    ada = await people.ask.who(people.world.guild, await people.user(people.ada))
    assert (ada.person.name, ada.restricted, ada.admin) == ("Ada Lovelace", False, True)
    ben = await people.ask.who(people.world.guild, await people.user(people.ben))
    assert (ben.restricted, ben.admin) == (False, False)
    roles = {role["name"]: role["id"] for role in (await people.world.discord.state())["roles"]}
    assert ada.groups == {people.world.guild, roles["Crew"], roles["Admins"]}
    assert ben.groups == {roles["@everyone"], roles["Crew"]}
    direct = await people.ask.wrote("", {"id": ben.person.id, "username": "ben"}, None)
    assert (direct.groups, direct.admin) == (frozenset(), False)
    nobody = await people.ask.who(people.world.guild, UserId("12345"), "somebody")
    assert (nobody.person.name, nobody.restricted) == ("somebody", True)


async def test_a_channel_with_all_permissions_is_admitted(people: People) -> None:
    assert await people.ask.admit(await people.place()) == ""


@pytest.mark.parametrize("name", ["SEND_MESSAGES", "CREATE_PUBLIC_THREADS", "SEND_MESSAGES_IN_THREADS", "EMBED_LINKS"])
async def test_a_missing_permission_is_named(people: People, name: str) -> None:
    place = await people.place()
    await people.world.discord.set_permissions("general", "@Muster", deny=[name])
    await people.permissions_are(place.channel, name.lower(), granted=False)
    assert NEEDED[name.lower()] in await people.ask.admit(place)


async def test_a_thread_needs_less_and_a_locked_one_is_refused(people: People) -> None:
    thread = await people.ben.create_thread("general", "plans")
    place = await people.at(thread)
    assert (place.root, place.channel) == (thread, (await people.place()).channel)
    await people.world.discord.set_permissions("general", "@Muster", deny=["SEND_MESSAGES", "CREATE_PUBLIC_THREADS"])
    await people.permissions_are(place.channel, "send_messages", granted=False)
    assert await people.ask.admit(place) == ""
    await people.ada.change_thread(thread, locked=True, archived=True)
    await until(lambda: is_refused(people, place, "locked"))


async def is_refused(people: People, place: Place, word: str) -> bool:
    return word in await people.ask.admit(place)


async def test_a_channel_that_is_gone_is_refused_in_words(people: People) -> None:
    gone = guild_place(people.world.guild, "123456789", kind=0, parent=None)
    assert "cannot see this channel" in await people.ask.admit(gone)


async def test_a_guild_without_the_bot_is_told_how_to_invite_it(people: People) -> None:
    elsewhere = people.world.simulator.discord.elsewhere.id
    refused = await people.ask.admit(guild_place(elsewhere, "1", kind=0, parent=None))
    assert people.ask.invite in refused


def test_the_invite_link_asks_for_no_more_than_is_needed() -> None:
    asked = parse_qs(urlsplit(invite_url("42")).query)
    assert asked["client_id"] == ["42"]
    assert asked["scope"] == ["bot applications.commands"]
    granted = {name for name, on in discord.Permissions(int(asked["permissions"][0])) if on}
    assert {discord.Permissions(**{name: True}).value for name in granted} == {
        discord.Permissions(**{name: True}).value for name in NEEDED
    }
    assert "administrator" not in granted


async def test_who_can_see_the_channel_now_may_view_it(people: People) -> None:
    place, ben = await people.place(), await people.user(people.ben)
    assert await people.ask.may_view(place, ben)
    await people.world.discord.set_permissions("general", "ben", deny=["VIEW_CHANNEL"])
    await until(lambda: may_not_view(people, place, ben))
    assert not await people.ask.may_view(place, UserId("12345"))


async def may_not_view(people: People, place: Place, user: UserId) -> bool:
    return not await people.ask.may_view(place, user)


async def test_who_has_left_may_view_nothing_a_minute_later(people: People) -> None:
    place, ben = await people.place(), await people.user(people.ben)
    assert await people.ask.may_view(place, ben)
    await people.world.discord.post("members/remove", removed="ben")
    people.time.now = limits.FACTS_S + 1
    assert not await people.ask.may_view(place, ben)


async def test_a_private_thread_is_a_place_of_its_own_that_its_members_may_view(people: People) -> None:
    thread = await people.ben.create_thread("general", "secret", private=True)
    await people.ben.invite(thread, "@muster")
    place = await people.at(thread)
    assert (place.channel, place.root) == (thread, thread)
    assert await people.ask.may_view(place, await people.user(people.ben))
    assert await people.ask.may_view(place, await people.user(people.ada))  # manages threads
    assert not await people.ask.may_view(place, await people.user(people.world.discord.person("chloe")))


async def test_direct_messages_are_their_persons_alone(people: People) -> None:
    ada, ben = await people.user(people.ada), await people.user(people.ben)
    place = direct_place(ada, "77")
    assert await people.ask.may_view(place, ada)
    assert not await people.ask.may_view(place, ben)
    assert await people.ask.admit(place) == ""


async def test_when_discord_does_not_say_who_somebody_is_nobody_may_view_anything(people: People) -> None:
    await people.world.discord.add_fault(
        "deny", target="GET /guilds/{guild.id}/members/{user.id}", error="50001", times=None
    )
    assert not await people.ask.may_view(await people.place(), await people.user(people.ben))
