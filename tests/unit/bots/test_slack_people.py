"""Who may be heard and who may read: what Slack does not say counts as no. Over the wire."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bots.facts import Facts
from bots.slack import limits
from bots.slack.people import SlackConversations
from core.domain.refs import ChannelId, Place, UserId, WorkspaceId
from core.errors import TransientError
from simulator.slack.platform import BOT_TOKEN
from tests.unit.bots.slack_world import SlackWorld, slack_world


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class People:
    """The side of Muster that asks, and the workspace that is asked about."""

    def __init__(self, world: SlackWorld, client: AsyncWebClient) -> None:
        self.slack = world.slack
        self.time = Time()
        team = world.simulator.slack.first.id
        self.ask = SlackConversations(client, team=team, facts=Facts(self.time, keep_s=limits.FACTS_S))
        self.team = WorkspaceId(f"slack:{team}")

    async def user(self, name: str) -> UserId:
        return UserId(await self.slack.person(name).id())

    async def channel(self, name: str) -> ChannelId:
        state = await self.slack.state()
        return ChannelId(next(c["id"] for c in state["channels"] if c["name"] == name))

    async def place(self, name: str) -> Place:
        return Place(workspace=self.team, channel=await self.channel(name))


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with slack_world(tmp_path) as world, aiohttp.ClientSession() as http:
        client = AsyncWebClient(
            token=BOT_TOKEN, base_url=world.simulator.slack_api_url, session=http, retry_handlers=[]
        )
        client.proxy = None
        yield People(world, client)


async def test_members_and_admins_are_known_and_guests_are_restricted(people: People) -> None:
    ada = await people.ask.who(await people.user("ada"))
    assert (ada.person.name, ada.restricted, ada.admin) == ("ada", False, True)
    ben = await people.ask.who(await people.user("ben"))
    assert (ben.restricted, ben.admin) == (False, False)
    assert (await people.ask.who(await people.user("gus"))).restricted


async def test_the_user_groups_that_people_are_in_are_known_for_a_minute(people: People) -> None:
    writers = await people.slack.set_group("writers", "ada", "ben")
    gone = await people.slack.set_group("gone", "ada")
    await people.slack.set_group("gone")
    ada, ben = await people.user("ada"), await people.user("ben")
    assert writers in (await people.ask.who(ada)).groups
    assert gone not in (await people.ask.who(ada)).groups
    assert (await people.ask.who(ben)).standing.groups >= {writers}
    await people.slack.set_group("writers", "ada")
    people.time.now = 59
    assert writers in (await people.ask.who(ben)).groups
    people.time.now = 61
    assert writers not in (await people.ask.who(ben)).groups


@pytest.mark.parametrize("error", ["missing_scope", "plan_upgrade_required"])
async def test_where_groups_cannot_be_seen_nobody_is_in_any_and_one_line_says_so(people: People, error: str) -> None:
    await people.slack.set_group("writers", "ada")
    await people.slack.add_fault("deny", target="usergroups.list", error=error, times=None)
    with capture_logs() as logged:
        for now in (0, 61, 122):
            people.time.now = now
            ada = await people.ask.who(await people.user("ada"))
            assert (ada.groups, ada.admin, ada.restricted) == (frozenset(), True, False)
    assert [line["error"] for line in logged if line["event"] == "slack.no_groups"] == [error]


async def test_reports_name_people_groups_and_public_channels(people: People) -> None:
    writers = await people.slack.set_group("writers", "ada")
    await people.slack.person("ada").invite("leads", "muster")
    ben, general, leads = await people.user("ben"), await people.channel("general"), await people.channel("leads")
    text = f"people `{ben}`; groups `{writers}`, `S0000009999`; only in `{general}`, `{leads}`; `U0000009999`, {ben}"
    assert await people.ask.in_names(text) == (
        f"people @ben; groups @writers, `S0000009999`; only in #general, `{leads}`; `U0000009999`, {ben}"
    )


async def test_a_refusal_is_relied_on_as_well_for_a_minute(people: People) -> None:
    writers = await people.slack.set_group("writers", "ada")
    await people.slack.add_fault("deny", target="usergroups.list", error="missing_scope", times=1)
    ada = await people.user("ada")
    for now, groups in ((0, 0), (59, 0), (61, 1)):
        people.time.now = now
        assert len((await people.ask.who(ada)).groups & {writers}) == groups


async def test_groups_that_slack_does_not_tell_of_now_are_asked_for_again(people: People) -> None:
    writers = await people.slack.set_group("writers", "ada")
    await people.slack.add_fault("server_error", target="usergroups.list", times=1)
    ada = await people.user("ada")
    assert (await people.ask.who(ada)).groups == frozenset()
    assert writers in (await people.ask.who(ada)).groups


@pytest.mark.parametrize("error", ["user_not_found", "missing_scope", "internal_error"])
async def test_somebody_whom_slack_does_not_know_is_restricted(people: People, error: str) -> None:
    await people.slack.add_fault("deny", target="users.info", error=error, times=None)
    known = await people.ask.who(await people.user("ada"), "ada")
    assert known.restricted
    assert not known.admin
    assert known.person.name == "ada"


async def test_an_unknown_person_is_asked_about_again(people: People) -> None:
    await people.slack.add_fault("server_error", target="users.info", times=1)
    ada = await people.user("ada")
    assert (await people.ask.who(ada)).restricted
    assert not (await people.ask.who(ada)).restricted


async def test_what_slack_said_is_relied_on_for_a_minute(people: People) -> None:
    ada, general = await people.user("ada"), await people.place("general")
    assert await people.ask.may_view(general, ada)
    await people.slack.add_fault("deny", target="users.info", error="user_not_found", times=None)
    await people.slack.add_fault("deny", target="conversations.info", error="channel_not_found", times=None)
    people.time.now = 59
    assert await people.ask.may_view(general, ada)
    people.time.now = 61
    assert not await people.ask.may_view(general, ada)


async def test_a_public_channel_is_open_to_full_members_whether_they_are_in_it_or_not(people: People) -> None:
    chloe = people.slack.person("chloe")
    await chloe.leave("random")
    random = await people.place("random")
    assert await people.ask.may_view(random, await people.user("chloe"))
    assert not await people.ask.may_view(random, await people.user("gus"))


async def test_a_private_channel_is_open_to_those_who_are_in_it_now(people: People) -> None:
    ada = people.slack.person("ada")
    await ada.invite("leads", "muster")
    leads, ben = await people.place("leads"), await people.user("ben")
    assert await people.ask.may_view(leads, ben)
    assert not await people.ask.may_view(leads, await people.user("chloe"))
    await ada.remove("leads", "ben")
    people.time.now = 61
    assert not await people.ask.may_view(leads, ben)


async def test_a_private_channel_without_muster_is_closed(people: People) -> None:
    assert not await people.ask.may_view(await people.place("leads"), await people.user("ada"))


async def test_a_direct_message_is_open_to_the_other_person_alone(people: People) -> None:
    direct = Place(workspace=people.team, channel=ChannelId(await people.slack.person("ada").open_im()))
    assert await people.ask.may_view(direct, await people.user("ada"))
    assert not await people.ask.may_view(direct, await people.user("ben"))


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members"])
async def test_an_error_closes_a_conversation(people: People, method: str) -> None:
    await people.slack.person("ada").invite("leads", "muster")
    await people.slack.add_fault("server_error", target=method, times=None)
    assert not await people.ask.may_view(await people.place("leads"), await people.user("ada"))


async def test_admission_joins_public_channels_and_waits_out_trouble(people: People) -> None:
    assert await people.ask.admit(await people.place("random")) == ""
    assert "Invite me" in await people.ask.admit(await people.place("leads"))
    await people.slack.add_fault("server_error", target="conversations.info", times=1)
    people.time.now = 61
    with pytest.raises(TransientError):
        await people.ask.admit(await people.place("random"))
    await people.slack.person("ada").archive("random")
    assert "archived" in await people.ask.admit(await people.place("random"))
