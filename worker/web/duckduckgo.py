"""DuckDuckGo's search, by the library `ddgs`, which reads its pages: no key, and no promise that it answers.

Used by `search`. The library waits in threads; a call that is cancelled leaves its thread to end by itself, and a few
that hang must never keep others of the worker's threads busy.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from worker.web.errors import WebError
from worker.web.search import Hit, hit

_THREADS = 4
_TIMEOUT_S = 8  # of the library, which takes whole seconds; after it a thread is free again


class DuckDuckGo:
    """The engine, with threads of its own."""

    def __init__(self) -> None:
        """Starts no thread yet; `close` must be called at the end."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="duckduckgo")

    async def search(self, query: str, most: int) -> Sequence[Hit]:
        """What it finds, *most* at most.

        Raises:
            WebError: it cannot be reached, finds nothing, or refuses to answer a machine; which of the last two, nobody
                says.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _ask, query, most)
        hits = (hit(each.get("title"), each.get("href"), each.get("body")) for each in found)
        useful = [each for each in hits if each is not None]
        if not useful:
            raise WebError("DuckDuckGo finds nothing, or does not answer machines for the moment.")
        return useful

    def close(self) -> None:
        """Take no more searches; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _ask(query: str, most: int) -> list[dict[str, str]]:
    from ddgs import DDGS  # half a second to import
    from ddgs.exceptions import DDGSException, TimeoutException

    try:
        return DDGS(timeout=_TIMEOUT_S).text(query, max_results=most, backend="duckduckgo")
    except TimeoutException as error:
        raise WebError("DuckDuckGo does not answer in time.") from error
    except DDGSException as error:
        if "No results" in str(error):
            return []
        raise WebError("DuckDuckGo cannot be reached.") from error
