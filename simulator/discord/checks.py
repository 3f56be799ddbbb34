"""Checks of single values, in Discord's words; shared by embeds, components, messages, threads and commands.

Each notes what is wrong in a `Problems` and returns the value if it can be used.
"""

from __future__ import annotations

from typing import Any

from simulator.discord.errors import Problems

Where = tuple[str | int, ...]
REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")


def text_in(
    body: dict[str, Any],
    name: str,
    where: Where,
    problems: Problems,
    *,
    most: int,
    least: int = 0,
    is_required: bool = False,
) -> str | None:
    """The text `body[name]` of *least* to *most* characters; None when it is not there or is wrong."""
    value = body.get(name)
    place = (*where, name)
    if value is None:
        if is_required:
            problems.add(place, *REQUIRED)
        return None
    if not isinstance(value, str):
        problems.add(place, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
        return None
    if is_required and not value:
        problems.add(place, *REQUIRED)
        return None
    if len(value) > most:
        is_ranged = least > 0
        told = f"Must be between {least} and {most} in length." if is_ranged else f"Must be {most} or fewer in length."
        problems.add(place, "BASE_TYPE_BAD_LENGTH" if is_ranged else "BASE_TYPE_MAX_LENGTH", told)
        return None
    if len(value) < least:
        problems.add(place, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return None
    return value


def list_in(
    body: dict[str, Any], name: str, where: Where, problems: Problems, *, most: int, least: int = 0
) -> list[dict[str, Any]]:
    """The objects in the list `body[name]` of *least* to *most*; empty when it is not there or is wrong."""
    value = body.get(name)
    place = (*where, name)
    if value is None:
        value = []
    if not isinstance(value, list):
        problems.add(place, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return []
    if len(value) > most or len(value) < least:
        is_ranged = least > 0
        told = f"Must be between {least} and {most} in length." if is_ranged else f"Must be {most} or fewer in length."
        problems.add(place, "BASE_TYPE_BAD_LENGTH" if is_ranged else "BASE_TYPE_MAX_LENGTH", told)
        return []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            problems.add((*place, index), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return []
    return value


def whole_in(body: dict[str, Any], name: str, where: Where, problems: Problems, *, least: int, most: int) -> int | None:
    """The whole number `body[name]` from *least* to *most*; None when it is not there or is wrong."""
    value = body.get(name)
    place = (*where, name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        problems.add(place, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        return None
    if value < least:
        problems.add(place, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        return None
    if value > most:
        problems.add(place, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        return None
    return value


def one_of(
    body: dict[str, Any], name: str, where: Where, problems: Problems, *, choices: tuple[int, ...]
) -> int | None:
    """The number `body[name]`, one of *choices*; None when it is not there or is wrong."""
    value = body.get(name)
    if value is None:
        return None
    if value not in choices or isinstance(value, bool):
        problems.add((*where, name), "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
        return None
    return int(value)


def address_in(
    body: dict[str, Any],
    name: str,
    where: Where,
    problems: Problems,
    *,
    schemes: tuple[str, ...] = ("http", "https"),
    most: int = 2048,
) -> str | None:
    """The address `body[name]`; None when it is not there or is wrong."""
    value = text_in(body, name, where, problems, most=most)
    if not value:
        return None
    scheme, colon, rest = value.partition("://")
    if not colon or not rest or " " in value:
        problems.add((*where, name), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return None
    if scheme not in schemes:
        told = f'Scheme "{scheme}" must be one of {schemes}.'
        problems.add((*where, name), "URL_TYPE_INVALID_SCHEME", told)
        return None
    return value
