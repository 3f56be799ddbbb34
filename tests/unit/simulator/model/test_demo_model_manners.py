"""Each provider's manner, the lists, the keys and the pictures, over a real socket."""

import base64
import struct
import zlib
from typing import Any

import pytest

from simulator.model.manners import MANNERS

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

MESSAGES: list[Any] = [{"role": "system", "content": "You are Writer."}, {"role": "user", "content": "[Ann]: Do it"}]
PYTHON: Any = {
    "type": "function",
    "function": {"name": "run_python", "parameters": {"type": "object", "properties": {"code": {"type": "string"}}}},
}
BODY: dict[str, Any] = {"model": "demo", "messages": MESSAGES}
LONG: dict[str, Any] = {"model": "demo-small", "messages": [{"role": "user", "content": "word " * 4000}]}
KEYED = [name for name, manner in MANNERS.items() if manner.needs_key]


async def post(served: Any, path: str, body: Any, *, key: str = "any") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"}
    async with served.http.post(f"{served.url}/model/{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


async def get(served: Any, path: str, **headers: str) -> tuple[int, Any]:
    async with served.http.get(f"{served.url}/model/{path}", headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("name", MANNERS)
async def test_each_provider_answers_in_its_own_place(name: str, served: Any) -> None:
    status, body = await post(served, f"{name}/v1/chat/completions", BODY)
    assert status == 200
    assert body["choices"][0]["message"]["content"]
    assert body["usage"]["total_tokens"] > 0
    assert ("cost" in body["usage"]) is (name == "openrouter")
    assert ("prompt_cache_hit_tokens" in body["usage"]) is (name == "deepseek")
    assert ("x_groq" in body) is (name == "groq")


@pytest.mark.parametrize("name", KEYED)
async def test_a_bad_key_is_refused_everywhere(name: str, served: Any) -> None:
    assert (await post(served, f"{name}/v1/chat/completions", BODY, key="my-bad-key"))[0] == 401
    assert (await post(served, f"{name}/v1/images/generations", {}, key="my-bad-key"))[0] == 401
    bad = {"Authorization": "Bearer bad-key"}
    assert (await get(served, f"{name}/v1/models", **bad))[0] == (200 if name == "openrouter" else 401)


async def test_one_needs_no_key_and_one_takes_it_in_a_header_of_its_own(served: Any) -> None:
    assert (await get(served, "ollama/v1/models"))[0] == 200
    assert (await get(served, "openrouter/v1/models"))[0] == 200
    assert (await get(served, "openai/v1/models"))[0] == 401
    assert (await get(served, "anthropic/v1/models", **{"x-api-key": "any"}))[0] == 200
    assert (await get(served, "anthropic/v1/models", **{"x-api-key": "bad-key"}))[0] == 401


async def test_openrouter_tells_what_a_key_is(served: Any) -> None:
    status, body = await get(served, "openrouter/v1/key", Authorization="Bearer any")
    assert (status, "limit_remaining" in body["data"]) == (200, True)
    assert (await get(served, "openrouter/v1/key", Authorization="Bearer bad-key"))[0] == 401


@pytest.mark.parametrize("name", MANNERS)
async def test_lists_have_the_same_models(name: str, served: Any) -> None:
    _, body = await get(served, f"{name}/v1/models", Authorization="Bearer any")
    assert [entry["id"] for entry in body["data"]] == ["demo", "demo-small", "demo-no-schema"]


ERRORS: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("openrouter", BODY | {"model": "x/y"}, "any", 400, "x/y is not a valid model ID"),
    ("openrouter", BODY, "poor-key", 402, "Insufficient credits"),
    ("openrouter", LONG, "any", 400, "This endpoint's maximum context length is 4096 tokens"),
    ("openai", BODY, "poor-key", 429, "insufficient_quota"),
    ("groq", LONG, "any", 413, "Request too large for model `demo-small`"),
    ("groq", BODY, "bad-key", 401, "Invalid API Key"),
    ("deepseek", BODY, "poor-key", 402, "Insufficient Balance"),
    ("deepseek", BODY | {"model": "gpt"}, "any", 400, "Model Not Exist"),
    ("anthropic", BODY | {"model": "gpt"}, "any", 404, "'type': 'not_found_error', 'message': 'model: gpt'"),
    ("anthropic", BODY, "poor-key", 400, "credit balance is too low"),
    ("anthropic", LONG, "any", 400, "prompt is too long: 5"),
    ("ollama", BODY | {"model": "qwen"}, "any", 404, "{'error': 'model \"qwen\" not found, try pulling it first'}"),
]


@pytest.mark.parametrize(("name", "body", "key", "status", "words"), ERRORS)
async def test_errors_are_in_the_providers_own_words(
    name: str, body: dict[str, Any], key: str, status: int, words: str, served: Any
) -> None:
    answer = await post(served, f"{name}/v1/chat/completions", body, key=key)
    assert (answer[0], words in str(answer[1])) == (status, True), answer


@pytest.mark.parametrize(("name", "status"), [("groq", 429), ("openrouter", 429), ("anthropic", 529)])
async def test_an_ordered_status_comes_in_the_providers_words_too(name: str, status: int, served: Any) -> None:
    order = {"fault": "status", "status": 503 if status == 529 else status, "retry_after_s": 3}
    await served.control("POST", "faults", order)
    headers = {"Authorization": "Bearer any"}
    url = f"{served.url}/model/{name}/v1/chat/completions"
    async with served.http.post(url, json=BODY, headers=headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (status, "3")
    assert (await served.control("GET", "requests?outcome=fault"))["requests"][0]["status"] == status


async def test_deepseek_takes_no_schema_and_anthropic_ignores_one(served: Any) -> None:
    node = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "Form", "schema": node}}
    status, body = await post(served, "deepseek/v1/chat/completions", BODY | {"response_format": form})
    assert (status, "response_format type is unavailable" in body["error"]["message"]) == (400, True)
    status, body = await post(served, "anthropic/v1/chat/completions", BODY | {"response_format": form})
    assert status == 200
    assert not body["choices"][0]["message"]["content"].startswith("{")


async def test_openai_refuses_tools_to_a_model_that_thinks(served: Any) -> None:
    tools = BODY | {"tools": [PYTHON]}
    status, body = await post(served, "openai/v1/chat/completions", tools)
    assert (status, "set reasoning_effort to 'none'" in body["error"]["message"]) == (400, True)
    assert (await post(served, "openai/v1/chat/completions", tools | {"reasoning_effort": "none"}))[0] == 200


async def test_deepseek_wants_its_thoughts_back_unless_thinking_is_off(served: Any) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "run_python", "arguments": "{}"}}
    called = [
        *MESSAGES,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
    ]
    body = BODY | {"messages": called, "tools": [PYTHON]}
    status, answer = await post(served, "deepseek/v1/chat/completions", body)
    assert (status, "reasoning_content" in answer["error"]["message"]) == (400, True)
    assert (await post(served, "deepseek/v1/chat/completions", body | {"thinking": {"type": "disabled"}}))[0] == 200


# --- pictures ---


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the unpacked rows; checks every chunk's checksum."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, dict[bytes, bytes]()
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(name + data)
        chunks[name], at = data, at + 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    return width, height, zlib.decompress(chunks[b"IDAT"])


@pytest.mark.parametrize(("size", "wanted"), [("auto", (1024, 1024)), ("1536x1024", (1536, 1024))])
async def test_a_picture_is_a_png_and_the_same_for_the_same_prompt(
    size: str, wanted: tuple[int, int], served: Any
) -> None:
    body = {"model": "gpt-image-2", "prompt": "a red fox", "size": size, "n": 1}
    status, first = await post(served, "v1/images/generations", body)
    assert status == 200
    width, height, rows = pixels(base64.b64decode(first["data"][0]["b64_json"]))
    assert (width, height) == wanted
    assert len(rows) == (width + 1) * height
    again = (await post(served, "v1/images/generations", body))[1]
    other = (await post(served, "v1/images/generations", body | {"prompt": "a blue fox"}))[1]
    assert again["data"] == first["data"] != other["data"]
    logged = (await served.control("GET", "requests?kind=image"))["requests"]
    assert [(entry["outcome"], entry["model"]) for entry in logged] == [("answered", "gpt-image-2")] * 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": None}, "Missing required parameter: 'prompt'"),
        ({"prompt": ""}, "1 to 32000 characters"),
        ({"size": "10x10"}, "Supported values are: '1024x1024'"),
        ({"n": 2}, "only supports n = 1"),
        ({"response_format": "b64_json"}, "Unknown parameter: 'response_format'"),
    ],
)
async def test_what_the_images_endpoint_refuses(change: dict[str, Any], words: str, served: Any) -> None:
    given = {"model": "gpt-image-2", "prompt": "a red fox"} | change
    body = {name: value for name, value in given.items() if value is not None}
    status, answer = await post(served, "v1/images/generations", body)
    assert (status, words in answer["error"]["message"]) == (400, True)


async def test_orders_strike_pictures_too(served: Any) -> None:
    body = {"model": "gpt-image-2", "prompt": "a red fox"}
    await served.control("POST", "faults", {"fault": "status", "status": 500, "kind": "image", "text": "red"})
    assert (await served.post(BODY))[0] == 200
    assert (await post(served, "v1/images/generations", body))[0] == 500
    assert (await post(served, "v1/images/generations", body))[0] == 200
