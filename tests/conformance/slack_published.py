"""What Slack publishes about its wire, found by name: arguments, answers, errors, rates, events, interactions.

Read by `slack` from the folder `slack` of the specifications. Three sources are joined: payload samples of Slack's Java
SDK (current; names and kinds of values), the OpenAPI and AsyncAPI documents of 2021 (arguments, and what is required),
and the SDK's table of rates.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.conformance.samples import BLOCKS, RICH_TEXT, schema_of
from tests.conformance.shapes import Schema, Shapes

_JSON = "application/json"
_MESSAGE = "sample_message"
_MESSAGES = ("MessagePayload", "MessageBotPayload", "MessageFileSharePayload", "MessageThreadBroadcastPayload")
_FORM_VALUES: dict[str, Schema] = {
    "integer": {"type": "string", "pattern": r"^-?\d+$"},
    "number": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    "boolean": {"enum": ["0", "1", "true", "false"]},
    "string": {"type": "string"},
}
_JSON_VALUES: dict[str, Schema] = {
    "number": {"anyOf": [{"type": "number"}, _FORM_VALUES["number"]]},
}
"""In JSON a value has the type that is described, but timestamps are described as numbers and sent as strings."""


class Published:
    """The descriptions, ready to be compared with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._web: dict[str, Any] = _read(folder / "web_openapi_v2_2021.json")
        self._events: dict[str, Any] = _read(folder / "events_api_async_v1.json")
        self.tiers: dict[str, str] = _read(folder / "rate_limit_tiers.json")
        own = {BLOCKS: self._blocks(), RICH_TEXT: self._rich_text(), _MESSAGE: self._message()}
        self.shapes = Shapes({"definitions": {**self._web["definitions"], **own}})
        self.event_shapes = Shapes({"components": self._events["components"]})

    # -- methods ----------------------------------------------------------------------------------------------

    def knows(self, method: str) -> bool:
        """Whether there is such a method."""
        return method in self.tiers or self.operation(method) is not None

    def operation(self, method: str) -> dict[str, Any] | None:
        """The method as the OpenAPI document describes it; None when it is younger."""
        found: dict[str, dict[str, Any]] = self._web["paths"].get(f"/{method}", {})
        return next(iter(found.values()), None)

    def reads_json(self, method: str) -> bool | None:
        """Whether the method takes a JSON body; None when nothing is published about it."""
        operation = self.operation(method)
        return None if operation is None else _JSON in operation["consumes"]

    def arguments(self, method: str, *, as_json: bool) -> Schema:
        """The arguments of a method; nothing is described of a method that is younger than the document."""
        described = [p for p in (self.operation(method) or {}).get("parameters", []) if p["name"] != "token"]
        return {
            "type": "object",
            "properties": {p["name"]: _argument(p, as_json=as_json) for p in described},
            "required": [p["name"] for p in described if p.get("required")],
        }

    def answer(self, method: str) -> Schema | None:
        """An answer without error as its sample shows it; None when there is no sample."""
        return self._sample(f"api/{method}.json")

    def older_answer(self, method: str) -> Schema | None:
        """An answer without error as the OpenAPI document describes it; messages in it, as the samples do.

        Refers into `shapes`. The document is from before most fields of today's messages.
        """
        operation = self.operation(method)
        if operation is None:
            return None
        schema: Schema = operation["responses"]["200"]["schema"]
        message = {"$ref": f"#/definitions/{_MESSAGE}"}
        today = {"message": message, "messages": {"type": "array", "items": message}}
        known = schema["properties"]
        return schema | {"properties": {name: today.get(name, known[name]) for name in known}}

    def errors(self, method: str) -> frozenset[str]:
        """The errors that the method may answer; empty when nothing is published about them."""
        operation = self.operation(method) or {}
        schema = operation.get("responses", {}).get("default", {}).get("schema", {})
        return frozenset(schema.get("properties", {}).get("error", {}).get("enum", []))

    # -- what Slack sends -------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> dict[str, Schema]:
        """Event payloads by type and subtype: `message`, `message.file_share`."""
        samples = [_read(path) for path in sorted((self._folder / "events").glob("*.json"))]
        return {event_name(sample["event"]): schema_of(sample) for sample in samples}

    @property
    def event_wrapper(self) -> Schema:
        """What is around every event; refers into `event_shapes`."""
        return {"$ref": "#/components/schemas/GenericEventWrapper"}

    @cached_property
    def interactions(self) -> dict[str, Schema]:
        """Interaction payloads by type; slash commands, which have none, by the empty one."""
        samples = [_read(path) for path in sorted((self._folder / "interactions").glob("*.json"))]
        return {sample.get("type", ""): schema_of(sample) for sample in samples}

    # -- parts ------------------------------------------------------------------------------------------------

    @property
    def blocks(self) -> Schema:
        """The blocks of messages and views; refers into `shapes`."""
        return {"$ref": f"#/definitions/{BLOCKS}"}

    @cached_property
    def view(self) -> Schema:
        """A modal or a home tab; refers into `shapes`."""
        return schema_of(_read(self._folder / "api" / "views.open.json")["view"])

    def _blocks(self) -> Schema:
        in_messages = _read(self._folder / "api" / "files.info.json")["file"]["title_blocks"]
        in_views = _read(self._folder / "api" / "views.open.json")["view"]["blocks"]
        return schema_of(in_messages + in_views)

    def _rich_text(self) -> Schema:
        """Lists, sections and quotes of a rich text, and the words, links and mentions in them."""
        blocks = _read(self._folder / "api" / "files.info.json")["file"]["title_blocks"]
        outer = next(block["elements"] for block in blocks if block["type"] == "rich_text")
        inner = outer[0]["elements"][0]["elements"]
        elements: Schema = schema_of(outer + inner)["items"]
        return elements

    def _message(self) -> Schema:
        """A message with all fields that one sort of message has, and what the OpenAPI document requires of each."""
        samples = [_read(self._folder / "events" / f"{name}.json")["event"] for name in _MESSAGES]
        schema = schema_of({name: sample[name] for sample in samples for name in sample})
        return schema | {"required": self._web["definitions"]["objs_message"]["required"]}

    def _sample(self, name: str) -> Schema | None:
        path = self._folder / name
        return schema_of(_read(path)) if path.exists() else None


def event_name(event: dict[str, Any]) -> str:
    """Type and subtype of an event, joined."""
    return ".".join(filter(None, (event["type"], event.get("subtype"))))


def _argument(parameter: dict[str, Any], *, as_json: bool) -> Schema:
    kind = parameter["type"]
    if not as_json:
        return _FORM_VALUES[kind]
    if kind == "string" and re.search(r"\bJSON\b|view payload", parameter.get("description", "")):
        return {"type": ["string", "array", "object"]}
    return _JSON_VALUES.get(kind, {"type": kind})


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
