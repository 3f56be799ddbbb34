"""Prices of crypto-currencies from CoinGecko, by id (`bitcoin`) or ticker (`BTC`).

Called by `get_crypto_price`. One per worker: it keeps prices for a minute, and must never ask more often than the
public service allows, whatever all sessions of the worker ask together.

Source: https://docs.coingecko.com/v3.0.1/reference/simple-price
"""

import math
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from worker.web.errors import WebError
from worker.web.http import unreachable

KEPT_S = 60.0
MOST_CALLS = 10  # a minute; the public service allows some more
MOST_KEPT = 1_000  # prices, and tickers
_MINUTE_S = 60.0

# What need not be looked up. Tickers are not unique: many coins call themselves ETH.
KNOWN = {
    "ada": "cardano",
    "avax": "avalanche-2",
    "bch": "bitcoin-cash",
    "bnb": "binancecoin",
    "btc": "bitcoin",
    "dai": "dai",
    "doge": "dogecoin",
    "dot": "polkadot",
    "etc": "ethereum-classic",
    "eth": "ethereum",
    "link": "chainlink",
    "ltc": "litecoin",
    "shib": "shiba-inu",
    "sol": "solana",
    "ton": "the-open-network",
    "trx": "tron",
    "uni": "uniswap",
    "usdc": "usd-coin",
    "usdt": "tether",
    "xlm": "stellar",
    "xmr": "monero",
    "xrp": "ripple",
}
_KNOWN_IDS = KNOWN | {coin: coin for coin in KNOWN.values()}
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one coin costs."""

    coin: str  # CoinGecko's id
    usd: float
    change_24h: float | None  # in per cent; None: not known
    at: datetime | None  # of the last trade that it is made of


class Prices:
    """CoinGecko at one URL, with what it said lately."""

    def __init__(self, url: str, client: httpx2.AsyncClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            client: whoever made it closes it.
            clock: seconds that never go back.
        """
        self._url = url.rstrip("/")
        self._client = client
        self._clock = clock
        self._calls: deque[float] = deque(maxlen=MOST_CALLS)
        self._kept: dict[str, tuple[float, Price | None]] = {}
        self._ids = dict(_KNOWN_IDS)

    async def of(self, symbol: str) -> Price:
        """The price of the coin with that id, ticker or name; of several, of the one that is worth most.

        Raises:
            WebError: there is no such coin, too much was asked within a minute, or CoinGecko does not answer.
        """
        wanted = " ".join(symbol.lower().split()).removeprefix("$")
        if wanted not in self._ids:
            coin = await self._id_of(wanted)
            if len(self._ids) >= MOST_KEPT:
                self._ids = dict(_KNOWN_IDS)
            self._ids[wanted] = coin
        price = await self._price(self._ids[wanted])
        if price is None:
            raise WebError(f"CoinGecko has no price of {self._ids[wanted]}.")
        return price

    async def _price(self, coin: str) -> Price | None:
        """The price of the coin with that very id, a minute old at most; None when there is none."""
        kept = self._kept.get(coin)
        if kept is not None and self._clock() - kept[0] < KEPT_S:
            return kept[1]
        asked = {"ids": coin, "vs_currencies": "usd", "include_24hr_change": "true", "include_last_updated_at": "true"}
        answer = await self._get("/simple/price", asked)
        price = _price_in(coin, answer.get(coin))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[coin] = (self._clock(), price)
        return price

    async def _id_of(self, wanted: str) -> str:
        answer = await self._get("/search", {"query": wanted})
        coins = answer.get("coins")
        found = [coin for coin in coins if _is_called(wanted, coin)] if isinstance(coins, list) else []
        if not found:
            raise WebError(f"CoinGecko knows no coin called {wanted}.")
        return str(min(found, key=_rank)["id"])

    async def _get(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        now = self._clock()
        if len(self._calls) == MOST_CALLS and now - self._calls[0] < _MINUTE_S:
            wait_s = _MINUTE_S - (now - self._calls[0])
            raise WebError(f"Too many prices were asked for within a minute. Ask again in {wait_s:.0f} s.")
        self._calls.append(now)
        try:
            response = await self._client.get(f"{self._url}{path}", params=asked)
        except httpx2.HTTPError as error:
            raise unreachable("CoinGecko", error) from error
        if response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            raise WebError("CoinGecko allows no more requests now. Ask again in a minute.")
        if response.status_code != httpx2.codes.OK:
            raise WebError(f"CoinGecko answers {response.status_code}.")
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise WebError("CoinGecko answers with something that is no price.")
        return answer


def _is_called(wanted: str, coin: object) -> bool:
    if not isinstance(coin, dict) or not isinstance(coin.get("id"), str) or not _ID.fullmatch(coin["id"]):
        return False
    return wanted in (str(coin.get(field, "")).lower() for field in ("symbol", "id", "name"))


def _rank(coin: dict[str, Any]) -> float:
    rank = coin.get("market_cap_rank")
    return float(rank) if _is_number(rank) and rank else math.inf


def _price_in(coin: str, said: object) -> Price | None:
    if not isinstance(said, dict) or not _is_number(said.get("usd")):
        return None
    change, at = said.get("usd_24h_change"), said.get("last_updated_at")
    return Price(
        coin=coin,
        usd=float(said["usd"]),
        change_24h=float(change) if _is_number(change) and change is not None else None,
        at=datetime.fromtimestamp(at, UTC) if isinstance(at, int) and 0 < at < 32_503_680_000 else None,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
