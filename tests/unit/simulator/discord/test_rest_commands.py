from typing import Any

import pytest

from tests.unit.simulator.discord.conftest import World


def option(name: str = "task", **changes: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "What to do"} | changes


def command(*options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": 1, "name": "agents", "description": "Agent teams", "options": list(options)} | changes


def path(discord: World, guild: str = "") -> str:
    app = discord.platform.world.application.id
    return f"/applications/{app}/guilds/{guild}/commands" if guild else f"/applications/{app}/commands"


async def test_commands_are_registered_and_found(discord: World) -> None:
    made = await discord.call("POST", path(discord), command(option(required=True)))
    assert made.status == 201
    assert made.body["options"] == [option(required=True)]
    assert made.body["default_member_permissions"] is None
    again = await discord.call("POST", path(discord), command())
    assert (again.status, again.body["id"]) == (200, made.body["id"])
    assert len((await discord.call("GET", path(discord))).body) == 1
    assert [c["name"] for c in discord.platform.commands.callable_in(None)] == ["agents"]


async def test_a_version_changes_only_with_what_the_command_says(discord: World) -> None:
    first = (await discord.call("PUT", path(discord), [command(option())])).body
    same = (await discord.call("PUT", path(discord), [command(option(required=False))])).body
    assert same == first
    other = (await discord.call("PUT", path(discord), [command(option(), description="Other")])).body
    assert other[0]["id"] == first[0]["id"]
    assert other[0]["version"] != first[0]["version"]


async def test_a_bulk_overwrite_takes_away_what_it_does_not_name(discord: World) -> None:
    context = {"type": 3, "name": "Run agents on this"}
    await discord.call("PUT", path(discord), [command(), context])
    kept = await discord.call("PUT", path(discord), [context])
    assert [c["name"] for c in kept.body] == ["Run agents on this"]
    twice = await discord.call("PUT", path(discord), [context, context])
    assert twice.body["errors"]["1"]["name"]["_errors"][0]["code"] == "APPLICATION_COMMANDS_DUPLICATE_NAME"


async def test_a_guilds_commands_are_its_own(discord: World) -> None:
    guild = discord.platform.first.id
    made = await discord.call("POST", path(discord, guild), command())
    assert made.body["guild_id"] == guild
    assert (await discord.call("GET", path(discord))).body == []
    assert (await discord.call("POST", path(discord, discord.platform.elsewhere.id), command())).code == 50001


async def test_commands_are_edited_and_deleted(discord: World) -> None:
    made = await discord.call("POST", path(discord), command(option()))
    one = f"{path(discord)}/{made.body['id']}"
    edited = await discord.call("PATCH", one, {"description": "Other"})
    assert (edited.body["description"], edited.body["options"]) == ("Other", [option()])
    assert (await discord.call("DELETE", one)).status == 204
    assert (await discord.call("GET", one)).code == 10063


async def test_another_apps_commands_are_not_ours(discord: World) -> None:
    assert (await discord.call("GET", "/applications/1/commands")).code == 20012


@pytest.mark.parametrize(
    "given",
    [
        command(name="Agents"),
        command(name="with space"),
        command(name="n" * 33),
        command(description=""),
        command(description="d" * 101),
        command(option(), option()),
        command(option(), option("other", required=True)),
        command(*(option(f"o{n}") for n in range(26))),
        command(option(choices=[{"name": str(n), "value": str(n)} for n in range(26)])),
        command(option(choices=[{"name": "n", "value": "v"}], autocomplete=True)),
        command(option(choices=[{"name": "n", "value": "v" * 101}])),
        command(option(max_length=6001)),
        command(option(type=11, autocomplete=True)),
        command(option(type=12)),
        command({"type": 1, "name": "run", "description": "Run"}, option()),
        command(contexts=[3]),
        command(integration_types=[]),
        {"type": 3, "name": "Context", "description": "not allowed"},
    ],
)
async def test_a_command_that_discord_refuses_is_refused(discord: World, given: dict[str, Any]) -> None:
    for method, body in (("POST", given), ("PUT", [given])):
        answer = await discord.call(method, path(discord), body)
        assert (answer.status, answer.code) == (400, 50035)


async def test_subcommands_have_options_of_their_own(discord: World) -> None:
    run = {"type": 1, "name": "run", "description": "Run a team", "options": [option(autocomplete=True)]}
    made = await discord.call("POST", path(discord), command(run))
    assert made.body["options"] == [run]
