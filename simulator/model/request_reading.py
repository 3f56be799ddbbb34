"""Owns the understanding of a request: which of three kinds it is, and what an agent's turn has seen so far.

Called by `completions` (the kind, for the log and the faults) and `script` (everything). It goes by the structure of
the request, never by a client's wording, keeps nothing between requests, and answers nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

JsonObject = dict[str, Any]
LABEL = re.compile(r"\[([^\n]{1,100}?)\]: ?")
INTRODUCTION = re.compile(r"\bYou are (?:called |named )?[*\"'“]*([^\W_][\w-]{0,63})")


class Kind(StrEnum):
    """What a request wants; `IMAGE` comes to an endpoint of its own."""

    TEAM = "team"
    """A JSON object with `agents`: name, role, instructions, tools."""
    SPEAKER = "speaker"
    """One of the names that the schema lists."""
    TURN = "turn"
    """The words, or the tool calls, of one agent."""
    JSON = "json"
    """Any other JSON."""
    IMAGE = "image"
    """A picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One finished message of the transcript."""

    who: str
    """Its label; empty for this agent's own messages and for messages without a label."""
    own: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStep:
    """A tool call of the turn that is going on, with its result."""

    tool: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as the script sees it."""

    kind: Kind
    system: str
    agent: str
    """The name that the system message gives ("You are <name>"); empty when it gives none."""
    schema: JsonObject
    """The JSON schema of the answer; empty for a turn."""
    timeline: tuple[Said | ToolStep, ...]
    tools: dict[str, JsonObject]
    """Offered tools that may be called: name and JSON schema of the parameters."""
    must_call: str
    """The tool that `tool_choice` demands; `*` for any; empty when the choice is free."""

    @property
    def text(self) -> str:
        """All that people and agents have said, each message with its label if it has one."""
        said = (entry for entry in self.timeline if isinstance(entry, Said))
        return "\n".join(f"[{entry.who}]: {entry.text}" if entry.who else entry.text for entry in said)


def read_request(body: JsonObject) -> Request:
    """Understand a checked request body."""
    system = "\n".join(
        "\n".join(_texts(message)) for message in body["messages"] if message["role"] in ("system", "developer")
    )
    kind, schema = _wanted(body, system)
    introduction = INTRODUCTION.search(system)
    choice = body.get("tool_choice")
    offered = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in body.get("tools") or ()}
    must_call = choice["function"]["name"] if isinstance(choice, dict) else "*" if choice == "required" else ""
    return Request(
        kind=kind,
        system=system,
        agent=introduction.group(1) if introduction and kind is Kind.TURN else "",
        schema=schema,
        timeline=tuple(_timeline(body["messages"])),
        tools={} if choice == "none" else offered,
        must_call=must_call,
    )


def _wanted(body: JsonObject, system: str) -> tuple[Kind, JsonObject]:
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        schema = form["json_schema"].get("schema") or {}
        return kind_of_schema(schema), schema
    # Printed schemas: last first, since the engine adds them after the system message's own words.
    for schema in reversed(list(_printed_objects(system))):
        kind = kind_of_schema(schema)
        if kind is not Kind.JSON:
            return kind, schema
    return (Kind.JSON, {}) if form.get("type") == "json_object" else (Kind.TURN, {})


def kind_of_schema(schema: JsonObject) -> Kind:
    """TEAM, SPEAKER or, when *schema* is for something else, JSON."""
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    agent = resolve(resolve(properties.get("agents"), schema).get("items"), schema)
    if {"name", "role", "instructions", "tools"} <= (agent.get("properties") or {}).keys():
        return Kind.TEAM
    if choices(schema, schema) or any(choices(child, schema) for child in properties.values()):
        return Kind.SPEAKER
    return Kind.JSON


def choices(node: Any, root: JsonObject) -> list[str]:
    """The strings that *node*, an enum or a constant, allows; empty for any other node."""
    node = resolve(node, root)
    values = node.get("enum", [node["const"]] if "const" in node else [])
    return list(values) if isinstance(values, list) and all(isinstance(v, str) for v in values) else []


def resolve(node: Any, root: JsonObject) -> JsonObject:
    """The schema object that *node* is or points to within *root*; empty when there is none."""
    for _ in range(10):  # deep enough for any real schema, and an end for one that points to itself
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return node
        target: Any = root
        for key in reference.removeprefix("#/").split("/"):
            target = target.get(key) if isinstance(target, dict) else None
        node = target
    return {}


def _printed_objects(text: str) -> Iterator[JsonObject]:
    """The JSON objects that begin at the start of a line of *text*."""
    decoder = json.JSONDecoder()
    end = 0
    for brace in re.finditer(r"^\s*(\{)", text, re.MULTILINE):
        if brace.start(1) < end:
            continue
        try:
            found, end = decoder.raw_decode(text, brace.start(1))
        except (ValueError, RecursionError):
            continue
        yield found


def _texts(message: JsonObject) -> list[str]:
    content = message.get("content")
    if isinstance(content, list):
        return [part["text"] for part in content if part["type"] == "text"]
    return [content] if content else []


def _timeline(messages: list[JsonObject]) -> Iterator[Said | ToolStep]:
    calls: dict[str, JsonObject] = {}
    for message in messages:
        texts = _texts(message)
        if message["role"] == "user":
            yield from map(_heard, texts)
        elif message["role"] == "tool":
            function = calls[message["tool_call_id"]]
            yield ToolStep(tool=function["name"], arguments=function["arguments"], result="\n".join(texts))
        elif message.get("tool_calls"):
            calls = {call["id"]: call["function"] for call in message["tool_calls"]}
        elif message["role"] == "assistant":
            yield Said(who="", own=True, text="\n".join(texts))


def _heard(text: str) -> Said:
    label = LABEL.match(text)
    return (
        Said(who=label.group(1), own=False, text=text[label.end() :]) if label else Said(who="", own=False, text=text)
    )
