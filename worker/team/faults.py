"""What went wrong with a model call, in a sentence for people: the one place that reads the SDK's errors.

Called by `model` alone. A sentence never holds a key, a request or an answer's full text.
"""

import email.utils
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import openai
from pydantic import ValidationError

from config.providers import OLLAMA, Provider
from core.service.outbound import REDACTED, redact

UNKNOWN_PROVIDER = "unknown_provider"
NO_KEY = "no_key"
BAD_KEY = "bad_key"
NO_CREDIT = "no_credit"
UNKNOWN_MODEL = "unknown_model"
TOO_LONG = "too_long"
MODERATED = "moderated"
NO_TOOLS = "no_tools"
NO_SCHEMA = "no_schema"
NO_THOUGHTS = "no_thoughts"
REFUSED = "refused"
BUSY = "busy"
UNREACHABLE = "unreachable"
TIMEOUT = "timeout"
BROKEN = "broken"
NONSENSE = "nonsense"

_DETAIL_CHARS = 200
_SAID_CHARS = 4_000
_AGAIN = "Reply here to try again."
_FLAGGED = "{name} refused the text (moderation). Word the task in another way."

# What providers write, in lower case. The documents and threads that each comes from: docs/models.md.
_MODERATED = (
    "content_policy",
    "content_filter",
    "content filtering",
    "content exists risk",
    "moderation",
    "usage policy",
    "requires moderation",
)
_NO_CREDIT = (
    "insufficient_quota",
    "insufficient balance",
    "insufficient credit",
    "insufficient_credits",
    "requires more credits",
    "credit balance is too low",
    "billing_error",
    "billing_not_active",
    "billing_hard_limit",
    "out of credit",
    "exceeded your current quota",
    "key limit exceeded",
    "specified api usage limits",
)
_TOO_LONG = (
    "context_length",
    "context length",
    "context window",
    "context limit",
    "context size",
    "maximum context",
    "prompt is too long",
    "prompt too long",
    "string_above_max_length",
    "too many tokens",
    "request too large",
    "request_too_large",
)
_NO_TOOLS = (
    "does not support tools",
    "support tool use",
    "does not support function",
    "tool calling` is not supported",
)
_NO_THOUGHTS = ("reasoning_effort", "reasoning_content", "expected `thinking`")
_UNKNOWN_MODEL = (
    "model_not_found",
    "model_decommissioned",
    "model_permission_blocked",
    "not a valid model",
    "unknown model",
    "invalid model",
    "no such model",
    "model not exist",
    "no endpoints found for",
    "no allowed providers",
    "supported api model names",
)
_NO_SCHEMA = ("response_format", "response format", "json_schema", "json_object", "structured output", "json_validate")
_FAILED_GENERATION = ("tool_use_failed", "failed_generation", "failed to call a function")
_WRONG_PLACE = ("unsupported_country", "country, region")


class NothingSaid(Exception):
    """The provider answered without a message and without a tool call."""

    def __init__(self, finish_reason: str) -> None:
        super().__init__(finish_reason)
        self.finish_reason = finish_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed call."""

    reason: str
    sentence: str  # what happened and what to do, if it stays at that
    passing: bool  # the same call may work later
    retry_after_s: float | None = None  # as the provider asked
    attempts: int | None = None  # try at most this often, when it is less than usual


async def surface_error(response: httpx2.Response) -> None:
    """A response hook of the model client: an error that came with status 200 gets the status that it names.

    OpenRouter answers so when a model fails after it began (https://openrouter.ai/docs/api/reference/errors).
    """
    if response.status_code != 200 or b'"error"' not in await response.aread():
        return
    try:
        body: Any = response.json()
    except ValueError:
        return
    if isinstance(body, dict) and body.get("error") and not body.get("choices"):
        code = body["error"].get("code") if isinstance(body["error"], dict) else None
        response.status_code = code if isinstance(code, int) and 400 <= code < 600 else 502


def fault_of(error: Exception, provider: Provider, model: str) -> Fault:
    """Read *error*, raised while calling *model* at *provider*.

    Source: https://platform.openai.com/docs/guides/error-codes; other providers' variants as docs/models.md names them.
    """
    name = f"the model provider `{provider.name}`"
    match error:
        case NothingSaid(finish_reason="content_filter" | "refusal"):
            return _final(MODERATED, f"{name} held back its answer (content filter). Word the task in another way.")
        case NothingSaid(finish_reason="length"):
            return _final(TOO_LONG, f"the model `{model}` used up its output limit before it said anything. {_AGAIN}")
        case NothingSaid(finish_reason="error"):
            return _passing(BROKEN, f"{name} broke off its answer. {_AGAIN}")
        case openai.APIStatusError():
            return _of_status(error, name, provider, model)
        case openai.APITimeoutError() | TimeoutError() | httpx2.TimeoutException():
            return _passing(TIMEOUT, f"{name} did not answer in time. {_AGAIN}")
        case openai.APIResponseValidationError():
            return _nonsense(name)
        case openai.APIConnectionError() | httpx2.HTTPError():
            return _passing(UNREACHABLE, f"{name} could not be reached. Check its URL and the network. {_AGAIN}")
        case openai.APIError():
            return _passing(BROKEN, f"{name} broke off its answer. {_AGAIN}")
        case NothingSaid() | ValueError() | TypeError() | AttributeError() | LookupError() | ValidationError():
            # An answer that is no chat completion fails somewhere in the SDK or the engine, each in its own way.
            return _nonsense(name)
        case _:
            raise error


def _of_status(error: openai.APIStatusError, name: str, provider: Provider, model: str) -> Fault:
    status, said, after_s = error.status_code, _said(error), _retry_after_s(error)
    if isinstance(error.body, dict) and "flagged_input" in (error.body.get("metadata") or ()):
        return _final(MODERATED, _FLAGGED.format(name=name))
    if status == 401:
        return _final(BAD_KEY, f"{name} refused the key (401). Set a valid key for it.")
    if status == 402 and after_s is not None:  # OpenRouter: too much of the balance is in use right now
        return _passing(BUSY, f"{name} is limiting our calls (402). {_AGAIN}", retry_after_s=after_s)
    if status == 402 or _any(said, _NO_CREDIT):
        return _final(NO_CREDIT, f"the account at the model provider `{provider.name}` has no credit left. Top it up.")
    if status == 413 or _any(said, _TOO_LONG):
        words = f"the conversation is too long for the model `{model}`. Start anew with a shorter task."
        return _final(TOO_LONG, words)
    if status < 429 and (fault := _of_request(said, error, name, provider, model)):
        return fault
    if status == 403:
        return _final(BAD_KEY, f"{name} refused the key (403). Set a valid key for it.")
    if status in (429, 498):  # 498: Groq has no room
        return _passing(BUSY, f"{name} is limiting our calls ({status}). {_AGAIN}", retry_after_s=after_s)
    if status in (408, 409, 425) or status >= 500:
        return _passing(BROKEN, f"{name} has trouble ({status}). {_AGAIN}", retry_after_s=after_s)
    detail = _detail(error, provider)
    return _final(REFUSED, f"{name} refused the call ({status}){detail}. Check its URL and the model.")


def _of_request(said: str, error: openai.APIStatusError, name: str, provider: Provider, model: str) -> Fault | None:
    """What is wrong with the request itself, where its words tell."""
    status = error.status_code
    if _any(said, _MODERATED):
        return _final(MODERATED, _FLAGGED.format(name=name))
    if _any(said, _WRONG_PLACE):
        return _final(REFUSED, f"{name} refused the call ({status}){_detail(error, provider)}. Choose another one.")
    if _any(said, _NO_TOOLS):
        return _final(NO_TOOLS, f"the model `{model}` cannot use tools at `{provider.name}`. Choose another model.")
    if status in (400, 422) and _any(said, _NO_THOUGHTS):
        words = f"the model `{model}` cannot use tools at `{provider.name}` as it thinks. Choose another model."
        return _final(NO_THOUGHTS, words)
    if _any(said, _UNKNOWN_MODEL) or (status in (400, 404) and _names_model(said, model)):
        hint = f", or run `ollama pull {model}`" if provider.name == OLLAMA else ""
        return _final(UNKNOWN_MODEL, f"{name} does not know the model `{model}`. Choose a model that it has{hint}.")
    if status in (400, 422) and _any(said, _NO_SCHEMA):
        return _final(NO_SCHEMA, f"the model `{model}` cannot answer with JSON of a given form.")
    if _any(said, _FAILED_GENERATION):
        words = f"the model `{model}` wrote tool calls that {name} could not read. Choose another model."
        return Fault(reason=NONSENSE, sentence=words, passing=True, attempts=3)
    return None


def _any(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)


def _names_model(said: str, model: str) -> bool:
    return "model" in said and model.lower() in said and ("not" in said or "exist" in said or "unknown" in said)


def _said(error: openai.APIStatusError) -> str:
    """The provider's own words about the error: nothing that repeats what people or models wrote."""
    body = error.body
    if not isinstance(body, dict):
        return str(body)[:_SAID_CHARS].lower()
    metadata = body.get("metadata")
    parts = [body.get(part) for part in ("code", "type", "param", "message")]
    parts += [metadata.get(part) for part in ("raw", "error_type")] if isinstance(metadata, dict) else []
    return " ".join(str(part) for part in parts)[:_SAID_CHARS].lower()


def _detail(error: openai.APIStatusError, provider: Provider) -> str:
    message = _message(error.body)
    if not message:
        return ""
    words = redact(message.replace(provider.api_key, REDACTED)) if provider.api_key else redact(message)
    return ": " + " ".join(words.split())[:_DETAIL_CHARS].rstrip(" .")


def _message(body: object) -> str:
    """The provider's own words: at OpenRouter those of the provider behind it, at Ollama the whole error."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    metadata = body.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if isinstance(raw, str):
        try:
            inner = json.loads(raw)
        except (ValueError, RecursionError):
            return raw
        if isinstance(inner, dict) and (words := _message(inner.get("error", inner))):
            return words
    message = body.get("message")
    return message if isinstance(message, str) else ""


def _retry_after_s(error: openai.APIStatusError) -> float | None:
    """`retry-after-ms`, or `Retry-After` as seconds or as a date."""
    headers = error.response.headers
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(float(milliseconds) / 1000, 0.0)
        if (after := headers.get("retry-after")) is None:
            return None
        if after.strip().replace(".", "", 1).isdigit():
            return float(after)
        return max((email.utils.parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _final(reason: str, sentence: str) -> Fault:
    return Fault(reason=reason, sentence=sentence, passing=False)


def _passing(reason: str, sentence: str, *, retry_after_s: float | None = None) -> Fault:
    return Fault(reason=reason, sentence=sentence, passing=True, retry_after_s=retry_after_s)


def _nonsense(name: str) -> Fault:
    sentence = f"{name} answered with something that is no chat completion. Check its URL and the model."
    return Fault(reason=NONSENSE, sentence=sentence, passing=True, attempts=3)
