"""Checks application commands and brings them into the form in which Discord keeps them.

Called by `routes_commands`.
Source: https://docs.discord.com/developers/interactions/application-commands
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

from simulator.discord import limits
from simulator.discord.checks import REQUIRED, Where, list_in, one_of, text_in, whole_in
from simulator.discord.errors import Problems


class CommandType(IntEnum):
    """The kinds of command."""

    CHAT_INPUT = 1
    USER = 2
    MESSAGE = 3


class OptionType(IntEnum):
    """The kinds of option."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


_NAME = re.compile(r"[-_'\w]{1,32}")
_CHOOSING = (OptionType.STRING, OptionType.INTEGER, OptionType.NUMBER)
_SUBS = (OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP)
_ALL_TYPES = tuple(int(kind) for kind in OptionType)
_CONTEXTS = (0, 1, 2)
_INTEGRATIONS = (0, 1)
_BOUNDS = ("min_value", "max_value", "channel_types")


def read_command(body: dict[str, Any], where: Where, problems: Problems, *, is_global: bool) -> dict[str, Any]:
    """The command that *body* describes, without ids.

    Args:
        is_global: it is not of one guild, so contexts and integrations can be set.
    """
    kind = CommandType(one_of(body, "type", where, problems, choices=(1, 2, 3)) or 1)
    is_chat = kind is CommandType.CHAT_INPUT
    permissions = body.get("default_member_permissions")
    command: dict[str, Any] = {
        "type": int(kind),
        "name": _read_name(body, where, problems, is_chat=is_chat),
        "name_localizations": body.get("name_localizations"),
        "description": _read_description(body, where, problems) if is_chat else "",
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": None if permissions is None else str(permissions),
        "dm_permission": bool(body.get("dm_permission", True)),
        "contexts": None,
        "integration_types": list(_INTEGRATIONS) if is_global else [0],
        "nsfw": bool(body.get("nsfw", False)),
    }
    if is_global:
        contexts = _read_choices(body, "contexts", where, problems, _CONTEXTS)
        command["contexts"] = contexts
        command["dm_permission"] = command["dm_permission"] if contexts is None else 1 in contexts
        installs = _read_choices(body, "integration_types", where, problems, _INTEGRATIONS)
        command["integration_types"] = installs or command["integration_types"]
    if is_chat:
        options = _read_options(body, where, problems, depth=0)
        if options:
            command["options"] = options
        if _chars(command) > limits.COMMAND_CHARS:
            told = f"Command exceeds maximum size ({limits.COMMAND_CHARS})"
            problems.add(where, "APPLICATION_COMMAND_TOO_LARGE", told)
    else:
        for name in ("description", "options"):
            if body.get(name):
                told = "Context menu commands cannot have descriptions or options"
                problems.add((*where, name), "APPLICATION_COMMAND_CONTEXT_MENU_FIELD", told)
    return command


def _read_name(body: dict[str, Any], where: Where, problems: Problems, *, is_chat: bool) -> str:
    name = text_in(body, "name", where, problems, most=limits.COMMAND_NAME_CHARS, least=1, is_required=True)
    if name is not None and is_chat and (not _NAME.fullmatch(name) or name != name.lower()):
        problems.add((*where, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name or ""


def _read_description(body: dict[str, Any], where: Where, problems: Problems) -> str:
    most = limits.COMMAND_DESCRIPTION_CHARS
    return text_in(body, "description", where, problems, most=most, least=1, is_required=True) or ""


def _read_choices(
    body: dict[str, Any], name: str, where: Where, problems: Problems, choices: tuple[int, ...]
) -> list[int] | None:
    values = body.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not values or len(set(values)) < len(values):
        problems.add((*where, name), "BASE_TYPE_BAD_LENGTH", f"Must be a list of different values of {choices}.")
        return None
    for index, value in enumerate(values):
        if value not in choices:
            problems.add((*where, name, index), "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
    return sorted(values)


def _read_options(body: dict[str, Any], where: Where, problems: Problems, *, depth: int) -> list[dict[str, Any]]:
    given = list_in(body, "options", where, problems, most=limits.COMMAND_OPTIONS)
    options = [
        _read_option(option, (*where, "options", index), problems, depth=depth) for index, option in enumerate(given)
    ]
    place = (*where, "options")
    names = [option["name"] for option in options]
    if len(set(names)) < len(names):
        problems.add(place, "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", "Option name already exists")
    subs = [option["type"] in _SUBS for option in options]
    if any(subs) and not all(subs):
        told = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        problems.add(place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", told)
    required = [bool(option.get("required")) for option in options]
    for index in range(1, len(required)):
        if required[index] and not required[index - 1]:
            told = "Required options must be placed before non-required options"
            problems.add((*place, index), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", told)
    return options


def _read_option(option: dict[str, Any], where: Where, problems: Problems, *, depth: int) -> dict[str, Any]:
    if option.get("type") is None:
        problems.add((*where, "type"), *REQUIRED)
    kind = OptionType(one_of(option, "type", where, problems, choices=_ALL_TYPES) or OptionType.STRING)
    if (kind is OptionType.SUB_COMMAND and depth > 1) or (kind is OptionType.SUB_COMMAND_GROUP and depth > 0):
        told = "Sub-commands and groups cannot be nested there"
        problems.add((*where, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", told)
    kept: dict[str, Any] = {
        "type": int(kind),
        "name": _read_name(option, where, problems, is_chat=True),
        "description": _read_description(option, where, problems),
    }
    kept |= {name: option[name] for name in _BOUNDS if option.get(name) is not None}
    kept |= {name: True for name in ("required", "autocomplete") if option.get(name)}
    for name in ("name_localizations", "description_localizations"):
        if option.get(name) is not None:
            kept[name] = option[name]
    if kind in _SUBS:
        inner = _read_options(option, where, problems, depth=depth + 1)
        return kept | ({"options": inner} if inner else {})
    if kind is OptionType.STRING:
        for name, least in (("min_length", 0), ("max_length", 1)):
            value = whole_in(option, name, where, problems, least=least, most=limits.STRING_OPTION_CHARS)
            kept |= {} if value is None else {name: value}
    choices = _read_option_choices(option, kind, where, problems)
    return kept | ({"choices": choices} if choices else {})


def _read_option_choices(
    option: dict[str, Any], kind: OptionType, where: Where, problems: Problems
) -> list[dict[str, Any]]:
    given = list_in(option, "choices", where, problems, most=limits.COMMAND_CHOICES)
    if (given or option.get("autocomplete")) and kind not in _CHOOSING:
        told = "This type of option has neither choices nor autocomplete"
        problems.add((*where, "choices"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", told)
    if given and option.get("autocomplete"):
        told = "Choices are not allowed with autocomplete enabled"
        problems.add((*where, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", told)
    return read_choices(given, kind, (*where, "choices"), problems)


def read_choices(
    given: list[dict[str, Any]], kind: OptionType, where: Where, problems: Problems
) -> list[dict[str, Any]]:
    """Choices of an option, also those that an autocomplete answers with."""
    kept = []
    for index, choice in enumerate(given):
        place = (*where, index)
        name = text_in(choice, "name", place, problems, most=limits.CHOICE_CHARS, least=1, is_required=True)
        value = choice.get("value")
        if kind is OptionType.STRING:
            text_in(choice, "value", place, problems, most=limits.CHOICE_CHARS, least=1, is_required=True)
        elif not isinstance(value, (int, float)) or isinstance(value, bool):
            problems.add((*place, "value"), "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
        kept.append({"name": name, "value": value})
    return kept


def _chars(part: dict[str, Any]) -> int:
    """Characters of names, descriptions and values, in the command and inside of it."""
    own = sum(len(str(part.get(name, ""))) for name in ("name", "description"))
    own += sum(len(str(choice["name"])) + len(str(choice["value"])) for choice in part.get("choices", []))
    return own + sum(_chars(option) for option in part.get("options", []))
