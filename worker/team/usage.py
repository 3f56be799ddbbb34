"""What a model call used: tokens, and what they cost where that is known.

`model` calls it after each answer, and before one for an estimate. A price comes from the provider's own answer, else
from the offline table of `genai-prices`, else it is not known; it is never guessed for an endpoint on this machine.
"""

import ipaddress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from genai_prices import Usage as PricedUsage
from genai_prices import calc_price

from config.providers import Provider
from core.domain.session import Usage
from worker.team.engine import Answer


@dataclass(slots=True)
class Bill:
    """What the provider said of one call that ag2 drops on the way."""

    cost_usd: float | None = None
    cached_tokens: int = 0


billed: ContextVar[Bill | None] = ContextVar("billed", default=None)
"""Where `read_bill` notes what the call under way cost."""


async def read_bill(response: httpx2.Response) -> None:
    """A response hook of the model client: notes the cost (US dollars) and DeepSeek's count of cached tokens.

    OpenRouter always says `usage.cost`, what its account is charged; with a key of one's own behind it, the provider
    charges `upstream_inference_cost` besides.

    Source: https://openrouter.ai/docs/use-cases/usage-accounting ("usage: {include: true}" has no effect any more),
    https://api-docs.deepseek.com/guides/kv_cache
    """
    bill = billed.get()
    if bill is None or response.status_code != 200:
        return
    body = await response.aread()
    if b'"cost"' not in body and b'"prompt_cache_hit_tokens"' not in body:
        return
    try:
        usage: Any = response.json()["usage"]
        cost = _amount(usage.get("cost"))
        if cost is not None and usage.get("is_byok") is True:
            cost += _amount((usage.get("cost_details") or {}).get("upstream_inference_cost")) or 0.0
        bill.cost_usd = cost
        bill.cached_tokens = int(_amount(usage.get("prompt_cache_hit_tokens")) or 0)
    except (ValueError, LookupError, TypeError, AttributeError):
        return


def usage_of(answer: Answer, provider: Provider, model: str, bill: Bill) -> Usage:
    """Tokens and cost of one *answer* of *model*."""
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    cost_usd = bill.cost_usd
    if cost_usd is None:
        cached = max(answer.cached_tokens, bill.cached_tokens)
        cost_usd = price_of(provider, model, prompt, completion, cached_tokens=cached)
    return Usage(prompt_tokens=prompt, completion_tokens=completion, cost_usd=cost_usd)


def price_of(
    provider: Provider, model: str, prompt_tokens: int, completion_tokens: int, *, cached_tokens: int = 0
) -> float | None:
    """What so many tokens cost by the table, in US dollars; None when it does not know the model.

    Args:
        cached_tokens: how many of the prompt's came from the provider's cache.
    """
    if _on_this_machine(provider.base_url):
        return None
    used = PricedUsage(
        input_tokens=prompt_tokens,
        output_tokens=completion_tokens,
        cache_read_tokens=min(cached_tokens, prompt_tokens) or None,
    )
    for url in (provider.base_url, None):  # None: whoever is best known for the model
        try:
            return float(calc_price(used, model, provider_api_url=url).total_price)
        except (LookupError, ValueError):
            continue
    return None


def _amount(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
