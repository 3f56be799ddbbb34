"""The app's registered commands: global ones and those of single guilds.

Changed by `routes_commands`; interactions look up here what a person can call.
Source: https://docs.discord.com/developers/interactions/application-commands#making-a-global-command
"""

from __future__ import annotations

from typing import Any

from simulator.discord.command_check import CommandType
from simulator.discord.guild import Snowflakes

GLOBAL = ""
"""Scope of the global commands; a guild's are under its id."""
_IDENTITY = ("id", "application_id", "version", "guild_id")


class CommandBook:
    """All commands, as they are on the wire."""

    def __init__(self, *, application_id: str, snowflakes: Snowflakes) -> None:
        self._application_id = application_id
        self._snowflakes = snowflakes
        self._by_scope: dict[str, list[dict[str, Any]]] = {}

    def of(self, scope: str) -> list[dict[str, Any]]:
        """The commands of *scope*."""
        return list(self._by_scope.get(scope, ()))

    def by_scope(self) -> dict[str, list[dict[str, Any]]]:
        """All commands of all scopes."""
        return {scope: self.of(scope) for scope in self._by_scope}

    def restore(self, by_scope: dict[str, list[dict[str, Any]]]) -> None:
        """Have these commands and no others."""
        self._by_scope = {scope: list(commands) for scope, commands in by_scope.items()}

    def get(self, scope: str, command_id: str) -> dict[str, Any] | None:
        """One of them."""
        return next((command for command in self.of(scope) if command["id"] == command_id), None)

    def named(self, scope: str, name: str, kind: int) -> dict[str, Any] | None:
        """The one with that name and type."""
        return next((c for c in self.of(scope) if c["name"] == name and c["type"] == kind), None)

    def callable_in(self, guild_id: str | None) -> list[dict[str, Any]]:
        """What people find in a guild (or in direct messages, with None): its own commands before global ones."""
        own = self.of(guild_id) if guild_id is not None else []
        taken = {(command["name"], command["type"]) for command in own}
        return own + [command for command in self.of(GLOBAL) if (command["name"], command["type"]) not in taken]

    def count(self, scope: str, kind: CommandType) -> int:
        """How many of a kind there are."""
        return sum(command["type"] == kind for command in self.of(scope))

    def put(self, scope: str, command: dict[str, Any], *, replaced: dict[str, Any] | None) -> dict[str, Any]:
        """Register *command* in the place of *replaced*, whose id it takes; one that says the same stays as it is."""
        kept = self._identified(scope, command, replaced)
        others = [c for c in self.of(scope) if c["id"] != kept["id"]]
        self._by_scope[scope] = [*others, kept]
        return kept

    def replace_all(self, scope: str, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make *commands* the only ones of *scope*; those with the name and type of one that was there take its id."""
        kept = [self._identified(scope, c, self.named(scope, c["name"], c["type"])) for c in commands]
        self._by_scope[scope] = kept
        return list(kept)

    def remove(self, scope: str, command_id: str) -> None:
        """Unregister a command."""
        self._by_scope[scope] = [command for command in self.of(scope) if command["id"] != command_id]

    def _identified(self, scope: str, command: dict[str, Any], replaced: dict[str, Any] | None) -> dict[str, Any]:
        if replaced is not None and content_of(replaced) == command:
            return replaced
        kept = {
            "id": replaced["id"] if replaced is not None else self._snowflakes.next(),
            "application_id": self._application_id,
            "version": self._snowflakes.next(),
            **command,
        }
        return kept | ({"guild_id": scope} if scope != GLOBAL else {})


def content_of(command: dict[str, Any]) -> dict[str, Any]:
    """What a command says, without who it is."""
    return {name: value for name, value in command.items() if name not in _IDENTITY}
