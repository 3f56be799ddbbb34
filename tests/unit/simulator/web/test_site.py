"""The simulated web speaks as Tavily and CoinGecko do, always says the same, and says of itself what it is."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulator.server import Simulator

KEY = {"Authorization": "Bearer tvly-anything"}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_search_finds_pages_that_can_be_read_and_say_what_they_are(
    simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    asked = {"query": "price of apples and pears", "max_results": 2}
    async with http.post(f"{simulator.web_url}/tavily/search", json=asked, headers=KEY) as response:
        first, second = (await response.json())["results"]
    assert (first["title"], second["url"] != first["url"]) == ("Fruit prices this season", True)
    async with http.get(first["url"]) as response:
        page = await response.text()
    assert "2.40 dollars" in page
    assert "simulator" in page
    said = [entry for entry in simulator.truth.since() if entry.platform == "web"]
    assert [entry.kind for entry in said] == ["web.search", "web.page"]
    assert "tvly-anything" not in str([entry.wire() for entry in said])


@pytest.mark.parametrize(
    ("headers", "asked", "status"),
    [({}, {"query": "x"}, 401), (KEY, {}, 400), (KEY, [], 400), (KEY, {"query": "x", "max_results": 21}, 400)],
)
async def test_a_bad_search_is_refused_in_tavilys_form(
    simulator: Simulator, http: aiohttp.ClientSession, headers: dict[str, str], asked: object, status: int
) -> None:
    async with http.post(f"{simulator.web_url}/tavily/search", json=asked, headers=headers) as response:
        assert response.status == status
        assert (await response.json())["detail"]["error"]


async def test_prices_and_coins_have_coingeckos_form(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    prices = f"{simulator.web_url}/coingecko/api/v3"
    async with http.get(f"{prices}/simple/price?ids=bitcoin,nothing&vs_currencies=usd") as response:
        assert await response.json() == {"bitcoin": {"usd": 64_250.0}}
    async with http.get(f"{prices}/simple/price") as response:
        assert response.status == 422
    async with http.get(f"{prices}/search?query=pepe") as response:
        assert [coin["id"] for coin in (await response.json())["coins"]] == ["pepe", "pepe-the-second"]


async def test_a_page_that_is_not_there_is_404(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{simulator.web_url}/pages/nothing") as response:
        assert response.status == 404
    async with http.get(f"{simulator.web_url}/pages/") as response:
        assert "Fruit prices" in await response.text()
