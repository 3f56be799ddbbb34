"""The app's commands as Discord keeps them, and when to write them again: only when they differ.

Called by `app` at the start of a term. Writing them is limited to 200 a day, and clients take a while to notice.
Source: https://docs.discord.com/developers/interactions/application-commands
"""

from collections.abc import Mapping
from typing import Any

import structlog

from bots.discord import called, limits
from bots.discord.calls import Rest
from bots.discord.places import STARTABLE
from core.domain.access import Right
from core.service.policy import MAX_MODEL_CHARS, MAX_WISH_CHARS
from core.service.settings_desk import Scope

log = structlog.get_logger(__name__)

Payload = dict[str, Any]

_CHAT, _ON_MESSAGE = 1, 3
_SUBCOMMAND, _STRING, _INTEGER, _BOOLEAN, _CHANNEL, _MENTIONABLE, _ATTACHMENT = 1, 3, 4, 5, 7, 9, 11
_EVERYWHERE = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
"""Guild and user installs; in guilds, in direct messages with the bot, and elsewhere, where we say how to invite us."""
_IGNORED = frozenset({"id", "application_id", "guild_id", "version", "handler", "dm_permission"})
_DEFAULTS: Payload = {
    "type": _CHAT,
    "options": [],
    "required": False,
    "autocomplete": False,
    "nsfw": False,
    "choices": [],
    "channel_types": [],
    "default_member_permissions": None,
    "name_localizations": None,
    "description_localizations": None,
    "description": "",
}
_SCOPES: Mapping[str, str] = {Scope.MINE: "My own", Scope.WORKSPACE: "Of this server (admins)"}
_RIGHTS: Mapping[str, str] = {
    Right.START: "Start sessions",
    Right.ANSWER: "Answer and steer teams",
    Right.OPERATE: "Operate: stop others' sessions, approve",
    Right.ADMINISTER: "Administer: settings of the server, rights, audit",
}
_UNORDERED = frozenset({"integration_types", "contexts", "channel_types"})


def wanted() -> list[Payload]:
    """All commands of the app."""
    return [
        {"name": "agents", "description": "Put a team of AI agents on a task", "options": _agents(), **_EVERYWHERE},
        {"name": "history", "description": "What was done here", "options": _history(), **_EVERYWHERE},
        {"name": called.RUN_ON_MESSAGE, "type": _ON_MESSAGE, **_EVERYWHERE},
    ]


def differ(kept: list[Payload], ours: list[Payload]) -> bool:
    """Whether what Discord has is anything else than *ours*, as far as people can tell."""

    def by_name(command: Any) -> tuple[str, int]:
        return command.get("name", ""), command.get("type", _CHAT)

    return [_normal(c) for c in sorted(kept, key=by_name)] != [_normal(c) for c in sorted(ours, key=by_name)]


async def sync(rest: Rest, application: str) -> None:
    """Make Discord's commands ours, where they are not.

    Raises:
        MusterError: Discord does not let us.
    """
    kept = await rest.call("GET", "/applications/{application_id}/commands", reading=True, application_id=application)
    if not differ(kept, wanted()):
        return
    path = "/applications/{application_id}/commands"
    await rest.call("PUT", path, body=wanted(), reading=True, application_id=application)
    log.info("discord.commands_written")


def _normal(value: Any) -> Any:
    if isinstance(value, list):
        return [_normal(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {
        name: sorted(part) if name in _UNORDERED and isinstance(part, list) else _normal(part)
        for name, part in value.items()
        if name not in _IGNORED
    }
    return {name: part for name, part in kept.items() if not (name in _DEFAULTS and part in (_DEFAULTS[name], None))}


def _agents() -> list[Payload]:
    run = [
        _text("task", "What the team should do", required=True, max_length=limits.STRING_OPTION_CHARS),
        _text("provider", "Whose models the team uses", autocomplete=True),
        _text("model", "The model that the team uses", autocomplete=True, max_length=MAX_MODEL_CHARS),
        _text("team", "Who should be in the team, in your words", max_length=MAX_WISH_CHARS),
        {"type": _ATTACHMENT, "name": "file", "description": "A file for the team's workspace"},
    ]
    return [
        _sub("run", "Start a team on a task", run),
        _sub("status", "What is running here, or how one session is doing", [_number("number")]),
        _sub("stop", "Stop your newest session here, or another", [_number("number")]),
        _sub("settings", "Provider, model, instructions and keys", [_scope()]),
        _sub("access", "Who may do what here; with options an admin changes it", _access()),
        _sub("usage", "What was used and what it cost, in all or in one session", [_number("number")]),
        _sub("audit", "For admins: who did what, and what was refused"),
        _sub("help", "What Muster can do"),
    ]


def _scope() -> Payload:
    return _text("scope", "Whose settings; yours by default", choices=_choices(_SCOPES))


def _access() -> list[Payload]:
    who = [
        {"type": _MENTIONABLE, "name": name, "description": "A person or a role that has the right"}
        for name in called.WHO
    ]
    where = [
        {
            "type": _CHANNEL,
            "name": name,
            "description": "A channel that the right is limited to",
            "channel_types": sorted(STARTABLE),
        }
        for name in called.WHERE
    ]
    reset = {"type": _BOOLEAN, "name": "reset", "description": "Back to the default, whatever else is named"}
    return [_text("right", "Which right", choices=_choices(_RIGHTS)), *who, *where, reset]


def _choices(named: Mapping[str, str]) -> list[Payload]:
    return [{"name": name, "value": value} for value, name in named.items()]


def _history() -> list[Payload]:
    return [_text("query", "Words that were said or asked for"), _number("id")]


def _sub(name: str, description: str, options: list[Payload] | None = None) -> Payload:
    return {"type": _SUBCOMMAND, "name": name, "description": description, "options": options or []}


def _text(name: str, description: str, **more: Any) -> Payload:
    return {"type": _STRING, "name": name, "description": description, **more}


def _number(name: str) -> Payload:
    return {"type": _INTEGER, "name": name, "description": "The number of the session", "min_value": 1}
