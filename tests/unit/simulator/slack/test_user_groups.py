"""User groups: listed to the app, mentioned by people."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from simulator.slack.person import SlackControl


async def test_user_groups_are_listed_with_their_people(api: AsyncWebClient, slack: SlackControl) -> None:
    group = await slack.set_group("analysts", "ada", "ben")
    people = [await slack.person(name).id() for name in ("ada", "ben")]
    [listed] = (await api.usergroups_list(include_users=True))["usergroups"]
    assert (listed["id"], listed["handle"], listed["users"], listed["date_delete"]) == (group, "analysts", people, 0)
    [listed] = (await api.usergroups_list())["usergroups"]
    assert "users" not in listed


async def test_a_group_without_people_is_disabled_and_listed_on_demand_alone(
    api: AsyncWebClient, slack: SlackControl
) -> None:
    group = await slack.set_group("analysts", "ada")
    assert await slack.set_group("analysts") == group
    assert (await api.usergroups_list(include_users=True))["usergroups"] == []
    [listed] = (await api.usergroups_list(include_disabled=True))["usergroups"]
    assert listed["date_delete"] > 0


async def test_people_groups_and_channels_in_a_command_come_with_ids_and_names(
    slack: SlackControl, listen: Callable[[], Awaitable[Any]]
) -> None:
    listener = await listen()
    group, ben = await slack.set_group("analysts", "ada"), await slack.person("ben").id()
    await slack.person("ada").command("/agents", "access start @ben @analysts #general @nobody", channel="general")
    text = (await listener.next("slash_commands")).payload["text"]
    general = (await slack.state())["channels"][0]["id"]
    assert text == f"access start <@{ben}|ben> <!subteam^{group}|@analysts> <#{general}|general> @nobody"
