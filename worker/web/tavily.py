"""Tavily's search, by its own library.

Used by `search` when there is a key. The key goes into one call's client and nowhere else: the library keeps a client's
first key, so that no two calls share one.

Source: https://docs.tavily.com/documentation/api-reference/endpoint/search
"""

import ssl
from collections.abc import Sequence

import httpx2

from worker.web.errors import WebError
from worker.web.http import open_client, unreachable
from worker.web.search import TIMEOUT_S, Hit, hit


class Tavily:
    """The service at one URL."""

    def __init__(self, url: str, trusted: ssl.SSLContext) -> None:
        """Connects nothing, and keeps no connection."""
        self._url = url.rstrip("/")
        self._trusted = trusted

    async def search(self, query: str, most: int, key: str) -> Sequence[Hit]:
        """What Tavily finds, *most* at most.

        Raises:
            WebError: it refuses the key or the query, has no quota left, or cannot be reached.
        """
        from tavily import AsyncTavilyClient, errors  # type: ignore[import-untyped]  # half a second to import

        async with open_client(self._trusted, timeout_s=TIMEOUT_S) as client:
            client.base_url = httpx2.URL(self._url)
            try:
                # The library asks for a client of httpx; that of httpx2 has the same form.
                service = AsyncTavilyClient(api_key=key, api_base_url=self._url, client=client)
                answer = await service.search(query, max_results=most, search_depth="basic", timeout=TIMEOUT_S)
            except (errors.InvalidAPIKeyError, errors.MissingAPIKeyError) as error:
                raise WebError("Tavily refuses the key.") from error
            except (errors.UsageLimitExceededError, errors.ForbiddenError) as error:
                raise WebError("Tavily's plan allows no more searches now.") from error
            except errors.BadRequestError as error:
                raise WebError("Tavily refuses the query.") from error
            except httpx2.HTTPStatusError as error:
                raise WebError(f"Tavily answers {error.response.status_code}.") from error
            except (httpx2.HTTPError, errors.TimeoutError) as error:
                raise unreachable("Tavily", error) from error
            except (ValueError, TypeError, AttributeError) as error:  # the library looks at nothing that it gets
                raise WebError("Tavily answers with something that is no result.") from error
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise WebError("Tavily answers with something that is no result.")
        hits = (hit(each.get("title"), each.get("url"), each.get("content")) for each in results if _is_hit(each))
        return [each for each in hits if each is not None][:most]


def _is_hit(value: object) -> bool:
    return isinstance(value, dict)
