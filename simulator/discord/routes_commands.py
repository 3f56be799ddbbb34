"""The REST routes of application commands, global and of one guild.

Listed for `rest`.
Source: https://docs.discord.com/developers/interactions/application-commands#endpoints
"""

from __future__ import annotations

from typing import Any

from simulator.discord import limits
from simulator.discord.call import Call, Endpoint, Rate, Reply
from simulator.discord.command_check import CommandType, read_command
from simulator.discord.commands import GLOBAL, content_of
from simulator.discord.errors import ApiError, Problems, invalid, missing_access, unknown

_WRITES = Rate(calls=5, per_s=20.0)
_LOCALIZED = ("name_localizations", "description_localizations")


def list_commands(call: Call) -> Reply:
    """Get application commands; without translations unless asked for."""
    commands = call.platform.commands.of(_scope(call))
    if not call.flag("with_localizations"):
        commands = [{name: v for name, v in c.items() if name not in _LOCALIZED} for c in commands]
    return Reply(body=commands)


def get(call: Call) -> Reply:
    """Get application command."""
    return Reply(body=_command(call))


def create(call: Call) -> Reply:
    """Create application command; one with the name and type of another takes its place."""
    scope = _scope(call)
    problems = Problems()
    command = read_command(call.fields, (), problems, is_global=scope == GLOBAL)
    problems.refuse_any()
    book = call.platform.commands
    replaced = book.named(scope, command["name"], command["type"])
    if replaced is None:
        kind = CommandType(command["type"])
        _check_count(kind, book.count(scope, kind) + 1)
    kept = book.put(scope, command, replaced=replaced)
    _record(call, scope)
    return Reply(body=kept, status=201 if replaced is None else 200)


def edit(call: Call) -> Reply:
    """Edit application command: only the fields that are given."""
    scope = _scope(call)
    old = _command(call)
    problems = Problems()
    given = content_of(old) | call.fields | {"type": old["type"]}
    command = read_command(given, (), problems, is_global=scope == GLOBAL)
    problems.refuse_any()
    taken = call.platform.commands.named(scope, command["name"], command["type"])
    if taken is not None and taken["id"] != old["id"]:
        told = "Application command names must be unique"
        raise invalid(("name",), "APPLICATION_COMMANDS_DUPLICATE_NAME", told)
    kept = call.platform.commands.put(scope, command, replaced=old)
    _record(call, scope)
    return Reply(body=kept)


def overwrite(call: Call) -> Reply:
    """Bulk overwrite application commands."""
    scope = _scope(call)
    if not isinstance(call.body, list) or not all(isinstance(command, dict) for command in call.body):
        raise invalid((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    problems = Problems()
    commands: list[dict[str, Any]] = []
    for index, given in enumerate(call.body):
        command = read_command(given, (index,), problems, is_global=scope == GLOBAL)
        if any(c["name"] == command["name"] and c["type"] == command["type"] for c in commands):
            told = "Application command names must be unique"
            problems.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", told)
        commands.append(command)
    problems.refuse_any()
    for kind in CommandType:
        _check_count(kind, sum(command["type"] == kind for command in commands))
    kept = call.platform.commands.replace_all(scope, commands)
    _record(call, scope)
    return Reply(body=kept)


def delete(call: Call) -> Reply:
    """Delete application command."""
    scope = _scope(call)
    call.platform.commands.remove(scope, _command(call)["id"])
    _record(call, scope)
    return Reply()


def _scope(call: Call) -> str:
    """Where the commands of the path live.

    Raises:
        ApiError: another app's, or a guild that the bot is not in.
    """
    if call.path["application_id"] != call.platform.world.application.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    guild_id = call.path.get("guild_id")
    if guild_id is None:
        return GLOBAL
    guild = call.platform.world.guilds.get(guild_id)
    if guild is None or not call.platform.world.bot_is_in(guild):
        raise missing_access()
    return guild_id


def _command(call: Call) -> dict[str, Any]:
    command = call.platform.commands.get(_scope(call), call.path["command_id"])
    if command is None:
        raise unknown("application command")
    return command


def _check_count(kind: CommandType, count: int) -> None:
    most = limits.CHAT_COMMANDS if kind is CommandType.CHAT_INPUT else limits.CONTEXT_COMMANDS
    if count > most:
        raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")


def _record(call: Call, scope: str) -> None:
    commands = call.platform.commands.of(scope)
    call.platform.truth.append("commands.changed", {"commands": commands}, team=scope)


def _endpoints(base: str) -> tuple[Endpoint, ...]:
    one = base + "/{command.id}"
    return (
        Endpoint(method="GET", template=base, run=list_commands),
        Endpoint(method="POST", template=base, run=create, rate=_WRITES),
        Endpoint(method="PUT", template=base, run=overwrite, rate=_WRITES),
        Endpoint(method="GET", template=one, run=get),
        Endpoint(method="PATCH", template=one, run=edit, rate=_WRITES),
        Endpoint(method="DELETE", template=one, run=delete, rate=_WRITES),
    )


ENDPOINTS = (
    *_endpoints("/applications/{application.id}/commands"),
    *_endpoints("/applications/{application.id}/guilds/{guild.id}/commands"),
)
