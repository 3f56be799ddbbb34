"""The tool `get_crypto_price`: what a crypto-currency costs now.

Listed in the catalogue. Prices are at most a minute old; `worker/web/prices.py` has them.
"""

from decimal import Decimal

from pydantic import BaseModel, Field

from worker.tools.tool import Tool, ToolContext, ToolOutcome
from worker.web.errors import WebError
from worker.web.prices import Price


class PriceArguments(BaseModel):
    """What a model gives."""

    symbol: str = Field(
        min_length=1, max_length=60, description="Ticker, such as BTC, or CoinGecko's id, such as bitcoin."
    )


async def get_crypto_price(context: ToolContext, arguments: PriceArguments) -> ToolOutcome:
    """The price in US dollars and its change in 24 hours."""
    prices = context.equipment.prices
    if prices is None:
        return ToolOutcome(text="Prices cannot be had here.", ok=False)
    try:
        return ToolOutcome(text=_words(await prices.of(arguments.symbol)))
    except WebError as error:
        return ToolOutcome(text=f"No price: {error}", ok=False)


def _words(price: Price) -> str:
    amount = f"{price.usd:,.2f}" if abs(price.usd) >= 1 else f"{Decimal(f'{price.usd:.4g}'):f}"
    change = "" if price.change_24h is None else f", {price.change_24h:+.2f} % in 24 h"
    at = "" if price.at is None else f", {price.at:%Y-%m-%d %H:%M} UTC"
    return f"{price.coin}: {amount} USD{change} (CoinGecko{at})"


GET_CRYPTO_PRICE = Tool(
    name="get_crypto_price",
    description=(
        "Returns a crypto-currency's price in US dollars and its change in 24 hours, from CoinGecko, at most a minute"
        " old. One currency a call."
    ),
    arguments=PriceArguments,
    run=get_crypto_price,
    missing=lambda context: "" if context.equipment.prices else "a worker that may reach CoinGecko",
)
