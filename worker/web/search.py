"""Web search: Tavily where there is a key, DuckDuckGo otherwise and whenever Tavily fails.

Called by `search_web`. It must never let one engine's trouble be the end of a search that the other can do.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from worker.web.errors import WebError

log = structlog.get_logger(__name__)

TITLE_CHARS = 300
TEXT_CHARS = 1_500
TIMEOUT_S = 15.0  # of one engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One page that was found."""

    title: str
    url: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gave."""

    engine: str  # that answered, for people
    hits: tuple[Hit, ...]
    why_not_first: str = ""  # a sentence about the engine that should have answered


class WithKey(Protocol):
    """An engine that each call gives a key to."""

    async def search(self, query: str, most: int, key: str) -> Sequence[Hit]:
        """What it finds, *most* at most. Raises `WebError`."""
        ...


class WithoutKey(Protocol):
    """An engine that anybody may ask."""

    async def search(self, query: str, most: int) -> Sequence[Hit]:
        """What it finds, *most* at most. Raises `WebError`."""
        ...


class WebSearch:
    """Both engines, for all sessions of a worker."""

    def __init__(self, tavily: WithKey, duckduckgo: WithoutKey, *, key: str = "", timeout_s: float = TIMEOUT_S) -> None:
        """
        Args:
            key: this deployment's Tavily key, for sessions that bring none.
            timeout_s: longest wait for one engine.
        """
        self._tavily = tavily
        self._duckduckgo = duckduckgo
        self._key = key
        self._timeout_s = timeout_s

    async def search(self, query: str, most: int, *, key: str = "") -> Found:
        """What the first engine that answers finds.

        Args:
            key: the session's own Tavily key; counts before the deployment's.

        Raises:
            WebError: no engine answers.
        """
        why_not = ""
        if key or self._key:
            try:
                async with asyncio.timeout(self._timeout_s):
                    hits = await self._tavily.search(query, most, key or self._key)
                return Found(engine="Tavily", hits=tuple(hits))
            except TimeoutError:
                why_not = "Tavily does not answer in time."
            except WebError as error:
                why_not = str(error)
            log.warning("search.fell_back", why=why_not)
        try:
            async with asyncio.timeout(self._timeout_s):
                hits = await self._duckduckgo.search(query, most)
        except TimeoutError as error:
            raise WebError(f"{why_not} DuckDuckGo does not answer in time.".strip()) from error
        except WebError as error:
            raise WebError(f"{why_not} {error}".strip()) from error
        return Found(engine="DuckDuckGo", hits=tuple(hits), why_not_first=why_not)


def hit(title: object, url: object, text: object) -> Hit | None:
    """A hit of what an engine said, cut to size; None when it leads nowhere."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or len(url) > 2_000:
        return None
    words = [" ".join(value.split()) if isinstance(value, str) else "" for value in (title, text)]
    return Hit(title=words[0][:TITLE_CHARS] or url, url=url, text=words[1][:TEXT_CHARS])
