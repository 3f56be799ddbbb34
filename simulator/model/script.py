"""Owns what the demo model says: a short play about any task, with real Python, a real question and a real answer.

Called by `completions` with a checked request. Everything is derived from that request: no state, no clock, no chance,
no word in a task that would change the course. It never makes a figure or an answer up.
"""

import json
from dataclasses import dataclass
from typing import Any

from simulator.model import wording
from simulator.model.casting import ASK_HUMAN, RUN_PYTHON, Part, example, team
from simulator.model.python_beat import figures, program
from simulator.model.request_reading import LABEL, JsonObject, Kind, Request, Said, choices, resolve
from simulator.model.scene import Scene, read_scene

TERMINATE = "TERMINATE"
PYTHON_ATTEMPTS = 2
TOOLS_OF_PART = {
    Part.ANALYST: (RUN_PYTHON,),
    Part.INTERVIEWER: (ASK_HUMAN,),
    Part.SOLO: (RUN_PYTHON, ASK_HUMAN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call; `arguments` is JSON text, which a test may want broken."""

    tool: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model answers: words, tool calls, or both."""

    content: str | None = None
    calls: tuple[Call, ...] = ()


def reply_to(request: Request) -> Reply:
    """The script's answer to *request*; the same request always gets the same answer."""
    match request.kind:
        case Kind.TEAM:
            return _json(team(_given_task(request), request.schema))
        case Kind.SPEAKER:
            return _json(_next_speaker(request))
        case Kind.JSON:
            return _json(example(request.schema, request.schema) if request.schema else {"answer": "demo"})
        case Kind.TURN:
            scene = read_scene(request)
            call = _next_call(request, scene)
            return Reply(calls=(call,)) if call else Reply(content=_say(request, scene))
        case Kind.IMAGE:
            raise ValueError("a picture is drawn, not said")


def _json(value: Any) -> Reply:
    return Reply(content=json.dumps(value, ensure_ascii=False))


def _given_task(request: Request) -> str:
    """What the team is for: the last labelled message, since a follow-up's comes after all that was said before."""
    heard = [said for said in request.timeline if isinstance(said, Said) and not said.own]
    labelled = [said for said in heard if said.who]
    return labelled[-1].text if labelled else heard[0].text if heard else ""


def _next_speaker(request: Request) -> Any:
    """The name after the last one who spoke, in the schema's order; the first when nobody has."""
    schema, field = request.schema, ""
    names = choices(schema, schema)
    if not names:
        field, names = next(
            (name, found) for name, child in schema["properties"].items() if (found := choices(child, schema))
        )
    spoke = [label for label in _labels(request) if label in names]
    chosen = names[(names.index(spoke[-1]) + 1) % len(names)] if spoke else names[0]
    return example(schema, schema) | {field: chosen} if field else chosen


def _labels(request: Request) -> list[str]:
    """Who spoke, in order: the labels of the messages or, for a transcript in one message, those of its lines."""
    said = [entry for entry in request.timeline if isinstance(entry, Said)]
    labels = [entry.who for entry in said if entry.who]
    # A single labelled message is the whole transcript only if nothing comes after it.
    if len(labels) > 1 or (labels and not said[-1].who):
        return labels
    return [label.group(1) for label in map(LABEL.match, request.text.splitlines()) if label]


def _next_call(request: Request, scene: Scene) -> Call | None:
    """The tool call that is due in this turn."""
    if not (scene.spoken and not scene.fresh_notes):
        for tool in TOOLS_OF_PART.get(scene.part, ()):
            if tool in request.tools and _is_due(tool, scene):
                return _call(tool, request, scene)
    if request.must_call and request.tools:
        return _call(next(iter(request.tools)) if request.must_call == "*" else request.must_call, request, scene)
    return None


def _is_due(tool: str, scene: Scene) -> bool:
    results = scene.results(tool)
    if tool == RUN_PYTHON:
        return not any(map(figures, results)) and len(results) < PYTHON_ATTEMPTS
    return not results


def _call(tool: str, request: Request, scene: Scene) -> Call:
    schema = request.tools[tool]
    fields: JsonObject = schema.get("properties") or {}
    arguments = {name: example(fields[name], schema) for name in schema.get("required") or () if name in fields}
    if tool == RUN_PYTHON:
        arguments[_field("code", fields)] = program(scene.task)
    elif tool == ASK_HUMAN:
        listed = next((name for name in ("choices", "options") if _takes_strings(fields.get(name), schema)), "")
        if listed:
            arguments[listed] = list(wording.ANSWERS)
        ask = wording.question(scene.task, opens=scene.opens, with_choices=bool(listed))
        arguments[_field("question", fields)] = ask
    return Call(tool=tool, arguments=json.dumps(arguments, ensure_ascii=False))


def _field(wanted: str, fields: JsonObject) -> str:
    return wanted if wanted in fields or not fields else next(iter(fields))


def _takes_strings(node: Any, root: JsonObject) -> bool:
    node = resolve(node, root)
    options = [resolve(option, root) for option in node.get("anyOf", [node])]
    return any(resolve(option.get("items"), root).get("type") == "string" for option in options)


def _say(request: Request, scene: Scene) -> str:
    """The words that end this turn."""
    parts = [wording.DISCLOSURE] if scene.opens else []
    # Who is asked again with nothing new to hear would only repeat itself: it closes the session instead.
    if scene.part in (Part.WRITER, Part.SOLO) or (scene.spoken and not scene.fresh_notes):
        parts += [_result(scene), TERMINATE]
    else:
        if scene.fresh_notes:
            parts.append(wording.noted(scene.fresh_notes))
        parts.append(_contribution(request, scene))
    return "\n\n".join(parts)


def _contribution(request: Request, scene: Scene) -> str:
    match scene.part:
        case Part.ANALYST:
            printed = next((found for result in scene.results(RUN_PYTHON) if (found := figures(result))), {})
            if printed:
                return wording.report(printed)
            return wording.no_figures(scene.results(RUN_PYTHON), offered=RUN_PYTHON in request.tools)
        case Part.INTERVIEWER:
            results = scene.results(ASK_HUMAN)
            if scene.answer:
                return wording.thanks(scene.answer)
            return wording.no_answer(results[-1]) if results else wording.cannot_ask()
        case Part.REVIEWER:
            return wording.review(scene.task)
        case _:
            return wording.plan(scene.task, scene.earlier_task, scene.teammates)


def _result(scene: Scene) -> str:
    return wording.result(
        task=scene.task,
        earlier_task=scene.earlier_task,
        figures=scene.figures,
        answer=scene.answer,
        notes=scene.notes,
    )
