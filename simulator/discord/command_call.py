"""What a person types into a registered command, checked as Discord's client does, in the shape that it sends.

Used by `interactions` through the control API. It reads registered commands (as on the wire) and values by the options'
names; it does not know which commands there are.
Source: https://docs.discord.com/developers/interactions/application-commands#application-command-object
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.discord.command_check import OptionType
from simulator.discord.limits import STRING_OPTION_CHARS
from simulator.errors import PersonError

_GROUPS = (OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP)
_THINGS = (
    OptionType.USER,
    OptionType.CHANNEL,
    OptionType.ROLE,
    OptionType.MENTIONABLE,
    OptionType.ATTACHMENT,
)

Resolve = Callable[[OptionType, Any, Sequence[int]], str]
"""Finds what a person names (a user, a file), puts it among the resolved things and returns its id; of channels only
those of the given types, where there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A command or subcommand that can be called."""

    command: dict[str, Any]
    groups: list[dict[str, Any]] = field(default_factory=list)
    """The subcommand group and subcommand on the way, outermost first."""

    @property
    def options(self) -> list[dict[str, Any]]:
        """What it takes."""
        holder = self.groups[-1] if self.groups else self.command
        return list(holder.get("options") or [])

    @property
    def name(self) -> str:
        """Its full name: `agents run`."""
        return " ".join([self.command["name"], *(group["name"] for group in self.groups)])

    def data(self, options: list[dict[str, Any]]) -> dict[str, Any]:
        """`data` of the interaction with these *options*."""
        for group in reversed(self.groups):
            options = [{"name": group["name"], "type": group["type"], "options": options}]
        data = {"id": self.command["id"], "name": self.command["name"], "type": self.command.get("type", 1)}
        if self.command.get("guild_id"):
            data["guild_id"] = self.command["guild_id"]
        return data | ({"options": options} if options else {})


def find_leaf(commands: list[dict[str, Any]], typed: str) -> tuple[Leaf, str]:
    """The command that *typed* (`/agents run`) begins with the name of, and what stands after the name.

    Raises:
        PersonError: there is none.
    """
    first, _, rest = typed.strip().removeprefix("/").partition(" ")
    command = next((c for c in commands if c["name"] == first and c.get("type", 1) == 1), None)
    if command is None:
        raise PersonError(f"there is no command /{first}", status=404)
    leaf = Leaf(command=command)
    while subcommands := [option for option in leaf.options if option["type"] in _GROUPS]:
        name, _, after = rest.strip().partition(" ")
        chosen = next((option for option in subcommands if option["name"] == name), None)
        if chosen is None:
            chosen, after = _for_text(subcommands), rest
        if chosen is None:
            raise PersonError(f"/{leaf.name} needs one of {', '.join(option['name'] for option in subcommands)}")
        leaf, rest = Leaf(command=command, groups=[*leaf.groups, chosen]), after
    return leaf, rest.strip()


def _for_text(subcommands: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The subcommand that free text is for: the first that needs a text."""
    return next((option for option in subcommands if _text_option(option.get("options") or [])), None)


def _text_option(options: list[dict[str, Any]]) -> dict[str, Any] | None:
    texts = [option for option in options if option["type"] == OptionType.STRING]
    return next((option for option in texts if option.get("required")), None)


def with_text(leaf: Leaf, text: str, values: dict[str, Any]) -> dict[str, Any]:
    """*values* with free *text* as the first text option, the required one before others.

    Raises:
        PersonError: the command takes no text.
    """
    if not text:
        return values
    texts = [option for option in leaf.options if option["type"] == OptionType.STRING]
    option = _text_option(leaf.options) or next(iter(texts), None)
    if option is None:
        raise PersonError(f"/{leaf.name} takes no text")
    return {option["name"]: text, **values}


def called(leaf: Leaf, values: dict[str, Any], resolve: Resolve) -> list[dict[str, Any]]:
    """The options of a call of *leaf* with *values* by name.

    Raises:
        PersonError: Discord's client would not send it.
    """
    known = {option["name"]: option for option in leaf.options}
    if unknown := values.keys() - known.keys():
        raise PersonError(f"/{leaf.name} has no option {', '.join(sorted(unknown))}")
    for option in known.values():
        if option.get("required") and values.get(option["name"]) in (None, ""):
            raise PersonError(f"/{leaf.name}: {option['name']} is required")
    given = {name: value for name, value in values.items() if value is not None}
    ordered = [option for option in leaf.options if option["name"] in given]
    return [_given(option, given[option["name"]], resolve) for option in ordered]


def typed_so_far(leaf: Leaf, values: dict[str, Any], focused: str, resolve: Resolve) -> list[dict[str, Any]]:
    """The options while a person types into the option *focused*; nothing is required yet.

    Raises:
        PersonError: that option does not complete what is typed.
    """
    option = next((option for option in leaf.options if option["name"] == focused), None)
    if option is None or not option.get("autocomplete"):
        raise PersonError(f"/{leaf.name}: {focused} has no autocomplete")
    others = [o for o in leaf.options if values.get(o["name"]) is not None and o["name"] != focused]
    before = [_given(o, values[o["name"]], resolve) for o in others]
    typed = str(values.get(focused, ""))
    return [*before, {"name": focused, "type": option["type"], "value": typed, "focused": True}]


def _given(option: dict[str, Any], value: Any, resolve: Resolve) -> dict[str, Any]:
    kind = OptionType(option["type"])
    if kind in _THINGS:
        value = resolve(kind, value, option.get("channel_types") or ())
    elif kind is OptionType.STRING:
        _check_text(option, value)
    elif kind is OptionType.BOOLEAN:
        _require(isinstance(value, bool), option, "true or false is needed")
    else:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        _require(is_whole or (kind is OptionType.NUMBER and isinstance(value, float)), option, "a number is needed")
        _require(option.get("min_value") is None or value >= option["min_value"], option, "that is too small")
        _require(option.get("max_value") is None or value <= option["max_value"], option, "that is too large")
    if choices := option.get("choices"):
        offered = [choice["value"] for choice in choices]
        _require(value in offered, option, f"one of {', '.join(map(str, offered))}")
    return {"name": option["name"], "type": int(kind), "value": value}


def _check_text(option: dict[str, Any], value: Any) -> None:
    _require(isinstance(value, str), option, "a text is needed")
    least, most = option.get("min_length") or 0, option.get("max_length") or STRING_OPTION_CHARS
    _require(least <= len(value) <= most, option, f"{least} to {most} characters, not {len(value)}")


def _require(holds: bool, option: dict[str, Any], otherwise: str) -> None:
    if not holds:
        raise PersonError(f"{option['name']}: {otherwise}")
