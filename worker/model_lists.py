"""What providers tell without a model being called: which models they have, and whether a key works.

A worker process runs `keep_model_lists` beside its sessions, and tries people's keys with `key_trial`. Nothing here
calls a model, and no key gets into a log line or a sentence.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import httpx2
import structlog

from config.providers import ANTHROPIC, Provider, ProviderNotReady, chosen, sound_key
from core.errors import MusterError, TransientError
from core.ports import Clock, ModelList, UnitOfWork

log = structlog.get_logger(__name__)

TAVILY = "tavily"
MOST_MODELS = 2_000

_TIMEOUT_S = 15.0
_MOST_BYTES = 16_000_000  # OpenRouter's list has about 2 MB
_RETRY_S = 300.0  # after a list could not be read
_ID = re.compile(r"[!-~]{1,128}")


async def keep_model_lists(
    uow: UnitOfWork, clock: Clock, providers: Iterable[Provider], every_s: float = 3_600.0
) -> None:
    """Read the lists of models again and again, until cancelled; what another worker has just read is left alone.

    A provider that cannot be reached keeps the list that it had.

    Args:
        providers: those that are set up are asked. Where none is, since people bring their own keys, those whose list
            is public are; otherwise nobody is called whom the deployment does not use.
    """
    known = list(providers)
    asked = [one for one in known if one.set_up] or [one for one in known if one.public_models]
    while True:
        try:
            complete = await read_model_lists(uow, clock, asked, older_than_s=every_s / 2)
        except MusterError as error:
            log.warning("models.not_kept", error=str(error))
            complete = False
        await asyncio.sleep(every_s if complete else min(every_s, _RETRY_S))


async def read_model_lists(
    uow: UnitOfWork, clock: Clock, providers: Iterable[Provider], *, older_than_s: float = 0.0
) -> bool:
    """Read and keep the list of each provider of which there is none yet, or one that is older than so many seconds.

    Returns:
        Whether each of them is there now.

    Raises:
        TransientError: the database did not answer.
    """
    async with uow.across() as across:
        kept = await across.model_lists.all()
    fresh_from = clock.now() - timedelta(seconds=older_than_s)
    due = [one for one in providers if one.name not in kept or kept[one.name].read_at <= fresh_from]
    complete = True
    async with _client() as http:
        for provider in due:
            try:
                models = await models_of(provider, http)
            except TransientError as error:
                log.warning("models.not_read", provider=provider.name, error=str(error))
                complete = False
                continue
            async with uow.across() as across:
                await across.model_lists.set(ModelList(provider=provider.name, models=models, read_at=clock.now()))
    return complete


async def models_of(provider: Provider, http: httpx2.AsyncClient) -> tuple[str, ...]:
    """The ids of the provider's models, its usual one first, at most `MOST_MODELS`.

    Raises:
        TransientError: it cannot be reached, or does not answer with a list.
    """
    status, body = await _get(http, provider.base_url + provider.models_path, _headers(provider, provider.api_key))
    if status != 200:
        raise TransientError(f"{provider.name} answered with {status}")
    try:
        listed: Any = json.loads(body)
    except (ValueError, RecursionError):
        listed = None
    entries = listed.get("data") if isinstance(listed, dict) else listed
    if not isinstance(entries, list):
        raise TransientError(f"{provider.name} answered with no list of models")
    ids = {entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
    usual = provider.default_model
    return tuple(sorted(filter(_ID.fullmatch, ids), key=lambda one: (one != usual, one))[:MOST_MODELS])


def key_trial(providers: Mapping[str, Provider], tavily_url: str) -> Callable[[str, str], Awaitable[str]]:
    """How the worker tries a key that somebody brought: a function of its name and its value, see `try_key`."""

    async def attempt(name: str, value: str) -> str:
        if name == TAVILY:
            return await try_tavily(value, tavily_url)
        if name not in providers:
            return f"There is no model provider `{name}` here."
        return await try_key(providers[name], value)

    return attempt


async def try_key(provider: Provider, key: str) -> str:
    """Try *key* with the cheapest call of the *provider* that wants one.

    Returns:
        "" when the key works, else one sentence that says why not.

    Raises:
        TransientError: that cannot be said now.
    """
    try:
        asked = chosen({provider.name: provider}, provider.name, key=key)
    except ProviderNotReady as error:
        return _sentence(str(error))
    if not asked.needs_key:
        return _sentence(f"{asked.title} needs no key here.")
    async with _client() as http:
        status, body = await _get(http, asked.base_url + asked.key_path, _headers(asked, asked.api_key))
    # A key of OpenAI that may call models and nothing else is refused here for what it lacks, and only for that.
    if status == 403 and b"missing scopes" in body.lower():
        return ""
    # Not every endpoint of one's own has a list of models; then the first call tells.
    if status in (404, 405):
        return ""
    return _verdict(asked.title, status)


async def try_tavily(key: str, base_url: str) -> str:
    """Try a key for Tavily, as `try_key` does.

    Source: https://docs.tavily.com/documentation/api-reference/endpoint/usage
    """
    try:
        value = sound_key(key.strip(), "the key for Tavily")
    except ProviderNotReady as error:
        return _sentence(str(error))
    if not value:
        return "There is no key for Tavily."
    async with _client() as http:
        status, _ = await _get(http, base_url.rstrip("/") + "/usage", {"Authorization": f"Bearer {value}"})
    return _verdict("Tavily", status)


def _verdict(name: str, status: int) -> str:
    if status == 200:
        return ""
    if status in (401, 403):
        return _sentence(f"{name} refused the key ({status}).")
    if status == 402:
        return _sentence(f"{name} says that the key's account has no credit left.")
    if status in (408, 409, 425, 429) or status >= 500:
        raise TransientError(f"{name} answered with {status}", retry_after_s=30.0)
    return _sentence(f"{name} did not take the key ({status}).")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _headers(provider: Provider, key: str) -> dict[str, str]:
    if provider.name == ANTHROPIC:
        # Its list of models is part of its own API: https://platform.claude.com/docs/en/api/models-list
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return {"Authorization": f"Bearer {key}"} if key else {}


def _client() -> httpx2.AsyncClient:
    # A proxy in the environment never leads to this machine itself.
    mounts: dict[str, httpx2.AsyncBaseTransport | None] = {
        "all://127.0.0.1": None,
        "all://localhost": None,
        "all://[::1]": None,
    }
    return httpx2.AsyncClient(timeout=_TIMEOUT_S, mounts=mounts)


async def _get(http: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body.

    Raises:
        TransientError: no answer, one that takes too long, or one that is too large.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_TIMEOUT_S), http.stream("GET", url, headers=headers) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise TransientError("the answer is too large")
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise TransientError(f"no answer: {type(error).__name__}") from error
    return response.status_code, bytes(body)
