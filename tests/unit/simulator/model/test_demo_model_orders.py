"""Faults and replies on order, over a real socket with the real SDK."""

import asyncio
import json
from typing import Any

import aiohttp
import openai
import pytest

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

MESSAGES: list[Any] = [{"role": "system", "content": "You are Writer."}, {"role": "user", "content": "[Ann]: red fox"}]
PYTHON: Any = {
    "type": "function",
    "function": {"name": "run_python", "parameters": {"type": "object", "properties": {}}},
}


async def ask(served: Any, **options: Any) -> Any:
    return await served.openai.chat.completions.create(model="demo", messages=MESSAGES, **options)


async def test_a_status_strikes_as_often_as_ordered(served: Any) -> None:
    await served.control("POST", "faults", {"fault": "status", "status": 429, "retry_after_s": 7, "times": 2})

    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(served)
        assert caught.value.response.headers["retry-after"] == "7"
    assert (await ask(served)).choices
    assert (await served.control("GET", "requests?outcome=fault"))["requests"][0]["fault"] == "status"


@pytest.mark.parametrize(
    "other", [{"kind": "team"}, {"agent": "Planner"}, {"text": "blue fox"}, {"model": "demo-small"}], ids=str
)
async def test_an_order_waits_for_the_request_that_it_is_for(other: dict[str, str], served: Any) -> None:
    await served.control("POST", "faults", {"fault": "status", "status": 503} | other)
    assert (await ask(served)).choices

    await served.control("DELETE", "faults")
    mine = {"kind": "turn", "agent": "Writer", "text": "red fox", "model": "demo"}
    await served.control("POST", "faults", {"fault": "status", "status": 503} | mine)
    with pytest.raises(openai.InternalServerError):
        await ask(served)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_connection_reaches_the_client_as_a_broken_answer(stream: bool, served: Any) -> None:
    await served.control("POST", "faults", {"fault": "cut"})
    got = b""
    with pytest.raises(aiohttp.ClientPayloadError):
        async with served.http.post(
            f"{served.base_url}/chat/completions",
            json={"model": "demo", "messages": MESSAGES, "stream": stream},
            headers={"Authorization": "Bearer any"},
        ) as response:
            async for piece in response.content.iter_any():
                got += piece

    assert got
    assert b"[DONE]" not in got


async def test_a_hanging_request_is_let_go_when_its_client_leaves(served: Any) -> None:
    await served.control("POST", "faults", {"fault": "hang"})
    asking = asyncio.create_task(ask(served))
    requests = served.model.requests
    assert await requests.wait_for(lambda: requests.entries(kind="turn"), 5)

    asking.cancel()

    assert await requests.wait_for(lambda: requests.entries(outcome="cancelled"), 5)


async def test_answers_are_spoiled_as_ordered(served: Any) -> None:
    names = ["nonsense", "empty", "empty_choices", "huge", "unknown_tool", "bad_arguments"]
    await served.control("POST", "faults", [{"fault": name, "size_bytes": 2_000_000} for name in names])

    answers = [await ask(served, tools=[PYTHON]) for _ in names]

    assert "hums sideways" in answers[0].choices[0].message.content
    assert answers[1].choices[0].message.content == ""
    assert answers[2].choices == []
    assert len(answers[3].choices[0].message.content) == 2_000_000
    assert answers[4].choices[0].message.tool_calls[0].function.name == "launch_rockets"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answers[5].choices[0].message.tool_calls[0].function.arguments)


async def test_a_proxy_page_and_a_full_context_can_be_ordered(served: Any) -> None:
    await served.control("POST", "faults", [{"fault": "html"}, {"fault": "context_length"}])

    assert (
        "Bad Gateway"
        in (await served.openai.chat.completions.with_raw_response.create(model="demo", messages=MESSAGES)).text
    )
    with pytest.raises(openai.BadRequestError) as caught:
        await ask(served)
    assert caught.value.code == "context_length_exceeded"


async def test_a_slow_answer_comes_late_and_right(served: Any) -> None:
    await served.control("POST", "faults", {"fault": "slow", "delay_s": 0.2})

    assert "Result" in (await ask(served)).choices[0].message.content
    assert (await served.control("GET", "requests"))["requests"][0]["duration_s"] >= 0.2


async def test_queued_replies_are_given_word_for_word_in_order(served: Any) -> None:
    call = {"name": "run_python", "arguments": {"code": "1"}}
    orders = [
        {"content": "One", "text": "red fox"},
        {"tool_calls": [call, call], "kind": "turn"},
        {"content": "No", "kind": "team"},
    ]
    await served.control("POST", "replies", orders)

    first, second, third = [(await ask(served, tools=[PYTHON])).choices[0] for _ in range(3)]

    assert first.message.content == "One"
    assert second.finish_reason == "tool_calls"
    assert [json.loads(c.function.arguments) for c in second.message.tool_calls] == [{"code": "1"}] * 2
    assert len({c.id for c in second.message.tool_calls}) == 2
    assert "Result" in third.message.content
    left = (await served.control("GET", "replies"))["orders"]
    assert [order["reply"]["content"] for order in left] == ["No"]


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "flood"},
        {"fault": "hang", "colour": "red"},
        {"fault": "hang", "times": "2"},
        {"fault": "hang", "kind": "x"},
        3,
    ],
    ids=str,
)
async def test_orders_that_make_no_sense_are_refused(order: Any, served: Any) -> None:
    assert "error" in await served.control("POST", "faults", order)
    assert "error" in await served.control("POST", "replies", order)


async def test_the_log_can_be_waited_for(served: Any) -> None:
    waiting = asyncio.create_task(served.control("GET", "requests?kind=turn&outcome=answered&wait_s=10"))
    await served.control("GET", "faults")
    await ask(served)

    assert len((await waiting)["requests"]) == 1
