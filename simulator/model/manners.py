"""Owns what is peculiar to each provider: what it refuses that others take, its errors, and what it adds to usage.

Used by `completions`: under `/model/v1` it is a strict endpoint of no name, under `/model/<name>/v1` that provider.
Which keys are refused is the same everywhere: one that ends with `bad-key`, and one of an empty account, `poor-key`.

Sources, beside each provider's documents of errors: bodies quoted in public issue threads. Their wording, typos
included, is the provider's: clients match on it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.model.wire_errors import Refused, Why

JsonObject = dict[str, Any]
Shape = Callable[[Refused, str], tuple[int, Any]]
"""(refused, model) -> status and body."""


def _plain(refused: Refused, _model: str) -> tuple[int, Any]:
    return refused.status, refused.body


def _openrouter(refused: Refused, model: str) -> tuple[int, Any]:
    """https://openrouter.ai/docs/api/reference/errors: `code` is the status; an upstream's own words are `raw`."""
    status, message = refused.status, refused.message
    metadata: JsonObject = {}
    match refused.why:
        case Why.KEY:
            message = "User not found."
        case Why.CREDIT:
            status, message = 402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
            metadata = {"limit_source": "openrouter_credits"}
        case Why.MODEL:
            status, message = 400, f"{model} is not a valid model ID"
        case Why.CONTEXT:
            most, asked = refused.tokens
            message = (
                f"This endpoint's maximum context length is {most} tokens. However, you requested about {asked} tokens"
                f" ({asked} of text input). Please reduce the length of either one."
            )
        case Why.MODERATION:
            message = f'{model} requires moderation on Demo. Your input was flagged for "violence"'
            metadata = {"reasons": ["violence"], "flagged_input": "...", "provider_name": "Demo", "model_slug": model}
        case Why.LIMIT | Why.TROUBLE:
            raw = json.dumps({"error": {"message": refused.message}})
            message, metadata = "Provider returned error", {"raw": raw, "provider_name": "Demo", "is_byok": False}
    error: JsonObject = {"message": message, "code": status} | ({"metadata": metadata} if metadata else {})
    return status, {"error": error, "user_id": "user_demo"}


def _groq(refused: Refused, model: str) -> tuple[int, Any]:
    """https://console.groq.com/docs/errors: as OpenAI's; a request beyond the tokens of a minute is a 413."""
    more = "Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing"
    where = f"for model `{model}` in organization `org_demo` service tier `on_demand` on tokens per minute (TPM)"
    match refused.why:
        case Why.KEY:
            return 401, _error("Invalid API Key", "invalid_request_error", "invalid_api_key")
        case Why.LIMIT:
            words = f"Rate limit reached {where}: Limit 8000, Used 7000, Requested 2000. {more}"
            return 429, _error(words, "tokens", "rate_limit_exceeded")
        case Why.CONTEXT:
            most, asked = refused.tokens
            words = (
                f"Request too large {where}: Limit {most}, Requested {asked}, please reduce your message size. {more}"
            )
            return 413, _error(words, "tokens", "rate_limit_exceeded")
    return refused.status, refused.body


def _deepseek(refused: Refused, _model: str) -> tuple[int, Any]:
    """https://api-docs.deepseek.com/quick_start/error_codes: the code is always the same."""
    message, kind, status = refused.message, "invalid_request_error", refused.status
    match refused.why:
        case Why.KEY:
            message, kind = "Authentication Fails, Your api key: ****-key is invalid", "authentication_error"
        case Why.CREDIT:
            status, message, kind = 402, "Insufficient Balance", "unknown_error"
        case Why.MODEL:
            status, message = 400, "Model Not Exist"
        case Why.CONTEXT:
            most, asked = refused.tokens
            message = (
                f"This model's maximum context length is {most} tokens. However, you requested {asked} tokens"
                f" ({asked} in the messages, 0 in the completion). Please reduce the length of the messages."
            )
    return status, _error(message, kind, "invalid_request_error")


def _anthropic(refused: Refused, model: str) -> tuple[int, Any]:
    """https://platform.claude.com/docs/en/api/errors: the type is beside the error too, an empty account is a 400."""
    status, message, kind = refused.status, refused.message, "invalid_request_error"
    match refused.why:
        case Why.KEY:
            kind, message = "authentication_error", "invalid x-api-key"
        case Why.CREDIT:
            status = 400
            message = (
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade"
                " or purchase credits."
            )
        case Why.MODEL:
            kind, message = "not_found_error", f"model: {model}"
        case Why.CONTEXT:
            most, asked = refused.tokens
            message = f"prompt is too long: {asked} tokens > {most} maximum"
        case Why.LIMIT:
            kind, message = "rate_limit_error", "This request would exceed your organization's rate limit."
        case Why.TROUBLE:
            status, kind, message = 529, "overloaded_error", "Overloaded"
    error = {"type": kind, "message": message}
    return status, {"type": "error", "error": error, "request_id": "req_demo"}


def _ollama(refused: Refused, model: str) -> tuple[int, Any]:
    """https://docs.ollama.com/api/errors: the error is a string."""
    words = f'model "{model}" not found, try pulling it first' if refused.why is Why.MODEL else refused.message
    return refused.status, {"error": words}


def _error(message: str, kind: str, code: str) -> JsonObject:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _openrouter_usage(body: JsonObject) -> None:
    """https://openrouter.ai/docs/use-cases/usage-accounting"""
    usage = body["usage"]
    cost = (usage["prompt_tokens"] + 5 * usage["completion_tokens"]) / 1_000_000
    body["provider"] = "Demo"
    usage.update(cost=cost, is_byok=False, cost_details={"upstream_inference_cost": None})


def _deepseek_usage(body: JsonObject) -> None:
    """https://api-docs.deepseek.com/guides/kv_cache"""
    usage = body["usage"]
    usage.pop("prompt_tokens_details")
    usage.update(prompt_cache_hit_tokens=0, prompt_cache_miss_tokens=usage["prompt_tokens"])


def _groq_usage(body: JsonObject) -> None:
    body["usage"].update(queue_time=0.01, prompt_time=0.01, completion_time=0.01, total_time=0.03)
    body["x_groq"] = {"id": "req_demo"}


def _no_details(body: JsonObject) -> None:
    body["usage"].pop("prompt_tokens_details")
    body["usage"].pop("completion_tokens_details")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one provider behaves where it differs from the strict endpoint of no name."""

    name: str = ""
    shape: Shape = _plain
    needs_key: bool = True
    public_models: bool = False
    json_schema: bool = True
    """False: a `response_format` of type json_schema is refused."""
    ignored: frozenset[str] = frozenset()
    """Parameters that it takes, or knows, without any effect on the answer."""
    add_usage: Callable[[JsonObject], None] = lambda _body: None
    """Puts into a body with `usage` what only this provider has there."""
    refuses: Callable[[JsonObject], str] = lambda _body: ""
    """What it says against a request that others take."""

    def read(self, body: JsonObject) -> JsonObject:
        """The request as the common rules see it.

        Raises:
            Refused: this provider takes no such request.
        """
        form = body.get("response_format")
        if not self.json_schema and isinstance(form, dict) and form.get("type") == "json_schema":
            raise Refused("This response_format type is unavailable now", code="invalid_request_error")
        if words := self.refuses(body):
            raise Refused(words, param=None)
        return {name: value for name, value in body.items() if name not in self.ignored}


def _openai_refuses(body: JsonObject) -> str:
    """https://developers.openai.com/api/docs/models/gpt-6-luna: tools on this endpoint only without reasoning."""
    if not body.get("tools") or body.get("reasoning_effort") == "none":
        return ""
    return (
        f"Function tools with reasoning_effort are not supported for {body.get('model')} in /v1/chat/completions. To"
        " use function tools, use /v1/responses or set reasoning_effort to 'none'."
    )


def _deepseek_refuses(body: JsonObject) -> str:
    """https://api-docs.deepseek.com/guides/thinking_mode: thinking is on unless it is turned off."""
    messages = body.get("messages")
    called = [
        message
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict) and message.get("tool_calls")
    ]
    thinks = (body.get("thinking") or {}).get("type") != "disabled"
    if thinks and any("reasoning_content" not in message for message in called):
        return "The `reasoning_content` in the thinking mode must be passed back to the API."
    return ""


MANNERS: Mapping[str, Manner] = {
    manner.name: manner
    for manner in (
        Manner(name="openrouter", shape=_openrouter, public_models=True, add_usage=_openrouter_usage),
        Manner(name="openai", refuses=_openai_refuses),
        Manner(name="groq", shape=_groq, add_usage=_groq_usage),
        Manner(
            name="deepseek",
            shape=_deepseek,
            json_schema=False,
            ignored=frozenset({"thinking"}),
            add_usage=_deepseek_usage,
            refuses=_deepseek_refuses,
        ),
        Manner(
            name="anthropic",
            shape=_anthropic,
            ignored=frozenset({"thinking", "response_format"}),
            add_usage=_no_details,
        ),
        Manner(name="ollama", shape=_ollama, needs_key=False, add_usage=_no_details),
    )
}
"""The providers that can be played, by name."""

STRICT = Manner()
"""The endpoint of no name."""


def check_key(manner: Manner, headers: Mapping[str, str]) -> None:
    """Raise `Refused` unless the request bears a key that is good: see the module."""
    if not manner.needs_key:
        return
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else ""
    if manner.name == "anthropic":
        key = key or headers.get("x-api-key", "")
    if not key:
        raise Refused(
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer"
            " auth (i.e. Authorization: Bearer YOUR_KEY).",
            status=401,
        )
    if key.endswith("bad-key"):
        raise Refused(f"Incorrect API key provided: {key}.", status=401, code="invalid_api_key")


def check_credit(headers: Mapping[str, str]) -> None:
    """Raise `Refused` when the key is that of an empty account; such a key is good for lists all the same."""
    if headers.get("Authorization", "").rstrip().endswith("poor-key"):
        raise Refused(
            "You exceeded your current quota, please check your plan and billing details.",
            status=429,
            code="insufficient_quota",
            kind="insufficient_quota",
        )
