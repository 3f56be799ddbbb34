"""Whom a message mentions: what its text says, as far as `allowed_mentions` lets it.

Used by `message_form` (the app's messages) and by the control API (people's messages).
Source: https://docs.discord.com/developers/resources/message#allowed-mentions-object
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from simulator.discord import limits
from simulator.discord.errors import Problems
from simulator.discord.guild import Guild
from simulator.discord.world import World

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_KINDS = frozenset({"users", "roles", "everyone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be mentioned."""

    parse: frozenset[str] = _KINDS
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    replied_user: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Who is notified."""

    users: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    everyone: bool = False


ALL = Allowed()
"""When a regular message says nothing of it."""


def read_allowed(value: Any, default: Allowed, problems: Problems) -> Allowed:
    """`allowed_mentions` of a body; *default* when it is not there."""
    where = ("allowed_mentions",)
    if value is None:
        return default
    if not isinstance(value, dict):
        problems.add(where, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return default
    parse = value.get("parse") or []
    users, roles = value.get("users") or [], value.get("roles") or []
    for index, kind in enumerate(parse):
        if kind not in _KINDS:
            told = "Value must be one of ('roles', 'users', 'everyone')."
            problems.add((*where, "parse", index), "BASE_TYPE_CHOICES", told)
    for name, ids in (("users", users), ("roles", roles)):
        if len(ids) > limits.MENTION_IDS:
            told = f"Must be {limits.MENTION_IDS} or fewer in length."
            problems.add((*where, name), "BASE_TYPE_MAX_LENGTH", told)
        if ids and name in parse:
            told = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            problems.add(where, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", told)
    return Allowed(
        parse=frozenset(parse),
        users=frozenset(map(str, users)),
        roles=frozenset(map(str, roles)),
        replied_user=bool(value.get("replied_user", False)),
    )


def find_mentions(
    world: World,
    guild: Guild | None,
    text: str,
    *,
    allowed: Allowed = ALL,
    may_mention_all: bool = False,
    replied_to: str | None = None,
) -> Mentions:
    """Whom *text* notifies.

    Args:
        guild: where it is said; None in direct messages, which have no roles.
        may_mention_all: the author has MENTION_EVERYONE, which it takes for everyone and for roles.
        replied_to: author of the message that it replies to.
    """
    users = [
        user_id
        for user_id in dict.fromkeys(_USER.findall(text))
        if user_id in world.users and ("users" in allowed.parse or user_id in allowed.users)
    ]
    if replied_to is not None and allowed.replied_user and replied_to not in users:
        users.append(replied_to)
    if guild is None or not may_mention_all:
        return Mentions(users=users)
    roles = [
        role_id
        for role_id in dict.fromkeys(_ROLE.findall(text))
        if role_id in guild.roles and ("roles" in allowed.parse or role_id in allowed.roles)
    ]
    everyone = "everyone" in allowed.parse and _EVERYONE.search(text) is not None
    return Mentions(users=users, roles=roles, everyone=everyone)
