"""What Discord publishes about its REST API, found by route: Discord's own OpenAPI document.

Read by `discord`. The document describes no gateway events; `EVENT_PARTS` names the REST objects that they consist of.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.conformance.own_calls import anonymous
from tests.conformance.shapes import Schema, Shapes

_MESSAGE = {"": "MessageResponse"}
_CHANNEL = {"": "GuildChannelResponse"}
_THREAD = {"": "ThreadResponse"}
_MEMBER = {"": "GuildMemberResponse"}
_ROLE = {"role": "GuildRoleResponse"}
EVENT_PARTS: dict[str, dict[str, str]] = {
    "CHANNEL_CREATE": _CHANNEL,
    "CHANNEL_DELETE": _CHANNEL,
    "CHANNEL_UPDATE": _CHANNEL,
    "GUILD_CREATE": {
        "": "GuildResponse",
        "channels[]": "GuildChannelResponse",
        "threads[]": "ThreadResponse",
        "members[]": "GuildMemberResponse",
    },
    "GUILD_MEMBERS_CHUNK": {"members[]": "GuildMemberResponse"},
    "GUILD_MEMBER_ADD": _MEMBER,
    "GUILD_MEMBER_REMOVE": {"user": "UserResponse"},
    "GUILD_MEMBER_UPDATE": _MEMBER,
    "GUILD_ROLE_CREATE": _ROLE,
    "GUILD_ROLE_UPDATE": _ROLE,
    "GUILD_UPDATE": {"": "GuildResponse"},
    "INTERACTION_CREATE": {
        "user": "UserResponse",
        "member": "GuildMemberResponse",
        "message": "MessageResponse",
        "data/resolved": "ResolvedObjectsResponse",
    },
    "MESSAGE_CREATE": _MESSAGE,
    "MESSAGE_REACTION_ADD": {"member": "GuildMemberResponse", "emoji": "MessageReactionEmojiResponse"},
    "MESSAGE_REACTION_REMOVE": {"emoji": "MessageReactionEmojiResponse"},
    "MESSAGE_UPDATE": _MESSAGE,
    "READY": {"user": "UserPIIResponse"},
    "THREAD_CREATE": _THREAD,
    "THREAD_LIST_SYNC": {"threads[]": "ThreadResponse", "members[]": "ThreadMemberResponse"},
    "THREAD_MEMBERS_UPDATE": {"added_members[]": "ThreadMemberResponse"},
    "THREAD_MEMBER_UPDATE": {"": "ThreadMemberResponse"},
    "THREAD_UPDATE": _THREAD,
}
"""Of each gateway event the parts that are REST objects: their place in the event, and the object's name.

Source: https://docs.discord.com/developers/events/gateway-events#receive-events
"""
_TEXT_VALUES: dict[str, Schema] = {
    "integer": {"type": "string", "pattern": r"^-?\d+$"},
    "boolean": {"enum": ["0", "1", "true", "false", "True", "False"]},
}
"""How values other than text look in an address."""


class Published:
    """The descriptions, ready to be compared with."""

    def __init__(self, document: Path) -> None:
        self._document: dict[str, Any] = json.loads(document.read_text(encoding="utf-8"))
        self.shapes = Shapes(self._document)

    @cached_property
    def _paths(self) -> dict[str, dict[str, Any]]:
        """The routes, whatever their variables are called."""
        return {anonymous(path): item for path, item in self._document["paths"].items()}

    def operation(self, method: str, route: str) -> dict[str, Any] | None:
        """One method of one route, with the route's own parameters; None when there is none."""
        item = self._paths.get(anonymous(route), {})
        operation: dict[str, Any] | None = item.get(method.lower())
        if operation is None:
            return None
        return operation | {"parameters": [*item.get("parameters", []), *operation.get("parameters", [])]}

    def query(self, operation: dict[str, Any]) -> Schema:
        """The query of an operation, whose values are all texts."""
        described = [one for one in operation["parameters"] if one["in"] == "query"]
        return {
            "type": "object",
            "properties": {one["name"]: _as_text(one["schema"]) for one in described},
            "required": [one["name"] for one in described if one.get("required")],
        }

    def path(self, operation: dict[str, Any], route: str) -> Schema:
        """The variables of an operation's path, named as in *route*, with `_` for `.`."""
        names = [name.replace(".", "_") for name in re.findall(r"\{([^}]*)\}", route)]
        described = [one["schema"] for one in operation["parameters"] if one["in"] == "path"]
        return {"type": "object", "properties": dict(zip(names, map(_as_text, described), strict=True))}

    def body(self, operation: dict[str, Any], *, with_files: bool) -> Schema | None:
        """The body of a request; None when none like it is described."""
        content = operation.get("requestBody", {}).get("content", {})
        wanted = "multipart/form-data" if with_files else "application/json"
        return content[wanted]["schema"] if wanted in content else None

    def answer(self, operation: dict[str, Any], status: int) -> Schema | None:
        """The answer with that status: None when no such status is described, `{"const": None}` for an empty answer."""
        responses = operation["responses"]
        found = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if found is None:
            return None
        if "$ref" in found:
            found = self._document["components"]["responses"][found["$ref"].rpartition("/")[2]]
        content = found.get("content", {})
        return content["application/json"]["schema"] if content else {"const": None}

    def component(self, name: str) -> Schema:
        """An object of the REST API."""
        return {"$ref": f"#/components/schemas/{name}"}


def _as_text(schema: Schema) -> Schema:
    """The schema of a value in an address."""
    kind = schema.get("type")
    return _TEXT_VALUES.get(kind, schema) if isinstance(kind, str) else schema
