"""What a worker has for tools that reach out: made once from the settings, shared by all its sessions.

Opened by `worker.bootstrap`, handed to tools in their context. Keys of persons and workspaces are not in here: each
session brings its own.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from config.settings import Settings
from worker.databases.access import Databases
from worker.databases.table import Bounds
from worker.web.duckduckgo import DuckDuckGo
from worker.web.http import open_client
from worker.web.images import ImageMaker
from worker.web.pages import Pages
from worker.web.pinned import PinnedTransport
from worker.web.prices import Prices
from worker.web.search import WebSearch
from worker.web.targets import private_hosts
from worker.web.tavily import Tavily

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """Ways out of the worker; a tool whose way is None is not offered."""

    pages: Pages | None = None
    search: WebSearch | None = None
    prices: Prices | None = None
    images: ImageMaker | None = None
    databases: Databases | None = None


@asynccontextmanager
async def open_equipment(settings: Settings) -> AsyncIterator[Equipment]:
    """All that the settings allow, without connecting anything; connections end with the block.

    Raises:
        ValueError: a setting has no sense; says which.
    """
    private = private_hosts(settings.web_private_hosts)
    bounds = Bounds(timeout_s=settings.query_timeout_s, rows=settings.query_rows)
    databases = Databases(settings.query_databases, bounds) if settings.query_databases else None
    trusted = httpx2.create_ssl_context()
    duckduckgo = DuckDuckGo()
    pinned = PinnedTransport(trusted=trusted, private=private)
    try:
        async with open_client(trusted, timeout_s=_TIMEOUT_S) as client:
            yield Equipment(
                pages=Pages(pinned),
                search=WebSearch(
                    Tavily(settings.tavily_url, trusted),
                    duckduckgo,
                    key=settings.tavily_api_key.get_secret_value(),
                ),
                prices=Prices(settings.coingecko_url, client),
                images=ImageMaker(
                    client,
                    url=settings.image_base_url,
                    key=settings.image_api_key.get_secret_value(),
                    model=settings.image_model,
                ),
                databases=databases,
            )
    finally:
        duckduckgo.close()
        await pinned.aclose()
