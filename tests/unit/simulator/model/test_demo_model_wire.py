"""The wire: what a provider's client sees, over a real socket with the real SDK."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest

from simulator.model.request_log import Outcome

MESSAGES: list[Any] = [{"role": "system", "content": "You are Writer."}, {"role": "user", "content": "[Ann]: Do it"}]
ANALYST: list[Any] = [{"role": "system", "content": "You are Analyst."}, MESSAGES[1]]
PYTHON: Any = {
    "type": "function",
    "function": {"name": "run_python", "parameters": {"type": "object", "properties": {"code": {"type": "string"}}}},
}
CALL: Any = {"id": "c1", "type": "function", "function": {"name": "run_python", "arguments": "{}"}}
BODY: dict[str, Any] = {"model": "demo", "messages": MESSAGES}


def called(*after: Any) -> list[Any]:
    return [*ANALYST, {"role": "assistant", "content": None, "tool_calls": [CALL]}, *after]


def answered(call_id: str = "c1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "x"}


def schema(node: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "Form", "strict": True, "schema": node}}


async def test_a_stream_brings_what_a_whole_answer_brings(served: Any) -> None:
    for messages, tools in ((MESSAGES, openai.omit), (ANALYST, [PYTHON])):
        whole = await served.openai.chat.completions.create(model="demo", messages=messages, tools=tools)
        async with served.openai.chat.completions.stream(
            model="demo", messages=messages, tools=tools, stream_options={"include_usage": True}
        ) as stream:
            streamed = await stream.get_final_completion()

        assert streamed.usage == whole.usage
        assert streamed.choices[0].finish_reason == whole.choices[0].finish_reason
        assert streamed.choices[0].message.content == whole.choices[0].message.content
        calls = [
            [(call.function.name, call.function.arguments) for call in answer.choices[0].message.tool_calls or ()]
            for answer in (streamed, whole)
        ]
        assert calls[0] == calls[1]
    assert calls[0]
    assert whole.model == "demo"
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 0


async def test_a_stream_without_include_usage_has_no_usage_and_ends_with_done(served: Any) -> None:
    headers = {"Authorization": "Bearer any"}
    async with served.http.post(
        f"{served.base_url}/chat/completions", json=BODY | {"stream": True}, headers=headers
    ) as response:
        lines = [line async for line in response.content]

    assert response.content_type == "text/event-stream"
    assert lines[-2:] == [b"data: [DONE]\n", b"\n"]
    chunks = [json.loads(line[6:]) for line in lines[:-2] if line.strip()]
    assert all("usage" not in chunk and len(chunk["choices"]) == 1 for chunk in chunks)


async def test_models_are_listed_and_unknown_ones_refused(served: Any) -> None:
    assert "demo" in [model.id async for model in served.openai.models.list()]
    assert (await served.openai.models.retrieve("demo")).id == "demo"
    with pytest.raises(openai.NotFoundError) as caught:
        await served.openai.chat.completions.create(model="gpt-9", messages=MESSAGES)
    assert caught.value.code == "model_not_found"


async def test_a_key_is_needed_and_a_bad_one_refused(served: Any) -> None:
    assert (await served.post(BODY, key=""))[0] == 401
    status, body = await served.post(BODY, key="bad-key")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    with pytest.raises(openai.AuthenticationError):
        await served.openai.with_options(api_key="bad-key").models.list()


async def test_an_answer_is_cut_at_max_tokens(served: Any) -> None:
    answer = await served.openai.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=5)

    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 5


async def test_a_prompt_longer_than_the_context_is_refused(served: Any) -> None:
    long = BODY | {"model": "demo-small", "messages": [{"role": "user", "content": "word " * 4000}]}

    status, body = await served.post(long)

    assert (status, body["error"]["code"]) == (400, "context_length_exceeded")


async def test_a_request_of_megabytes_is_read(served: Any) -> None:
    status, body = await served.post(BODY | {"messages": [{"role": "user", "content": "x" * 3_000_000}]})

    assert (status, body["error"]["code"]) == (400, "context_length_exceeded")


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "empty array"),
    ({"messages": None}, "Missing required parameter: 'messages'"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "Invalid value: 'robot'. Supported values are: 'system'"),
    ({"messages": [{"role": "user", "content": " "}]}, "empty string"),
    ({"messages": [{"role": "user", "content": None}]}, "expected a string, got null"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "empty string"),
    ({"messages": [{"role": "user", "content": "x", "name": "Ann B"}]}, "string does not match pattern"),
    ({"messages": [{"role": "assistant", "content": None}]}, "expected a string, got null"),
    ({"messages": [*MESSAGES, {"role": "assistant", "content": "x", "tool_calls": []}]}, "empty array"),
    ({"messages": called()}, "must be followed by tool messages responding to each 'tool_call_id'"),
    ({"messages": called(MESSAGES[1], answered())}, "did not have response messages: c1"),
    ({"messages": called(answered("c2"))}, "'tool_call_id' of 'c2' not found"),
    ({"messages": called(answered(), answered())}, "Duplicate value for 'tool_call_id' of 'c1'"),
    ({"messages": [*MESSAGES, answered()]}, "messages with role 'tool' must be a response to a preceeding message"),
    ({"messages": called(answered(), MESSAGES[1], answered())}, "must be a response to a preceeding message"),
    ({"tools": []}, "empty array"),
    ({"tools": [{"type": "function", "function": {"name": "run python"}}]}, "string does not match pattern"),
    ({"tools": [{"type": "function", "function": {"name": "x" * 65}}]}, "maximum length 64"),
    ({"tools": [PYTHON, PYTHON]}, "must be unique"),
    ({"tools": [PYTHON], "tool_choice": {"type": "function", "function": {"name": "other"}}}, "not found in 'tools'"),
    ({"tool_choice": "auto"}, "only allowed when 'tools' are specified"),
    ({"parallel_tool_calls": True}, "only allowed when 'tools' are specified"),
    ({"stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled"),
    ({"temperature": 3}, "decimal"),
    ({"thinking": True}, "Unknown parameter: 'thinking'"),
    ({"response_format": {"type": "json_object"}}, "must contain the word 'json'"),
    ({"response_format": {"type": "xml"}}, "Invalid value: 'xml'"),
    ({"response_format": schema(OBJECT | {"additionalProperties": True})}, "'additionalProperties' is required"),
    ({"response_format": schema(OBJECT | {"required": []})}, "Missing 'a'"),
    ({"response_format": schema({"type": "string"})}, "must be a JSON Schema of 'type: \"object\"'"),
    (
        {"response_format": schema(OBJECT | {"properties": {"a": {"type": "string", "default": ""}}})},
        "'default' is not",
    ),
    ({"response_format": schema(OBJECT | {"properties": {"a": {}}})}, "schema must have a 'type' key"),
    ({"response_format": schema(OBJECT), "model": "demo-no-schema"}, "response_format type is unavailable"),
]


@pytest.mark.parametrize(("change", "words"), REFUSED, ids=lambda value: value[:40] if isinstance(value, str) else "")
async def test_what_a_strict_provider_refuses_is_refused(change: dict[str, Any], words: str, served: Any) -> None:
    body = {name: value for name, value in (BODY | change).items() if value is not None}

    status, answer = await served.post(body)

    assert status == 400
    assert words in answer["error"]["message"]
    assert answer["error"]["type"] == "invalid_request_error"


async def test_what_is_not_json_is_refused_in_the_same_shape(served: Any) -> None:
    headers = {"Authorization": "Bearer any"}
    for data in (b"{", b"[]", b"\xff"):
        async with served.http.post(f"{served.base_url}/chat/completions", data=data, headers=headers) as response:
            assert response.status == 400
            assert "could not parse the JSON body" in (await response.json())["error"]["message"]


async def test_a_client_that_leaves_is_noticed_while_the_model_thinks(serve: Callable[..., Awaitable[Any]]) -> None:
    served = await serve(delay_s=60)
    asking = asyncio.create_task(served.openai.chat.completions.create(model="demo", messages=MESSAGES))
    assert await served.model.requests.wait_for(lambda: served.model.requests.entries(kind="turn"), 5)

    asking.cancel()
    gone = await served.model.requests.wait_for(lambda: served.model.requests.entries(outcome="cancelled"), 5)

    assert [(entry.agent, entry.completion_tokens) for entry in gone] == [("Writer", 0)]


async def test_the_log_tells_kind_model_tokens_and_outcome(served: Any) -> None:
    answer = await served.openai.chat.completions.create(model="demo", messages=MESSAGES)
    await served.post(BODY | {"model": "gpt-9"})

    log = (await served.control("GET", "requests?bodies=1"))["requests"]

    assert [entry["outcome"] for entry in log] == [Outcome.ANSWERED, Outcome.REFUSED]
    assert (log[0]["kind"], log[0]["agent"], log[0]["model"]) == ("turn", "Writer", "demo")
    assert log[0]["prompt_tokens"] == answer.usage.prompt_tokens
    assert log[0]["completion_tokens"] == answer.usage.completion_tokens
    assert log[0]["body"]["messages"] == MESSAGES
    assert log[1]["status"] == 404
    await served.control("DELETE", "requests")
    assert (await served.control("GET", "requests"))["requests"] == []
