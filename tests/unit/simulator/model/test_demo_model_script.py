"""What the script says to requests of any shape, without a server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.python_beat import figures, program
from simulator.model.request_reading import Kind, read_request
from simulator.model.script import Reply, reply_to
from simulator.model.wire_check import check_request

ASK = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "choices": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
    },
    "required": ["question"],
}
CODE = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
TOOLS = {"ask_human": ASK, "run_python": CODE}
PARTS = {
    "Planner": "Open the work: say what is asked and who does what, in which order.",
    "Analyst": "Measure with Python; say only what the program printed, and save a plot.",
    "Interviewer": "Ask the person the one question whose answer changes the result.",
    "Writer": "Close the work: write the result from the figures and the answer.",
}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def own(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def step(tool: str, result: str, n: int = 0, **arguments: str) -> list[dict[str, Any]]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    call = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": f"c{n}", "type": "function", "function": function}],
    }
    return [call, {"role": "tool", "tool_call_id": f"c{n}", "content": result}]


def turn(name: str, *messages: dict[str, Any], tools: tuple[str, ...] = ()) -> Reply:
    system = f"You are {name}. Your role: a part.\n\n{PARTS.get(name, 'Do the whole task.')}\n\nThe team:\n"
    system += "\n".join(f"- {one}: a role" for one in PARTS)
    body: dict[str, Any] = {"model": "demo", "messages": [{"role": "system", "content": system}, *messages]}
    if tools:
        body["tools"] = [{"type": "function", "function": {"name": t, "parameters": TOOLS[t]}} for t in tools]
    check_request(body)
    return reply_to(read_request(body))


def asked_for_json(schema: dict[str, Any], *messages: dict[str, Any], printed: bool = False) -> Any:
    body: dict[str, Any] = {"model": "demo", "messages": [{"role": "system", "content": "Go."}, *messages]}
    if printed:
        body["messages"][0]["content"] += f"\nAnswer with JSON:\n```json\n{json.dumps(schema, indent=2)}\n```\nOnly."
    else:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "Form", "schema": schema}}
    return json.loads(reply_to(read_request(body)).content or "")


def team_schema(tools: list[str], **bounds: int) -> dict[str, Any]:
    fields = {
        "name": {"type": "string"},
        "role": {"type": "string"},
        "instructions": {"type": "string"},
        "icon": {"type": "string"},
        "tools": {"type": "array", "items": {"enum": tools, "type": "string"}},
    }
    agent = {"type": "object", "properties": fields, "required": list(fields)}
    agents = {"type": "array", "items": {"$ref": "#/$defs/Agent"}} | bounds
    return {"type": "object", "properties": {"agents": agents, "why": {"type": "string"}}, "$defs": {"Agent": agent}}


@pytest.mark.parametrize("printed", [False, True])
@pytest.mark.parametrize("tools", [["run_python", "ask_human", "search_web"], ["run_python"], ["ask_human"], ["other"]])
def test_a_team_has_at_least_three_members_and_only_allowed_tools(tools: list[str], printed: bool) -> None:
    agents = asked_for_json(team_schema(tools), user("[Ann]: A task"), printed=printed)["agents"]

    assert len(agents) >= 3
    assert {tool for agent in agents for tool in agent["tools"]} == {"run_python", "ask_human"} & set(tools)
    assert agents[0]["name"] == "Planner"
    assert agents[-1]["name"] == "Writer"


def test_a_team_keeps_to_the_size_that_the_schema_allows() -> None:
    agents = asked_for_json(team_schema(["run_python", "ask_human"], maxItems=3), user("A task"))["agents"]

    assert [agent["name"] for agent in agents] == ["Planner", "Analyst", "Writer"]


@pytest.mark.parametrize("printed", [False, True])
@pytest.mark.parametrize("lines", [["[Ann]: go"], ["[Ann]: go", "[Planner]: plan\n[Ann]: quoted"]])
def test_the_next_speaker_is_the_one_after_the_last_who_spoke(lines: list[str], printed: bool) -> None:
    schema = {"type": "object", "properties": {"speaker": {"enum": ["Planner", "Analyst"], "type": "string"}}}
    expected = {"speaker": ["Planner", "Analyst"][len(lines) - 1]}

    assert asked_for_json(schema, *map(user, lines), user("Who is next?"), printed=printed) == expected
    assert asked_for_json(schema, user("\n".join(lines)), printed=printed) == expected


def test_a_schema_that_is_a_bare_enumeration_is_answered_with_the_bare_name() -> None:
    assert asked_for_json({"enum": ["A", "B"]}, user("[Ann]: x\n[A]: y"), printed=True) == "B"
    assert asked_for_json({"const": "A"}, user("[Ann]: x\n[A]: y"), printed=True) == "A"


def test_any_other_schema_is_answered_with_an_example_of_it() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "ok": {"type": "boolean"}}}

    assert asked_for_json(schema, user("x")) == {"n": 0, "ok": False}


def test_the_first_of_the_team_to_speak_says_that_it_is_a_demo() -> None:
    task, plan = user("[Ann]: Do it"), user("[Planner]: A plan")
    assert "This is a scripted demo, not an AI" in (turn("Planner", task).content or "")
    for name in ("Analyst", "Interviewer", "Writer"):
        assert "This is a scripted demo, not an AI" in (turn(name, task).content or "")
        assert "This is a scripted demo" not in (turn(name, task, plan).content or "")


def test_python_that_fails_is_tried_once_more_and_then_owned_up_to() -> None:
    heard = [user("[Ann]: Do it"), user("[Planner]: plan")]
    first = turn("Analyst", *heard, tools=("run_python",))
    second = turn("Analyst", *heard, *step("run_python", "interrupted"), tools=("run_python",))
    last = turn(
        "Analyst",
        *heard,
        *step("run_python", "x", 1),
        *step("run_python", "No sandbox here.", 2),
        tools=("run_python",),
    )

    assert [call.tool for reply in (first, second) for call in reply.calls] == ["run_python"] * 2
    assert "2 times and got no figures. The tool said: “No sandbox here.”" in (last.content or "")
    assert "characters" not in (last.content or "")


def test_tools_that_are_not_offered_are_done_without() -> None:
    heard = [user("[Ann]: Do it"), user("[Planner]: plan")]

    assert "no Python" in (turn("Analyst", *heard).content or "")
    assert "no way to ask" in (turn("Interviewer", *heard).content or "")
    assert "No figures were computed" in (turn("Writer", *heard).content or "")


def test_a_question_and_its_answer_kept_as_messages_are_no_notes_and_no_turn_of_their_own() -> None:
    heard = [user("[Ann]: Do it"), user("[Planner]: plan"), own("Which?"), user("[Ann]: The  blue\n\none")]

    reply = turn(
        "Interviewer", *heard, *step("ask_human", "[Ann]: The  blue\n\none", question="Which?"), tools=("ask_human",)
    )

    assert "> The  blue\n> one" in (reply.content or "")
    assert "TERMINATE" not in (reply.content or "")
    assert "added" not in (reply.content or "")
    handed_on = [user("[Ann]: Do it"), user("[Interviewer]: Which?"), heard[3], user(f"[Interviewer]: {reply.content}")]
    closing = turn("Writer", *handed_on).content or ""
    assert "Notes from the thread" not in closing
    assert "> The  blue\n> one" in closing


def test_a_question_that_nobody_answered_has_no_answer_in_the_result() -> None:
    heard = [user("[Ann]: Do it"), user("[Planner]: plan")]

    said = turn("Interviewer", *heard, *step("ask_human", "Nobody has answered."), tools=("ask_human",)).content or ""

    assert "No answer came to my question (the tool said: “Nobody has answered.”)" in said
    assert "What you told us" not in (turn("Writer", *heard, user(f"[Interviewer]: {said}")).content or "")


def test_a_note_that_came_while_an_agent_worked_is_acknowledged_once_by_the_next() -> None:
    heard = [user("[Ann]: Do it"), user("[Planner]: plan"), user("[Bo]: by train"), user("[Analyst]: - words: 3")]

    said = turn("Interviewer", *heard).content or ""
    later = turn("Planner", heard[0], own("plan"), *heard[2:], user(f"[Interviewer]: {said}")).content or ""

    assert "Bo added: “by train”" in said
    assert "Bo added" not in later
    assert "- Bo: “by train”" in later


def test_an_agent_that_was_not_cast_plays_all_parts_alone_and_ends() -> None:
    tools = ("ask_human", "run_python")
    messages = [user("[Ann]: Do it")]
    first = turn("Assistant", *messages, tools=tools)
    messages += step("run_python", "characters: 5\nwords: 2", 1)
    second = turn("Assistant", *messages, tools=tools)
    messages += step("ask_human", "[Ann]: all the figures", 2)
    last = turn("Assistant", *messages, tools=tools).content or ""

    assert [first.calls[0].tool, second.calls[0].tool] == ["run_python", "ask_human"]
    assert "scripted demo" in json.loads(second.calls[0].arguments)["question"]
    assert "- characters: 5" in last
    assert "> all the figures" in last
    assert last.endswith("\nTERMINATE")


def test_an_agent_asked_again_with_nothing_new_closes_the_session() -> None:
    heard = [user("[Ann]: Do it"), own("My plan"), user("[Analyst]: - words: 3"), user("Go on.")]

    again = turn("Planner", *heard).content or ""
    with_a_note = turn("Planner", *heard[:-1], user("[Bo]: wait")).content or ""

    assert again.endswith("\nTERMINATE")
    assert "- words: 3" not in again
    assert "The task has 3 words" in again
    assert "Bo added: “wait”" in with_a_note
    assert "TERMINATE" not in with_a_note


def test_tool_choice_is_obeyed() -> None:
    offered: Any = [{"type": "function", "function": {"name": "lookup", "parameters": CODE}}]
    messages = [{"role": "system", "content": "You are Writer."}, user("[Ann]: Do it")]
    body: dict[str, Any] = {"model": "demo", "messages": messages, "tools": offered}

    assert reply_to(read_request(body | {"tool_choice": "required"})).calls[0].tool == "lookup"
    named = {"type": "function", "function": {"name": "lookup"}}
    assert reply_to(read_request(body | {"tool_choice": named})).calls[0].tool == "lookup"
    offered[0]["function"]["name"] = "run_python"
    analyst = body | {"messages": [{"role": "system", "content": "You are Analyst."}, messages[1]]}
    assert reply_to(read_request(analyst)).calls
    assert not reply_to(read_request(analyst | {"tool_choice": "none"})).calls


def test_a_schema_in_a_task_does_not_turn_a_turn_into_a_form() -> None:
    task = "[Ann]: Check this:\n" + json.dumps(team_schema(["x"]), indent=2)
    body = {"model": "demo", "messages": [{"role": "system", "content": "You are Writer."}, user(task)]}

    assert read_request(body).kind is Kind.TURN


@settings(max_examples=150, deadline=None)
@given(task=st.text(st.characters(), min_size=1, max_size=300), answer=st.text(st.characters(), max_size=200))
def test_any_task_and_any_answer_make_valid_python_and_a_closing_post(task: str, answer: str) -> None:
    compile(program(task).encode("utf-8", "surrogatepass"), "program", "exec")
    if not task.strip():
        return
    heard = [user(f"[Ann]: {task}"), user("[Planner]: plan")]
    asked = turn("Interviewer", *heard, tools=("ask_human",))
    json.loads(asked.calls[0].arguments)
    thanks = turn("Interviewer", *heard, *step("ask_human", f"[Ann]: {answer}"), tools=("ask_human",)).content or ""
    closing = turn("Writer", *heard, user(f"[Interviewer]: {thanks}")).content or ""
    assert closing.splitlines()[-1] == "TERMINATE"
    assert "Notes from the thread" not in closing


@pytest.mark.parametrize("task", [" \n", "\ud83d half", "\x00 \x1b[31m", "a" * 10_000, "数" * 10_000])
def test_the_program_prints_true_figures_of_odd_texts(task: str, tmp_path: Path) -> None:
    source = program(task).split("try:\n    from matplotlib")[0]
    path = tmp_path / "p.py"
    path.write_bytes(source.encode("utf-8", "surrogatepass"))

    printed = subprocess.run([sys.executable, path], capture_output=True, check=True, cwd=tmp_path).stdout.decode()

    assert figures(printed)["characters"] == str(len(task if task.strip() else "(empty)"))
