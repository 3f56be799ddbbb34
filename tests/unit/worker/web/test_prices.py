"""Prices: by whatever name, a minute old at most, and never asked for more often than the service allows."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from simulator.server import Simulator
from worker.web.errors import WebError
from worker.web.prices import MOST_CALLS, Prices


class SetSeconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """CoinGecko as a function, with the requests that it got."""

    def __init__(self, *coins: dict[str, Any], status: int = 200, body: str | None = None) -> None:
        self.asked: list[str] = []
        self._coins = coins
        self._status = status
        self._body = body

    def prices(self, clock: SetSeconds | None = None) -> Prices:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        return Prices("https://prices.example/api/v3/", client, clock=clock or SetSeconds())

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.url.path.removeprefix('/api/v3')}?{request.url.params.get('ids', '')}")
        if self._body is not None or self._status != 200:
            return httpx2.Response(self._status, text=self._body or "")
        if request.url.path.endswith("/search"):
            return httpx2.Response(200, json={"coins": self._coins})
        return httpx2.Response(200, json={request.url.params["ids"]: {"usd": 2, "usd_24h_change": None}})


@pytest.fixture
async def simulated() -> AsyncIterator[Prices]:
    simulator = Simulator()
    await simulator.start()
    async with httpx2.AsyncClient() as client:
        yield Prices(f"{simulator.web_url}/coingecko/api/v3", client)
    await simulator.stop()


async def test_a_coin_is_known_by_id_ticker_and_name(simulated: Prices) -> None:
    by_id = await simulated.of("bitcoin")
    assert (by_id.coin, by_id.usd, by_id.change_24h) == ("bitcoin", 64_250.0, 1.84)
    assert by_id.at is not None
    assert await simulated.of("BTC") == await simulated.of(" $btc ") == await simulated.of("Bitcoin") == by_id
    assert (await simulated.of("PEPE")).coin == "pepe"
    assert (await simulated.of("pepe  the second")).coin == "pepe-the-second"
    with pytest.raises(WebError, match="knows no coin called nonsense"):
        await simulated.of("nonsense")


async def test_of_those_with_one_ticker_the_one_worth_most_is_meant() -> None:
    service = Service(
        {"id": "arb", "symbol": "x", "name": "y", "market_cap_rank": 3_000},
        {"id": "unranked", "symbol": "ARB", "name": "z", "market_cap_rank": None},
        {"id": "arbitrum", "symbol": "ARB", "name": "Arbitrum", "market_cap_rank": 60},
        {"id": "arb/../x", "symbol": "ARB", "name": "Odd", "market_cap_rank": 1},
        {"id": "other", "symbol": "ARBX", "name": "Other", "market_cap_rank": 2},
    )
    assert (await service.prices().of("arb")).coin == "arbitrum"


async def test_a_price_is_asked_for_once_a_minute_whatever_name_it_has() -> None:
    service, clock = Service(), SetSeconds()
    prices = service.prices(clock)
    for name in ("btc", "BTC", "bitcoin", "Bitcoin"):
        await prices.of(name)
    assert service.asked == ["/simple/price?bitcoin"]
    clock.now += 59.9
    await prices.of("btc")
    assert len(service.asked) == 1
    clock.now += 0.2
    await prices.of("btc")
    assert len(service.asked) == 2


async def test_no_more_calls_are_made_in_a_minute_than_the_service_allows() -> None:
    service, clock = Service(), SetSeconds()
    prices = service.prices(clock)
    coins = ["btc", "eth", "sol", "ada", "doge", "dot", "xrp", "ltc", "uni", "link", "xlm"]
    for coin in coins[:MOST_CALLS]:
        await prices.of(coin)
        clock.now += 1
    with pytest.raises(WebError, match="Ask again in 50 s"):
        await prices.of(coins[MOST_CALLS])
    await prices.of("btc")
    assert len(service.asked) == MOST_CALLS, "what is kept costs no call"
    clock.now += 50
    await prices.of(coins[MOST_CALLS])
    assert len(service.asked) == MOST_CALLS + 1


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (Service(status=429), "allows no more requests"),
        (Service(status=500), "answers 500"),
        (Service(status=302), "answers 302"),
        (Service(body="<html>"), "no price"),
        (Service(body="[]"), "no price"),
        (Service(body="{}"), "has no price of bitcoin"),
        (Service(body=json.dumps({"bitcoin": {"usd": "many"}})), "has no price of bitcoin"),
        (Service(body=json.dumps({"bitcoin": {"usd": None}})), "has no price of bitcoin"),
        (Service(body=json.dumps({"bitcoin": 5})), "has no price of bitcoin"),
    ],
)
async def test_whatever_the_services_trouble_is_it_is_a_sentence(service: Service, words: str) -> None:
    with pytest.raises(WebError, match=words):
        await service.prices().of("btc")


async def test_a_service_that_cannot_be_reached_is_a_sentence() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)) as client:
        with pytest.raises(WebError, match="cannot be reached"):
            await Prices("https://prices.example", client).of("btc")


@pytest.mark.parametrize("coins", [5, [5], [{"symbol": "X"}], [{"id": None, "symbol": "X"}], []])
async def test_an_odd_list_of_coins_has_no_coin(coins: object) -> None:
    with pytest.raises(WebError, match="knows no coin called x"):
        await Service(body=json.dumps({"coins": coins})).prices().of("X")
