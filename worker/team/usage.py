"""What a model call used: tokens, and what they cost where that is known.

`model` calls it after each answer. A price comes from the provider's own answer, else from the offline table of
`genai-prices`, else it is not known; it is never guessed for an endpoint on this machine.
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
    """What the provider said that one call cost; ag2 drops it on the way."""

    cost_usd: float | None = None


billed: ContextVar[Bill | None] = ContextVar("billed", default=None)
"""Where `read_cost` notes the cost of the call that is under way."""


async def read_cost(response: httpx2.Response) -> None:
    """A response hook of the model client: notes `usage.cost` (US dollars) of the answer.

    Source: https://openrouter.ai/docs/use-cases/usage-accounting
    """
    bill = billed.get()
    if bill is None or response.status_code != 200:
        return
    if b'"cost"' not in await response.aread():
        return
    try:
        cost: Any = response.json()["usage"]["cost"]
    except (ValueError, LookupError, TypeError):
        return
    if isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0:
        bill.cost_usd = float(cost)


def usage_of(answer: Answer, provider: Provider, model: str, bill: Bill) -> Usage:
    """Tokens and cost of one *answer* of *model*."""
    cost_usd = bill.cost_usd if bill.cost_usd is not None else _table_cost(answer, provider, model)
    return Usage(prompt_tokens=answer.prompt_tokens, completion_tokens=answer.completion_tokens, cost_usd=cost_usd)


def _table_cost(answer: Answer, provider: Provider, model: str) -> float | None:
    if _on_this_machine(provider.base_url):
        return None
    used = PricedUsage(
        input_tokens=answer.prompt_tokens,
        output_tokens=answer.completion_tokens,
        cache_read_tokens=min(answer.cached_tokens, answer.prompt_tokens) or None,
    )
    for url in (provider.base_url, None):  # None: whoever is best known for the model
        try:
            return float(calc_price(used, model, provider_api_url=url).total_price)
        except (LookupError, ValueError):
            continue
    return None


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
