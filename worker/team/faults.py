"""What went wrong with a model call, in a sentence for people: the one place that reads the SDK's errors.

Called by `model` alone. A sentence never holds a key, a request or an answer's full text.
"""

import email.utils
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import openai
from pydantic import ValidationError

from config.providers import Provider
from core.service.outbound import REDACTED, redact

BAD_KEY = "bad_key"
NO_CREDIT = "no_credit"
UNKNOWN_MODEL = "unknown_model"
TOO_LONG = "too_long"
NO_SCHEMA = "no_schema"
REFUSED = "refused"
BUSY = "busy"
UNREACHABLE = "unreachable"
TIMEOUT = "timeout"
BROKEN = "broken"
NONSENSE = "nonsense"

_DETAIL_CHARS = 200
_AGAIN = "Reply here to try again."
_NO_CREDIT_WORDS = ("insufficient_quota", "insufficient balance", "insufficient credit", "billing", "out of credit")
_TOO_LONG_WORDS = ("context_length", "maximum context", "context window", "prompt is too long", "too many tokens")
_MODEL_WORDS = ("model_not_found", "not a valid model", "unknown model", "invalid model", "no such model")
_SCHEMA_WORDS = ("response_format", "json_schema", "json_object", "structured output")


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


def fault_of(error: Exception, provider: Provider, model: str) -> Fault:
    """Read *error*, raised while calling *model* at *provider*.

    Source: https://platform.openai.com/docs/guides/error-codes; other providers' variants as their documents name them.
    """
    name = f"the model provider `{provider.name}`"
    match error:
        case NothingSaid(finish_reason="content_filter"):
            return _final(REFUSED, f"{name} held back its answer (content filter). Word the task in another way.")
        case NothingSaid(finish_reason="length"):
            return _final(TOO_LONG, f"the model `{model}` used up its output limit before it said anything. {_AGAIN}")
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
    said = _said(error)
    status = error.status_code
    fault: Fault
    if status == 402 or any(word in said for word in _NO_CREDIT_WORDS):
        fault = _final(NO_CREDIT, f"the account at the model provider `{provider.name}` has no credit left. Top it up.")
    elif status in (401, 403):
        fault = _final(BAD_KEY, f"{name} refused the key ({status}). Set a valid key for it.")
    elif status == 413 or any(word in said for word in _TOO_LONG_WORDS):
        fault = _final(
            TOO_LONG, f"the conversation is too long for the model `{model}`. Start anew with a shorter task."
        )
    elif any(word in said for word in _MODEL_WORDS) or (status in (400, 404) and _names_model(said, model)):
        fault = _final(UNKNOWN_MODEL, f"{name} does not know the model `{model}`. Choose a model that it has.")
    elif status in (400, 422) and any(word in said for word in _SCHEMA_WORDS):
        fault = _final(NO_SCHEMA, f"the model `{model}` cannot answer with JSON of a given form.")
    elif status == 429:
        fault = _passing(BUSY, f"{name} is limiting our calls (429). {_AGAIN}", retry_after_s=_retry_after_s(error))
    elif status in (408, 409, 425) or status >= 500:
        fault = _passing(BROKEN, f"{name} has trouble ({status}). {_AGAIN}", retry_after_s=_retry_after_s(error))
    else:
        detail = _detail(error, provider)
        fault = _final(REFUSED, f"{name} refused the call ({status}){detail}. Check its URL and the model.")
    return fault


def _names_model(said: str, model: str) -> bool:
    return "model" in said and model.lower() in said and ("not" in said or "exist" in said or "unknown" in said)


def _said(error: openai.APIStatusError) -> str:
    try:
        body = json.dumps(error.body)
    except (TypeError, ValueError):
        body = str(error.body)
    return f"{error.code} {body}"[:4000].lower()


def _detail(error: openai.APIStatusError, provider: Provider) -> str:
    message = error.body.get("message") if isinstance(error.body, dict) else None
    if not isinstance(message, str) or not message.strip():
        return ""
    words = redact(message.replace(provider.api_key, REDACTED)) if provider.api_key else redact(message)
    return ": " + " ".join(words.split())[:_DETAIL_CHARS].rstrip(" .")


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
