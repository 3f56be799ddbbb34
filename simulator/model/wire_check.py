"""Owns what the demo model refuses: a request that a strict provider would refuse is refused in a provider's words.

Called by `completions` before anything is answered. It never changes a request and knows nothing of the script.
Source: https://platform.openai.com/docs/api-reference/chat/create and error bodies quoted in public issue threads.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simulator.model.message_check import check_messages
from simulator.model.schema_check import check_parameters, check_strict_schema
from simulator.model.wire_errors import Refused, check_name, empty_array, invalid_value, missing, wrong_type

KNOWN_PARAMETERS = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
NUMBER_RANGES = {"temperature": (0, 2), "top_p": (0, 1), "presence_penalty": (-2, 2), "frequency_penalty": (-2, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """What one offered model can do."""

    context_tokens: int
    json_schema: bool = True
    """False: a `response_format` of type json_schema is refused, as several providers do."""


MODELS = {
    "demo": ModelLimits(context_tokens=128_000),
    "demo-small": ModelLimits(context_tokens=4_096),
    "demo-no-schema": ModelLimits(context_tokens=128_000, json_schema=False),
}


def check_request(body: dict[str, Any]) -> ModelLimits:
    """The limits of the model that the parsed JSON *body* names.

    Raises:
        Refused: 404 for a model that is not offered, 400 for the first rule that the body breaks. The length of the
            context is for `check_context`.
    """
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused("you must provide a model parameter")
    if model not in MODELS:
        raise Refused(
            f"The model `{model}` does not exist or you do not have access to it.", status=404, code="model_not_found"
        )
    for name in body:
        if name not in KNOWN_PARAMETERS:
            raise Refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    check_messages(body.get("messages"))
    _check_options(body)
    _check_tool_choice(body, _check_tools(body))
    _check_response_format(body, MODELS[model])
    return MODELS[model]


def check_context(prompt_tokens: int, limits: ModelLimits) -> None:
    """Raise `Refused` (400) when the prompt is longer than the model's context."""
    if prompt_tokens > limits.context_tokens:
        raise Refused(
            f"This model's maximum context length is {limits.context_tokens} tokens. However, your messages resulted in"
            f" {prompt_tokens} tokens. Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )


def _check_options(body: dict[str, Any]) -> None:
    for name, (lowest, highest) in NUMBER_RANGES.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(name, "a decimal", value)
        if value > highest:
            raise _out_of_range(name, "decimal", "above_max", f"<= {highest}", value)
        if value < lowest:
            raise _out_of_range(name, "decimal", "below_min", f">= {lowest}", value)
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(name, "an integer", value)
        if value < 1:
            raise _out_of_range(name, "integer", "below_min", ">= 1", value)
    if body.get("n") not in (None, 1):
        raise Refused("Invalid 'n': this model only supports n = 1.", param="n", code="unsupported_value")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise Refused(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )


def _out_of_range(name: str, kind: str, side: str, bound: str, value: float) -> Refused:
    words = f"{side.replace('_', ' ')}imum"
    return Refused(
        f"Invalid '{name}': {kind} {words} value. Expected a value {bound}, but got {value} instead.",
        param=name,
        code=f"{kind}_{side}_value",
    )


def _check_tools(body: dict[str, Any]) -> list[str]:
    tools = body.get("tools")
    if tools is None:
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None:
                raise Refused(
                    f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", param=name
                )
        return []
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array of objects", tools)
    if not tools:
        raise empty_array("tools")
    names: list[str] = []
    for place, tool in ((f"tools[{i}]", tool) for i, tool in enumerate(tools)):
        if not isinstance(tool, dict):
            raise wrong_type(place, "an object", tool)
        if tool.get("type") != "function":
            raise invalid_value(f"{place}.type", tool.get("type"), ("function", "custom"))
        function = tool.get("function")
        if not isinstance(function, dict):
            raise missing(f"{place}.function")
        check_name(function.get("name"), f"{place}.function.name")
        check_parameters(function)
        names.append(function["name"])
    if len(set(names)) < len(names):
        raise Refused("tools: Tool names must be unique.", param="tools")
    return names


def _check_tool_choice(body: dict[str, Any], tools: list[str]) -> None:
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if name not in tools:
            raise Refused(f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
    elif choice not in (None, "none", "auto", "required"):
        raise invalid_value("tool_choice", choice, ("none", "auto", "required"))


def _check_response_format(body: dict[str, Any], limits: ModelLimits) -> None:
    form = body.get("response_format")
    if form is None:
        return
    if not isinstance(form, dict):
        raise wrong_type("response_format", "an object", form)
    match form.get("type"):
        case "text":
            return
        case "json_object":
            if not any("json" in text.lower() for text in _texts(body["messages"])):
                raise Refused(
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
                    " 'json_object'.",
                    param="messages",
                )
        case "json_schema":
            if not limits.json_schema:
                raise Refused("This response_format type is unavailable now", code="invalid_request_error")
            described = form.get("json_schema")
            if not isinstance(described, dict):
                raise missing("response_format.json_schema")
            check_name(described.get("name"), "response_format.json_schema.name")
            if described.get("strict"):
                prefix = f"Invalid schema for response_format '{described['name']}'"
                check_strict_schema(described.get("schema"), prefix, "response_format")
        case other:
            raise invalid_value("response_format.type", other, ("json_object", "json_schema", "text"))


def _texts(messages: Iterable[dict[str, Any]]) -> Iterable[str]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif content:
            yield from (part["text"] for part in content if part["type"] == "text")
