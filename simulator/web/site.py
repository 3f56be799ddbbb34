"""Owns the simulated web's HTTP wire: pages to read, a search like Tavily's, prices like CoinGecko's.

Mounted by `simulator/server.py` under `/web`. Every request goes into the truth log; keys never do.

Source: https://docs.tavily.com/documentation/api-reference/endpoint/search and
https://docs.coingecko.com/v3.0.1/reference/simple-price
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from aiohttp import web

from simulator.truth import TruthLog
from simulator.web.content import COINS, PAGES, PRICES_AT, SimulatedPage

WEB_PATH = "/web"
_WORD = re.compile(r"\w{3,}")
_MOST_RESULTS = 20


class SimulatedWeb:
    """A few pages, and the two services that tools ask."""

    def __init__(self, truth: TruthLog) -> None:
        self._truth = truth
        self._pages = {page.slug: page for page in PAGES}

    def routes(self) -> list[web.RouteDef]:
        """`/web/pages/`, `/web/tavily/search`, `/web/coingecko/api/v3/{simple/price,search}`."""
        return [
            web.get(f"{WEB_PATH}/pages/", self._index),
            web.get(f"{WEB_PATH}/pages/{{slug}}", self._page),
            web.post(f"{WEB_PATH}/tavily/search", self._search),
            web.get(f"{WEB_PATH}/coingecko/api/v3/simple/price", self._price),
            web.get(f"{WEB_PATH}/coingecko/api/v3/search", self._coins),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        self._truth.append("web.page", {"slug": ""})
        index = SimulatedPage(slug="", title="Simulated web", paragraphs=tuple(page.title for page in PAGES))
        return web.Response(text=index.html, content_type="text/html")

    async def _page(self, request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        page = self._pages.get(slug)
        self._truth.append("web.page", {"slug": slug, "found": page is not None})
        if page is None:
            return web.Response(status=404, text="No such page in the simulated web.")
        return web.Response(text=page.html, content_type="text/html")

    async def _search(self, request: web.Request) -> web.Response:
        started = time.monotonic()
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not key.startswith("tvly-"):
            self._truth.append("web.search", {"status": 401})
            return _refused(401, "Unauthorized: missing or invalid API key.")
        try:
            asked = json.loads(await request.read())
        except ValueError:
            asked = None
        query = asked.get("query") if isinstance(asked, dict) else None
        if not isinstance(asked, dict) or not isinstance(query, str) or not query.strip():
            self._truth.append("web.search", {"status": 400})
            return _refused(400, "Query is missing.")
        most = asked.get("max_results", 5)
        if not isinstance(most, int) or not 0 <= most <= _MOST_RESULTS:
            self._truth.append("web.search", {"status": 400, "query": query})
            return _refused(400, f"Max results must be between 0 and {_MOST_RESULTS}.")
        origin = request.url.origin()
        results = [
            {
                "title": page.title,
                "url": f"{origin}{WEB_PATH}/pages/{page.slug}",
                "content": page.text,
                "score": round(0.5 + hits / 20, 2),
                "raw_content": None,
            }
            for hits, page in _ranked(query)[:most]
        ]
        self._truth.append("web.search", {"status": 200, "query": query, "urls": [each["url"] for each in results]})
        took_s = round(time.monotonic() - started, 3)
        answer = {"query": query, "answer": None, "images": [], "results": results, "response_time": took_s}
        return web.json_response(answer)

    async def _price(self, request: web.Request) -> web.Response:
        ids = request.query.get("ids", "").split(",")
        units = request.query.get("vs_currencies", "").split(",")
        self._truth.append("web.price", {"ids": ids})
        if not any(ids) or not any(units):
            return web.json_response({"error": "Missing parameter vs_currencies"}, status=422)
        answer: dict[str, dict[str, Any]] = {}
        for coin in COINS:
            if coin.id in ids:
                answer[coin.id] = {"usd": coin.usd} if "usd" in units else {}
                if request.query.get("include_24hr_change") == "true" and "usd" in units:
                    answer[coin.id]["usd_24h_change"] = coin.change_24h
                if request.query.get("include_last_updated_at") == "true":
                    answer[coin.id]["last_updated_at"] = PRICES_AT
        return web.json_response(answer)

    async def _coins(self, request: web.Request) -> web.Response:
        wanted = request.query.get("query", "").lower()
        self._truth.append("web.price", {"query": wanted})
        found = [
            {
                "id": coin.id,
                "name": coin.name,
                "api_symbol": coin.id,
                "symbol": coin.symbol,
                "market_cap_rank": coin.rank,
            }
            for coin in COINS
            if wanted and wanted in f"{coin.id} {coin.symbol} {coin.name}".lower()
        ]
        return web.json_response({"coins": found, "exchanges": [], "icos": [], "categories": [], "nfts": []})


def _ranked(query: str) -> list[tuple[int, SimulatedPage]]:
    """All pages with how many of the query's words they have, most first; the web always finds something."""
    words = set(_WORD.findall(query.lower()))
    hits = [(len(words & set(_WORD.findall(f"{page.title} {page.text}".lower()))), page) for page in PAGES]
    return sorted(hits, key=lambda hit: -hit[0])


def _refused(status: int, words: str) -> web.Response:
    return web.json_response({"detail": {"error": words}}, status=status)
