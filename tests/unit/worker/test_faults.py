"""What each provider's documented errors come to, through the real client.

The bodies are those of the providers' documents of errors and of public issue threads; docs/models.md names them.
"""

import json
from typing import Any

import httpx2
import openai
import pytest

from config.providers import KNOWN, Provider, configured, custom
from worker.team import faults
from worker.team.faults import Fault, fault_of, surface_error

KEY = "sk-" + "k3y" * 8
MODEL = "some/model-1"
PROVIDERS: dict[str, Provider] = {
    known.name: configured(known, base_url="https://example.test/v1", api_key=KEY) for known in KNOWN
} | {"custom": custom("https://example.test/v1", KEY, MODEL)}


async def fault(name: str, status: int, body: Any, **headers: str) -> Fault:
    """What the worker reads from such an answer."""
    text = body if isinstance(body, str) else json.dumps(body)
    answer = httpx2.MockTransport(lambda _: httpx2.Response(status, text=text, headers=headers))
    hooks: Any = {"response": [surface_error]}
    async with httpx2.AsyncClient(transport=answer, event_hooks=hooks) as http:
        client = openai.AsyncOpenAI(api_key=KEY, base_url="https://example.test/v1", http_client=http, max_retries=0)
        with pytest.raises(openai.APIError) as caught:
            await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}])
    return fault_of(caught.value, PROVIDERS[name], MODEL)


def _openai(message: str, code: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def openrouter(message: str, code: int, **metadata: Any) -> dict[str, Any]:
    error = {"message": message, "code": code} | ({"metadata": metadata} if metadata else {})
    return {"error": error, "user_id": "user_1"}


def anthropic(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


TPM = (
    "in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 8000, Requested 14368,"
    " please reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at"
    " https://console.groq.com/settings/billing"
)
DECOMMISSIONED = (
    f"The model `{MODEL}` has been decommissioned and is no longer supported. Please refer to"
    " https://console.groq.com/docs/deprecations for a recommendation on which model to use instead."
)
RAW_CONTEXT = json.dumps({"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}})
RAW_IMAGES = json.dumps({"error": {"message": "Model 'x' supports at most 1 image per prompt.", "code": "bad"}})
FINAL: list[tuple[str, int, Any, str]] = [
    # OpenAI: https://developers.openai.com/api/docs/guides/error-codes
    ("openai", 401, _openai("Incorrect API key provided: sk-k3y***.", "invalid_api_key"), faults.BAD_KEY),
    ("openai", 429, _openai("You exceeded your current quota, please check your plan and billing details.",
                           "insufficient_quota", "insufficient_quota"), faults.NO_CREDIT),
    ("openai", 429, _openai("Your account is not active, please check your billing details on our website.",
                           "billing_not_active", "billing_not_active"), faults.NO_CREDIT),
    ("openai", 404, _openai(f"The model `{MODEL}` does not exist or you do not have access to it.",
                           "model_not_found"), faults.UNKNOWN_MODEL),
    ("openai", 403, _openai(f"Project `proj_1` does not have access to model `{MODEL}`", "model_not_found"),
     faults.UNKNOWN_MODEL),
    ("openai", 403, _openai("Country, region, or territory not supported",
                           "unsupported_country_region_territory", "request_forbidden"), faults.REFUSED),
    ("openai", 400, _openai("Your input exceeds the context window of this model. Please adjust your input.",
                           "context_length_exceeded"), faults.TOO_LONG),
    ("openai", 400, _openai("Invalid 'messages[1].content': string too long. Expected a string with maximum length"
                           " 10485760.", "string_above_max_length"), faults.TOO_LONG),
    ("openai", 429, _openai(f"Request too large for {MODEL} in organization org_1 on tokens per min (TPM): Limit 30000,"
                           " Requested 342389. The input or output tokens must be reduced.", "rate_limit_exceeded",
                           "tokens"), faults.TOO_LONG),
    ("openai", 400, _openai("Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
                           "invalid_prompt"), faults.MODERATED),
    ("openai", 400, _openai(f"Function tools with reasoning_effort are not supported for {MODEL} in"
                           " /v1/chat/completions. Please use /v1/responses instead."), faults.NO_THOUGHTS),
    # OpenRouter: https://openrouter.ai/docs/api/reference/errors
    ("openrouter", 401, openrouter("User not found.", 401), faults.BAD_KEY),
    ("openrouter", 402, openrouter("Insufficient credits. Add more using https://openrouter.ai/settings/credits", 402,
                                   limit_source="openrouter_credits"), faults.NO_CREDIT),
    ("openrouter", 402, openrouter("This request requires more credits, or fewer max_tokens.", 402), faults.NO_CREDIT),
    ("openrouter", 403, openrouter("Key limit exceeded (total limit).", 403), faults.NO_CREDIT),
    ("openrouter", 403, openrouter(f"{MODEL} requires moderation on OpenAI. Your input was flagged for \"sexual\"", 403,
                                   reasons=["sexual"], flagged_input="my insufficient_quota", provider_name="OpenAI",
                                   model_slug=MODEL), faults.MODERATED),
    ("openrouter", 403, openrouter("Blocked.", 403, reasons=["x"], flagged_input="a", provider_name="P"),
     faults.MODERATED),
    ("openrouter", 400, openrouter(f"{MODEL} is not a valid model ID", 400), faults.UNKNOWN_MODEL),
    ("openrouter", 404, openrouter(f"No endpoints found for {MODEL}.", 404), faults.UNKNOWN_MODEL),
    ("openrouter", 404, openrouter("No endpoints found that support tool use. To learn more about provider routing,"
                                   " visit: https://openrouter.ai/docs/guides/routing/provider-selection", 404),
     faults.NO_TOOLS),
    ("openrouter", 400, openrouter("This endpoint's maximum context length is 131072 tokens. However, you requested"
                                   " about 141980 tokens.", 400), faults.TOO_LONG),
    ("openrouter", 400, openrouter("Provider returned error", 400, raw=RAW_CONTEXT, provider_name="Anthropic"),
     faults.TOO_LONG),
    ("openrouter", 400, openrouter("Provider returned error", 400, raw=RAW_IMAGES, provider_name="Crucible"),
     faults.REFUSED),
    # an error with status 200: the model failed after it had begun
    ("openrouter", 200, openrouter("Insufficient credits", 402), faults.NO_CREDIT),
    ("openrouter", 200, openrouter("This endpoint's maximum context length is 4096 tokens.", 400), faults.TOO_LONG),
    # Groq: https://console.groq.com/docs/errors
    ("groq", 401, _openai("Invalid API Key", "invalid_api_key"), faults.BAD_KEY),
    ("groq", 400, _openai(DECOMMISSIONED, "model_decommissioned"), faults.UNKNOWN_MODEL),
    ("groq", 404, _openai(f"The model `{MODEL}` does not exist or you do not have access to it.", "model_not_found"),
     faults.UNKNOWN_MODEL),
    ("groq", 403, _openai(f"The model `{MODEL}` is blocked at the project level.", "model_permission_blocked_project",
                         "permissions_error"), faults.UNKNOWN_MODEL),
    ("groq", 413, _openai(f"Request too large for model `{MODEL}` {TPM}", "rate_limit_exceeded", "tokens"),
     faults.TOO_LONG),
    ("groq", 413, _openai("Request Entity Too Large", "request_too_large"), faults.TOO_LONG),
    ("groq", 400, _openai("Please reduce the length of the messages or completion.", "context_length_exceeded"),
     faults.TOO_LONG),
    ("groq", 400, _openai("`tool calling` is not supported with this model"), faults.NO_TOOLS),
    # DeepSeek: https://api-docs.deepseek.com/quick_start/error_codes
    ("deepseek", 401, _openai("Authentication Fails, Your api key: ****3y is invalid", "invalid_request_error",
                             "authentication_error"), faults.BAD_KEY),
    ("deepseek", 402, _openai("Insufficient Balance", "invalid_request_error", "unknown_error"), faults.NO_CREDIT),
    ("deepseek", 400, _openai("Model Not Exist", "invalid_request_error"), faults.UNKNOWN_MODEL),
    ("deepseek", 400, _openai("Content Exists Risk", "invalid_request_error"), faults.MODERATED),
    ("deepseek", 400, _openai("This model's maximum context length is 131072 tokens. However, you requested 141980"
                             " tokens (133980 in the messages, 8000 in the completion).", "invalid_request_error"),
     faults.TOO_LONG),
    # Anthropic: https://platform.claude.com/docs/en/api/errors
    ("anthropic", 401, anthropic("authentication_error", "invalid x-api-key"), faults.BAD_KEY),
    ("anthropic", 403, anthropic("permission_error", "Your API key does not have permission."), faults.BAD_KEY),
    ("anthropic", 400, anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API."
                                 " Please go to Plans & Billing to upgrade or purchase credits."), faults.NO_CREDIT),
    ("anthropic", 402, anthropic("billing_error", "There is an issue with your billing."), faults.NO_CREDIT),
    ("anthropic", 400, anthropic("invalid_request_error", "You have reached your specified API usage limits. You will"
                                 " regain access on 2026-12-01 at 00:00 UTC."), faults.NO_CREDIT),
    ("anthropic", 404, anthropic("not_found_error", f"model: {MODEL}"), faults.UNKNOWN_MODEL),
    ("anthropic", 400, anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
     faults.TOO_LONG),
    ("anthropic", 400, anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit: 198000"
                                 " + 8192 > 200000"), faults.TOO_LONG),
    ("anthropic", 413, anthropic("request_too_large", "Request exceeds the maximum size"), faults.TOO_LONG),
    ("anthropic", 413, "<html>413 Request Entity Too Large</html>", faults.TOO_LONG),
    ("anthropic", 400, anthropic("invalid_request_error", "Output blocked by content filtering policy"),
     faults.MODERATED),
    # Ollama: https://docs.ollama.com/api/errors
    ("ollama", 404, {"error": f"model '{MODEL}' not found, try pulling it first"}, faults.UNKNOWN_MODEL),
    ("ollama", 404, _openai(f'model "{MODEL}" not found, try pulling it first', None, "api_error"),
     faults.UNKNOWN_MODEL),
    ("ollama", 400, {"error": f"registry.ollama.ai/library/{MODEL} does not support tools"}, faults.NO_TOOLS),
    ("ollama", 400, {"error": "the input length exceeds the context length"}, faults.TOO_LONG),
    # others that speak the same protocol: llama.cpp, vLLM
    ("custom", 400, _openai("the request exceeds the available context size, try increasing it", None,
                           "exceed_context_size_error"), faults.TOO_LONG),
    ("custom", 400, {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
     faults.TOO_LONG),
    ("custom", 404, "404 page not found", faults.REFUSED),
    ("custom", 400, "null", faults.REFUSED),
    ("custom", 400, "[1]", faults.REFUSED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "status", "body", "reason"), FINAL, ids=[f"{row[0]}-{row[1]}-{n}" for n, row in enumerate(FINAL)]
)
async def test_what_will_not_pass_is_understood(name: str, status: int, body: Any, reason: str) -> None:
    found = await fault(name, status, body)
    assert (found.reason, found.passing) == (reason, False)
    assert found.sentence.endswith(".")
    assert KEY not in found.sentence
    assert len(found.sentence) < 400


PASSING: list[tuple[str, int, Any, str]] = [
    ("openai", 429, _openai("Rate limit reached for m on requests per min (RPM): Limit 3. Visit"
                           " https://platform.openai.com/account/billing to add a payment method.",
                           "rate_limit_exceeded", "requests"), faults.BUSY),
    ("openrouter", 429, openrouter("Provider returned error", 429, raw="m is temporarily rate-limited upstream.",
                                   provider_name="Chutes"), faults.BUSY),
    ("openrouter", 502, openrouter("Provider returned error", 502, raw="", provider_name="P"), faults.BROKEN),
    ("openrouter", 503, openrouter("No instances available", 503), faults.BROKEN),
    ("openrouter", 200, openrouter("Provider returned error", 502), faults.BROKEN),
    ("openrouter", 200, {"error": {"message": "Internal Server Error", "code": "server_error"}}, faults.BROKEN),
    ("openrouter", 200, {"error": "overloaded"}, faults.BROKEN),
    ("groq", 429, _openai(f"Rate limit reached for model `{MODEL}` {TPM}", "rate_limit_exceeded", "tokens"),
     faults.BUSY),
    ("groq", 498, _openai("Flex tier capacity exceeded", "capacity_exceeded"), faults.BUSY),
    ("groq", 400, _openai("Failed to call a function. Please adjust your prompt. See 'failed_generation' for more"
                         " details.", "tool_use_failed"), faults.NONSENSE),
    ("groq", 400, {"error": {"message": "tool call validation failed", "type": "invalid_request_error",
                             "code": "tool_use_failed", "failed_generation": "billing_error"}}, faults.NONSENSE),
    ("deepseek", 503, _openai("Service is too busy.", None, "service_unavailable_error"), faults.BROKEN),
    ("anthropic", 529, anthropic("overloaded_error", "Overloaded"), faults.BROKEN),
    ("anthropic", 429, anthropic("rate_limit_error", "This request would exceed the rate limit."), faults.BUSY),
    ("ollama", 500, {"error": "llama runner process has terminated"}, faults.BROKEN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "status", "body", "reason"), PASSING, ids=[f"{row[0]}-{row[1]}-{n}" for n, row in enumerate(PASSING)]
)
async def test_what_may_pass_is_tried_again(name: str, status: int, body: Any, reason: str) -> None:
    found = await fault(name, status, body)
    assert (found.reason, found.passing) == (reason, True)


async def test_a_balance_that_is_in_use_right_now_is_waited_for() -> None:
    body = openrouter("In use.", 402, limit_source="openrouter_in_flight_budget")
    found = await fault("openrouter", 402, body, **{"Retry-After": "2"})
    assert (found.reason, found.passing, found.retry_after_s) == (faults.BUSY, True, 2.0)


async def test_the_words_of_the_provider_behind_a_provider_are_told_and_no_key() -> None:
    body = openrouter("Provider returned error", 400, raw=RAW_IMAGES, provider_name="Crucible")
    assert "at most 1 image per prompt" in (await fault("openrouter", 400, body)).sentence
    told = (await fault("ollama", 400, {"error": f"something is wrong with {KEY}"})).sentence
    assert "something is wrong with" in told
    assert KEY not in told


async def test_ollama_is_told_how_to_get_a_model() -> None:
    body = {"error": f"model '{MODEL}' not found, try pulling it first"}
    assert f"`ollama pull {MODEL}`" in (await fault("ollama", 404, body)).sentence
