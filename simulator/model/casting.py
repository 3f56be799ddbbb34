"""Owns the demo's cast: which specialists are proposed for a task, and who is who again from a system message.

Called by `script`. It proposes only tools that the client's schema allows, and always a team that can play to its end.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from simulator.model.request_reading import JsonObject, choices, resolve

RUN_PYTHON = "run_python"
ASK_HUMAN = "ask_human"


class Part(StrEnum):
    """A part in the play; the value is the name that its agent gets."""

    PLANNER = "Planner"
    ANALYST = "Analyst"
    INTERVIEWER = "Interviewer"
    REVIEWER = "Reviewer"
    WRITER = "Writer"
    SOLO = ""
    """An agent that the demo did not cast: it plays the whole story alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What the team builder says of one part."""

    part: Part
    tool: str
    """The tool that the part is about; empty for none."""
    icon: str
    """The short code of an emoji."""
    first_sentence: str
    """How its instructions begin: by this an agent is known again, whatever the client writes around it."""
    role: Callable[[str], str]
    """The role's line for a task."""


ROLES = (
    Role(
        part=Part.PLANNER,
        tool="",
        icon="clipboard",
        first_sentence="Open the work: say what is asked and who does what, in which order.",
        role=lambda task: f"Breaks the task into steps{' and reads the code in it' if '```' in task else ''}",
    ),
    Role(
        part=Part.ANALYST,
        tool=RUN_PYTHON,
        icon="bar_chart",
        first_sentence="Measure with Python; say only what the program printed, and save a plot.",
        role=lambda task: (
            "Works with the numbers in the task, in Python"
            if re.search(r"\d", task)
            else "Measures and simulates in Python, draws a plot"
        ),
    ),
    Role(
        part=Part.INTERVIEWER,
        tool=ASK_HUMAN,
        icon="speech_balloon",
        first_sentence="Ask the person the one question whose answer changes the result.",
        role=lambda task: (
            "Answers the open question together with you" if "?" in task else "Finds out from you what matters most"
        ),
    ),
    Role(
        part=Part.REVIEWER,
        tool="",
        icon="mag",
        first_sentence="Read the task again and name what a careful reader would check.",
        role=lambda task: "Reads everything twice",
    ),
    Role(
        part=Part.WRITER,
        tool="",
        icon="memo",
        first_sentence="Close the work: write the result from the figures and the answer.",
        role=lambda task: "Writes the result, with the figures and your answer in it",
    ),
)


def team(task: str, schema: JsonObject) -> JsonObject:
    """A team for *task* as the JSON object that *schema* wants: three or four agents, within its own bounds."""
    agents = resolve(schema["properties"]["agents"], schema)
    form = resolve(agents.get("items"), schema)
    fields = form["properties"]
    tools = choices(resolve(fields["tools"], schema).get("items"), schema)
    cast = [role for role in ROLES if role.part is not Part.REVIEWER and (not role.tool or role.tool in tools)]
    if len(cast) < 3:
        cast = [role for role in ROLES if not role.tool]
    if len(cast) > agents.get("maxItems", len(cast)):
        cast = cast[: agents["maxItems"] - 1] + cast[-1:]
    order = "The order: " + ", then ".join(role.part.value for role in cast[1:]) + "."
    members = []
    for role in cast:
        own = {
            "name": role.part.value,
            "role": role.role(task),
            "instructions": f"{role.first_sentence} {order if role is cast[0] else ''}".rstrip(),
            "icon": role.icon,
        }
        fitting = {name: text for name, text in own.items() if _fits(text, fields.get(name), schema)}
        members.append(example(form, schema) | fitting | {"tools": [role.tool] if role.tool else []})
    answer: JsonObject = example(schema, schema) | {"agents": members}
    return answer


def _fits(text: str, node: Any, root: JsonObject) -> bool:
    form = resolve(node, root)
    allowed = choices(form, root) or [text]
    return form.get("type") == "string" and text in allowed and len(text) <= form.get("maxLength", len(text))


def part_of(system: str, agent: str) -> Part:
    """The part of the agent that has this system message; its name decides when the instructions were edited."""
    flat = " ".join(system.split())
    for role in ROLES:
        if role.first_sentence in flat:
            return role.part
    return next((role.part for role in ROLES if role.part.value == agent), Part.SOLO)


def example(node: Any, root: JsonObject) -> Any:
    """A small value that satisfies *node*, a schema within *root*."""
    node = resolve(node, root)
    if "default" in node:
        return node["default"]
    if allowed := node.get("enum") or ([node["const"]] if "const" in node else []):
        return allowed[0]
    if options := node.get("anyOf") or node.get("oneOf"):
        return example(options[0], root)
    kind = node.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: example(child, root) for name, child in node.get("properties", {}).items()}
        case "array":
            return [example(node.get("items"), root) for _ in range(node.get("minItems", 0))]
        case "integer" | "number":
            return node.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return "demo"[: node.get("maxLength", 4)]
